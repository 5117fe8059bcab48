// The resolvers that are always there, OmegaConf's: oc.env, oc.decode, oc.select, oc.create, oc.deprecated, oc.dict.keys and values.
import type { RunspanError } from '../../errors.ts';
import { entriesOf, formatPath, isContainer, isMapping, MISSING } from './config-values.ts';
import type { ConfigValue } from './config-values.ts';
import { parseElement } from './interpolation-grammar.ts';
import { printValue } from './python-text.ts';
import { childOf, pathOf, resultAt } from './spots.ts';
import type { Lookup, Spot } from './spots.ts';

/** Where a resolver was called. */
interface Call {
  readonly interpolation: Lookup;
  readonly spot: Spot;
}

type BuiltIn = (args: readonly ConfigValue[], call: Call) => Spot;

/** The built-in resolvers by their names. */
export const builtIns: Readonly<Record<string, BuiltIn>> = {
  'oc.env': readVariable,
  'oc.decode': decode,
  'oc.select': select,
  'oc.create': create,
  'oc.deprecated': deprecate,
  'oc.dict.keys': (args, call) => resultAt(call.spot, keysOf(args, call)),
  'oc.dict.values': readValues,
};

/** `${oc.env:NAME,default}`: the variable's text, else the default as a text, null as null. */
function readVariable(args: readonly ConfigValue[], { interpolation, spot }: Call): Spot {
  const [name, fallback] = expectArgs('oc.env', args, 2, { interpolation, spot });
  const text = interpolation.readVariable(name);
  if (text !== undefined) return resultAt(spot, text);
  if (args.length < 2)
    throw interpolation.fail(spot, `the variable '${name}' is not set`, `Set it, or write \${oc.env:NAME,default}.`);
  return resultAt(spot, fallback === null || fallback === undefined ? null : printValue(fallback));
}

/** `${oc.decode:text}`: the text read as an argument would be: `[1,2]` a list, `1` a number. */
function decode(args: readonly ConfigValue[], { interpolation, spot }: Call): Spot {
  if (args.length === 1 && args[0] === null) return resultAt(spot, null);
  const [text] = expectArgs('oc.decode', args, 1, { interpolation, spot });
  const element = interpolation.parse(() => parseElement(text), spot);
  return resultAt(spot, interpolation.readElement(element, spot));
}

/** `${oc.select:path,default}`: what the path leads to, else the default, else null. */
function select(args: readonly ConfigValue[], { interpolation, spot }: Call): Spot {
  const [path, fallback] = expectArgs('oc.select', args, 2, { interpolation, spot });
  return interpolation.select(path, spot) ?? resultAt(spot, fallback ?? null);
}

/** `${oc.create:value}`: the mapping or list; a `${` that a variable brought into it stays a text, unlike OmegaConf's. */
function create(args: readonly ConfigValue[], { interpolation, spot }: Call): Spot {
  const [value] = args;
  if (args.length !== 1 || !isContainer(value))
    throw interpolation.fail(spot, "'oc.create' takes one mapping or list", 'Give it that.');
  return resultAt(spot, value);
}

/** `${oc.deprecated:path,message}`: what the path leads to, with a warning of the process. */
function deprecate(args: readonly ConfigValue[], { interpolation, spot }: Call): Spot {
  const fallback = "'$OLD_KEY' is deprecated. Change your code and config to use '$NEW_KEY'";
  const [path, message = fallback] = expectArgs('oc.deprecated', args, 2, { interpolation, spot });
  const target = interpolation.select(path, spot);
  if (target === undefined) throw failKey('oc.deprecated', path, { interpolation, spot });
  const names: Readonly<Record<string, string>> = {
    OLD_KEY: formatPath(pathOf(spot)),
    NEW_KEY: formatPath(pathOf(target)),
  };
  const words = printValue(message).replaceAll(/\$(OLD_KEY|NEW_KEY)/g, (_, name: string) => names[name] ?? '');
  process.emitWarning(interpolation.secrets.mask(words), 'DeprecationWarning');
  return target;
}

function keysOf(args: readonly ConfigValue[], call: Call): readonly string[] {
  return Object.keys(findMapping('oc.dict.keys', args, call).value as object); // findMapping returns mappings only
}

/** `${oc.dict.values:path}`: the values of a mapping, resolved where they stand. */
function readValues(args: readonly ConfigValue[], call: Call): Spot {
  const mapping = findMapping('oc.dict.values', args, call);
  const values = entriesOf(mapping.value as object as ConfigValue[]).map(([key]) => {
    const child = childOf(mapping, key);
    if (child === undefined) return null;
    if (child.value === MISSING) throw failKey('oc.dict.values', formatPath(pathOf(child)), call);
    return call.interpolation.toPlain(child);
  });
  return resultAt(call.spot, values);
}

function findMapping(name: string, args: readonly ConfigValue[], call: Call): Spot {
  const [path] = expectArgs(name, args, 1, call);
  const target = call.interpolation.select(path, call.spot);
  if (target === undefined) throw failKey(name, path, call);
  if (!isMapping(target.value))
    throw call.interpolation.fail(call.spot, `'${name}' takes the path of a mapping`, 'Name a mapping.');
  return target;
}

function expectArgs(
  name: string,
  args: readonly ConfigValue[],
  maxCount: number,
  { interpolation, spot }: Call,
): [string, ...ConfigValue[]] {
  const [first, ...others] = args;
  if (typeof first === 'string' && args.length <= maxCount) return [first, ...others];
  const most = maxCount === 1 ? 'one argument, a text' : 'a text and at most one more argument';
  throw interpolation.fail(spot, `'${name}' takes ${most}`, 'Mend its arguments.');
}

function failKey(name: string, path: string, { interpolation, spot }: Call): RunspanError {
  return interpolation.fail(spot, `there is no '${path}' for '${name}'`, 'Add it, or mend the path.');
}
