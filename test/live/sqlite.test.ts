// MLflow's own Python client and server on the same file as our store, in both directions, value by value.
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { promisify } from 'node:util';
import { afterAll, describe, expect, test } from 'vitest';
import { openArtifacts } from '../../src/artifacts/repositories/open.ts';
import type { RunEntity } from '../../src/model/entities.ts';
import type { Store } from '../../src/stores/contract.ts';
import { openSqliteStore } from '../../src/stores/sqlite/sqlite-store.ts';
import { describeStore } from '../../src/testing/contract/store-suite.ts';
import { findPython, listRuns, readRun, searchRuns } from './backends.ts';
import { requireBackend } from './require-backend.ts';

const TIME = 1_700_000_000_000;
const folder = mkdtempSync(join(tmpdir(), 'runspan-live-sqlite-'));
afterAll(() => rmSync(folder, { recursive: true }));

function openFile(name: string): Store {
  return openSqliteStore({ path: join(folder, name), artifactRoot: join(folder, 'mlruns') });
}

function uriOf(name: string): string {
  return `sqlite:///${join(folder, name)}`;
}

/** Has MLflow's Python client write one run, into a file that it makes where there is none. */
async function writeByPython(name: string, experimentName: string): Promise<string> {
  const script = join(import.meta.dirname, 'readers', 'write_run.py');
  const { stdout } = await promisify(execFile)(await findPython(), [script, uriOf(name), experimentName], {
    cwd: folder,
  });
  return JSON.parse(stdout) as string; // the script's one output
}

/** Writes what `write_run.py` writes, with our store. */
async function writeByUs(store: Store, experimentName: string): Promise<RunEntity> {
  const known = await store.getExperimentByName(experimentName);
  const experimentId = known?.experimentId ?? (await store.createExperiment({ name: experimentName }));
  const tags = [{ key: 'mlflow.user', value: 'ada' }];
  const { info } = await store.createRun({ experimentId, startTimeMs: TIME, runName: 'Zürich 🚂', tags });
  const values = [0.5, NaN, Infinity, -Infinity, 5e-324, 0.1 + 0.2];
  const metrics = values.map((value, index) => ({ key: 'loss/é', value, timestampMs: TIME + index, step: index - 2 }));
  await store.logBatch({
    runId: info.runId,
    metrics: [...metrics, { key: 'nan', value: NaN, timestampMs: TIME, step: 0 }],
    params: [
      { key: 'größe', value: '日本' },
      { key: 'empty', value: '' },
    ],
    tags: [{ key: 'stage', value: 'dév' }],
  });
  const dataset = { name: 'rows', digest: 'abc123', sourceType: 'local', source: '{"uri": "rows.csv"}', schema: '{}' };
  await store.logInputs(info.runId, [{ dataset, tags: [{ key: 'mlflow.data.context', value: 'training' }] }]);
  await store.updateRun({ runId: info.runId, status: 'FAILED', endTimeMs: TIME + 60_000 });
  return store.getRun(info.runId);
}

/** All rows of a run but for its ids, sorted, with the type that SQLite keeps each value in. */
function rowsOf(name: string, runId: string): unknown {
  const database = new DatabaseSync(join(folder, name), { readOnly: true, timeout: 10_000 });
  const read = (sql: string): string[] => {
    const rows = database.prepare(sql.replaceAll('$run', `'${runId}'`)).all();
    return rows.map((row) => JSON.stringify(row).replaceAll(runId, 'RUN')).toSorted();
  };
  try {
    return {
      runs: read(
        'SELECT *, typeof(start_time), typeof(end_time), typeof(experiment_id) FROM runs WHERE run_uuid = $run',
      ),
      tags: read('SELECT * FROM tags WHERE run_uuid = $run'),
      params: read('SELECT * FROM params WHERE run_uuid = $run'),
      metrics: read(
        'SELECT *, typeof(value), typeof(step), typeof(is_nan), typeof(timestamp) FROM metrics WHERE run_uuid = $run',
      ),
      latest: read('SELECT *, typeof(value), typeof(step) FROM latest_metrics WHERE run_uuid = $run'),
      inputs: read(
        `SELECT inputs.*, datasets.*, input_tags.*, typeof(inputs.step), length(inputs.input_uuid) AS input_length,
           length(datasets.dataset_uuid) AS dataset_length, '' AS input_uuid, '' AS source_id, '' AS dataset_uuid
         FROM inputs JOIN datasets ON dataset_uuid = source_id JOIN input_tags USING (input_uuid) WHERE destination_id = $run`,
      ),
    };
  } finally {
    database.close();
  }
}

