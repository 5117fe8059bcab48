// The one line about records that were not delivered in time: how many, where they are, and which files are among them.
import path from 'node:path';
import type { OutboxStats } from '../contract.ts';
import { folderPaths } from '../folder/folder.ts';
import { NodeDisk } from '../machine/node-system.ts';
import { listSetAside } from '../folder/set-aside.ts';

/** So many artifacts are named; a thousand would hide what the line says. */
const NAMED_COUNT = 3;

/**
 * Describes what an outbox leaves behind; undefined where that is nothing. Never throws.
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
      : `and are kept in ${directory}: the next start with RUNSPAN_DIR=${path.dirname(directory)}, or 'runspan sync', delivers them`;
  return `${pending} of ${accepted} records were not delivered before ${moment}, ${fate}${nameArtifacts(directory)}.`;
}

/** The artifacts that were tried and did not get through. */
function nameArtifacts(directory: string): string {
  const paths = folderPaths(path.dirname(directory), path.basename(directory));
  const names = listSetAside(new NodeDisk(), paths);
  if (names.length === 0) return '';
  const named = names.slice(0, NAMED_COUNT).map((name) => `'${name}'`);
  const more = names.length > NAMED_COUNT ? ` and ${names.length - NAMED_COUNT} more` : '';
  return `; artifact${names.length === 1 ? '' : 's'} ${named.join(', ')}${more} did not get through`;
}
