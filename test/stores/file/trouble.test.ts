// A folder of runs that is half written, spoiled, shared or hostile: nothing outside it is touched, and nothing good in it is lost.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, test } from 'vitest';
import type { Metric, Tag } from '../../../src/model/entities.ts';
import { fileError, openFolderError } from '../../../src/stores/file/errors.ts';
import { openFileStore } from '../../../src/stores/file/file-store.ts';
import { makeFolderOfRuns, openFolder, readTree } from './disk.ts';
import { freshFolder } from '../mlflow-file.ts';

const point = (value: number, step = 0, timestampMs = 1): Metric => ({ key: 'm', value, step, timestampMs });
const namesUnder = (folder: string): ReadonlySet<unknown> =>
  new Set<unknown>(readdirSync(folder, { recursive: true, encoding: 'utf8' }));
const refusal = { errorCode: 'INVALID_PARAMETER_VALUE', status: 400, isRetryable: false };

describe('what a crash leaves', () => {
  test.each([
    ['empty', ''],
    ['cut off', 'artifact_uri: "/x/0/'],
    ['of another run', 'experiment_id: "0"\nrun_id: other\nstatus: 1\n'],
    ['of another experiment', 'experiment_id: "1"\nrun_id: RUN\nstatus: 1\n'],
    ['no mapping', '- a\n- b\n'],
    ['of no known status', 'experiment_id: "0"\nrun_id: RUN\nstatus: 99\n'],
  ])('a meta.yaml that is %s refuses its run, and hides no other', async (_, text) => {
    const { store, runId, runFolder } = await makeFolderOfRuns();
    const other = await store.createRun({ experimentId: '0', startTimeMs: 2, tags: [] });
    writeFileSync(join(runFolder, 'meta.yaml'), text.replace('RUN', runId));
    for (const call of [store.getRun(runId), store.logBatch({ runId, metrics: [point(1)] }), store.deleteRun(runId)]) {
      await expect(call).rejects.toMatchObject({ errorCode: 'INVALID_STATE', status: 500, isRetryable: false });
    }
    const found = await store.searchRuns({ experimentIds: ['0'] });
    expect(found.items.map(({ info }) => info.runId)).toEqual([other.info.runId]);
    expect(readFileSync(join(runFolder, 'meta.yaml'), 'utf8')).toBe(text.replace('RUN', runId));
  });

  test('an experiment whose meta.yaml is half written is refused, and hides no other', async () => {
    const { root, store } = await makeFolderOfRuns();
    const id = await store.createExperiment({ name: 'half' });
    writeFileSync(join(root, id, 'meta.yaml'), 'name: "ha');
    await expect(store.getExperiment(id)).rejects.toMatchObject({ errorCode: 'INVALID_STATE' });
    expect((await store.searchExperiments({})).items.map(({ name }) => name)).toEqual(['Default']);
  });

  test('the end of a line is cut off when the file is written to, and what was on it can be sent again', async () => {
    const { root, store, runId, runFolder } = await makeFolderOfRuns();
    await store.logBatch({ runId, metrics: [point(0.25, 0, 1), point(0.75, 10, 2)] });
    const path = join(runFolder, 'metrics', 'm');
    truncateSync(path, readFileSync(path).length - 2); // '2 0.75 1': step 1, to whoever believes it
    expect((await store.getMetricHistory({ runId, key: 'm' })).items).toEqual([point(0.25, 0, 1)]);
    await openFolder(root).logBatch({ runId, metrics: [point(0.75, 10, 2)] });
    expect(readFileSync(path, 'utf8')).toBe('1 0.25 0\n2 0.75 10\n');
  });

  test('an empty metric file and lines that are none are no points', async () => {
    const { store, runId, runFolder } = await makeFolderOfRuns();
    writeFileSync(join(runFolder, 'metrics', 'empty'), '');
    writeFileSync(join(runFolder, 'metrics', 'm'), 'x\n1 0.5\n\n1 2 3 4\nnow 1 1\n2 one 1\n3 1 0.5\n4 1 1 \u0000\n');
    expect((await store.getRun(runId)).data.metrics).toEqual({ m: 0.5 });
    await store.logBatch({ runId, metrics: [point(1), { ...point(2), key: 'empty' }] });
    expect((await store.getRun(runId)).data.metrics).toEqual({ empty: 2, m: 1 });
  });

  test('what was not made whole is swept away by the next writer, and is seen by nobody', async () => {
    const { root, store, runId } = await makeFolderOfRuns();
    await store.close();
    const own = join(root, '.runspan.trash');
    mkdirSync(join(own, 'new-1-1', 'tags'), { recursive: true });
    writeFileSync(join(own, 'new-1-1', 'meta.yaml'), 'half');
    writeFileSync(join(own, 'new-1-2'), 'half');
    const next = openFolder(root);
    expect((await next.searchExperiments({ viewType: 'ALL' })).items).toHaveLength(1);
    await next.logBatch({ runId, metrics: [point(1)] });
    expect(readdirSync(own)).toEqual(['lock']);
  });

  test('an experiment that stopped halfway into the bin or out of it is moved on', async () => {
    const { root, store } = await makeFolderOfRuns();
    const id = await store.createExperiment({ name: 'between' });
    await store.deleteExperiment(id);
    const text = readFileSync(join(root, '.trash', id, 'meta.yaml'), 'utf8');
    await store.restoreExperiment(id);
    writeFileSync(join(root, id, 'meta.yaml'), text); // as if the folder alone had come back
    expect((await store.getExperiment(id)).lifecycleStage).toBe('deleted');
    await store.restoreExperiment(id);
    expect((await store.getExperiment(id)).lifecycleStage).toBe('active');
  });
});

