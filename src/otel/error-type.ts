// What to call an error: the one rule for error.type, exception events and alerts.
import { isError } from '../model/any-realm.ts';

/** An error as telemetry shows it. */
export interface DescribedError {
  /** The class's name; `_OTHER` for what is no error. */
  readonly type: string;
  readonly message: string;
  readonly stack?: string;
}

/** What error.type holds where there is no class to name. */
export const ERROR_TYPE_OTHER = '_OTHER';

/**
 * Describes whatever was thrown: an error, a string, undefined, an object with getters that throw. Never throws.
 *
 * @see https://opentelemetry.io/docs/specs/semconv/registry/attributes/error/
 * @example
 * describeError(new RangeError('step')); // { type: 'RangeError', message: 'step', stack: '…' }
 */
export function describeError(error: unknown): DescribedError {
  try {
    if (typeof error === 'object' && error !== null) return describeObject(error);
    return { type: ERROR_TYPE_OTHER, message: String(error) };
  } catch {
    // A getter or a toString of the thrown value threw itself.
    return { type: ERROR_TYPE_OTHER, message: '[not printable]' };
  }
}

function describeObject(error: object): DescribedError {
  const { name, message, stack } = error as Partial<Record<'name' | 'message' | 'stack', unknown>>;
  const text = typeof message === 'string' ? message : toText(error);
  const type = typeOf(error, name);
  return typeof stack === 'string' ? { type, message: text, stack } : { type, message: text };
}

function typeOf(error: object, name: unknown): string {
  const isNamed = typeof name === 'string' && name !== '';
  if (isNamed && name !== 'Error') return name;
  if (isError(error)) return error.constructor.name || 'Error';
  return isNamed ? name : ERROR_TYPE_OTHER;
}

function toText(value: object): string {
  if (isError(value)) return '';
  return JSON.stringify(value) ?? '[not printable]';
}
