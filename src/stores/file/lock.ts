// One writer at a time in a folder that many processes share: SQLite's lock on an empty file, which the system frees when its holder dies.
import { DatabaseSync } from 'node:sqlite';
import { storeError } from '../sqlite/errors.ts';

/** A lock that processes and threads have by turns. */
export class FileLock {
  readonly #path: string;
  readonly #busyTimeoutMs: number;
  #database: DatabaseSync | undefined;

  /** @param busyTimeoutMs how long one call waits for another holder; it blocks this thread */
  constructor(path: string, busyTimeoutMs: number) {
    this.#path = path;
    this.#busyTimeoutMs = busyTimeoutMs;
  }

  /**
   * Does something while nobody else holds the lock; not to be called within itself.
   *
   * @throws {MlflowError} `TEMPORARILY_UNAVAILABLE` where it is not free in time
   */
  hold<T>(work: () => T): T {
    const database = this.#begin();
    try {
      return work();
    } finally {
      database.exec('ROLLBACK'); // nothing was written: the lock alone is what the transaction is for
    }
  }

  /** Lets the file go. */
  close(): void {
    this.#database?.close();
    this.#database = undefined;
  }

  #begin(): DatabaseSync {
    try {
      this.#database ??= new DatabaseSync(this.#path, { timeout: this.#busyTimeoutMs });
      this.#database.exec('BEGIN EXCLUSIVE');
      return this.#database;
    } catch (error) {
      throw storeError(error, this.#path);
    }
  }
}
