// Brings what a folder holds to the disk itself, for durability `fsync`: the files, and the names by which they are found.
import path from 'node:path';
import { segmentIndexes, segmentName } from '../journal/segment-names.ts';
import type { Disk } from '../machine/system.ts';
import type { FolderPaths } from './folder.ts';

/** Syncs the journal of one folder, with what its records speak of. */
export class FolderSync {
  readonly #disk: Disk;
  readonly #paths: FolderPaths;
  /** What does not change any more, with its size: a file that was still being copied when it was synced is synced again. */
  readonly #done = new Set<string>();

  constructor(disk: Disk, paths: FolderPaths) {
    this.#disk = disk;
    this.#paths = paths;
  }

  /** Syncs the segments, and of header and kept files those that are new; throws what the disk throws. */
  sync(): void {
    const { root, header, spool } = this.#paths;
    const segments = segmentIndexes(this.#disk.list(root)).map((index) => path.join(root, segmentName(index)));
    const kept = this.#disk.list(spool).map((name) => path.join(spool, name));
    const fresh = [header, ...kept].filter((file) => !this.#done.has(this.#stampOf(file)));
    const hasNewName = fresh.length > 0 || segments.some((file) => !this.#done.has(file));
    for (const file of [...fresh, ...segments]) this.#disk.sync(file);
    if (hasNewName) for (const folder of [spool, root, path.dirname(root)]) this.#disk.sync(folder);
    for (const file of fresh) this.#done.add(this.#stampOf(file));
    for (const file of segments) this.#done.add(file);
  }

  #stampOf(file: string): string {
    return `${file} ${this.#disk.stat(file)?.sizeBytes}`;
  }
}

/** Syncs what was noted line by line, before a watermark that has passed it is. */
export function syncNotes(disk: Disk, { deadLetters, setAside, endedRuns }: FolderPaths): void {
  for (const file of [deadLetters, setAside, endedRuns]) if (disk.stat(file) !== undefined) disk.sync(file);
}
