// What a built-in object is, whichever realm made it: in a sandbox, such as Jest's, a structuredClone() of Node's is no `instanceof Map` of its own.
import { types } from 'node:util';

// Asked both ways: a proxy that acts as a Map is one by its prototype alone; and `types` costs five times as much, so of this realm's nothing is asked twice.

/**
 * Whether a value is an error: what Node itself throws into a `vm` context is no `instanceof Error` there.
 *
 * @throws what a proxy throws that does not even tell its prototype
 * @example
 * isError(vm.runInNewContext('new Error()')); // true
 */
export function isError(value: unknown): value is Error {
  return value instanceof Error || (isForeign(value) && types.isNativeError(value));
}

/** The errors that an AggregateError holds; undefined for another error. */
export function errorsIn(error: Error): readonly unknown[] | undefined {
  if (!Object.hasOwn(error, 'errors') || !('errors' in error)) return undefined;
  return Array.isArray(error.errors) ? error.errors : undefined;
}

/** Whether a value is a Map. */
export function isMap(value: unknown): value is ReadonlyMap<unknown, unknown> {
  return value instanceof Map || (isForeign(value) && types.isMap(value));
}

/** Whether a value is a Set. */
export function isSet(value: unknown): value is ReadonlySet<unknown> {
  return value instanceof Set || (isForeign(value) && types.isSet(value));
}

/** Whether a value is a Date. */
export function isDate(value: unknown): value is Date {
  return value instanceof Date || (isForeign(value) && types.isDate(value));
}

/** Whether a value is a regular expression. */
export function isRegExp(value: unknown): value is RegExp {
  return value instanceof RegExp || (isForeign(value) && types.isRegExp(value));
}

/** Whether a value is an ArrayBuffer. */
export function isArrayBuffer(value: unknown): value is ArrayBuffer {
  return value instanceof ArrayBuffer || (isForeign(value) && types.isArrayBuffer(value));
}

/** Whether an object has no class: `{}`, or one without a prototype. */
export function isPlainObject(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  // The prototype of each realm's plain objects has none above it.
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

/** Whether a value is no object of this realm: of another one, without a prototype, or no object at all. */
function isForeign(value: unknown): boolean {
  return !(value instanceof Object);
}
