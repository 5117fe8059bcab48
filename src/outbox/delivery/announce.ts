// Says whether the destination stands: once, early, whatever the journal holds.
import type { OutboxEvent } from '../contract.ts';
import type { DrainDestination } from './destination.ts';
import type { FolderState } from '../folder/state.ts';
import type { Patience } from './patience.ts';
import { DestinationRefused, judgeError } from './patience.ts';
import { isError } from '../../model/any-realm.ts';

/** Says once more which runs exist: a host that died may have kept that to itself. */
export function announceOpenRuns(state: FolderState, onEvent: (event: OutboxEvent) => void): void {
  for (const run of state.openRuns()) {
    if (run.failedReason !== undefined) continue;
    const { runKey, runId, runName, experimentId, artifactUri } = run;
    onEvent({ kind: 'created', runKey, runId, runName, experimentId, artifactUri });
  }
}

/** Finds or makes the default experiment; `ready` once it stands, `refused` at the first definite no. */
export async function announceDestination(options: {
  readonly destination: DrainDestination;
  readonly patience: Patience;
  readonly experimentName: string;
  readonly onEvent: (event: OutboxEvent) => void;
}): Promise<void> {
  const { destination, patience, experimentName, onEvent } = options;
  let isRefusalSaid = false;
  const refuse = (error: unknown): void => {
    if (isRefusalSaid) return;
    isRefusalSaid = true;
    const cause = error instanceof DestinationRefused ? error.cause : error;
    onEvent({ kind: 'refused', error: isError(cause) ? cause : new Error(String(cause)) });
  };
  const outcome = await patience.attempt(async () => {
    try {
      return await destination.experimentId(experimentName);
    } catch (error) {
      if (judgeError(error) === 'refused') refuse(error);
      throw error;
    }
  });
  if (outcome.status === 'rejected') refuse(outcome.error);
  else onEvent({ kind: 'ready', experimentId: outcome.value });
}
