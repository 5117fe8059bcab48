// Puts one folder's drain together: state, reader, source, dead letters; for our own folder and for adopted ones alike.
import { ArtifactLane } from './artifact-lane.ts';
import type { Counters } from './counters.ts';
import { DeadLetters } from '../folder/dead-letters.ts';
import type { Delivery } from './delivery.ts';
import { Drain } from './drain.ts';
import type { FolderPaths } from '../folder/folder.ts';
import { JournalSync } from './journal-sync.ts';
import { RecordSource } from '../journal/record-source.ts';
import { SegmentReader } from '../journal/segment-reader.ts';
import { FolderState } from '../folder/state.ts';

/** What all folders of one host share. */
export type SharedDelivery = Pick<Delivery, 'system' | 'destination' | 'patience' | 'onEvent' | 'onWarning'>;

/** What tells one folder's drain from another's. */
export interface FolderDrainOptions {
  readonly shared: SharedDelivery;
  /** Undefined where there is no disk: records come from memory alone. */
  readonly paths: FolderPaths | undefined;
  readonly isLive: boolean;
  /** The folder has just been made: nothing can have been noted in it. @default false */
  readonly isNew?: boolean;
  readonly isSynced: boolean;
  /** Where the job reads how far its journal is synced; undefined for a folder whose job is gone. */
  readonly counters?: Counters;
  readonly replayedThrough: number;
  /** When the folder was taken over, by the monotonic clock. @default now */
  readonly adoptedAtMs?: number;
  readonly onSettled: (state: FolderState) => void;
}

/** The parts that the owner of a folder's drain works with. */
export interface FolderDrain {
  readonly delivery: Delivery;
  readonly state: FolderState;
  readonly source: RecordSource;
  readonly drain: Drain;
  readonly lane: ArtifactLane;
  /** Lets the segment under the reader go. */
  close(): void;
}

/** Subjects that are warned of; a job that changes more params than that has been told. */
const WARNED_LIMIT = 100;

/** A request of a drain that is gone may be carried out so long after; nobody hears of its answer. */
const ON_ITS_WAY_MS = 2000;

/** Opens a folder where its last drain left off. */
export function openFolderDrain(options: FolderDrainOptions): FolderDrain {
  const { shared, paths, isLive, isNew = false, isSynced, counters, replayedThrough } = options;
  const { onWarning } = shared;
  const { disk, clock } = shared.system;
  const state = new FolderState(disk, paths, { isNew, isSynced });
  const { settledThrough } = state;
  const deadLetters = new DeadLetters(disk, paths, { settledThrough, isNew, onWarning });
  const reader = paths === undefined ? undefined : new SegmentReader({ disk, folder: paths.root, isLive });
  const source = new RecordSource({ reader, clock, isLive, settledThrough });
  const said = new Set<string>();
  const onceWarning = (subject: string, message: string): void => {
    if (said.has(subject) || said.size >= WARNED_LIMIT) return;
    said.add(subject);
    onWarning(message);
  };
  const { adoptedAtMs = clock.monotonicMs() } = options;
  const quietFromMs = replayedThrough === 0 ? 0 : adoptedAtMs + ON_ITS_WAY_MS;
  const delivery: Delivery = { ...shared, state, paths, deadLetters, replayedThrough, quietFromMs, onceWarning };
  sayDamage(delivery);
  const onSettled = (): void => options.onSettled(state);
  const lane = new ArtifactLane(delivery, onSettled);
  const sync = isSynced && paths !== undefined ? new JournalSync({ disk, paths, counters, onWarning }) : undefined;
  const drain = new Drain({ delivery, lane, source, reader, sync, onSettled });
  return { delivery, state, source, drain, lane, close: () => reader?.close() };
}

/** What only damaged notes knew has to be said: of the state in the whole, of an artifact that the watermark has passed one by one. */
function sayDamage({ state, paths, deadLetters, onWarning }: Delivery): void {
  if (state.isDamaged)
    onWarning(
      `What was noted of ${paths?.root} cannot be read: its records are sent once more, and a run of which none is left there may stay open in the store.`,
    );
  for (const sequence of state.aside.lost) {
    const reason = `Record ${sequence}, an artifact that was set aside, cannot be read back: the list of them is damaged`;
    deadLetters.bury({ sequence, count: 1, reason, errorCode: undefined, status: undefined, record: undefined });
    state.aside.end(sequence, 'dead');
    onWarning(`${reason}. It is lost; what is left of its bytes is kept with the dead letters.`);
  }
}
