// What lies in the folder is what MLflow's Python client puts there, and what it put there is read.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { readMeta, textOf, writeMeta } from '../../../src/stores/file/meta.ts';
import { makeFolderOfRuns, openFolder, readTree } from './disk.ts';
import { freshFolder } from '../mlflow-file.ts';

const NOW = 1_700_000_000_000;

describe('a folder that was made here', () => {
  test('has the folders, files and fields of MLflow', async () => {
    const { root, store, runId } = await makeFolderOfRuns();
    await store.logBatch({
      runId,
      metrics: [
        { key: 'loss/a', value: 0.5, timestampMs: 3, step: -1 },
        { key: 'loss/a', value: NaN, timestampMs: 4, step: 0 },
      ],
      params: [{ key: 'p/q', value: 'two\nlines' }],
      tags: [{ key: 'stage', value: 'dév' }],
    });
    await store.updateRun({ runId, status: 'KILLED', endTimeMs: 9 });
    const tree = readTree(root);
    expect(Object.keys(tree)).toEqual(
      [
        '.trash/',
        '0/',
        '0/meta.yaml',
        ...[
          '',
          'artifacts/',
          'meta.yaml',
          'metrics/',
          'metrics/loss/',
          'metrics/loss/a',
          'params/',
          'params/p/',
          'params/p/q',
          'tags/',
          'tags/mlflow.runName',
          'tags/stage',
        ].map((name) => `0/${runId}/${name}`),
      ].toSorted(),
    );
    const of = (name: string): string | undefined => tree[`0/${runId}/${name}`];
    expect([of('metrics/loss/a'), of('params/p/q'), of('tags/stage')]).toEqual([
      '3 0.5 -1\n4 nan 0\n',
      'two\nlines',
      'dév',
    ]);
    expect(parse(tree['0/meta.yaml'] ?? '')).toEqual({
      artifact_location: join(root, '0'),
      creation_time: NOW,
      experiment_id: '0',
      last_update_time: NOW,
      lifecycle_stage: 'active',
      name: 'Default',
    });
    expect(parse(of('meta.yaml') ?? '')).toEqual({
      artifact_uri: join(root, '0', runId, 'artifacts'),
      end_time: 9,
      entry_point_name: '',
      experiment_id: '0',
      lifecycle_stage: 'active',
      run_id: runId,
      run_name: 'train',
      source_name: '',
      source_type: 4,
      source_version: '',
      start_time: 1,
      status: 5,
      tags: [],
      user_id: 'ada',
    });
  });

  test('has data sets, models and links as MLflow names and numbers them', async () => {
    const { root, store, runId } = await makeFolderOfRuns();
    const dataset = { name: 'd', digest: 'g', sourceType: 'local', source: '{}', schema: 'sch' };
    const modelId = `m-${'a'.repeat(32)}`;
    await store.createLoggedModel({
      experimentId: '0',
      modelId,
      name: 'mod',
      sourceRunId: runId,
      params: [],
      tags: [],
    });
    await store.logInputs(runId, [{ dataset, tags: [{ key: 'mlflow.data.context', value: 'training' }] }], [modelId]);
    await store.logOutputs(runId, [{ modelId, step: 3 }]);
    await store.logBatch({ runId, metrics: [{ key: 'acc', value: 1, timestampMs: 5, step: 2, modelId }] });
    await store.finalizeLoggedModel(modelId, 'READY');
    const tree = readTree(root);
    expect(parse(tree['0/datasets/2f7e54fe9de9db73067f562bc22d6eae/meta.yaml'] ?? '')).toEqual({
      name: 'd',
      digest: 'g',
      source_type: 'local',
      source: '{}',
      schema: 'sch',
      profile: null,
    });
    const links = Object.entries(tree).filter(([name]) => /\/(inputs|outputs)\/.+meta\.yaml$/.test(name));
    expect(links.map(([, text]) => parse(text) as unknown)).toEqual(
      expect.arrayContaining([
        {
          source_type: 'DATASET',
          source_id: '2f7e54fe9de9db73067f562bc22d6eae',
          destination_type: 'RUN',
          destination_id: '2f7e54fe9de9db73067f562bc22d6eae',
          tags: { 'mlflow.data.context': 'training' },
        },
        { source_type: 'MODEL', source_id: modelId, destination_type: 'RUN', destination_id: modelId, tags: {} },
        {
          source_type: 'RUN_OUTPUT',
          source_id: modelId,
          destination_type: 'MODEL_OUTPUT',
          destination_id: modelId,
          tags: {},
          step: 3,
        },
      ]),
    );
    expect(tree[`0/models/${modelId}/metrics/acc`]).toBe(`5 1 2 ${runId}\n`);
    expect(parse(tree[`0/models/${modelId}/meta.yaml`] ?? '')).toEqual({
      artifact_location: join(root, '0', 'models', modelId, 'artifacts'),
      creation_timestamp: NOW,
      experiment_id: '0',
      last_updated_timestamp: NOW,
      lifecycle_stage: 'active',
      model_id: modelId,
      model_type: null,
      name: 'mod',
      source_run_id: runId,
      status: 2,
      status_message: null,
    });
  });

  test('keeps deleted runs in place and deleted experiments in .trash, each with its time', async () => {
    const { root, store, runFolder } = await makeFolderOfRuns();
    const id = await store.createExperiment({ name: 'gone' });
    const other = await store.createRun({ experimentId: id, startTimeMs: 1, tags: [] });
    await store.deleteExperiment(id);
    const meta = (path: string): unknown => parse(readFileSync(join(root, path, 'meta.yaml'), 'utf8'));
    expect(meta(`.trash/${id}`)).toMatchObject({ lifecycle_stage: 'deleted', last_update_time: NOW });
    expect(meta(`.trash/${id}/${other.info.runId}`)).toMatchObject({ lifecycle_stage: 'deleted', deleted_time: NOW });
    expect(readFileSync(join(runFolder, 'meta.yaml'), 'utf8')).toContain('lifecycle_stage: "active"');
    expect(id).toMatch(/^\d{18}$/);
    await expect(store.deleteExperiment('0')).rejects.toMatchObject({ status: 500, isRetryable: false });
  });
});