describe('names that cannot be files', () => {
  test.each([
    ['leads out of the folder', ['../../escape']],
    ['is absolute', ['/tmp/escape']],
    ['has a parent that is no folder', ['m/below']],
    ['is the folder of others', ['folder']],
    ['has its own folder in the same batch', ['new/below', 'new']],
    ['is longer than a file name', ['é'.repeat(200)]],
    ['goes through a symbolic link', ['linked/key']],
    ['is a symbolic link', ['link']],
  ])('a key that %s is refused, and nothing of the batch is written', async (_, keys) => {
    const { store, runId, runFolder, root } = await makeFolderOfRuns();
    const outside = freshFolder();
    writeFileSync(join(outside, 'file'), 'theirs');
    for (const kind of ['metrics', 'params', 'tags']) {
      mkdirSync(join(runFolder, kind, 'folder'), { recursive: true });
      symlinkSync(outside, join(runFolder, kind, 'linked'));
      symlinkSync(join(outside, 'file'), join(runFolder, kind, 'link'));
    }
    const m = { key: 'm', value: '1' };
    await store.logBatch({ runId, metrics: [point(1)], params: [m], tags: [m] });
    const before = namesUnder(root);
    const more = keys.map((key) => ({ key, value: '2' }));
    const good = { key: 'good', value: '3' };
    for (const batch of [
      { metrics: [{ ...point(3), key: 'good' }, ...keys.map((key) => ({ ...point(2), key }))] },
      { metrics: [{ ...point(3), key: 'good' }], params: [good, ...more] },
      { metrics: [{ ...point(3), key: 'good' }], tags: [good, ...more] },
    ]) {
      await expect(store.logBatch({ runId, ...batch })).rejects.toMatchObject(refusal);
    }
    expect(namesUnder(root)).toEqual(before);
    expect(readdirSync(outside)).toEqual(['file']);
    expect(readFileSync(join(outside, 'file'), 'utf8')).toBe('theirs');
  });

  test('ids lead to no other folder', async () => {
    const { root, store, runId } = await makeFolderOfRuns();
    const before = readTree(root);
    for (const id of ['..', '../0', '.trash', 'tags', 'models', '', '0/../0', `../0/${runId}`]) {
      await expect(store.getRun(id)).rejects.toMatchObject({ errorCode: 'RESOURCE_DOES_NOT_EXIST' });
      await expect(store.deleteRun(id)).rejects.toMatchObject({ errorCode: 'RESOURCE_DOES_NOT_EXIST' });
      await expect(store.getExperiment(id)).rejects.toMatchObject({ errorCode: 'INVALID_PARAMETER_VALUE' });
      await expect(store.deleteLoggedModel(`m-${id}/../..`)).rejects.toMatchObject({ status: 404 });
    }
    await expect(store.logOutputs(runId, [{ modelId: '../../x', step: 0 }])).rejects.toMatchObject(refusal);
    expect(await store.getMetricHistory({ runId, key: '../meta.yaml' })).toMatchObject({ items: [] });
    await expect(store.deleteTag(runId, '../meta.yaml')).rejects.toMatchObject({ status: 404 });
    const tags: readonly Tag[] = [{ key: '../../escape', value: '' }];
    await expect(store.createExperiment({ name: 'x', tags })).rejects.toMatchObject(refusal);
    await expect(store.createRun({ experimentId: '0', startTimeMs: 1, tags })).rejects.toMatchObject(refusal);
    await expect(store.setExperimentTag('0', { key: '../meta.yaml', value: '' })).rejects.toMatchObject(refusal);
    expect(readTree(root)).toEqual(before);
  });

  test('links of others inside a run are not followed, nor a data set that lies elsewhere', async () => {
    const { store, runId, runFolder } = await makeFolderOfRuns();
    const outside = freshFolder();
    writeFileSync(join(outside, 'secret'), 'secret');
    writeFileSync(join(outside, 'meta.yaml'), 'name: secret\ndigest: d\n');
    for (const kind of ['params', 'tags', 'metrics'])
      symlinkSync(join(outside, 'secret'), join(runFolder, kind, 'link'));
    symlinkSync(outside, join(runFolder, 'tags', 'folder'));
    mkdirSync(join(runFolder, 'inputs', 'a'), { recursive: true });
    const elsewhere = `source_type: DATASET\nsource_id: "../../..${outside}"\ntags: {}\n`;
    writeFileSync(join(runFolder, 'inputs', 'a', 'meta.yaml'), elsewhere);
    const run = await store.getRun(runId);
    expect(run.data).toEqual({ metrics: {}, params: {}, tags: { 'mlflow.runName': 'train' } });
    expect(run.inputs.datasetInputs).toEqual([]);
  });

  test('values of any size and of any character come back', async () => {
    const { store, runId } = await makeFolderOfRuns();
    const value = `${'🦊\u0000\u0085\u2028\r\n\ufeff'.repeat(100_000)}end`;
    const dataset = { name: 'd', digest: 'g', sourceType: 'local', source: value, profile: 'p'.repeat(16_000_000) };
    await store.logBatch({ runId, params: [{ key: 'p', value }], tags: [{ key: '日本/größe', value }] });
    await store.logInputs(runId, [{ dataset, tags: [{ key: 'k', value }] }]);
    const run = await store.getRun(runId);
    expect([run.data.params['p'] === value, run.data.tags['日本/größe'] === value]).toEqual([true, true]);
    expect(run.inputs.datasetInputs[0]?.dataset.source === value).toBe(true);
    expect(run.inputs.datasetInputs[0]?.dataset.profile).toHaveLength(16_000_000);
  });
});

