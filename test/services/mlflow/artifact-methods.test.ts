// A run's files by client() and by the run itself, on the embedded store: what is there afterwards, and what is refused.
import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import type { MlflowClient } from '../../../src/runs/client/mlflow-client.ts';
import type { ImageOptions } from '../../../src/runs/image-options.ts';
import { testServices } from '../../../src/testing/test-services.ts';
import { makeFolder, startService } from './mlflow-fixture.ts';

const dot = { data: [7], width: 1, height: 1, channels: 1 } as const;

async function openRun(): Promise<{ client: MlflowClient; runId: string; root: string; folder: string }> {
  const { mlflow, folder } = await startService();
  const client = mlflow.client();
  const experimentId = await client.createExperiment('files');
  const run = await client.createRun(experimentId);
  return { client, runId: run.info.runId, root: run.info.artifactUri, folder };
}

function textOf(root: string, path: string): string {
  return readFileSync(join(root, path), 'utf8');
}

describe('client()', () => {
  it('uploads, lists and downloads files and folders', async () => {
    const { client, runId, root, folder } = await openRun();
    const source = join(folder, 'source');
    mkdirSync(join(source, 'deep'), { recursive: true });
    writeFileSync(join(source, 'a.txt'), 'a');
    writeFileSync(join(source, 'deep/b.txt'), 'b');
    await client.logArtifact(runId, join(source, 'a.txt'), { artifactPath: 'one/two' });
    await client.logArtifact(runId, source);
    await client.logArtifacts(runId, source, { artifactPath: 'all' });
    expect(textOf(root, 'one/two/a.txt')).toBe('a');
    expect((await client.listArtifacts(runId)).map((file) => file.path)).toEqual(['all', 'one', 'source']);
    expect((await client.listArtifacts(runId, { path: 'all' })).map((file) => file.path)).toEqual([
      'all/a.txt',
      'all/deep',
    ]);

    const dstPath = makeFolder();
    expect(await client.downloadArtifacts(runId, 'all', { dstPath })).toBe(join(dstPath, 'all'));
    expect(textOf(dstPath, 'all/deep/b.txt')).toBe('b');
    const file = await client.downloadArtifacts(runId, 'one/two/a.txt', { dstPath });
    expect(file).toBe(join(dstPath, 'a.txt')); // under its own name, as in Python
    expect(readFileSync(file, 'utf8')).toBe('a');
    expect(await client.downloadArtifacts(runId, 'all/deep', { dstPath })).toBe(join(dstPath, 'deep'));
    expect(textOf(dstPath, 'deep/b.txt')).toBe('b');
    const whole = await client.downloadArtifacts(runId, '');
    expect(readdirSync(whole).toSorted()).toEqual(['all', 'one', 'source']);
    await expect(client.downloadArtifacts(runId, 'none')).rejects.toMatchObject({
      errorCode: 'RESOURCE_DOES_NOT_EXIST',
    });
    const nowhere = client.downloadArtifacts(runId, 'all', { dstPath: join(dstPath, 'none') });
    await expect(nowhere).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    await expect(client.logArtifact(runId, join(source, 'none'))).rejects.toMatchObject({ code: 'FILE_NOT_READABLE' });
    await expect(client.logText(runId, 'x', '../x')).rejects.toMatchObject({ code: 'INVALID_PATH' });
  });

  it('writes texts, objects, streams and figures', async () => {
    const { client, runId, root } = await openRun();
    await client.logText(runId, 'größe', 'notes/text.txt');
    await client.logDict(runId, { k: [1, 'v'] }, 'dict.json');
    await client.logDict(runId, { k: [1, 'v'] }, 'dict.yml');
    await client.logStream(runId, Readable.from([Buffer.from('a'), Buffer.from('b')]), 'stream.bin');
    await client.logStream(runId, new Blob(['web']).stream(), 'web.bin');
    await client.logFigure(runId, '<svg/>', 'figure.svg');
    expect(textOf(root, 'notes/text.txt')).toBe('größe');
    expect(textOf(root, 'dict.json')).toBe('{\n  "k": [\n    1,\n    "v"\n  ]\n}');
    expect(textOf(root, 'dict.yml')).toBe('k:\n- 1\n- v\n');
    expect(textOf(root, 'stream.bin')).toBe('ab');
    expect(textOf(root, 'web.bin')).toBe('web');
    expect(textOf(root, 'figure.svg')).toBe('<svg/>');
    await expect(client.logText(runId, 1 as unknown as string, 'a')).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
    });
  });

  it('keeps images, and tags the run that has them', async () => {
    const { client, runId, root } = await openRun();
    await client.logImage(runId, dot, { artifactFile: 'plots/dot.png' });
    expect(existsSync(join(root, 'plots/dot.png'))).toBe(true);
    expect((await client.getRun(runId)).data.tags['mlflow.loggedImages']).toBeUndefined();
    await client.logImage(runId, dot, { key: 'dots', step: 2, timestampMs: 5 });
    expect(readdirSync(join(root, 'images')).toSorted()).toEqual([
      expect.stringMatching(/^dots\+step\+2\+timestamp\+5\+[0-9a-f-]{36}\+compressed\.webp$/),
      expect.stringMatching(/^dots\+step\+2\+timestamp\+5\+[0-9a-f-]{36}\.png$/),
    ]);
    expect((await client.getRun(runId)).data.tags['mlflow.loggedImages']).toBe('True');
    for (const options of [{}, { key: 'a', artifactFile: 'a.png' }, { step: 1, artifactFile: 'a.png' }]) {
      const work = client.logImage(runId, dot, options as ImageOptions);
      await expect(work).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    }
  });

  it('adds to tables, and loads them from all runs that have them', async () => {
    const { client, runId, root } = await openRun();
    await client.logTable(runId, { question: ['a'], score: [0.5] }, 'eval/t.json');
    await client.logTable(runId, [{ question: 'b', note: 'x' }], 'eval/t.json');
    expect(textOf(root, 'eval/t.json')).toBe(
      '{"columns":["question","score","note"],"data":[["a",0.5,null],["b",null,"x"]]}',
    );
    const { info, data } = await client.getRun(runId);
    expect(data.tags['mlflow.loggedArtifacts']).toBe('[{"path": "eval/t.json", "type": "table"}]');
    const other = await client.createRun(info.experimentId);
    await client.logTable(other.info.runId, { question: 'c', run_id: 'own' }, 'eval/t.json');
    await client.createRun(info.experimentId);
    const rows = await client.loadTable(info.experimentId, 'eval/t.json', { extraColumns: ['run_id'] });
    expect(rows).toHaveLength(3);
    expect(rows).toContainEqual({ question: 'b', score: null, note: 'x', run_id: runId });
    expect(rows).toContainEqual({ question: 'c', run_id: 'own', run_id_: other.info.runId });
    expect(await client.loadTable(info.experimentId, 'eval/t.json', { runIds: [runId] })).toHaveLength(2);
    const absent = client.loadTable(info.experimentId, 'none.json');
    await expect(absent).rejects.toMatchObject({ errorCode: 'RESOURCE_DOES_NOT_EXIST' });
  });

  it('is behind what the run has logged', async () => {
    const { mlflow } = await startService();
    await mlflow.runContext('r', async (run) => {
      run.logText('before', 'a.txt');
      expect((await mlflow.client().listArtifacts(run.key)).map((file) => file.path)).toEqual(['a.txt']);
    });
  });

  it('works on services in memory', async () => {
    await using services = await testServices();
    const client = services.mlflow.client();
    await services.mlflow.runContext('r', async (run) => {
      await client.logText(run.key, 'text', 'a.txt');
      expect((await client.listArtifacts(run.key)).map((file) => file.path)).toEqual(['a.txt']);
    });
  });
});

