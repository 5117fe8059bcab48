// The connection itself: what is set on a file that we make, what somebody else's keeps, and what is left behind when it is closed.
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import { expect, onTestFinished, test } from 'vitest';
import { SqliteDatabase } from '../../../src/stores/sqlite/database.ts';
import { freshPath, inFile, makeForeign } from '../mlflow-file.ts';

const NORMAL = 1;
const FULL = 2;
/** Where a database's header says that it has a write-ahead log: 2, else 1. */
const WRITE_VERSION_AT = 18;

function open(path: string): SqliteDatabase {
  return new SqliteDatabase({ path, artifactRoot: '/artifacts', busyTimeoutMs: 0, now: () => 0 });
}

function settingsOf(database: SqliteDatabase): unknown {
  const read = (name: string): unknown =>
    Object.values(database.get<Record<string, unknown>>(`PRAGMA ${name}`) ?? {})[0];
  return {
    journal: read('journal_mode'),
    synchronous: read('synchronous'),
    foreignKeys: read('foreign_keys'),
  };
}

test('a file made here is in WAL mode with synchronous=NORMAL, also when it is opened again', () => {
  const path = freshPath();
  for (const time of ['made', 'again']) {
    const database = open(path);
    expect([time, settingsOf(database)]).toEqual([time, { journal: 'wal', synchronous: NORMAL, foreignKeys: 1 }]);
    database.close();
  }
  expect(readFileSync(path)[WRITE_VERSION_AT]).toBe(2);
});

test('a file of somebody else keeps its journal mode, and with it synchronous=FULL', () => {
  const path = freshPath();
  makeForeign(path);
  const database = open(path);
  expect(settingsOf(database)).toEqual({ journal: 'delete', synchronous: FULL, foreignKeys: 1 });
  database.write(() => database.run(`INSERT INTO experiments (name, lifecycle_stage) VALUES ('ours', 'active')`));
  database.close();
  expect(readFileSync(path)[WRITE_VERSION_AT]).toBe(1);
});

test('a reader is not busy while a transaction is open, and closing leaves all in the one file', () => {
  const path = freshPath();
  const database = open(path);
  const count = (): unknown =>
    inFile(path, (other) => other.prepare('SELECT count(*) AS count FROM experiments').get()?.['count']);
  database.write(() => {
    database.run(`INSERT INTO experiments (name, lifecycle_stage) VALUES ('ours', 'active')`);
    expect(count()).toBe(1);
  });
  expect(count()).toBe(2);
  expect(existsSync(`${path}-wal`)).toBe(true);
  database.close();
  database.close();
  expect(existsSync(`${path}-wal`)).toBe(false);
});

test('a reader that stays does not keep the file from being closed, nor its rows from being read', () => {
  const path = freshPath();
  const database = open(path);
  inFile(path, (reader) => {
    reader.exec('BEGIN');
    reader.prepare('SELECT count(*) FROM experiments').get();
    database.write(() => database.run(`INSERT INTO experiments (name, lifecycle_stage) VALUES ('ours', 'active')`));
    database.close();
  });
  expect(inFile(path, (other) => other.prepare('SELECT count(*) AS count FROM experiments').get()?.['count'])).toBe(2);
});

test('a file that somebody else is about to write is waited for where SQLite itself would not: at the switch to WAL', async () => {
  const path = freshPath();
  const code = `
    const { parentPort, workerData } = require('node:worker_threads');
    const database = new (require('node:sqlite').DatabaseSync)(workerData);
    database.exec('BEGIN IMMEDIATE');
    parentPort.postMessage('locked');
    setTimeout(() => { database.exec('COMMIT'); database.close(); }, 200);`;
  const other = new Worker(code, { eval: true, workerData: path });
  onTestFinished(async () => void (await other.terminate()));
  await once(other, 'message');
  const database = new SqliteDatabase({ path, artifactRoot: '/artifacts', busyTimeoutMs: 10_000, now: () => 0 });
  expect(settingsOf(database)).toMatchObject({ journal: 'wal', synchronous: NORMAL });
  database.close();
});