describe('a folder of somebody else', () => {
  /** Writes files by path under a folder. */
  function write(root: string, files: Readonly<Record<string, string>>): void {
    for (const [name, text] of Object.entries(files)) {
      mkdirSync(dirname(join(root, name)), { recursive: true });
      writeFileSync(join(root, name), text);
    }
  }

  test('is read as old and new versions of MLflow wrote it', async () => {
    const root = freshFolder();
    write(root, {
      '5/meta.yaml': "artifact_location: file:///old/5\nexperiment_id: 5\nname: 'größe: # 1'\n", // an id was once a number
      '5/r1/meta.yaml':
        'artifact_uri: file:///old/5/r1/artifacts\nend_time: null\nexperiment_id: 5\nname: named once\nrun_uuid: r1\n' +
        'start_time: 1500000000000\nstatus: 3\nsource_type: 4\nuser_id: "\\u0061da"\nlifecycle_stage: active\n',
      '5/r1/metrics/m': '1500000000000 0.5\n1500000000001 -inf 2\n1500000000002 1e-07 1 name digest\n',
      '5/r1/params/long': 'x'.repeat(20_000),
      '5/r1/tags/a/b': '',
    });
    const store = openFolder(root);
    const run = await store.getRun('r1');
    expect(run.info).toEqual({
      runId: 'r1',
      runName: 'named once',
      experimentId: '5',
      userId: 'ada',
      status: 'FINISHED',
      startTimeMs: 1_500_000_000_000,
      endTimeMs: undefined,
      artifactUri: 'file:///old/5/r1/artifacts',
      lifecycleStage: 'active',
    });
    expect(run.data).toEqual({ metrics: { m: -Infinity }, params: { long: 'x'.repeat(20_000) }, tags: { 'a/b': '' } });
    expect(
      (await store.getMetricHistory({ runId: 'r1', key: 'm' })).items.map(({ value, step }) => [value, step]),
    ).toEqual([
      [0.5, 0],
      [-Infinity, 2],
      [1e-7, 1],
    ]);
    expect(await store.getExperimentByName('größe: # 1')).toMatchObject({
      experimentId: '5',
      creationTimeMs: undefined,
    });
  });

  test('keeps the fields that nobody here knows when it is written to', async () => {
    const root = freshFolder();
    write(root, {
      '7/meta.yaml':
        "experiment_id: '7'\nlifecycle_stage: active\nname: x\ntrace_location: null\nworkspace: default\nweight: 3\n",
    });
    await openFolder(root).renameExperiment('7', 'y');
    expect(parse(readFileSync(join(root, '7', 'meta.yaml'), 'utf8'))).toEqual({
      experiment_id: '7',
      last_update_time: NOW,
      lifecycle_stage: 'active',
      name: 'y',
      trace_location: null,
      workspace: 'default',
      weight: 3,
    });
  });

  test('is not touched by looking at it, and becomes one of runs when it is written to', async () => {
    const root = freshFolder();
    write(root, { '1/abc/artifacts/model.bin': 'kept by a database', 'notes.txt': 'mine' });
    const before = readTree(root);
    const store = openFolder(root);
    expect((await store.searchExperiments({ viewType: 'ALL' })).items).toEqual([]);
    await expect(store.getRun('abc')).rejects.toMatchObject({ errorCode: 'RESOURCE_DOES_NOT_EXIST' });
    expect(readTree(root)).toEqual(before);
    await store.createExperiment({ name: 'first' });
    expect((await store.searchExperiments({})).items.map(({ name }) => name).toSorted()).toEqual(['Default', 'first']);
    expect(readTree(root)).toMatchObject(before);
  });
});

test('whatever a text is, meta.yaml gives it back, and says nothing that YAML reads as something else', () => {
  const texts = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.constantFrom(
      'null',
      '~',
      'yes',
      '1e3',
      '0x1f',
      '1_000',
      '2024-01-01',
      '12:30:45',
      ': #',
      ' a ',
      '\u0085\u2028\ufeff',
      '',
    ),
  );
  fc.assert(
    fc.property(texts, (text) => {
      const fields = { name: text, status: 3, end_time: null, tags: { [text]: text } };
      const written = writeMeta(fields);
      const meta = readMeta(written) ?? {};
      expect(textOf(meta, 'name')).toBe(text);
      expect(meta).toEqual(fields);
      expect(readMeta(`# read as YAML at large\n${written}`)).toEqual(fields);
      expect(parse(written, { version: '1.1' })).toEqual(meta);
    }),
    { numRuns: 200 },
  );
});
