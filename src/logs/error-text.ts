// Errors on log lines: how they become plain data, and that data text.
import { pino } from 'pino';

/** An error as it lies in a record. */
export interface LoggedError {
  readonly type: string;
  readonly message: string;
  readonly stack?: string;
  readonly aggregateErrors?: readonly LoggedError[];
}

/** The field that a logged error lies under: pino's own. */
export const ERROR_KEY = 'err';

/** Makes plain data of an error, its causes in message and stack; what is no error stays as it is. Never throws. */
export function serializeError(value: unknown): unknown {
  try {
    return value instanceof Error ? pino.stdSerializers.err(value) : value;
  } catch {
    // A getter of the error threw.
    return { type: 'Error', message: '[not readable]' };
  }
}

/** Gives the error of a record; undefined where there is none. */
export function errorOf(value: unknown): LoggedError | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { type, message } = value as Partial<Record<'type' | 'message', unknown>>;
  // Only serializeError makes such data; further fields are the error's own.
  return typeof type === 'string' && typeof message === 'string' ? (value as LoggedError) : undefined;
}

/** Writes an error in one line: `RangeError: no rows`. */
export function toErrorLine(error: LoggedError): string {
  return `${error.type}: ${error.message}`.replaceAll(/\s*\n\s*/g, ' ');
}

/** Writes an error with its stack, its causes and, for an AggregateError, the errors in it. */
export function toErrorText(error: LoggedError): string {
  const own = error.stack ?? toErrorLine(error);
  const parts = error.aggregateErrors ?? [];
  return [own, ...parts.map((part, index) => indent(`[${index}] ${toErrorText(part)}`))].join('\n');
}

function indent(text: string): string {
  return text.replaceAll(/^/gm, '    ');
}
