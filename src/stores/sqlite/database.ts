// One MLflow database file: opened or created, its statements kept, its transactions whole, its errors in our words.
import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync, type StatementSync, type SQLInputValue } from 'node:sqlite';
import { appendToUri } from '../rules/rules.ts';
import { checkModelTables, checkRegistryTables, checkSchema, isEmptyDatabase } from './check.ts';
import { incompatible, isLocked, openError, storeError } from './errors.ts';
import { MLFLOW_SCHEMA, MLFLOW_SCHEMA_REVISION } from './schema.ts';

/** What a database needs to be opened. */
export interface SqliteDatabaseOptions {
  /** Absolute; the folder is made where it is missing. */
  readonly path: string;
  /** Where experiments made here keep their artifacts: an absolute folder or a URI. */
  readonly artifactRoot: string;
  /** How long a call waits for another process's lock; it blocks this thread. */
  readonly busyTimeoutMs: number;
  readonly now: () => number;
  /** Only looked at: a file that is no store is refused, nothing is made and nothing written. @default false */
  readonly isReadOnly?: boolean;
}

/** What a SQL parameter may be. */
export type SqlValue = SQLInputValue;

/** How long the last checkpoint waits for readers; what is not checkpointed then stays in the -wal file, where every reader sees it. */
const CHECKPOINT_TIMEOUT_MS = 200;

/** Pages kept in memory, in KiB, as a negative number says to SQLite: the index of a thousand metrics does not fit in its 2 MB. */
const CACHE_SIZE = -32_000;

/** Pages in the log before they go into the file: 16 MB. With SQLite's 1000 a batch of a thousand metrics takes a third longer. */
const CHECKPOINT_PAGES = 4_000;

/**
 * One open MLflow database. Everything is synchronous and throws what {@link storeError} says.
 *
 * A file made here is in WAL mode, so that MLflow's readers are never busy; somebody else's keeps its journal mode.
 */
export class SqliteDatabase {
  readonly path: string;
  readonly #database: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();
  readonly #isCheckpointed: boolean;
  #hasCheckedModels = false;
  #hasCheckedRegistry = false;

  /** Opens the file, or creates MLflow's whole schema in an empty or missing one; safe for many processes at once. */
  constructor(options: SqliteDatabaseOptions) {
    this.path = options.path;
    let database: DatabaseSync | undefined;
    try {
      if (options.isReadOnly !== true) mkdirSync(dirname(options.path), { recursive: true });
      database = new DatabaseSync(options.path);
      const isWal = prepareDatabase(database, options);
      this.#isCheckpointed = isWal && options.isReadOnly !== true;
      this.#database = database;
    } catch (error) {
      database?.close();
      throw openError(error, options.path);
    }
  }

  /** Runs one write transaction; it is whole or not at all. The lock is taken first, so that it never fails in the middle. */
  write<T>(body: () => T): T {
    return this.#transaction('BEGIN IMMEDIATE', body);
  }

  /** Runs several reads against one state of the file. */
  read<T>(body: () => T): T {
    return this.#transaction('BEGIN', body);
  }

  /** Executes one statement whose text is a constant: it is prepared once and kept. */
  run(sql: string, ...values: readonly SqlValue[]): void {
    this.statement(sql).run(...values);
  }

  /** Reads one row of a kept statement; its shape is what the SQL beside the call selects. */
  get<Row>(sql: string, ...values: readonly SqlValue[]): Row | undefined {
    return this.statement(sql).get(...values) as Row | undefined; // the SQL beside the call says what a row holds
  }

  /** Reads all rows of a kept statement. */
  all<Row>(sql: string, ...values: readonly SqlValue[]): readonly Row[] {
    return this.statement(sql).all(...values) as unknown as readonly Row[]; // as above
  }

  /** Reads all rows of a statement that was composed for this call, and so is not kept. */
  query<Row>(sql: string, values: readonly SqlValue[]): readonly Row[] {
    return this.#database.prepare(sql).all(...values) as unknown as readonly Row[]; // as above
  }

  /** Returns the kept statement of a constant text, for loops that run it many times. */
  statement(sql: string): StatementSync {
    const known = this.#statements.get(sql);
    if (known !== undefined) return known;
    const statement = this.#database.prepare(sql);
    this.#statements.set(sql, statement);
    return statement;
  }

