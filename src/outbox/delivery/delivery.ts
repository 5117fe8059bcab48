// What every act of delivering shares: where to, how patiently, what is known, whom to tell.
import type { Write } from '../../model/write.ts';
import type { RunEntity } from '../../model/entities.ts';
import { MlflowError, RunspanError } from '../../errors.ts';
import type { OutboxEvent } from '../contract.ts';
import type { DeadLetters } from '../folder/dead-letters.ts';
import { deadLetter } from '../folder/dead-letters.ts';
import type { DrainDestination } from './destination.ts';
import type { FolderPaths } from '../folder/folder.ts';
import type { Outcome, Patience } from './patience.ts';
import type { FolderState } from '../folder/state.ts';
import { type System, isKnownGone } from '../machine/system.ts';

/** The tag by which a run is found again when the store chose its id. */
export const RUN_KEY_TAG = 'runspan.run_key';

/** Everything that delivering one folder's records needs. */
export interface Delivery {
  readonly system: System;
  readonly destination: DrainDestination;
  readonly patience: Pick<Patience, 'attempt' | 'rest' | 'isHeldUp'>;
  readonly state: FolderState;
  readonly deadLetters: DeadLetters;
  /** Undefined where there is no disk. */
  readonly paths: FolderPaths | undefined;
  /** Creates up to this number may have been sent by an earlier drain. */
  readonly replayedThrough: number;
  /** From here on, by the monotonic clock, what that drain had sent has arrived or never will. */
  readonly quietFromMs: number;
  readonly onEvent: (event: OutboxEvent) => void;
  readonly onWarning: (message: string) => void;
  /** Says something once for each subject. */
  readonly onceWarning: (subject: string, message: string) => void;
}

/** Whether the folder went from under us: whoever has it delivers what we have not, the same create among it. */
export function isTakenOver({ paths, system }: Delivery): boolean {
  return paths !== undefined && isKnownGone(system.disk, paths.root);
}

/** Writes a record off: it counts as dead-lettered once the watermark passes it. */
export function bury(delivery: Delivery, sequence: number, refused: { record: Write; error: Error }): void {
  delivery.deadLetters.bury(deadLetter(sequence, refused.record, refused.error));
  delivery.state.noteDeaths(sequence, 1, refused.record.runKey);
}

/** Writes a record off that the watermark has passed already: whoever set it aside counts it. */
export function buryAside(delivery: Delivery, sequence: number, refused: { record: Write; error: Error }): void {
  delivery.deadLetters.bury(deadLetter(sequence, refused.record, refused.error));
  delivery.state.tallies.noteDeaths(sequence, refused.record.runKey, 1);
}

/**
 * The store's id of a run key: from this folder's state, as it is where the store takes our keys, else by the key's tag.
 * Rejected where there is no such run.
 */
export async function findRunId(delivery: Delivery, runKey: string): Promise<Outcome<string>> {
  const run = delivery.state.run(runKey);
  if (run?.failedReason !== undefined) {
    const reason = `Its run was not created: ${run.failedReason}`;
    return { status: 'rejected', error: new RunspanError('RUN_ENDED', reason) };
  }
  const known = delivery.state.runIdOf(runKey);
  if (known !== undefined) return { status: 'done', value: known };
  return delivery.patience.attempt(async () => (await findRun(delivery, runKey)).info.runId);
}

/** The run of an id, or of a key of ours by the key's tag where the store chose its id; throws what the store throws. */
export async function findRun(delivery: Delivery, runKey: string): Promise<RunEntity> {
  const store = await delivery.destination.store();
  try {
    return await store.getRun(delivery.state.runIdOf(runKey) ?? runKey);
  } catch (error) {
    const isAbsent = error instanceof MlflowError && error.status === 404 && !error.isRetryable;
    if (!isAbsent || store.supports.chosenRunId) throw error;
    const [found] = await findRunsByKey(delivery, runKey);
    if (found === undefined) throw error;
    return found;
  }
}

/** Looks for what an earlier drain may have made; where it is not there, once more when nothing of that drain is on its way any more. */
export async function findSent<T>(delivery: Delivery, find: () => Promise<T | undefined>): Promise<T | undefined> {
  const found = await find();
  if (found !== undefined || delivery.system.clock.monotonicMs() >= delivery.quietFromMs) return found;
  await delivery.patience.rest(delivery.quietFromMs);
  return find();
}

/** All active runs with our key, in every experiment or in one; the oldest first. */
export async function findRunsByKey(
  delivery: Delivery,
  runKey: string,
  experimentId?: string,
): Promise<readonly RunEntity[]> {
  const store = await delivery.destination.store();
  const experimentIds = experimentId === undefined ? await listExperimentIds(delivery) : [experimentId];
  const quoted = runKey.replaceAll("'", '');
  const page = await store.searchRuns({
    experimentIds,
    filter: `tags.\`${RUN_KEY_TAG}\` = '${quoted}'`,
    viewType: 'ACTIVE_ONLY',
    maxResults: 100,
  });
  // Both were given the same start, so that the id has to break the tie: any rule will do if all follow it.
  return page.items.toSorted(
    (a, b) => a.info.startTimeMs - b.info.startTimeMs || (a.info.runId < b.info.runId ? -1 : 1),
  );
}

async function listExperimentIds(delivery: Delivery): Promise<readonly string[]> {
  const store = await delivery.destination.store();
  const page = await store.searchExperiments({ viewType: 'ACTIVE_ONLY', maxResults: 1000 });
  return page.items.map((experiment) => experiment.experimentId);
}
