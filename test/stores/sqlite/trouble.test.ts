// What a file can do to its store: be locked, full, read-only, damaged, somebody else's; and ten processes at once.
import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type MlflowError, RunspanError } from '../../../src/errors.ts';
import { SqliteDatabase } from '../../../src/stores/sqlite/database.ts';
import { expectRefusal, NOON_MS } from '../../../src/testing/contract/store-fixtures.ts';
import { freshFolder, freshPath, inFile, makeForeign, openAt, otherProgram } from '../mlflow-file.ts';

function thrownBy(body: () => unknown): unknown {
  try {
    body();
  } catch (error) {
    return error;
  }
  return 'nothing was thrown';
}

function openDatabase(path: string): SqliteDatabase {
  return new SqliteDatabase({ path, artifactRoot: '/artifacts', busyTimeoutMs: 0, now: () => NOON_MS });
}

describe('trouble that may pass is TEMPORARILY_UNAVAILABLE', () => {
  test('a lock: retryable, nothing written, and fine once it is gone', async () => {
    const path = freshPath();
    const store = openAt(path);
    const other = otherProgram(path);
    other.exec('BEGIN IMMEDIATE');
    const error = await expectRefusal(store.createExperiment({ name: 'late' }), 'TEMPORARILY_UNAVAILABLE', 503);
    expect([error.isRetryable, error.isAmbiguous]).toEqual([true, false]);
    expect(error.message).toContain('another process holds its lock');
    other.exec('ROLLBACK');
    expect(await store.createExperiment({ name: 'late' })).toBe('1');
    await store.close();
  });

  test('a lock while the file is made', () => {
    const path = freshPath();
    inFile(path, (other) => {
      other.exec('PRAGMA journal_mode = WAL; BEGIN IMMEDIATE');
      expect(thrownBy(() => openAt(path))).toMatchObject({ errorCode: 'TEMPORARILY_UNAVAILABLE', status: 503 });
    });
    inFile(freshPath(), (other) => {
      other.exec('BEGIN EXCLUSIVE');
      expect(thrownBy(() => openAt(other.location() ?? ''))).toMatchObject({ errorCode: 'TEMPORARILY_UNAVAILABLE' });
    });
  });

  test('a lock is waited for as long as it was said', () => {
    const path = freshPath();
    makeForeign(path);
    inFile(path, (other) => {
      other.exec('BEGIN EXCLUSIVE');
      const startedMs = performance.now();
      const open = (): unknown =>
        new SqliteDatabase({ path, artifactRoot: '/artifacts', busyTimeoutMs: 80, now: () => NOON_MS });
      expect(thrownBy(open)).toMatchObject({ errorCode: 'TEMPORARILY_UNAVAILABLE' });
      expect(performance.now() - startedMs).toBeGreaterThanOrEqual(70);
    });
  });

  test('a full disk: the batch is not there, and what was before it is', () => {
    const database = openDatabase(freshPath());
    database.run(`INSERT INTO experiments (name, lifecycle_stage) VALUES ('before', 'active')`);
    database.run('PRAGMA max_page_count = 1'); // SQLite takes the present size where it is more
    const fill = (): void => {
      for (let index = 0; index < 1_000; index++) {
        database.run('INSERT INTO experiments (name) VALUES (?)', `${index}`.padStart(250, 'x'));
      }
    };
    const error = thrownBy(() => database.write(fill));
    expect(error).toMatchObject({ errorCode: 'TEMPORARILY_UNAVAILABLE', status: 503, isRetryable: true });
    expect((error as MlflowError).message).toContain('the disk is full');
    expect(database.get('SELECT count(*) AS count FROM experiments')).toEqual({ count: 2 });
    database.close();
  });

  test('a file that became read-only', () => {
    const database = openDatabase(freshPath());
    database.run('PRAGMA query_only = ON');
    const error = thrownBy(() => database.write(() => database.run('DELETE FROM experiments')));
    expect(error).toMatchObject({ errorCode: 'TEMPORARILY_UNAVAILABLE', isRetryable: true });
    expect((error as MlflowError).message).toContain('read-only');
    database.close();
  });
});

describe('a place where no file can be is PERMISSION_DENIED at once', () => {
  test('a folder', () => {
    const path = join(freshFolder(), 'folder');
    mkdirSync(path);
    expect(thrownBy(() => openAt(path))).toMatchObject({
      errorCode: 'PERMISSION_DENIED',
      status: 403,
      isRetryable: false,
    });
  });

  test('under a file', () => {
    const file = join(freshFolder(), 'file');
    writeFileSync(file, '');
    expect(thrownBy(() => openAt(join(file, 'mlflow.db')))).toMatchObject({
      errorCode: 'PERMISSION_DENIED',
      status: 403,
    });
  });
});

