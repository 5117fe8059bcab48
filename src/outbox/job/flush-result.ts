// What has really happened of the records up to one, read from what job and drain share.
import type { Durability, FlushResult } from '../contract.ts';
import type { Counters } from '../delivery/counters.ts';
import type { Journal } from '../journal/journal.ts';

/** What a result is read from. */
export interface FlushSources {
  readonly counters: Counters;
  readonly journal: Journal;
  /** What was asked for. */
  readonly durability: Durability;
}

/** The result of waiting for everything up to a record. */
export function flushResult({ counters, journal, durability }: FlushSources, sequence: number): FlushResult {
  // Dead ones first: the drain may go on meanwhile, and there are never more of them than done.
  const { dead, settled, done, synced } = counters;
  const isInMemory = journal.memoryBlocks().some(({ firstSequence }) => firstSequence <= sequence);
  return {
    isComplete: settled >= sequence,
    delivered: done - dead,
    pending: Math.max(0, journal.accepted - done),
    deadLettered: dead,
    durability: isInMemory ? 'memory' : durabilityOnDisk(durability, synced >= sequence),
  };
}

/** What a record on the disk survives. */
export function durabilityOnDisk(asked: Durability, isSynced: boolean): Durability {
  return asked === 'fsync' && !isSynced ? 'os' : asked;
}
