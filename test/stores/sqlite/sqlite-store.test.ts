// The store in a file: the contract, and what the file looks like to whoever opens it next.
import { copyFileSync, existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { NOON_MS } from '../../../src/testing/contract/store-fixtures.ts';
import { describeStore } from '../../../src/testing/contract/store-suite.ts';
import { openSqliteStore } from '../../../src/stores/sqlite/sqlite-store.ts';
import { freshFolder, freshPath, inFile, makeForeign, openAt, otherProgram } from '../mlflow-file.ts';

describeStore('sqlite, a file made here', async () => {
  const folder = freshFolder();
  const store = openSqliteStore({ path: join(folder, 'deep', 'mlflow.db'), artifactRoot: join(folder, 'mlruns') });
  return { store, close: () => store.close() };
});

describeStore('sqlite, a file of a later MLflow', async () => {
  const path = freshPath();
  makeForeign(
    path,
    `ALTER TABLE experiments ADD COLUMN workspace VARCHAR(63) DEFAULT 'default' NOT NULL;
     ALTER TABLE runs ADD COLUMN flavour TEXT; CREATE TABLE later_things (id INTEGER NOT NULL)`,
  );
  const store = openAt(path);
  return { store, close: () => store.close() };
});

describe('a file made here', () => {
  test("is MLflow 3.8's database with its default experiment", async () => {
    const path = freshPath();
    const store = openSqliteStore({ path, artifactRoot: '/artifacts', now: () => NOON_MS });
    expect(await store.getExperiment('0')).toEqual({
      experimentId: '0',
      name: 'Default',
      artifactLocation: '/artifacts/0',
      lifecycleStage: 'active',
      creationTimeMs: NOON_MS,
      lastUpdateTimeMs: NOON_MS,
      tags: {},
    });
    await store.close();
    const read = (sql: string): unknown => inFile(path, (database) => ({ ...database.prepare(sql).get() }));
    expect(read('SELECT * FROM alembic_version')).toEqual({ version_num: '1bd49d398cd23' });
    expect(read(`SELECT count(*) AS count FROM sqlite_master WHERE type = 'table'`)).toEqual({ count: 40 });
    expect(read(`SELECT name FROM sqlite_master WHERE type = 'trigger'`)).toEqual({
      name: 'prevent_secrets_aad_mutation',
    });
    expect(read('PRAGMA integrity_check')).toEqual({ integrity_check: 'ok' });
    expect(read('PRAGMA foreign_key_check')).toEqual({});
  });

  test('takes names of 500 characters, as MLflow does where its database takes them', async () => {
    const store = openAt(freshPath());
    const name = 'n'.repeat(500);
    expect(await store.getExperiment(await store.createExperiment({ name }))).toMatchObject({ name });
    await store.close();
  });

  test('is in WAL mode, and one whole file once it is closed', async () => {
    const path = freshPath();
    const store = openAt(path);
    expect(existsSync(`${path}-wal`)).toBe(true);
    await store.close();
    expect([existsSync(`${path}-wal`), existsSync(`${path}-shm`)]).toEqual([false, false]);
    expect(inFile(path, (database) => database.prepare('PRAGMA journal_mode').get()?.['journal_mode'])).toBe('wal');
  });

  test('is whole for copies too, although a reader still has it open', async () => {
    const path = freshPath();
    const store = openAt(path);
    await store.createExperiment({ name: 'kept' });
    const reader = otherProgram(path);
    reader.prepare('SELECT count(*) FROM experiments').get();
    await store.close();
    expect(statSync(`${path}-wal`).size).toBe(0);
    copyFileSync(path, `${path}.copy`);
    const names = inFile(`${path}.copy`, (copy) => copy.prepare('SELECT name FROM experiments ORDER BY 1').all());
    expect(names.map((row) => row['name'])).toEqual(['Default', 'kept']);
  });

  test('can be read while a write is under way', async () => {
    const path = freshPath();
    const store = openAt(path);
    const writer = otherProgram(path);
    writer.exec(`BEGIN IMMEDIATE; INSERT INTO experiments (name, lifecycle_stage) VALUES ('unfinished', 'active')`);
    expect((await store.searchExperiments({})).items).toHaveLength(1);
    expect(await store.getExperimentByName('unfinished')).toBeUndefined();
    writer.exec('ROLLBACK');
    await store.close();
  });

  test('its rows are those that MLflow writes', async () => {
    const path = freshPath();
    const store = openSqliteStore({ path, artifactRoot: '/artifacts', now: () => NOON_MS });
    const runId = 'a'.repeat(32);
    await store.createRun({ experimentId: '0', runId, runName: 'one', startTimeMs: 1, tags: [] });
    const metric = { key: 'm', timestampMs: 5, step: 2 };
    await store.logBatch({ runId, metrics: [{ ...metric, value: NaN }], params: [{ key: 'p', value: '1' }] });
    await store.logBatch({ runId, metrics: [{ ...metric, value: Infinity }] });
    const dataset = { name: 'd', digest: 'x', sourceType: 'local', source: '{}' };
    await store.logInputs(runId, [{ dataset, tags: [{ key: 'mlflow.data.context', value: 'training' }] }]);
    await store.deleteRun(runId);
    await store.close();
    const rows = (table: string): unknown[] =>
      inFile(path, (database) =>
        database
          .prepare(`SELECT * FROM ${table}`)
          .all()
          .map((row) => ({ ...row })),
      );
    expect(rows('runs')).toEqual([
      {
        run_uuid: runId,
        name: 'one',
        source_type: 'UNKNOWN',
        source_name: '',
        entry_point_name: '',
        user_id: 'unknown',
        status: 'RUNNING',
        start_time: 1,
        end_time: null,
        source_version: '',
        lifecycle_stage: 'deleted',
        artifact_uri: `/artifacts/0/${runId}/artifacts`,
        experiment_id: 0,
        deleted_time: NOON_MS,
      },
    ]);
    const stored = { key: 'm', timestamp: 5, step: 2, run_uuid: runId };
    const largest = { ...stored, value: Number.MAX_VALUE, is_nan: 0 };
    expect(rows('metrics')).toEqual([{ ...stored, value: 0, is_nan: 1 }, largest]);
    expect(rows('latest_metrics')).toEqual([largest]);
    expect(rows('tags')).toEqual([{ key: 'mlflow.runName', value: 'one', run_uuid: runId }]);
    const [input] = rows('inputs') as [{ input_uuid: string; source_id: string }];
    expect(input).toMatchObject({ source_type: 'DATASET', destination_type: 'RUN', destination_id: runId, step: 0 });
    expect(rows('datasets')).toMatchObject([{ dataset_uuid: input.source_id, experiment_id: 0, dataset_schema: null }]);
    expect(rows('input_tags')).toEqual([
      { input_uuid: input.input_uuid, name: 'mlflow.data.context', value: 'training' },
    ]);
    const types = inFile(path, (database) =>
      database.prepare('SELECT typeof(value) AS v, typeof(timestamp) AS t, typeof(step) AS s FROM metrics').get(),
    );
    expect({ ...types }).toEqual({ v: 'real', t: 'integer', s: 'integer' });
  });

  test('a logged model in the bin is ended, and deleted once more, as on a server', async () => {
    const store = openAt(freshPath());
    const experimentId = await store.createExperiment({ name: 'models' });
    const { modelId } = await store.createLoggedModel({ experimentId, name: 'm', params: [], tags: [] });
    await store.deleteLoggedModel(modelId);
    expect(await store.finalizeLoggedModel(modelId, 'READY')).toMatchObject({ modelId, status: 'READY' });
    await store.deleteLoggedModel(modelId);
    await expect(store.getLoggedModel(modelId)).rejects.toMatchObject({ status: 404 });
  });

  test('an artifact root with a percent sign is written so that MLflow reads it back', async () => {
    const store = openSqliteStore({ path: freshPath(), artifactRoot: '/data/100%41', busyTimeoutMs: 0 });
    const id = await store.createExperiment({ name: 'percent' });
    expect((await store.getExperiment(id)).artifactLocation).toBe(`/data/100%2541/${id}`);
    await store.close();
  });

  test('an artifact root that is a URI is the root of every experiment, as it is written', async () => {
    const store = openSqliteStore({ path: freshPath(), artifactRoot: 's3://bucket/a%20b/', busyTimeoutMs: 0 });
    const id = await store.createExperiment({ name: 'remote' });
    expect((await store.getExperiment(id)).artifactLocation).toBe(`s3://bucket/a%20b/${id}`);
    expect((await store.getExperiment('0')).artifactLocation).toBe('s3://bucket/a%20b/0');
    await store.close();
  });

  test('an experiment keeps the artifact location that it was given, made absolute', async () => {
    const store = openAt(freshPath());
    const locationOf = async (name: string, artifactLocation: string): Promise<string> => {
      const experimentId = await store.createExperiment({ name, artifactLocation });
      const run = await store.createRun({ experimentId, runId: name.repeat(32), startTimeMs: 1, tags: [] });
      return run.info.artifactUri;
    };
    expect(await locationOf('a', 's3://bucket/root/')).toBe(`s3://bucket/root/${'a'.repeat(32)}/artifacts`);
    expect(await locationOf('b', 's3://bucket/root?x=1')).toBe(`s3://bucket/root/${'b'.repeat(32)}/artifacts?x=1`);
    expect(await locationOf('c', 'relative')).toBe(join(process.cwd(), `relative/${'c'.repeat(32)}/artifacts`));
    await store.close();
  });
});

describe("somebody else's file", () => {
  test('keeps its journal mode', async () => {
    const path = freshPath();
    makeForeign(path);
    const store = openAt(path);
    await store.createExperiment({ name: 'ours' });
    await store.close();
    expect(inFile(path, (database) => database.prepare('PRAGMA journal_mode').get()?.['journal_mode'])).toBe('delete');
  });

  test('is read although rows are old, odd, or larger than a number holds', async () => {
    const path = freshPath();
    const id = '123456789012345678';
    makeForeign(
      path,
      `INSERT INTO experiments (experiment_id, name, lifecycle_stage) VALUES (${id}, 'migrated', 'active');
       INSERT INTO runs (run_uuid, status, lifecycle_stage, experiment_id) VALUES ('old', 'FINISHED', 'active', ${id});
       INSERT INTO tags VALUES ('mlflow.runName', 'named by tag', 'old'), ('empty', NULL, 'old');
       INSERT INTO metrics VALUES ('m', 1.5, 1795475456000000000, 'old', 9223372036854775807, 0);
       INSERT INTO latest_metrics VALUES ('m', 1.5, NULL, 0, 0, 'old');`,
    );
    const store = openAt(path);
    const page = await store.searchRuns({ experimentIds: [id], filter: "run_name LIKE 'named%'" });
    expect(page.items).toEqual([await store.getRun('old')]);
    expect(page.items[0]).toMatchObject({
      info: { runName: 'named by tag', experimentId: id, userId: '', startTimeMs: 0, artifactUri: '' },
      data: { metrics: { m: 1.5 }, tags: { empty: '' } },
    });
    const history = await store.getMetricHistory({ runId: 'old', key: 'm' });
    expect(history.items).toEqual([{ key: 'm', value: 1.5, timestampMs: 1795475456000000000, step: 2 ** 63 }]);
    await store.logBatch({ runId: 'old', metrics: [{ key: 'm', value: 2, timestampMs: 5, step: 0 }] });
    expect((await store.getRun('old')).data.metrics).toEqual({ m: 2 });
    const run = await store.createRun({ experimentId: id, startTimeMs: 1, tags: [] });
    expect(run.info.artifactUri).toBe(`/artifacts/${id}/${run.info.runId}/artifacts`);
    const found = await store
      .searchExperiments({ filter: `experiment_id IN ('${id}', '99999999999999999999')` })
      .catch(String);
    expect(found).toMatch(/Invalid experiment ID/);
    expect((await store.searchExperiments({ filter: `experiment_id != '0'` })).items[0]?.experimentId).toBe(id);
    await store.close();
  });
});
