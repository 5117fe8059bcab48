// Brings files to the disk itself, one by one, and does not believe a sync that succeeds behind one that failed.
import type { Disk } from '../machine/system.ts';

/**
 * Syncs files, and remembers which syncs failed: the system may have dropped what it could not write, and says nothing of that when it is
 * asked again. Only bytes that are written anew are on the disk then.
 *
 * @see https://wiki.postgresql.org/wiki/Fsync_Errors
 */
export class FileSync {
  readonly #disk: Disk;
  readonly #failures = new Map<string, unknown>();

  constructor(disk: Disk) {
    this.#disk = disk;
  }

  /** Whether every file that was to be synced is on the disk. */
  get isSound(): boolean {
    return this.#failures.size === 0;
  }

  /**
   * Syncs one file; throws what the disk throws.
   *
   * @param isText whether its text can be written anew, which it is once a sync of it has failed; of any other file that failure is final
   */
  sync(file: string, isText = true): void {
    const failure = this.#failures.get(file);
    if (failure !== undefined && !isText) throw failure;
    try {
      if (failure === undefined) this.#disk.sync(file);
      else this.#disk.replaceText(file, this.#disk.readText(file) ?? '', true);
      this.#failures.delete(file);
    } catch (error) {
      this.#failures.set(file, error);
      throw error;
    }
  }

  /** Does not believe that a file is on the disk, whatever was said of it. */
  doubt(file: string): void {
    this.#failures.set(file, new Error(`An earlier sync of ${file} failed.`));
  }

  /** Forgets files that are gone. */
  keepOnly(files: readonly string[]): void {
    const known = new Set(files);
    for (const file of this.#failures.keys()) if (!known.has(file)) this.#failures.delete(file);
  }
}