describe('a file that must not be written into is STORE_INCOMPATIBLE', () => {
  const reasonOf = (path: string): string => {
    const error = thrownBy(() => openAt(path));
    expect(error).toBeInstanceOf(RunspanError);
    expect((error as RunspanError).code).toBe('STORE_INCOMPATIBLE');
    return (error as RunspanError).message;
  };

  test.each([
    ['another program', 'DROP TABLE runs', "it has no table 'runs'; is it from an old MLflow?"],
    ['an old MLflow', 'ALTER TABLE runs DROP COLUMN deleted_time', "its table 'runs' has no 'deleted_time'"],
    [
      'a later MLflow that demands more',
      `DROP TABLE input_tags; CREATE TABLE input_tags (input_uuid TEXT NOT NULL, name TEXT NOT NULL, value TEXT NOT NULL, owner TEXT NOT NULL)`,
      "its table 'input_tags' demands a 'owner' that this version does not know",
    ],
    [
      'an MLflow with workspaces',
      `ALTER TABLE experiments ADD COLUMN workspace VARCHAR(63) DEFAULT 'default' NOT NULL;
       INSERT INTO experiments (name, lifecycle_stage, workspace) VALUES ('x', 'active', 'team-a')`,
      "it holds experiments of the workspace 'team-a'",
    ],
  ])('that of %s', (_, change, reason) => {
    const path = freshPath();
    makeForeign(path, change);
    expect(reasonOf(path)).toContain(reason);
  });

  test('one of another program, which is left as it was', () => {
    const path = freshPath();
    inFile(path, (database) => database.exec('CREATE TABLE cookies (name TEXT)'));
    const before = readFileSync(path);
    expect(reasonOf(path)).toContain("it has no table 'experiments'");
    expect(readFileSync(path)).toEqual(before);
  });

  test('one that is no database', () => {
    const path = freshPath();
    writeFileSync(path, 'loss,step\n0.1,1\n'.repeat(100));
    expect(reasonOf(path)).toContain('it is damaged or no SQLite database');
  });

  test('one that is damaged later', async () => {
    const path = freshPath();
    makeForeign(path);
    const bytes = readFileSync(path);
    bytes.fill(0xff, 4096); // the first page, with the schema, stays whole
    const store = openAt(path);
    await store.getExperiment('0');
    writeFileSync(path, bytes);
    inFile(path, (other) => other.exec('PRAGMA user_version = 7')); // so that the store looks at the file again
    await expect(store.getExperimentByName('Default')).rejects.toMatchObject({ code: 'STORE_INCOMPATIBLE' });
    await store.close();
  });
});

describe('the store itself', () => {
  test('is closed twice without complaint, and then says so', async () => {
    const store = openAt(freshPath());
    await store.close();
    await store.close();
    await expect(store.getExperiment('0')).rejects.toMatchObject({ code: 'SERVICE_STOPPED' });
  });

  test('refuses what would poison the file for MLflow', async () => {
    const store = openAt(freshPath());
    const { info } = await store.createRun({ experimentId: '0', startTimeMs: 1, tags: [] });
    const badMetrics = [
      { key: 'm', value: 'NaN' as unknown as number, timestampMs: 1, step: 0 },
      { key: 'm', value: 1, timestampMs: NaN, step: 0 },
      { key: 'm', value: 1, timestampMs: 1, step: 2 ** 60 },
      { key: undefined as unknown as string, value: 1, timestampMs: 1, step: 0 },
    ];
    for (const metric of badMetrics) {
      await expectRefusal(store.logBatch({ runId: info.runId, metrics: [metric] }), 'INVALID_PARAMETER_VALUE', 400);
    }
    const unknownStatus = { runId: info.runId, status: 'DONE' as 'FINISHED' };
    await expectRefusal(store.updateRun(unknownStatus), 'BAD_REQUEST', 400);
    await expectRefusal(store.updateRun({ runId: info.runId, endTimeMs: 0.5 }), 'INVALID_PARAMETER_VALUE', 400);
    expect((await store.getRun(info.runId)).data.metrics).toEqual({});
    await store.close();
  });

  test('is made by ten processes at once, and holds what each wrote', async () => {
    const path = freshPath();
    const sqlite = new URL('../../../src/stores/sqlite/sqlite-store.ts', import.meta.url).href;
    const program = `
      import { openSqliteStore } from ${JSON.stringify(sqlite)};
      const store = openSqliteStore({ path: ${JSON.stringify(path)}, artifactRoot: '/artifacts' });
      const { info } = await store.createRun({ experimentId: '0', startTimeMs: 1, tags: [] });
      for (let step = 0; step < 20; step++) {
        await store.logBatch({ runId: info.runId, metrics: [{ key: 'm', value: step, timestampMs: 1, step }] });
      }
      await store.close();`;
    const codes = await Promise.all(
      Array.from(
        { length: 10 },
        () =>
          new Promise((done) => {
            const args = ['--input-type=module', '-e', program];
            spawn(process.execPath, args, { stdio: 'inherit' }).on('close', done);
          }),
      ),
    );
    expect(codes).toEqual(Array.from({ length: 10 }, () => 0));
    const store = openAt(path);
    const runs = await store.searchRuns({ experimentIds: ['0'] });
    expect(runs.items.map((run) => run.data.metrics['m'])).toEqual(Array.from({ length: 10 }, () => 19));
    await store.close();
  });
});

describe('a file that is only looked at', () => {
  const look = (path: string): SqliteDatabase =>
    new SqliteDatabase({ path, artifactRoot: '/artifacts', busyTimeoutMs: 0, now: () => NOON_MS, isReadOnly: true });

  test('is not filled where it is empty', () => {
    const path = freshPath();
    mkdirSync(join(path, '..'), { recursive: true });
    writeFileSync(path, '');
    expect(thrownBy(() => look(path))).toMatchObject({ code: 'STORE_INCOMPATIBLE' });
    expect(readFileSync(path)).toHaveLength(0);
  });

  test('is read beside what a killed writer left, and not written', async () => {
    const path = freshPath();
    const store = openAt(path);
    await store.createExperiment({ name: 'in the log only' });
    const database = look(path);
    expect(database.all('SELECT name FROM experiments ORDER BY experiment_id')).toHaveLength(2);
    expect(thrownBy(() => database.write(() => database.run('DELETE FROM experiments')))).toBeInstanceOf(RunspanError);
    database.close();
    await store.close();
  });
});