  /** @throws {RunspanError} `STORE_INCOMPATIBLE` where logged models cannot be kept here: the file is of an MLflow before 3.0 */
  requireModels(): void {
    if (!this.#hasCheckedModels) checkModelTables(this.#database, this.path);
    this.#hasCheckedModels = true;
  }

  /** @throws {RunspanError} `STORE_INCOMPATIBLE` where the file's tables of a registry are not as they are known here */
  requireRegistry(): void {
    if (!this.#hasCheckedRegistry) checkRegistryTables(this.#database, this.path);
    this.#hasCheckedRegistry = true;
  }

  /** Writes the log back into the one file and closes it; idempotent. */
  close(): void {
    if (!this.#database.isOpen) return;
    try {
      if (this.#isCheckpointed) {
        this.#database.exec(`PRAGMA busy_timeout = ${CHECKPOINT_TIMEOUT_MS}; PRAGMA wal_checkpoint(TRUNCATE)`);
      }
    } catch (error) {
      // A checkpoint is a courtesy to tools that copy the file: without it the rows are safe in the -wal file beside it.
      if (!isLocked(error)) throw storeError(error, this.path);
    } finally {
      this.#database.close();
    }
  }

  #transaction<T>(begin: string, body: () => T): T {
    try {
      this.#database.exec(begin);
      const result = body();
      this.#database.exec('COMMIT');
      return result;
    } catch (error) {
      rollback(this.#database);
      throw storeError(error, this.path);
    }
  }
}

/** Sets the connection up as MLflow sets its own, creates what is missing, and says whether the file is in WAL mode. */
function prepareDatabase(database: DatabaseSync, options: SqliteDatabaseOptions): boolean {
  database.exec(`PRAGMA busy_timeout = ${Math.trunc(options.busyTimeoutMs)}`);
  database.exec('PRAGMA foreign_keys = ON; PRAGMA case_sensitive_like = ON');
  // Not SQLite's own read-only mode: that cannot read what a killed writer left, and leaves -wal and -shm files behind.
  if (options.isReadOnly === true) database.exec('PRAGMA query_only = ON');
  if (isEmptyDatabase(database)) {
    if (options.isReadOnly === true) throw incompatible(options.path, 'it has no tables at all');
    createDatabase(database, options);
  }
  checkSchema(database, options.path);
  const isWal = journalMode(database, 'PRAGMA journal_mode') === 'wal';
  // In WAL mode NORMAL cannot damage the file; in the other modes it could, so theirs stays FULL.
  if (isWal) database.exec('PRAGMA synchronous = NORMAL');
  database.exec(`PRAGMA cache_size = ${CACHE_SIZE}; PRAGMA wal_autocheckpoint = ${CHECKPOINT_PAGES}`);
  return isWal;
}

function createDatabase(database: DatabaseSync, options: SqliteDatabaseOptions): void {
  switchToWal(database, options.busyTimeoutMs);
  database.exec('BEGIN IMMEDIATE');
  try {
    if (isEmptyDatabase(database)) {
      database.exec(MLFLOW_SCHEMA);
      database.prepare('INSERT INTO alembic_version (version_num) VALUES (?)').run(MLFLOW_SCHEMA_REVISION);
      const now = options.now();
      database
        .prepare(
          `INSERT INTO experiments (experiment_id, name, artifact_location, lifecycle_stage, creation_time, last_update_time)
           VALUES (0, 'Default', ?, 'active', ?, ?)`,
        )
        .run(appendToUri(options.artifactRoot, '0'), now, now);
    }
    database.exec('COMMIT');
  } catch (error) {
    rollback(database);
    throw error;
  }
}

function rollback(database: DatabaseSync): void {
  try {
    database.exec('ROLLBACK');
  } catch {
    // Nothing had begun, or SQLite has rolled back by itself (disk full, I/O error); the first error is the one to tell.
  }
}

/** Asks for WAL until nobody else is asking: SQLite does not wait for this one lock. A file system without shared memory stays as it is. */
function switchToWal(database: DatabaseSync, timeoutMs: number): void {
  const deadlineMs = performance.now() + timeoutMs;
  const sleeper = new Int32Array(new SharedArrayBuffer(4));
  for (;;) {
    try {
      journalMode(database, 'PRAGMA journal_mode = WAL');
      return;
    } catch (error) {
      if (!isLocked(error) || performance.now() >= deadlineMs) throw error;
      Atomics.wait(sleeper, 0, 0, 5);
    }
  }
}

function journalMode(database: DatabaseSync, sql: string): string {
  return String(database.prepare(sql).get()?.['journal_mode']);
}
