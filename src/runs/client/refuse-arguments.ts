// What MlflowClient does with an option that there is not, and with what is no list: both are refused before anything is asked.
import { mlflowError, RunspanError } from '../../errors.ts';
import { suggestName } from '../../model/find-like.ts';
import { LIST_ARGUMENTS, OPTION_NAMES, PAGED_OPTION_NAMES } from './argument-names.ts';
import { PagedList } from './paged-list.ts';

type Method = (this: unknown, ...args: unknown[]) => unknown;

/**
 * Puts the check before every method of a client's prototype that takes options or lists. A method's promise, or its list when it is read,
 * rejects with `INVALID_ARGUMENT` for an option that it does not have, and with MLflow's `INVALID_PARAMETER_VALUE` for what is no list.
 *
 * @example
 * class Client extends Methods {
 *   static {
 *     refuseWrongArguments(this.prototype);
 *   }
 * }
 */
export function refuseWrongArguments(prototype: object): void {
  const methods = new Set([OPTION_NAMES, PAGED_OPTION_NAMES, LIST_ARGUMENTS].flatMap((table) => Object.keys(table)));
  for (const name of methods) {
    // The cast: a test holds the tables against the types, so there is a method of that name.
    const method = Reflect.get(prototype, name) as Method;
    const guarded: Method = function (...args) {
      const fault = findUnknown(name, args) ?? findNoList(name, args);
      return fault === undefined ? method.apply(this, args) : refuse(name, fault);
    };
    Object.defineProperty(guarded, 'name', { value: name });
    Object.defineProperty(prototype, name, { value: guarded, writable: true, configurable: true });
  }
}

function refuse(method: string, fault: Error): unknown {
  return method in PAGED_OPTION_NAMES ? new PagedList(() => Promise.reject(fault)) : Promise.reject(fault);
}

function findUnknown(method: string, args: readonly unknown[]): Error | undefined {
  const [at, ...known] = OPTION_NAMES[method] ?? PAGED_OPTION_NAMES[method] ?? [args.length];
  const options = args[at];
  if (options === undefined) return undefined;
  if (typeof options !== 'object' || options === null || Array.isArray(options))
    return invalid(`The options of ${method} must be an object such as { ${known[0]}: … }, not ${kindOf(options)}.`);
  const unknown = Object.keys(options).find((name) => !known.includes(name));
  return unknown === undefined
    ? undefined
    : invalid(`${method} has no option '${unknown}'. ${suggestName(unknown, known)}`);
}

function findNoList(method: string, args: readonly unknown[]): Error | undefined {
  const [at] = OPTION_NAMES[method] ?? PAGED_OPTION_NAMES[method] ?? [args.length];
  const options = args[at] ?? {};
  for (const [name, place] of Object.entries(LIST_ARGUMENTS[method] ?? {})) {
    const value: unknown = place === 'option' ? (Reflect.get(options, name) ?? []) : args[place];
    if (!Array.isArray(value))
      return mlflowError('INVALID_PARAMETER_VALUE', `${method}: ${name} must be a list, not ${kindOf(value)}.`);
  }
  return undefined;
}

function kindOf(value: unknown): string {
  if (value === undefined || value === null) return String(value);
  if (Array.isArray(value)) return 'a list';
  return typeof value === 'string' ? 'a text' : `${typeof value === 'object' ? 'an' : 'a'} ${typeof value}`;
}

function invalid(message: string): RunspanError {
  return new RunspanError('INVALID_ARGUMENT', message);
}