describe('several writers', () => {
  test('a point is there once, whoever wrote it, in whatever order it comes again', async () => {
    const { root, store, runId, runFolder } = await makeFolderOfRuns();
    const points = Array.from({ length: 50 }, (_, step) => point(step / 2, step % 7, 1 + (step % 5)));
    const expected = new Set(points.map(({ value, step, timestampMs }) => `${timestampMs} ${value} ${step}`)).size;
    await store.logBatch({ runId, metrics: points.slice(0, 30) });
    await openFolder(root).logBatch({ runId, metrics: points.toReversed() });
    appendFileSync(join(runFolder, 'metrics', 'm'), '9 1.50 3\n9 1e400 4\n'); // Python's spelling of what comes again
    await store.logBatch({ runId, metrics: [...points, point(1.5, 3, 9), point(Infinity, 4, 9)] });
    expect(
      readFileSync(join(runFolder, 'metrics', 'm'), 'utf8')
        .trim()
        .split('\n'),
    ).toHaveLength(expected + 2);
  });

  test('a file that was taken away or changed by others is written as it is, not as it was', async () => {
    const { store, runId, runFolder } = await makeFolderOfRuns();
    await store.logBatch({ runId, metrics: [point(1)] });
    rmSync(join(runFolder, 'metrics', 'm'));
    await store.logBatch({ runId, metrics: [point(1)] });
    expect(readFileSync(join(runFolder, 'metrics', 'm'), 'utf8')).toBe('1 1 0\n');
  });

  test('a writer waits for another one as long as it is told, and no longer', async () => {
    const { root, store, runId } = await makeFolderOfRuns();
    const other = new DatabaseSync(join(root, '.runspan.trash', 'lock'));
    other.exec('BEGIN EXCLUSIVE');
    await expect(store.logBatch({ runId, metrics: [point(1)] })).rejects.toMatchObject({
      errorCode: 'TEMPORARILY_UNAVAILABLE',
      isRetryable: true,
    });
    expect((await store.getRun(runId)).data.metrics).toEqual({}); // readers never wait
    other.close();
    await store.logBatch({ runId, metrics: [point(1)] });
    expect((await store.getRun(runId)).data.metrics).toEqual({ m: 1 });
  });

  test('six processes at once make a folder, one experiment and whole files', async () => {
    const root = join(freshFolder(), 'mlruns');
    const runId = 'a'.repeat(32);
    const script = `
      import { openFileStore } from ${JSON.stringify(new URL('../../../src/stores/file/file-store.ts', import.meta.url).href)};
      const store = openFileStore({ path: ${JSON.stringify(root)} });
      const me = process.argv[1];
      await store.createExperiment({ name: 'shared' }).catch((error) => {
        if (error.errorCode !== 'RESOURCE_ALREADY_EXISTS') throw error;
      });
      const { experimentId } = await store.getExperimentByName('shared');
      await store.createRun({ experimentId, runId: '${runId}', startTimeMs: 1, tags: [{ key: 'runspan.run_key', value: 'k' }] });
      for (let step = 0; step < 40; step += 1) {
        const metrics = [{ key: 'm', value: Number(me), step, timestampMs: step }, { key: 'own/' + me, value: step, step, timestampMs: 1 }];
        await store.logBatch({ runId: '${runId}', metrics, params: [{ key: 'p', value: 'same' }], tags: [{ key: 't' + me, value: String(step) }] });
      }
      await store.close();`;
    const children = Array.from({ length: 6 }, (_, index) =>
      spawn(process.execPath, ['--input-type=module', '-e', script, String(index)], {
        stdio: ['ignore', 'ignore', 'inherit'],
      }),
    );
    const codes = await Promise.all(children.map(async (child) => (await once(child, 'exit'))[0] as number));
    expect(codes).toEqual([0, 0, 0, 0, 0, 0]);
    const store = openFolder(root);
    expect((await store.searchExperiments({})).items.map(({ name }) => name).toSorted()).toEqual(['Default', 'shared']);
    expect((await store.getMetricHistory({ runId, key: 'm' })).items).toHaveLength(240);
    const { data } = await store.getRun(runId);
    expect(data.params).toEqual({ p: 'same' });
    expect(Object.keys(data.metrics)).toHaveLength(7);
    expect(Object.values(data.tags).filter((value) => value === '39')).toHaveLength(6);
    expect(readdirSync(join(root, '.runspan.trash'))).toEqual(['lock']);
  });
});

