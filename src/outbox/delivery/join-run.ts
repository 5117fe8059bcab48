// A run that another process has open: found by its id or key, written to, never ended from here.
import { MlflowError, RunspanError, mlflowError } from '../../errors.ts';
import type { RunEntity } from '../../model/entities.ts';
import type { JoinWrite } from '../../model/write.ts';
import { hasChangedParams } from './changed-params.ts';
import type { Delivery } from './delivery.ts';
import { bury, findRunsByKey } from './delivery.ts';
import type { EntryOf } from './plan.ts';

/** The other process makes the run by its own drain: so often, at this distance, it is looked for before anything is said. */
const QUIET_TRIES = 20;
const QUIET_PAUSE_MS = 100;
/** A run that is not there so long after the first look will not come. */
const GIVE_UP_MS = 60_000;

/** Finds the run and remembers its id; where there is none, what follows of it is dead-lettered. */
export async function deliverJoin(delivery: Delivery, { sequence, write }: EntryOf<JoinWrite>): Promise<void> {
  const { clock } = delivery.system;
  const { runKey } = write;
  if (delivery.state.runIdOf(runKey) !== undefined) return;
  const firstMs = clock.monotonicMs();
  const outcome = await delivery.patience.attempt(async () => {
    for (let tries = 1; ; tries += 1) {
      const found = await find(delivery, write);
      if (found !== undefined) return found;
      if (tries >= QUIET_TRIES) break;
      await new Promise<void>((resolve) => void clock.after(QUIET_PAUSE_MS, resolve));
    }
    const message = `Run ${write.runId ?? runKey}, which this process joins, is not in the store.`;
    if (write.runId !== undefined || clock.monotonicMs() - firstMs >= GIVE_UP_MS)
      throw new RunspanError('RUN_ENDED', message);
    throw mlflowError('TEMPORARILY_UNAVAILABLE', message);
  });
  const base = { runKey, runName: '', startTimeMs: 0, wasAmbiguous: false };
  if (outcome.status === 'rejected') {
    bury(delivery, sequence, { record: write, error: outcome.error });
    delivery.onWarning(`The run could not be joined: ${outcome.error.message}`);
    const failedReason = outcome.error.message;
    delivery.state.putRun({ ...base, runId: '', experimentId: '', artifactUri: '', failedReason });
    delivery.onEvent({ kind: 'create-refused', runKey, error: outcome.error });
    return;
  }
  const { runId, runName, experimentId, artifactUri } = outcome.value.info;
  // At once among the ended ones: its id is known, and neither a stop nor a reaper of ours ends it.
  delivery.state.putRun({ ...base, runId, runName, experimentId, artifactUri });
  delivery.state.endRun(runKey);
  if (hasChangedParams(outcome.value.data)) delivery.state.noteChangedParams(runKey);
  delivery.onEvent({ kind: 'created', runKey, runId, runName, experimentId, artifactUri });
}

async function find(delivery: Delivery, { runKey, runId }: JoinWrite): Promise<RunEntity | undefined> {
  const store = await delivery.destination.store();
  try {
    if (runId !== undefined || store.supports.chosenRunId) return await store.getRun(runId ?? runKey);
  } catch (error) {
    const isAbsent = error instanceof MlflowError && error.status === 404 && !error.isRetryable;
    if (!isAbsent) throw error;
    return undefined;
  }
  const [found] = await findRunsByKey(delivery, runKey);
  return found;
}
