// The tables of the client's arguments say what the types of its methods say, in every word: the TypeScript compiler is asked.
import { join } from 'node:path';
import ts from 'typescript6';
import { describe, expect, it } from 'vitest';
import {
  LIST_ARGUMENTS,
  OPTION_NAMES,
  type OptionNames,
  PAGED_OPTION_NAMES,
} from '../../../src/runs/client/argument-names.ts';
import { LATER_METHODS } from '../../../src/runs/client/later-methods.ts';

const ROOT = join(import.meta.dirname, '../../..');

type Declared = Record<string, readonly string[]>;

describe('the tables of arguments', () => {
  const declared = readDeclared();

  it('know every option of every method, and no other', () => {
    expect(Object.keys(declared.plain).length).toBeGreaterThan(45);
    expect(sorted(OPTION_NAMES)).toEqual(declared.plain);
    expect(sorted(PAGED_OPTION_NAMES)).toEqual(declared.paged);
  });

  it('know every list that a method takes, and no other', () => {
    expect(Object.keys(declared.lists).length).toBeGreaterThan(20);
    expect(LIST_ARGUMENTS).toEqual(declared.lists);
  });
});

interface DeclaredArguments {
  readonly plain: Declared;
  readonly paged: Declared;
  readonly lists: Record<string, Record<string, number | 'option'>>;
}

/** What the methods take: the place and names of their options, and which arguments and options are lists. */
function readDeclared(): DeclaredArguments {
  const { checker, methods } = readMethods();
  const found: DeclaredArguments = { plain: {}, paged: {}, lists: {} };
  for (const method of methods) {
    const [signature] = checker.getTypeOfSymbol(method).getCallSignatures();
    if (signature === undefined) continue;
    const parameters = signature.getParameters();
    const options = parameters.find(({ name }) => name === 'options');
    const properties = options === undefined ? [] : propertiesOf(options, checker);
    const lists = Object.fromEntries([
      ...parameters.flatMap((each, at) => (isRequiredList(each, checker) ? [[each.name, at] as const] : [])),
      ...properties.flatMap((each) => (isList(each, checker) ? [[each.name, 'option'] as const] : [])),
    ]);
    if (Object.keys(lists).length > 0) found.lists[method.name] = lists;
    if (options === undefined) continue;
    const isPaged = checker.typeToString(signature.getReturnType()).startsWith('PagedList');
    const names = new Set(properties.map(({ name }) => name));
    (isPaged ? found.paged : found.plain)[method.name] = [String(parameters.indexOf(options)), ...names].toSorted();
  }
  return found;
}

function readMethods(): { readonly checker: ts.TypeChecker; readonly methods: readonly ts.Symbol[] } {
  const path = join(ROOT, 'tsconfig.json');
  const config: unknown = ts.readConfigFile(path, (name) => ts.sys.readFile(name)).config;
  const file = join(ROOT, 'src/runs/client/mlflow-client.ts');
  const program = ts.createProgram([file], ts.parseJsonConfigFileContent(config, ts.sys, ROOT).options);
  const checker = program.getTypeChecker();
  const source = program.getSourceFile(file);
  const client =
    source && checker.getSymbolAtLocation(source)?.exports?.get(ts.escapeLeadingUnderscores('MlflowClient'));
  if (client === undefined) throw new Error(`no MlflowClient in ${file}`);
  const all = checker.getDeclaredTypeOfSymbol(client).getProperties();
  const later: readonly string[] = LATER_METHODS;
  return { checker, methods: all.filter((each) => !isHidden(each) && !later.includes(each.name)) };
}

function propertiesOf(options: ts.Symbol, checker: ts.TypeChecker): readonly ts.Symbol[] {
  return partsOf(options, checker).flatMap((part) => checker.getPropertiesOfType(part));
}

function isList(symbol: ts.Symbol, checker: ts.TypeChecker): boolean {
  return partsOf(symbol, checker).every(
    (part) => checker.isArrayLikeType(part) && (part.flags & ts.TypeFlags.Never) === 0,
  );
}

function isRequiredList(parameter: ts.Symbol, checker: ts.TypeChecker): boolean {
  const declaration = parameter.valueDeclaration;
  const isOptional =
    declaration !== undefined && ts.isParameter(declaration) && checker.isOptionalParameter(declaration);
  return !isOptional && isList(parameter, checker);
}

function partsOf(symbol: ts.Symbol, checker: ts.TypeChecker): readonly ts.Type[] {
  const type = checker.getNonNullableType(checker.getTypeOfSymbol(symbol));
  return type.isUnion() ? type.types : [type];
}

function isHidden({ name, declarations = [] }: ts.Symbol): boolean {
  const hidden = ts.ModifierFlags.Protected | ts.ModifierFlags.Private;
  return name.includes('#') || declarations.some((each) => (ts.getCombinedModifierFlags(each) & hidden) !== 0);
}

function sorted(table: Readonly<Record<string, OptionNames>>): Declared {
  return Object.fromEntries(Object.entries(table).map(([method, names]) => [method, names.map(String).toSorted()]));
}
