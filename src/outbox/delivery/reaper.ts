// Ends the runs of a dead process: what it had kept back is mirrored, the reason is said, the status is KILLED at its last sign of life.
import type { RunEntity } from '../../model/entities.ts';
import { END_REASON_TAG } from '../../model/write.ts';
import type { OutboxEvent } from '../contract.ts';
import type { Delivery } from './delivery.ts';
import { deleteTwins } from './create-run.ts';
import type { Item } from './deliver-batch.ts';
import { deliverItems } from './deliver-batch.ts';
import { closeModels } from './deliver-model.ts';
import type { Orphan } from '../folder/lease.ts';
import type { OpenRun } from '../folder/state-file.ts';

/** That a run was ended; whoever hears of it may raise an alert. */
export type Reaped = Extract<OutboxEvent, { readonly kind: 'reaped' }>;

/** What a reaper needs to know beyond the delivery. */
export interface ReapOptions {
  readonly orphan: Orphan;
  /** Whether somebody alive has resumed this run of the store: then it is theirs to end. */
  readonly isOpenElsewhere: (runId: string) => boolean;
  /** Says that a run was ended, and calls back once that has been heard: until then whoever takes over has to say it again. */
  readonly tell: (event: Reaped, onHeard: () => void) => void;
  /** Saves the state after each run. */
  readonly save: () => void;
}

/** Ends every open run of an adopted folder, after all its records were delivered. */
export async function reapRuns(delivery: Delivery, options: ReapOptions): Promise<void> {
  for (const run of delivery.state.openRuns()) {
    const reaped = run.failedReason === undefined ? await reap(delivery, options, run) : undefined;
    const forget = (): void => {
      delivery.state.endRun(run.runKey);
      options.save();
    };
    if (reaped === undefined) forget();
    else options.tell(reaped, forget);
  }
}

/** Undefined where nobody need hear of it. */
async function reap(delivery: Delivery, options: ReapOptions, run: OpenRun): Promise<Reaped | undefined> {
  const { patience, destination } = delivery;
  const found = await patience.attempt(async () => (await destination.store()).getRun(run.runId));
  if (found.status === 'rejected') {
    delivery.onWarning(`Run '${run.runName}' of a dead process is not in the store any more: ${found.error.message}`);
    return undefined;
  }
  const reaped = await mirrorAndEnd(delivery, options, { run, stored: found.value });
  // As late as can be: what a slow server makes of a create while the run ends is found too.
  if (run.wasAmbiguous) await deleteTwins(delivery, run);
  return reaped;
}

async function mirrorAndEnd(
  delivery: Delivery,
  options: ReapOptions,
  { run, stored }: { readonly run: OpenRun; readonly stored: RunEntity },
): Promise<Reaped | undefined> {
  const { patience, destination } = delivery;
  const { status } = stored.info;
  const isEnded = status !== 'RUNNING' && status !== 'SCHEDULED';
  const isKilled = !isEnded && !options.isOpenElsewhere(run.runId);
  const reason = describeDeath(options.orphan);
  const refused = await deliverItems(delivery, run.runId, [
    ...keptItems(run),
    ...(isKilled ? [item('tags', run, { key: END_REASON_TAG, value: reason })] : []),
  ]);
  for (const { item: each, error } of refused) {
    delivery.onWarning(`'${each.item.key}' of run '${run.runName}' was refused: ${error.message}`);
  }
  const { runKey, runId, runName } = run;
  const reaped: Reaped = { kind: 'reaped', runKey, runId, runName, status: 'KILLED', reason };
  const saidReason = stored.data.tags[END_REASON_TAG] ?? '';
  // By one who took the folder before us, and died before it was certain that somebody had heard of it.
  if (status === 'KILLED' && REAPED.test(saidReason))
    return { ...reaped, reason: `${saidReason} This may have been said before.` };
  if (!isKilled) return undefined;
  await closeModels(delivery, run.runKey);
  // A clock that stepped back must not end a run before it began.
  const endTimeMs = Math.max(options.orphan.lastSeenMs, run.startTimeMs);
  const ended = await patience.attempt(async () =>
    (await destination.store()).updateRun({ runId: run.runId, status: 'KILLED', endTimeMs }),
  );
  if (ended.status === 'rejected') {
    delivery.onWarning(`Run '${run.runName}' of a dead process could not be ended: ${ended.error.message}`);
    return undefined;
  }
  return reaped;
}

/** What {@link describeDeath} says; not to the letter, since a power cut may have taken what it knew of the dead one. */
const REAPED = /^The process .+ (?:ended without closing the run|stopped before the run was ended)/;

function describeDeath(orphan: Orphan): string {
  const who = `process ${orphan.pid}${orphan.threadId === 0 ? '' : ` (thread ${orphan.threadId})`} on ${orphan.host}`;
  const when = new Date(orphan.lastSeenMs).toISOString();
  if (orphan.wasReleased) return `The ${who} stopped before the run was ended; last seen at ${when}.`;
  return `The ${who} ended without closing the run (killed, out of memory or power lost); last seen at ${when}.`;
}

function keptItems(run: OpenRun): readonly Item[] {
  const { attributes } = run;
  if (attributes === undefined) return [];
  return [
    ...attributes.params.map((each) => item('params', run, each)),
    ...attributes.tags.map((each) => item('tags', run, each)),
    ...attributes.metrics.map((each): Item => ({ kind: 'metrics', sequence: 0, runKey: run.runKey, item: each })),
  ];
}

function item(kind: 'params' | 'tags', run: OpenRun, each: { readonly key: string; readonly value: string }): Item {
  return { kind, sequence: 0, runKey: run.runKey, item: each };
}
