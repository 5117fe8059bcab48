// `a.b=1` from a command line to a configuration.
import { asConfigError, configError } from './config-errors.ts';
import { isContainer, isMapping, MAX_DEPTH, ownValue } from './config-values.ts';
import type { Config, ConfigValue, Container } from './config-values.ts';
import { checkKey, mismatch, setValue } from './copy-config.ts';
import { splitKey } from './key-path.ts';
import { mergeConfigs } from './merge.ts';
import { parseValue } from './parse-text.ts';

/**
 * Makes a configuration of `path=value` texts, the later ones into the earlier ones. Values are YAML; one without a value is null.
 *
 * @throws {RunspanError} `INVALID_CONFIG` with the path: a value that is not well-formed, a list's index that is not there
 * @example
 * fromDotlist(['a.b=1', 'c=[1,2]', 'd=']); // { a: { b: 1 }, c: [1, 2], d: null }
 */
export function fromDotlist(list: readonly string[]): Config {
  return asConfigError(() => {
    if (!Array.isArray(list)) throw configError({ reason: 'a dotlist is a list of texts', mend: "Hand in ['a.b=1']." });
    const root: Container = {};
    for (const [at, entry] of (list as readonly unknown[]).entries()) {
      if (typeof entry !== 'string')
        throw configError({ reason: `entry ${at + 1} of the dotlist is no text`, mend: "Write 'a.b=1'." });
      const [path, text] = splitEntry(entry);
      const value = parseValue(text, { format: 'yaml', name: `dotlist entry ${at + 1}` });
      setAt(root, splitKey(path), value);
    }
    return root;
  });
}

function splitEntry(entry: string): readonly [path: string, text: string] {
  const sign = /^(?:\\.|[^\\=])*?=/s.exec(entry)?.[0].length;
  return sign === undefined ? [entry, ''] : [entry.slice(0, sign - 1), entry.slice(sign)];
}

function setAt(root: Container, keys: readonly string[], value: ConfigValue): void {
  if (keys.length > MAX_DEPTH)
    throw configError({ path: keys.slice(0, 5), reason: 'it is nested too deep', mend: 'Flatten it.' });
  let container = root;
  for (const [at, name] of keys.entries()) {
    const path = keys.slice(0, at);
    checkKey(name, path);
    const key = Array.isArray(container) ? indexOf(container, name, path) : name;
    const old = ownValue(container, key);
    if (at === keys.length - 1) setValue(container, key, combine(old, value, { container, path: keys }));
    else if (isContainer(old)) container = old;
    else {
      const made: Container = {};
      setValue(container, key, made);
      container = made;
    }
  }
}

function combine(
  old: ConfigValue | undefined,
  value: ConfigValue,
  { container, path }: { readonly container: Container; readonly path: readonly string[] },
): ConfigValue {
  if (!isContainer(old) || !isContainer(value)) return value;
  if (isMapping(old) && isMapping(value)) return mergeConfigs([old, value]);
  if (isMapping(old) || isMapping(value)) throw mismatch(container, path);
  return value;
}

function indexOf(list: readonly ConfigValue[], name: string, path: readonly string[]): number {
  const index = /^\d{1,9}$/.test(name) ? Number(name) : -1;
  if (index >= 0 && index < list.length) return index;
  throw configError({ path: [...path, name], reason: `the list has no such index`, mend: 'Write the whole list.' });
}
