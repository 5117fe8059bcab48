// Tells an error by what it is: one that Node throws has another Error's prototype where a job runs in a sandbox, such as Jest's.
import { types } from 'node:util';

/**
 * Whether a value is an error, of this realm or of another: `instanceof Error` knows this one's only, and what Node itself throws into
 * a `vm` context is never of that.
 *
 * @throws what a proxy throws that does not even tell its prototype
 * @example
 * isError(vm.runInNewContext('new Error()')); // true
 */
export function isError(value: unknown): value is Error {
  return types.isNativeError(value) || value instanceof Error;
}
