// What MlflowClient does with an option that there is not: as Python's keyword arguments it is refused before anything is asked.
import { RunspanError } from '../../errors.ts';
import { suggestName } from '../../model/find-like.ts';
import { OPTION_NAMES, type OptionNames, PAGED_OPTION_NAMES } from './option-names.ts';
import { PagedList } from './paged-list.ts';

type Method = (this: unknown, ...args: unknown[]) => unknown;

/**
 * Puts the check before every method of a client's prototype that takes options: the method's promise, or its list when it is read,
 * rejects with `INVALID_ARGUMENT`.
 *
 * @example
 * class Client extends Methods {
 *   static {
 *     refuseUnknownOptions(this.prototype);
 *   }
 * }
 */
export function refuseUnknownOptions(prototype: object): void {
  for (const [name, names] of Object.entries(OPTION_NAMES))
    guard({ prototype, name, names, refuse: (error) => Promise.reject(error) });
  for (const [name, names] of Object.entries(PAGED_OPTION_NAMES))
    guard({ prototype, name, names, refuse: (error) => new PagedList(() => Promise.reject(error)) });
}

interface Guarded {
  readonly prototype: object;
  readonly name: string;
  readonly names: OptionNames;
  readonly refuse: (error: RunspanError) => unknown;
}

function guard({ prototype, name, names: [at, ...known], refuse }: Guarded): void {
  // The cast: a test holds the table against the types, so there is a method of that name.
  const method = Reflect.get(prototype, name) as Method;
  const guarded: Method = function (...args) {
    const error = findFault(name, args[at], known);
    return error === undefined ? method.apply(this, args) : refuse(error);
  };
  Object.defineProperty(guarded, 'name', { value: name });
  Object.defineProperty(prototype, name, { value: guarded, writable: true, configurable: true });
}

function findFault(method: string, options: unknown, known: readonly string[]): RunspanError | undefined {
  if (options === undefined) return undefined;
  if (typeof options !== 'object' || options === null || Array.isArray(options)) {
    const given = options === null ? 'null' : Array.isArray(options) ? 'a list' : `a ${typeof options}`;
    return invalid(`The options of ${method} must be an object such as { ${known[0]}: … }, not ${given}.`);
  }
  const unknown = Object.keys(options).find((name) => !known.includes(name));
  return unknown === undefined
    ? undefined
    : invalid(`${method} has no option '${unknown}'. ${suggestName(unknown, known)}`);
}

function invalid(message: string): RunspanError {
  return new RunspanError('INVALID_ARGUMENT', message);
}
