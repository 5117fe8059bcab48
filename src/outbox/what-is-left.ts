// The one line about records that were not delivered in time: how many, and where they are.
import path from 'node:path';
import type { OutboxStats } from './contract.ts';

/**
 * Describes what an outbox leaves behind; undefined where that is nothing.
 *
 * @param moment what came before the delivery was done
 * @example
 * describeWhatIsLeft(outbox.stats(), 'the exit'); // '3 of 40 records were not delivered before the exit, and are kept in …'
 */
export function describeWhatIsLeft(stats: OutboxStats, moment: 'the exit' | 'the stop'): string | undefined {
  const { accepted, pending, directory, durability } = stats;
  if (pending === 0) return undefined;
  const fate =
    durability === 'memory'
      ? 'and were in memory, at least in part, because the disk took nothing: what was there is lost'
      : `and are kept in ${directory}: the next start with RUNSPAN_DIR=${path.dirname(directory)} delivers them`;
  return `${pending} of ${accepted} records were not delivered before ${moment}, ${fate}.`;
}
