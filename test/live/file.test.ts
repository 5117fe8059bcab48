// MLflow's own Python client and its migration on the same folder of runs as our store, in both directions, value by value.
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { openArtifacts } from '../../src/artifacts/repositories/open.ts';
import type { Experiment, LoggedModel, Metric, RunEntity } from '../../src/model/entities.ts';
import type { Store } from '../../src/stores/contract.ts';
import { openFileStore } from '../../src/stores/file/file-store.ts';
import { openSqliteStore } from '../../src/stores/sqlite/sqlite-store.ts';
import { describeStore } from '../../src/testing/contract/store-suite.ts';
import { callPython, findPython, listRuns, readExperiment, readRun, searchRuns } from './backends.ts';

const TIME = 1_700_000_000_000;
const folder = mkdtempSync(join(tmpdir(), 'runspan-live-file-'));
afterAll(() => rmSync(folder, { recursive: true }));

const run = promisify(execFile);
const pathOf = (name: string): string => join(folder, name, 'mlruns');
const open = (name: string): Store => openFileStore({ path: pathOf(name) });

/** Has MLflow's Python client write one run, into a folder that it makes where there is none. */
async function writeByPython(uri: string, experimentName: string): Promise<string> {
  const script = join(import.meta.dirname, 'readers', 'write_run.py');
  const { stdout } = await run(await findPython(), [script, uri, experimentName], { cwd: folder });
  return JSON.parse(stdout) as string; // the script's one output
}

const VALUES = [0.5, NaN, Infinity, -Infinity, 5e-324, 0.1 + 0.2];

