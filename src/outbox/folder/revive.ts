// Brings what was refused for good back into a journal, so that it is sent once more.
import path from 'node:path';
import { decodeWrite } from '../journal/encode-write.ts';
import type { Destination } from './folder.ts';
import { DEAD_LETTERS_FOLDER, headerOfGrave, makeFolder, releaseFolder } from './folder.ts';
import type { Grave } from './inspect.ts';
import { LineFile } from '../machine/line-file.ts';
import { Journal } from '../journal/journal.ts';
import type { System } from '../machine/system.ts';

/** What a revival needs. */
export interface ReviveOptions {
  readonly system: System;
  readonly directory: string;
  readonly destination: Destination;
  readonly experimentName: string;
}

/**
 * Makes an outbox folder of a grave's records, in their order and with the files they speak of; whoever adopts it sends them. The
 * grave is gone then, but for lines that are damaged. Records that could not be read back from a journal stay lost.
 *
 * @returns how many records it holds; 0 where the grave has none that can be sent, and stays
 * @throws a system error where the disk takes nothing
 */
export function reviveGrave(grave: Grave, options: ReviveOptions): number {
  const { system, directory, destination, experimentName } = options;
  const { disk } = system;
  const records = grave.deadLetters
    .filter(({ record }) => record !== undefined)
    .toSorted((a, b) => a.sequence - b.sequence)
    .map(({ record }) => decodeWrite(JSON.stringify(record)));
  if (records.length === 0) return 0;
  const paths = makeFolder(system, { directory, experimentName, isInline: false, ...destination });
  const graveyard = path.join(directory, DEAD_LETTERS_FOLDER);
  const spool = path.join(graveyard, `${grave.name}.spool`);
  if (disk.stat(spool) !== undefined) {
    disk.removeFolder(paths.spool);
    disk.rename(spool, paths.spool);
  }
  const problems: string[] = [];
  const journal = new Journal({
    system,
    folder: paths.root,
    onMemory: () => undefined,
    onAccepted: () => undefined,
    settledThrough: () => 0,
    onWarning: (message) => problems.push(message),
  });
  for (const record of records) journal.append(record);
  journal.close();
  // What is in memory alone would be lost with the grave.
  if (!journal.isOnDisk) throw new Error(problems.join(' '));
  releaseFolder(system, paths, false);
  const file = path.join(graveyard, `${grave.name}.jsonl`);
  if (grave.damaged.length > 0) {
    // Somebody may read what is left of them.
    new LineFile(disk, file).replace(grave.damaged);
    return records.length;
  }
  disk.removeFile(file);
  disk.removeFile(headerOfGrave(graveyard, grave.name));
  return records.length;
}
