// What a configuration is: plain data, whose texts may hold `${…}`; and the paths that messages name its values by.

/** A value of a configuration. An integer beyond 2^53 is a bigint, so that none is rounded. */
export type ConfigValue = string | number | bigint | boolean | null | readonly ConfigValue[] | ConfigMapping;

/** A mapping of a configuration; keys are texts, and dots in them are plain characters. */
export interface ConfigMapping {
  readonly [key: string]: ConfigValue;
}

/** A configuration: plain data with a mapping or a list at its root; interpolations in it are still texts. */
export type Config = ConfigMapping | readonly ConfigValue[];

/** A mapping or list while it is built. */
export type Container = Record<string, ConfigValue> | ConfigValue[];

/** The keys that lead from the root to a value. */
export type KeyPath = readonly (string | number)[];

/** What a value that has to be given by somebody else is written as. */
export const MISSING = '???';

/** A configuration may be nested this deep; JavaScript's stack and people's eyes bear more, but not much. */
export const MAX_DEPTH = 100;

/** Values in one configuration, aliases and interpolations written out: far more than a person writes. */
export const MAX_VALUES = 100_000;

/** Whether a value is a mapping or a list. */
export function isContainer(value: unknown): value is Container {
  return typeof value === 'object' && value !== null;
}

/** Whether a value is a mapping. */
export function isMapping(value: unknown): value is Record<string, ConfigValue> {
  return isContainer(value) && !Array.isArray(value);
}

/**
 * Returns a path as messages name it.
 *
 * @example
 * formatPath(['job', 'inputs', 0, 'path']); // 'job.inputs[0].path'
 */
export function formatPath(path: KeyPath): string {
  return path.map((key, at) => formatKey(key, at === 0)).join('');
}

function formatKey(key: string | number, isFirst: boolean): string {
  if (typeof key === 'number') return `[${key}]`;
  const shown = key.length > MAX_SHOWN_KEY ? `${key.slice(0, MAX_SHOWN_KEY)}…` : key;
  if (!/^[^.[\]\s]+$/.test(shown)) return `[${JSON.stringify(shown)}]`;
  return isFirst ? shown : `.${shown}`;
}

const MAX_SHOWN_KEY = 60;

/** Returns a container's keys with their values, in its order. */
export function entriesOf(container: Config | Container): [string | number, ConfigValue][] {
  if (Array.isArray(container)) return container.map((value: ConfigValue, index) => [index, value]);
  return Object.entries(container as ConfigMapping); // what is no array is a mapping
}

/** Returns the own value under a key, undefined where there is none: `constructor` and its like are nobody's. */
export function ownValue(container: Config | Container, key: string | number): ConfigValue | undefined {
  return Object.hasOwn(container, key) ? (container as Readonly<Record<string | number, ConfigValue>>)[key] : undefined;
}
