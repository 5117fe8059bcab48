// Database files for the SQLite tests: fresh folders, files as other programs leave them, and what lies in one.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll } from 'vitest';
import type { Store } from '../../src/stores/contract.ts';
import { MLFLOW_SCHEMA, MLFLOW_SCHEMA_REVISION } from '../../src/stores/sqlite/schema.ts';
import { openSqliteStore } from '../../src/stores/sqlite/sqlite-store.ts';

const folders: string[] = [];
const others: DatabaseSync[] = [];
afterAll(() => {
  others.forEach((database) => database.close());
  folders.forEach((folder) => rmSync(folder, { recursive: true, force: true }));
});

/** Makes a folder that goes when the test file ends. */
export function freshFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'runspan-sqlite-'));
  folders.push(folder);
  return folder;
}

/** Returns the path of a database that does not exist yet. */
export function freshPath(): string {
  return join(freshFolder(), 'mlflow.db');
}

/** Opens a store that never waits for a lock. */
export function openAt(path: string): Store {
  return openSqliteStore({ path, artifactRoot: '/artifacts', busyTimeoutMs: 0 });
}

/** Opens a file as another program would, until the test file ends. */
export function otherProgram(path: string): DatabaseSync {
  const database = new DatabaseSync(path, { timeout: 10_000 });
  others.push(database);
  return database;
}

/** Works on a file as another program would. */
export function inFile<T>(path: string, work: (database: DatabaseSync) => T): T {
  const database = new DatabaseSync(path, { timeout: 10_000 });
  try {
    return work(database);
  } finally {
    database.close();
  }
}

/** Makes a database in the journal mode of MLflow's own, with more statements where another version has them. */
export function makeForeign(path: string, more = ''): void {
  inFile(path, (database) => {
    database.exec(`BEGIN; ${MLFLOW_SCHEMA}; INSERT INTO alembic_version VALUES ('${MLFLOW_SCHEMA_REVISION}');`);
    database.exec(
      `INSERT INTO experiments (experiment_id, name, artifact_location, lifecycle_stage) VALUES (0, 'Default', '/theirs/0', 'active');`,
    );
    database.exec(`${more}; COMMIT;`);
  });
}
