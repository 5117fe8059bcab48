// Brings what a folder holds to the disk itself, for durability `fsync`: the files, and the names by which they are found.
import path from 'node:path';
import { segmentIndexes, segmentName } from '../journal/segment-names.ts';
import type { Disk } from '../machine/system.ts';
import { FileSync } from './file-sync.ts';
import type { FolderPaths } from './folder.ts';

/** Syncs the journal of one folder, with what its records speak of. */
export class FolderSync {
  readonly #disk: Disk;
  readonly #paths: FolderPaths;
  readonly #files: FileSync;
  /** What does not change any more, with its size: a file that was still being copied when it was synced is synced again. */
  readonly #done = new Set<string>();
  #isDoubted: boolean;

  /** @param isDoubted whether somebody's sync of this folder has failed before, nobody knows of which file */
  constructor(disk: Disk, paths: FolderPaths, isDoubted = false) {
    this.#disk = disk;
    this.#paths = paths;
    this.#files = new FileSync(disk);
    this.#isDoubted = isDoubted;
  }

  /** Syncs the segments, and of header and kept files those that are new; throws what the disk throws, once all were tried. */
  sync(): void {
    const { root, header, spool } = this.#paths;
    const segments = segmentIndexes(this.#disk.list(root)).map((index) => path.join(root, segmentName(index)));
    const kept = this.#disk.list(spool).map((name) => path.join(spool, name));
    this.#files.keepOnly([header, ...kept, ...segments]);
    if (this.#isDoubted) for (const file of [header, ...kept, ...segments]) this.#files.doubt(file);
    this.#isDoubted = false;
    const fresh = [header, ...kept].filter((file) => !this.#done.has(this.#stampOf(file)));
    const hasNewName = fresh.length > 0 || segments.some((file) => !this.#done.has(file));
    // A kept file is no text, and the last segment is still written to: the job goes on in a new one.
    const isText = (file: string): boolean => file === header || segments.slice(0, -1).includes(file);
    this.#syncAll([...fresh, ...segments], isText);
    if (hasNewName) for (const folder of [spool, root, path.dirname(root)]) this.#disk.sync(folder);
    for (const file of fresh) this.#done.add(this.#stampOf(file));
    for (const file of segments) this.#done.add(file);
  }

  #syncAll(files: readonly string[], isText: (file: string) => boolean): void {
    const failures: unknown[] = [];
    for (const file of files) {
      try {
        this.#files.sync(file, isText(file));
      } catch (error) {
        failures.push(error);
      }
    }
    if (failures.length > 0) throw failures[0];
  }

  #stampOf(file: string): string {
    return `${file} ${this.#disk.stat(file)?.sizeBytes}`;
  }
}

/** Syncs what was noted line by line, before a watermark that has passed it is. */
export function syncNotes(disk: Disk, files: FileSync, { deadLetters, setAside, endedRuns }: FolderPaths): void {
  for (const file of [deadLetters, setAside, endedRuns]) if (disk.stat(file) !== undefined) files.sync(file);
}