/** Writes what `write_run.py` writes, with our store. */
async function writeByUs(store: Store, experimentName: string): Promise<RunEntity> {
  const known = await store.getExperimentByName(experimentName);
  const experimentId = known?.experimentId ?? (await store.createExperiment({ name: experimentName }));
  const tags = [{ key: 'mlflow.user', value: 'ada' }];
  const { info } = await store.createRun({ experimentId, startTimeMs: TIME, runName: 'Zürich 🚂', tags });
  const metrics = VALUES.map((value, index) => ({ key: 'loss/é', value, timestampMs: TIME + index, step: index - 2 }));
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

const clamped = (value: number): number => Math.max(-Number.MAX_VALUE, Math.min(Number.MAX_VALUE, value));

/** Texts that YAML, Python and file systems have ideas of their own about. */
const ODD_TEXTS = [
  'null',
  '~',
  'yes',
  '1e3',
  '0x1f',
  '2024-01-01',
  '12:30:45',
  ': # -',
  ' a ',
  '"\\"',
  "''",
  'a\u0085b\u2028c\ufeff',
  '🦊\u007f\u0001',
];

/** Texts, params and tags by path in a run's folder; the ids of run and experiment left out of meta files. */
function filesOf(
  name: string,
  { info }: { readonly info: { readonly experimentId: string; readonly runId: string } },
): unknown {
  const root = join(pathOf(name), info.experimentId, info.runId);
  const entries = readdirSync(root, { recursive: true, withFileTypes: true }).map((entry) => {
    const path = join(entry.parentPath, entry.name);
    const relative = path.slice(root.length + 1).replaceAll(/inputs\/[0-9a-f]{32}/g, 'inputs/ID');
    if (entry.isDirectory()) return [`${relative}/`, ''];
    const text = readFileSync(path, 'utf8').replaceAll(info.runId, 'RUN');
    return [relative, entry.name === 'meta.yaml' ? (parse(text) as unknown) : text];
  });
  return Object.fromEntries(entries) as unknown;
}

describe('a folder made here', () => {
  test.each([
    ['its path', (path: string) => path],
    ['its URI', (path: string) => pathToFileURL(path).href],
  ])('is read by the Python client value by value, by %s', async (name, uriOf) => {
    const store = open(name);
    const uri = uriOf(pathOf(name));
    const made = await writeByUs(store, 'ours');
    const artifacts = await openArtifacts(made.info.artifactUri, { trackingUri: store.uri, connection: {} });
    const source = join(folder, 'source.txt');
    writeFileSync(source, 'größe\n');
    await artifacts.putFile('notes/ü 日本.txt', source);

    const reading = await readRun(uri, made.info.runId);
    expect(reading.info).toEqual({
      run_id: made.info.runId,
      run_name: 'Zürich 🚂',
      status: 'FAILED',
      start_time: TIME,
      end_time: TIME + 60_000,
      experiment_id: made.info.experimentId,
      experiment_name: 'ours',
      artifact_uri: join(pathOf(name), made.info.experimentId, made.info.runId, 'artifacts'),
      user_id: 'ada',
      lifecycle_stage: 'active',
    });
    expect(reading.params).toEqual({ größe: '日本', empty: '' });
    expect(reading.tags).toEqual({ stage: 'dév', 'mlflow.user': 'ada', 'mlflow.runName': 'Zürich 🚂' });
    expect(reading.metrics).toEqual({ 'loss/é': 0.1 + 0.2, nan: 'NaN' });
    expect(reading.history['loss/é']).toEqual(
      VALUES.map((value, index) => ({
        value: Number.isNaN(value) ? 'NaN' : clamped(value),
        timestamp: TIME + index,
        step: index - 2,
      })),
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

    const later = await writeByUs(store, 'ours');
    await store.deleteRun(later.info.runId);
    const listed = await listRuns(uri, 'ours');
    expect(Object.fromEntries(listed.map((each) => [each.run_id, each.lifecycle_stage]))).toEqual({
      [made.info.runId]: 'active',
      [later.info.runId]: 'deleted',
    });
    const filter =
      "tags.stage = 'dév' AND params.`größe` = '日本' AND run_name = 'Zürich 🚂' AND dataset.name = 'rows'";
    expect(await searchRuns(uri, 'ours', filter)).toEqual([made.info.runId]);
    await store.close();
  });

  test('says every text so that Python reads the same', async () => {
    const store = open('texts');
    const experimentIds: string[] = [];
    for (const text of ODD_TEXTS) {
      const experimentId = await store.createExperiment({ name: text, tags: [{ key: 'k', value: text }] });
      experimentIds.push(experimentId);
      const tags = [{ key: 'k', value: text }];
      const { info } = await store.createRun({ experimentId, runName: text, userId: text, startTimeMs: TIME, tags });
      const dataset = { name: 'd', digest: 'g', sourceType: text, source: text, schema: text, profile: text };
      await store.logInputs(info.runId, [{ dataset, tags: [{ key: text, value: text }] }]);
      const model = { experimentId, name: 'mod', modelType: text, sourceRunId: info.runId, params: [], tags };
      await store.createLoggedModel(model);
    }
    const reading = await callPython(
      pathOf('texts'),
      experimentIds.flatMap((id) => [
        ['get_experiment', [id]],
        ['search_runs', [[id]]],
        ['search_logged_models', [[id]]],
      ]),
    );
    expect(reading).toMatchObject(
      ODD_TEXTS.flatMap((text) => [
        { value: { name: text, tags: { k: text } } },
        {
          value: [
            {
              info: { run_name: text, user_id: text },
              data: { tags: { k: text, 'mlflow.runName': text } },
              inputs: {
                dataset_inputs: [
                  {
                    dataset: { source_type: text, source: text, schema: text, profile: text },
                    tags: [{ key: text, value: text }],
                  },
                ],
              },
            },
          ],
        },
        { value: [{ model_type: text, tags: { k: text } }] },
      ]),
    );
    await store.close();
  });
});

describe('a folder made by MLflow 3.17.2', () => {
  describeStore('file, made by Python', async () => {
    await writeByPython(pathOf('theirs'), 'theirs');
    const store = open('theirs');
    return { store, close: () => store.close() };
  });

  test('is read as our own, and holds the same files whether Python or we wrote them', async () => {
    const runId = await writeByPython(pathOf('shared'), 'shared');
    const store = open('shared');
    const ours = await writeByUs(store, 'shared');
    const theirs = await store.getRun(runId);
    const artifactUri = ours.info.artifactUri.replace(ours.info.runId, runId);
    expect(theirs).toEqual({ ...ours, info: { ...ours.info, runId, artifactUri } });
    const points = (items: readonly Metric[]): unknown =>
      items.map(({ value, ...rest }) => ({ ...rest, value: clamped(value) }));
    for (const key of ['loss/é', 'nan']) {
      const [mine, other] = await Promise.all(
        [ours.info.runId, runId].map((id) => store.getMetricHistory({ runId: id, key })),
      );
      expect(points(other?.items ?? [])).toEqual(points(mine?.items ?? []));
    }
    // Python keeps an infinity in a folder, and the largest double in its databases, as we do in both.
    const inPython = JSON.stringify(filesOf('shared', theirs)).replaceAll(' inf ', ` ${Number.MAX_VALUE} `);
    const asOurs = inPython.replaceAll(' -inf ', ` ${-Number.MAX_VALUE} `);
    expect(JSON.parse(asOurs)).toEqual(filesOf('shared', ours));
    await store.close();
  });

  test('goes on being written by both, one after the other', async () => {
    const store = open('both');
    const { info } = await store.createRun({ experimentId: '0', startTimeMs: TIME, runName: 'both', tags: [] });
    const { runId } = info;
    for (const step of [0, 1, 2]) {
      await store.logBatch({ runId, metrics: [{ key: 'm', value: step, timestampMs: TIME + step, step }] });
      const calls = [
        ['log_metric', [runId, 'm', step + 0.5, TIME + step, step]],
        ['set_tag', [runId, 'last', String(step)]],
      ] as const;
      expect(await callPython(pathOf('both'), calls)).not.toMatchObject([{ error_code: expect.anything() as unknown }]);
      await store.logBatch({ runId, metrics: [{ key: 'm', value: step + 0.5, timestampMs: TIME + step, step }] }); // Python's point again
    }
    expect((await store.getMetricHistory({ runId, key: 'm' })).items.map(({ value }) => value)).toEqual([
      0, 0.5, 1, 1.5, 2, 2.5,
    ]);
    await callPython(pathOf('both'), [
      ['set_terminated', [runId, 'KILLED', TIME + 9]],
      ['delete_run', [runId]],
      ['restore_run', [runId]],
    ]);
    expect(await store.getRun(runId)).toMatchObject({
      info: { status: 'KILLED', endTimeMs: TIME + 9, lifecycleStage: 'active' },
    });
    await store.close();
  });
});

interface Everything {
  readonly experiments: readonly Experiment[];
  readonly runs: readonly RunEntity[];
  readonly histories: readonly Metric[][];
  readonly models: readonly LoggedModel[];
}

/** All that a store holds, in one order. */
async function readEverything(store: Store): Promise<Everything> {
  const { items: experiments } = await store.searchExperiments({ viewType: 'ALL', orderBy: ['experiment_id ASC'] });
  const experimentIds = experiments.map(({ experimentId }) => experimentId);
  const { items: found } = await store.searchRuns({ experimentIds, viewType: 'ALL', orderBy: ['run_id ASC'] });
  const runs = found.map((each) => ({
    ...each,
    outputs: { modelOutputs: each.outputs.modelOutputs.toSorted((a, b) => (a.modelId < b.modelId ? -1 : 1)) },
  }));
  const histories: Metric[][] = [];
  for (const { info, data } of runs) {
    for (const key of Object.keys(data.metrics)) {
      histories.push([...(await store.getMetricHistory({ runId: info.runId, key })).items]);
    }
  }
  const models: LoggedModel[] = [];
  for (const id of experimentIds) models.push(...(await store.findLoggedModels(id, { key: 'kind', value: 'kept' })));
  return { experiments, runs, histories, models };
}

/** A folder with all there can be: several experiments and runs, some in the bin, models that were measured, resends. */
async function fill(store: Store): Promise<void> {
  for (const name of ['first', 'größe: # 日本', 'binned']) {
    const one = await writeByUs(store, name);
    const two = await writeByUs(store, name);
    const { experimentId, runId } = one.info;
    await store.setExperimentTag(experimentId, { key: 'a/b', value: '🦊' });
    const tags = [{ key: 'kind', value: 'kept' }];
    const request = { experimentId, name: 'mod', sourceRunId: runId, params: [{ key: 'p', value: '1' }], tags };
    const { modelId } = await store.createLoggedModel(request);
    const metrics = [0, 1, NaN].map((value, step) => ({ key: 'acc', value, timestampMs: TIME + step, step, modelId }));
    for (const _ of [1, 2]) {
      await store.logBatch({ runId, metrics });
      await store.logBatch({ runId, metrics: [{ key: 'acc', value: 7, timestampMs: TIME, step: 0, modelId }] });
      await store.logInputs(runId, [], [modelId]);
      await store.logOutputs(runId, [{ modelId, step: 3 }]);
    }
    await store.finalizeLoggedModel(modelId, 'READY');
    await store.deleteRun(two.info.runId);
    if (name === 'binned') await store.deleteExperiment(experimentId);
  }
}

/** Runs as Python sees them; the points of a metric by time, where a folder gives them as they were written. */
async function readByPython(uri: string, experimentName: string): Promise<readonly unknown[]> {
  const { runs } = await readExperiment(uri, experimentName, { artifacts: false });
  return runs.map(({ history, ...rest }) => {
    const ordered = Object.entries(history).map(([key, points]) => [
      key,
      points.toSorted((a, b) => a.timestamp - b.timestamp || a.step - b.step || Number(a.value) - Number(b.value)),
    ]);
    return { ...rest, history: Object.fromEntries(ordered) as unknown };
  });
}

test("MLflow's own migration takes a folder made here over into a database, whole", async () => {
  const store = open('migrated');
  await fill(store);
  const database = join(folder, 'migrated', 'mlflow.db');
  const mlflow = join(dirname(await findPython()), 'mlflow');
  const args = ['migrate-filestore', '--source', join(folder, 'migrated'), '--target', `sqlite:///${database}`];
  const { stdout } = await run(mlflow, args, { env: { ...process.env, MLFLOW_DISABLE_TELEMETRY: 'true' } });
  expect(stdout).toContain('Migration completed successfully!');
  const counts = [...stdout.matchAll(/^ {2}(\w+) +(\d+) +(\d+)$/gm)].map(([, name, from, to]) => [
    name,
    Number(from),
    Number(to),
  ]);
  // its count of what is there leaves out the models that a run works on
  expect(counts.filter(([, from, to]) => from !== to)).toEqual([['inputs', 9, 6]]);
  expect(Object.fromEntries(counts.map(([name, from]) => [name, from]))).toEqual({
    experiments: 4,
    experiment_tags: 3,
    runs: 6,
    params: 12,
    tags: 18,
    metrics: 6 * 7 + 3 * 4,
    latest_metrics: 6 * 2 + 3,
    datasets: 3,
    inputs: 9,
    input_tags: 6,
    outputs: 3,
    logged_models: 3,
    logged_model_params: 3,
    logged_model_tags: 3,
    logged_model_metrics: 9,
  });
  const migrated = openSqliteStore({ path: database, artifactRoot: folder });
  expect(await readEverything(migrated)).toEqual(await readEverything(store));
  await migrated.close();
  const inFolder = await readByPython(pathOf('migrated'), 'first');
  expect(inFolder).toHaveLength(2);
  expect(await readByPython(`sqlite:///${database}`, 'first')).toEqual(inFolder);
  await store.close();
});
