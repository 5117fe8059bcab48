// Checks each value before it goes on the wire: MLflow answers 200 to a wrong type, stores zeros and drops what comes after it.
import { RunspanError } from '../../errors.ts';
import type { KeyValue } from '../../model/entities.ts';

/**
 * A text, with U+FFFD for each half of a surrogate pair: it is no UTF-8, and the server stores "" for it and drops the rest of
 * the body (seen on 3.17.2).
 */
export function text(value: unknown, what: string): string {
  if (typeof value !== 'string') throw invalid(what, value, 'a text');
  return value.replace(/\p{Surrogate}/gu, '\ufffd');
}

/** A text, or nothing. */
export function optional(value: string | undefined, what: string): string | undefined {
  return value === undefined ? undefined : text(value, what);
}

/** A key with its text; a number or null as the value is a silent loss. */
export function pair(from: KeyValue, what: string): KeyValue {
  const key = text(from.key, `the key of a ${what}`);
  return { key, value: text(from.value, `${what} '${key}'`) };
}

/** Keys with their texts. */
export function pairs(from: readonly KeyValue[], what: string): readonly KeyValue[] {
  return from.map((one) => pair(one, what));
}

/** A double as JSON can carry it: NaN and ±Infinity as texts, as Python sends them; bare they are a silent loss. */
export function double(value: unknown, what: string): number | string {
  if (typeof value !== 'number') throw invalid(what, value, 'a number');
  return Number.isFinite(value) ? value : String(value);
}

/** An int64 that a number holds exactly; a fraction is a silent loss. */
export function integer(value: unknown, what: string): number {
  if (!Number.isSafeInteger(value)) throw invalid(what, value, 'an integer within ±(2^53 − 1)');
  return Number(value);
}

/** A boolean; a text or a number is none, and lost. */
export function boolean(value: unknown, what: string): boolean {
  if (typeof value !== 'boolean') throw invalid(what, value, 'true or false');
  return value;
}

/** A time, in milliseconds since the epoch. */
export function time(value: unknown, what: string): number {
  const ms = integer(value, what);
  if (ms < 0) throw invalid(what, value, 'milliseconds since the epoch');
  return ms;
}

/** One of a closed list: the server takes an unknown one with 200, and ignores it. */
export function oneOf(value: string, allowed: ReadonlySet<string>, what: string): string {
  if (!allowed.has(value)) throw invalid(what, value, [...allowed].join(', '));
  return value;
}

/** The value is not shown: it may be a secret. */
function invalid(what: string, value: unknown, wanted: string): RunspanError {
  const got = typeof value === 'number' ? String(value) : value === null ? 'null' : typeof value;
  return new RunspanError('INVALID_VALUE', `Cannot send ${what}: it is ${got}, and must be ${wanted}.`);
}