describe('a run', () => {
  it('keeps folders, images, tables and figures by way of its journal', async () => {
    const { mlflow, folder } = await startService();
    const source = join(folder, 'source');
    mkdirSync(join(source, 'deep'), { recursive: true });
    writeFileSync(join(source, 'deep/b.txt'), 'b');
    const key = await mlflow.runContext('r', async (run) => {
      void run.logArtifacts(source, 'all');
      run.logImage(dot, { key: 'dots', step: 1 });
      run.logImage(dot, { artifactFile: 'dot.png' });
      run.logTable({ a: [1] }, 't.json');
      run.logTable({ a: [2], picture: [dot] }, 't.json');
      run.logTable({ a: [3] }, 'other.json');
      run.logFigure({ data: [{ y: [1] }] }, 'f.html');
      await Promise.resolve();
      return run.key;
    });
    await mlflow.flush();
    const { info, data } = await mlflow.client().getRun(key);
    expect(textOf(info.artifactUri, 'all/deep/b.txt')).toBe('b');
    expect(readdirSync(join(info.artifactUri, 'images'))).toHaveLength(2);
    expect(readdirSync(join(info.artifactUri, 'table_images/t'))).toHaveLength(2);
    expect(existsSync(join(info.artifactUri, 'dot.png'))).toBe(true);
    expect(textOf(info.artifactUri, 'f.html')).toContain('Plotly.newPlot');
    const whole = JSON.parse(textOf(info.artifactUri, 't.json')) as { columns: string[]; data: unknown[][] };
    expect(whole.columns).toEqual(['a', 'picture']);
    expect(whole.data).toMatchObject([
      [1, null],
      [2, { type: 'image' }],
    ]);
    expect(data.tags['mlflow.loggedImages']).toBe('True');
    expect(data.tags['mlflow.loggedArtifacts']).toBe(
      '[{"path": "t.json", "type": "table"}, {"path": "other.json", "type": "table"}]',
    );
  });

  it('keeps the rest of a folder in which something has no name in MLflow, or cannot be read', async () => {
    const { mlflow, folder } = await startService();
    const source = join(folder, 'source');
    mkdirSync(join(source, 'deep\\er'), { recursive: true });
    mkdirSync(join(source, 'deep'));
    for (const file of ['good.txt', 'back\\slash.txt', 'deep/good.txt', 'deep\\er/lost.txt'])
      writeFileSync(join(source, file), file);
    symlinkSync('nowhere', join(source, 'deep/broken'));
    const key = await mlflow.runContext('train', async (run) => {
      await run.logArtifacts(source, 'all');
      return run.key;
    });
    await mlflow.flush();
    const { info } = await mlflow.client().getRun(key);
    expect(textOf(info.artifactUri, 'all/deep/good.txt')).toBe('deep/good.txt');
    expect(readdirSync(join(info.artifactUri, 'all')).toSorted()).toEqual(['deep', 'good.txt']);
    expect(readdirSync(join(info.artifactUri, 'all/deep'))).toEqual(['good.txt']);
    expect(mlflow.stats().refused).toEqual({ artifact: 3 });
  });

  it('throws on nothing that it is given, and counts what it did not keep', async () => {
    const { mlflow } = await startService();
    await mlflow.runContext('r', async (run) => {
      const bad = undefined as never;
      run.logImage(bad, bad);
      run.logImage(Buffer.from('GIF89a') as never, { key: 'a' });
      run.logTable(bad, bad);
      run.logTable({ a: [1], b: [] }, 't.json');
      run.logFigure(bad, 'f.html');
      await run.logArtifacts(bad);
      await run.logArtifacts('/no/such/folder');
    });
    await mlflow.flush();
    expect(mlflow.stats().refused).toMatchObject({ artifact: 7 });
  });
});
