// What an action throws, for tests of refusals.
import { RunspanError } from '../../../src/errors.ts';

/** Returns the error of ours that an action throws; any other error goes on. */
export function errorOf(action: () => unknown): RunspanError {
  try {
    action();
  } catch (error) {
    if (error instanceof RunspanError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}

/** Everything of an error that may be printed: its words, its details and those of its causes. */
export function wordsOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const details = error instanceof RunspanError ? JSON.stringify(error.details) : '';
  return [error.message, error.stack, details, error.cause === undefined ? '' : wordsOf(error.cause)].join('\n');
}
