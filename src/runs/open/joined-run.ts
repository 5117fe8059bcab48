// A run that another process has open, and the key that this process knows it by.
import { createHash, randomBytes } from 'node:crypto';

/** A run that another process has open. */
export interface JoinedRun {
  /** The key that the other process gave it; undefined where only the store's id is known. */
  readonly runKey?: string | undefined;
  /** The store's id. */
  readonly runId?: string | undefined;
  /** The run's page. */
  readonly runUrl?: string | undefined;
}

/** What our keys look like, and a tracking server's own ids too. */
const RUN_KEY = /^[0-9a-f]{32}$/;
const KEY_LENGTH = 32;

/** Whether a text could be a key of ours. */
export function looksLikeRunKey(text: string): boolean {
  return RUN_KEY.test(text);
}

/** Makes a key that nobody has. */
export function makeRunKey(): string {
  return randomBytes(KEY_LENGTH / 2).toString('hex');
}

/**
 * Gives the key of a run that is joined. Where only its id is known the id stands for the key, so that every process that joins by it says
 * the same from its first line on, and the run is found by what it says.
 *
 * @example
 * keyOfJoined({ runId: '3f9c…' }); // the id itself; of one that is not 32 hex characters a hash
 */
export function keyOfJoined({ runKey, runId }: JoinedRun): string {
  if (runKey !== undefined) return runKey;
  if (runId === undefined) return makeRunKey();
  return looksLikeRunKey(runId) ? runId : createHash('sha256').update(runId).digest('hex').slice(0, KEY_LENGTH);
}
