// Copies of a configuration: what a caller hands in is checked and copied, so that nothing of his is changed or shared.
import { configError, valueError } from './config-errors.ts';
import { entriesOf, isContainer, MAX_DEPTH, MAX_VALUES } from './config-values.ts';
import type { ConfigValue, Container, KeyPath } from './config-values.ts';
import { copyPlace } from './places.ts';

/** Counts the values that are made, so that a small text cannot become a large one. */
export class Budget {
  #left = MAX_VALUES;

  /** @throws {RunspanError} `INVALID_CONFIG` when more than {@link MAX_VALUES} were spent */
  spend(path: KeyPath): void {
    this.#left -= 1;
    if (this.#left < 0)
      throw configError({
        path,
        reason: `it has more than ${MAX_VALUES} values, with what aliases and interpolations repeat`,
        mend: 'Repeat less.',
      });
  }
}

/**
 * Returns a deep copy of a configuration that was handed in, with plain own properties only. A property that is undefined is not
 * given.
 *
 * @throws {RunspanError} `INVALID_CONFIG` for what is no mapping or list, holds anything but plain data, contains itself or is
 *   nested beyond {@link MAX_DEPTH}, or has a key `__proto__`
 */
export function copyConfig(config: unknown, name = 'a configuration'): Container {
  if (!isContainer(config) || !isPlain(config))
    throw configError({
      reason: `${name} is no mapping or list`,
      mend: 'Hand in an object or array, such as parseFile returns.',
    });
  return copyValue(config, { path: [], budget: new Budget() }) as Container; // a container is copied to a container
}

/** Where a copy is made, and how much may still be made. */
export interface CopyContext {
  readonly path: KeyPath;
  readonly budget: Budget;
}

/** Returns a deep copy of one value; see {@link copyConfig}. */
export function copyValue(value: unknown, { path, budget }: CopyContext): ConfigValue {
  budget.spend(path);
  if (!isContainer(value)) return checkScalar(value, path);
  if (!isPlain(value)) throw refuseValue(path, `an object of class ${className(value)}`);
  if (path.length >= MAX_DEPTH)
    throw configError({
      path: path.slice(0, 5),
      reason: 'it is nested too deep, or contains itself',
      mend: 'Flatten it.',
    });
  const copy: Container = Array.isArray(value) ? [] : {};
  for (const [key, item] of entriesOf(value)) {
    if (item === undefined && !Array.isArray(value)) continue;
    checkKey(key, path);
    setValue(copy, key, copyValue(item, { path: [...path, key], budget }));
    copyPlace(value, copy, key);
  }
  return copy;
}

/** Sets the value under a key that {@link checkKey} let through. */
export function setValue(container: Container, key: string | number, value: ConfigValue): void {
  (container as Record<string | number, ConfigValue>)[key] = value; // an index into an array, a key into a mapping
}

/**
 * Refuses the one key that would change an object's class where it is assigned.
 *
 * @throws {RunspanError} `INVALID_CONFIG`
 */
export function checkKey(key: string | number, path: KeyPath): void {
  if (key === '__proto__')
    throw configError({ path: [...path, key], reason: "a key may not be '__proto__'", mend: 'Rename it.' });
}

/** Returns the error for values that cannot be merged or replaced by one another. */
export function mismatch(container: object, path: KeyPath): Error {
  return valueError(container, path, {
    reason: 'a list and a mapping cannot be merged',
    mend: 'Give both the same shape, or set it to null in between.',
  });
}

function checkScalar(value: unknown, path: KeyPath): ConfigValue {
  if (value === null) return null;
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') return value;
  if (typeof value === 'bigint') return value;
  throw refuseValue(path, `of type ${typeof value}`);
}

function refuseValue(path: KeyPath, what: string): Error {
  return configError({
    path,
    reason: `its value is ${what}`,
    mend: 'Use texts, numbers, booleans, null, lists and mappings.',
  });
}

function isPlain(value: object): boolean {
  if (Array.isArray(value)) return true;
  const prototype: unknown = Object.getPrototypeOf(value);
  // An object of another realm (a vm context, Jest) has that realm's Object.prototype, which has none above it.
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

function className(value: object): string {
  const { constructor } = value as { readonly constructor?: unknown };
  return typeof constructor === 'function' ? constructor.name : 'unknown';
}
