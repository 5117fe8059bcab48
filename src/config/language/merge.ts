// Merging configurations, as OmegaConf does it: the right one wins, mappings are merged, lists replaced, interpolations kept.
import { asConfigError, configError } from './config-errors.ts';
import { isContainer, isMapping, MISSING, ownValue } from './config-values.ts';
import type { Config, ConfigValue, Container, KeyPath } from './config-values.ts';
import { Budget, copyConfig, copyValue, mismatch, setValue } from './copy-config.ts';
import { Interpolation } from './interpolate.ts';
import { copyPlace } from './places.ts';

/**
 * Merges configurations, left to right, and returns a new one; none of those that were handed in is changed.
 *
 * The right one wins. Mappings are merged key by key, lists are replaced whole, null replaces anything, `{}` keeps what is there,
 * `???` never replaces anything; a list and a mapping cannot be merged. Interpolations stay as they are and are later resolved
 * in the merged configuration; what is merged into `${a}`, where that is a mapping, is merged into a copy of it.
 *
 * @throws {RunspanError} `INVALID_CONFIG` with the path, for an empty list and for what cannot be merged
 * @example
 * mergeConfigs([{ a: { x: 1 } }, { a: { y: 2 } }]); // { a: { x: 1, y: 2 } }
 */
export function mergeConfigs(configs: readonly object[]): Config {
  return asConfigError(() => {
    if (!Array.isArray(configs) || configs.length === 0)
      throw configError({ reason: 'there is nothing to merge', mend: 'Hand in a list of configurations.' });
    const copies = configs.map((config: unknown, at) => copyConfig(config, `configuration ${at + 1}`));
    const [first = {}, ...others] = copies;
    const budget = new Budget();
    return others.reduce<Container>((root, other) => mergeRoots(root, other, budget), first);
  });
}

interface Merging {
  /** What is merged into: interpolations are looked up in it. */
  readonly root: Container;
  readonly budget: Budget;
}

function mergeRoots(root: Container, other: Container, budget: Budget): Container {
  if (Array.isArray(root) && Array.isArray(other)) return other;
  if (!isMapping(root) || !isMapping(other)) throw mismatch(other, []);
  mergeInto(root, other, [], { root, budget });
  return root;
}

function mergeInto(
  left: Record<string, ConfigValue>,
  right: Record<string, ConfigValue>,
  path: KeyPath,
  merging: Merging,
): void {
  for (const [key, value] of Object.entries(right)) {
    const inner = [...path, key];
    const before = ownValue(left, key);
    if (value === MISSING && before !== undefined) continue;
    const old = isContainer(value) ? writeOut(before, inner, merging) : before;
    if (isMapping(value) && isMapping(old)) {
      setValue(left, key, old);
      mergeInto(old, value, inner, merging);
      continue;
    }
    if (isContainer(value) && isContainer(old) && Array.isArray(value) !== Array.isArray(old))
      throw mismatch(right, inner);
    setValue(left, key, value);
    copyPlace(right, left, key);
  }
}

/** What stands behind a value that is an interpolation of a mapping or list: a copy of it; else the value. */
function writeOut(value: ConfigValue | undefined, path: KeyPath, merging: Merging): ConfigValue | undefined {
  if (typeof value !== 'string' || !value.includes('${')) return value;
  const target = new Interpolation(merging.root).findContainer(path);
  return target === undefined ? value : copyValue(target, { path, budget: merging.budget });
}
