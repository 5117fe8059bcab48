// Errors on log lines: how they become plain data, and that data text.
import { fileURLToPath } from 'node:url';
import { pino } from 'pino';
import { variablesOf } from './frame-variables.ts';
import type { FrameVariables } from './frame-variables.ts';
import { isError } from '../../model/any-realm.ts';

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
    if (!isError(value)) return value;
    return addVariables(pino.stdSerializers.err(value), value);
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

/** How many causes are looked at. */
const MAX_CAUSES = 5;

/** Puts what was kept of the error's frames, and of its causes', below the lines of the stack that name them. */
function addVariables<T extends { stack?: string }>(plain: T, error: Error): T {
  const frames: FrameVariables[] = [];
  let at: unknown = error;
  for (let depth = 0; depth < MAX_CAUSES && isError(at); depth++) {
    frames.push(...variablesOf(at));
    at = at.cause;
  }
  if (frames.length > 0 && typeof plain.stack === 'string') plain.stack = annotate(plain.stack, frames);
  return plain;
}

function annotate(stack: string, frames: readonly FrameVariables[]): string {
  const left = [...frames];
  return stack
    .split('\n')
    .flatMap((line) => {
      const index = left.findIndex((frame) => isFrameOf(line, frame));
      const [frame] = index < 0 ? [] : left.splice(index, 1);
      return frame === undefined ? [line] : [line, ...frame.variables.map((variable) => `        | ${variable}`)];
    })
    .join('\n');
}

function isFrameOf(line: string, { url, functionName }: FrameVariables): boolean {
  if (!/^\s+at /.test(line) || !line.includes(functionName)) return false;
  return line.includes(`${url}:`) || (url.startsWith('file:') && line.includes(`${fileURLToPath(url)}:`));
}