describe('a place that is none', () => {
  test('a file in the way is STORE_INCOMPATIBLE', async () => {
    const path = join(freshFolder(), 'mlruns');
    writeFileSync(path, '');
    expect(() => openFileStore({ path })).toThrow(expect.objectContaining({ code: 'STORE_INCOMPATIBLE' }));
    expect(() => openFileStore({ path: join(path, 'below') })).toThrow(
      expect.objectContaining({ code: 'STORE_INCOMPATIBLE' }),
    );
  });

  test('a folder that goes away is an outage, and a new one is made when it is opened again', async () => {
    const { root, store, runId } = await makeFolderOfRuns();
    rmSync(root, { recursive: true });
    await expect(store.createExperiment({ name: 'x' })).rejects.toMatchObject({ status: 503, isRetryable: true });
    await expect(store.getRun(runId)).rejects.toMatchObject({ status: 404 });
    await openFolder(root).createExperiment({ name: 'x' });
    expect(existsSync(join(root, '0', 'meta.yaml'))).toBe(true);
  });

  test('a closed store says so', async () => {
    const { store, runId } = await makeFolderOfRuns();
    await store.close();
    await expect(store.getRun(runId)).rejects.toMatchObject({ code: 'SERVICE_STOPPED' });
    await expect(store.deleteRun(runId)).rejects.toMatchObject({ code: 'SERVICE_STOPPED' });
  });

  test.each([
    ['ENOSPC', { errorCode: 'TEMPORARILY_UNAVAILABLE', isRetryable: true }],
    ['EROFS', { errorCode: 'TEMPORARILY_UNAVAILABLE', isRetryable: true }],
    ['ENAMETOOLONG', refusal],
    ['EXDEV', { code: 'STORE_INCOMPATIBLE' }],
  ])('%s of the file system is told as it is', (code, told) => {
    const error = Object.assign(new Error(`${code}: no`), { code });
    expect(fileError(error, '/runs')).toMatchObject({ ...told, cause: error });
  });

  test('a place that must not be written is told at once', () => {
    const error = Object.assign(new Error('EACCES: no'), { code: 'EACCES' });
    expect(openFolderError(error, '/runs')).toMatchObject({ errorCode: 'PERMISSION_DENIED', status: 403 });
  });
});