describe('a file made here', () => {
  test('is read by the Python client value by value, and goes on after Python has migrated it', async () => {
    const store = openFile('ours.db');
    const run = await writeByUs(store, 'ours');
    const artifacts = await openArtifacts(run.info.artifactUri, { trackingUri: store.uri, connection: {} });
    const source = join(folder, 'source.txt');
    writeFileSync(source, 'größe\n');
    await artifacts.putFile('notes/ü 日本.txt', source);

    const reading = await readRun(uriOf('ours.db'), run.info.runId);
    expect(reading.info).toEqual({
      run_id: run.info.runId,
      run_name: 'Zürich 🚂',
      status: 'FAILED',
      start_time: TIME,
      end_time: TIME + 60_000,
      experiment_id: '1',
      experiment_name: 'ours',
      artifact_uri: join(folder, 'mlruns', '1', run.info.runId, 'artifacts'),
      user_id: 'ada',
      lifecycle_stage: 'active',
    });
    expect(reading.params).toEqual({ größe: '日本', empty: '' });
    expect(reading.tags).toEqual({ stage: 'dév', 'mlflow.user': 'ada', 'mlflow.runName': 'Zürich 🚂' });
    expect(reading.metrics).toEqual({ 'loss/é': 0.1 + 0.2, nan: 'NaN' });
    const values = [0.5, 'NaN', Number.MAX_VALUE, -Number.MAX_VALUE, 5e-324, 0.1 + 0.2];
    expect(reading.history['loss/é']).toEqual(
      values.map((value, index) => ({ value, timestamp: TIME + index, step: index - 2 })),
    );
    expect(reading.inputs.dataset_inputs).toEqual([
      {
        dataset: {
          name: 'rows',
          digest: 'abc123',
          source_type: 'local',
          source: '{"uri": "rows.csv"}',
          schema: '{}',
          profile: null,
        },
        tags: { 'mlflow.data.context': 'training' },
      },
    ]);
    const sha256 = createHash('sha256').update('größe\n').digest('hex');
    expect(reading.artifacts).toMatchObject([{ path: 'notes/ü 日本.txt', size: 8, sha256 }]);

    // the store was open while Python migrated the file under it
    const later = await writeByUs(store, 'ours');
    expect(await store.getRun(run.info.runId)).toEqual(run);
    await store.deleteRun(later.info.runId);
    const listed = await listRuns(uriOf('ours.db'), 'ours');
    expect(Object.fromEntries(listed.map((each) => [each.run_id, each.lifecycle_stage]))).toEqual({
      [run.info.runId]: 'active',
      [later.info.runId]: 'deleted',
    });
    const filter =
      "tags.stage = 'dév' AND params.`größe` = '日本' AND run_name = 'Zürich 🚂' AND dataset.name = 'rows'";
    expect(await searchRuns(uriOf('ours.db'), 'ours', filter)).toEqual([run.info.runId]);
    await store.close();
  });

  test('takes what the Python client writes, and we read it as our own', async () => {
    const made = openFile('shared.db');
    const ours = await writeByUs(made, 'shared');
    const runId = await writeByPython('shared.db', 'shared');
    const theirs = await made.getRun(runId);
    expect(theirs).toEqual({
      ...ours,
      info: { ...ours.info, runId, artifactUri: ours.info.artifactUri.replace(ours.info.runId, runId) },
    });
    for (const key of ['loss/é', 'nan']) {
      const { runId: ourId } = ours.info;
      expect(await made.getMetricHistory({ runId, key })).toEqual(await made.getMetricHistory({ runId: ourId, key }));
    }
    await made.close();
  });
});

describe('a file made by MLflow 3.17.2', () => {
  describeStore('sqlite, made by Python', async () => {
    await writeByPython('theirs.db', 'theirs');
    const store = openFile('theirs.db');
    return { store, close: () => store.close() };
  });

  test('holds the same rows whether Python or we wrote them', async () => {
    const theirs = await writeByPython('rows.db', 'rows');
    const store = openFile('rows.db');
    const ours = await writeByUs(store, 'rows');
    await store.close();
    expect(rowsOf('rows.db', ours.info.runId)).toEqual(rowsOf('rows.db', theirs));
    expect((await readRun(uriOf('rows.db'), ours.info.runId, { artifacts: false })).metrics).toEqual({
      'loss/é': 0.1 + 0.2,
      nan: 'NaN',
    });
  });
});

describe('a server on our file', () => {
  const server = requireBackend('mlflow', () => {
    const store = openFile('served.db');
    return { env: { MLFLOW_BACKEND_STORE: store.uri } }; // left open: the server migrates it under an open store
  });

  test('answers every search while we write, and shows all of it', async () => {
    const store = openFile('served.db');
    const { info } = await store.createRun({ experimentId: '0', startTimeMs: TIME, runName: 'busy', tags: [] });
    const body = JSON.stringify({ experiment_ids: ['0'], filter: "run_name = 'busy' AND metrics.m >= 0" });
    const search = async (): Promise<{ status: number; latest: number | undefined }> => {
      const url = `${server.env.MLFLOW_TRACKING_URI}/api/2.0/mlflow/runs/search`;
      const answer = await fetch(url, { method: 'POST', body, headers: { 'content-type': 'application/json' } });
      const found = (await answer.json()) as { runs?: readonly { data: { metrics: readonly { value: number }[] } }[] };
      return { status: answer.status, latest: found.runs?.[0]?.data.metrics[0]?.value };
    };
    let step = 0;
    const writeBatch = (): Promise<void> => {
      const metrics = Array.from({ length: 500 }, () => ({
        key: 'm',
        value: step,
        timestampMs: TIME + step,
        step: step++,
      }));
      return store.logBatch({ runId: info.runId, metrics });
    };
    await writeBatch();
    for (let count = 0; count < 30; count++) {
      const atLeast = step - 1;
      let isAnswered = false;
      const answer = search().finally(() => (isAnswered = true));
      while (!isAnswered) {
        await writeBatch();
        await new Promise((turn) => setImmediate(turn));
      }
      const { status, latest } = await answer;
      expect(status).toBe(200);
      expect(latest).toBeGreaterThanOrEqual(atLeast);
    }
    expect((await search()).latest).toBe(step - 1);
    expect((await store.getMetricHistory({ runId: info.runId, key: 'm' })).items).toHaveLength(step);
    await store.close();
  });
});
