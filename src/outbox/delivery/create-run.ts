// A run's beginning in the store, exactly once: found by its key where an earlier attempt may have been carried out.
import type { RunEntity, Tag } from '../../model/entities.ts';
import type { CreateWrite } from '../../model/write.ts';
import { MlflowError, mlflowError } from '../../errors.ts';
import { hasChangedParams } from './changed-params.ts';
import type { Delivery } from './delivery.ts';
import { RUN_KEY_TAG, bury, findRun, findRunId, findRunsByKey, findSent, isTakenOver } from './delivery.ts';
import { linkTrace } from './deliver-trace.ts';
import { DestinationRefused } from './patience.ts';
import type { EntryOf } from './plan.ts';
import { awaitQuiet } from './quiet.ts';

const PARENT_TAG = 'mlflow.parentRunId';
const DELETED_REASON_TAG = 'runspan.deleted_reason';

/** Creates or resumes a run; where the store refuses it for good, what follows of it is dead-lettered too. */
export async function deliverCreate(delivery: Delivery, entry: EntryOf<CreateWrite>): Promise<void> {
  const { write, sequence } = entry;
  // A replay after the state was saved and before the watermark passed.
  if (delivery.state.run(write.runKey) !== undefined) return;
  const tags = await withParent(delivery, write);
  let isSearchedFirst = sequence <= delivery.replayedThrough;
  let wasAmbiguous = isSearchedFirst;
  // A late resume would open the run again that we end.
  if (isSearchedFirst && write.resumeRunId !== undefined) await awaitQuiet(delivery);
  const outcome = await delivery.patience.attempt(async () => {
    if (write.resumeRunId !== undefined) return resume(delivery, { ...write, tags }, write.resumeRunId);
    if (isTakenOver(delivery)) {
      isSearchedFirst = true;
      wasAmbiguous = true;
    }
    try {
      return await createOnce(delivery, { ...write, tags }, isSearchedFirst);
    } catch (error) {
      if (error instanceof MlflowError && error.isAmbiguous) {
        isSearchedFirst = true;
        wasAmbiguous = true;
      }
      throw error;
    }
  });
  if (outcome.status === 'rejected') {
    bury(delivery, sequence, { record: write, error: outcome.error });
    delivery.onWarning(`Run '${write.runName}' could not be created: ${outcome.error.message}`);
    delivery.state.putRun(failedRun(write, outcome.error));
    delivery.onEvent({ kind: 'create-refused', runKey: write.runKey, error: outcome.error });
    return;
  }
  const { info, data } = outcome.value;
  if (hasChangedParams(data)) delivery.state.noteChangedParams(write.runKey);
  const isChosen = info.runId === write.runKey;
  delivery.state.putRun({
    runKey: write.runKey,
    runId: info.runId,
    experimentId: info.experimentId,
    artifactUri: info.artifactUri,
    runName: info.runName,
    startTimeMs: write.startTimeMs,
    wasAmbiguous: wasAmbiguous && !isChosen && write.resumeRunId === undefined,
  });
  const { runId, runName, experimentId, artifactUri } = info;
  delivery.onEvent({ kind: 'created', runKey: write.runKey, runId, runName, experimentId, artifactUri });
  await linkTrace(delivery, runId, write.tags);
}

/**
 * Looks once more for runs with the same key, after a create whose answer was lost: a slow server may have carried out both.
 * Keeps the one that was written to, deletes the others with a reason.
 */
export async function deleteTwins(
  delivery: Delivery,
  run: { readonly runKey: string; readonly runId: string; readonly experimentId: string },
): Promise<void> {
  const outcome = await delivery.patience.attempt(async () => {
    const store = await delivery.destination.store();
    const twins = await findRunsByKey(delivery, run.runKey, run.experimentId);
    for (const { info } of twins) {
      if (info.runId === run.runId) continue;
      const value = `Made twice by a request whose answer was lost; the run is ${run.runId}.`;
      await store.logBatch({ runId: info.runId, tags: [{ key: DELETED_REASON_TAG, value }] });
      await store.deleteRun(info.runId);
    }
  });
  if (outcome.status === 'rejected') {
    delivery.onWarning(`A second run with key ${run.runKey} may be left in the store: ${outcome.error.message}`);
  }
}

async function createOnce(delivery: Delivery, write: CreateWrite, isSearchedFirst: boolean): Promise<RunEntity> {
  const { destination } = delivery;
  const store = await destination.store();
  const experimentId = await destination.experimentId(write.experimentName);
  if (isSearchedFirst && !store.supports.chosenRunId) {
    const found = await findSent(delivery, async () => (await findRunsByKey(delivery, write.runKey, experimentId))[0]);
    if (found !== undefined) return found;
  }
  try {
    return await store.createRun({
      experimentId,
      runId: write.runKey,
      ...(write.runName === '' ? {} : { runName: write.runName }),
      userId: write.userId,
      startTimeMs: write.startTimeMs,
      tags: withKey(write),
    });
  } catch (error) {
    if (error instanceof MlflowError && !error.isRetryable && !error.isAmbiguous) {
      await checkExperiment(delivery, write.experimentName, experimentId);
    }
    throw error;
  }
}

/** A refused create is the experiment's fault where that was deleted meanwhile; then the create waits for it. */
async function checkExperiment(delivery: Delivery, name: string, experimentId: string): Promise<void> {
  delivery.destination.forgetExperiment(name);
  const now = await delivery.destination.experimentId(name);
  if (now !== experimentId) throw mlflowError('TEMPORARILY_UNAVAILABLE', `Experiment '${name}' was made anew.`);
}

async function resume(delivery: Delivery, write: CreateWrite, given: string): Promise<RunEntity> {
  const store = await delivery.destination.store();
  const found = await findRun(delivery, given);
  const { runId } = found.info;
  const info = await store.updateRun({
    runId,
    status: 'RUNNING',
    ...(write.runName === '' ? {} : { runName: write.runName }),
  });
  // It is found by the key that it was made with, however often it is resumed.
  const tags = write.tags.filter(({ key }) => key !== RUN_KEY_TAG || found.data.tags[key] === undefined);
  if (tags.length > 0) await store.logBatch({ runId, tags });
  return { ...found, info };
}

async function withParent(delivery: Delivery, write: CreateWrite): Promise<readonly Tag[]> {
  if (write.parentRun === undefined) return write.tags;
  const parent = await findRunId(delivery, write.parentRun);
  if (parent.status === 'rejected') {
    delivery.onWarning(`The parent of run '${write.runName}' is not in the store: ${parent.error.message}`);
  }
  const value = parent.status === 'done' ? parent.value : write.parentRun;
  return [...write.tags.filter((tag) => tag.key !== PARENT_TAG), { key: PARENT_TAG, value }];
}

function withKey(write: CreateWrite): readonly Tag[] {
  if (write.tags.some((tag) => tag.key === RUN_KEY_TAG)) return write.tags;
  return [...write.tags, { key: RUN_KEY_TAG, value: write.runKey }];
}

function failedRun(write: CreateWrite, error: Error): Parameters<Delivery['state']['putRun']>[0] {
  return {
    runKey: write.runKey,
    runId: '',
    experimentId: '',
    artifactUri: '',
    runName: write.runName,
    startTimeMs: write.startTimeMs,
    wasAmbiguous: false,
    failedReason: error instanceof DestinationRefused ? 'the destination refused it' : error.message,
  };
}
