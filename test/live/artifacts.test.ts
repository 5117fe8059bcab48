// Every kind of artifact repository against real servers: S3 itself, the proxy onto S3, URLs that the server signs; Python as the reader.
import { execFileSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it, onTestFinished } from 'vitest';
import type { ArtifactRepository } from '../../src/artifacts/contract.ts';
import { putFolder } from '../../src/artifacts/repositories/folders.ts';
import { encodeImage } from '../../src/artifacts/content/image.ts';
import { openArtifacts } from '../../src/artifacts/repositories/open.ts';
import type { ArtifactSettings } from '../../src/model/artifact-settings.ts';
import type { RunEntity } from '../../src/model/entities.ts';
import type { ConnectionOptions } from '../../src/rest/transport/connection.ts';
import { openHttpStore } from '../../src/stores/http/http-store.ts';
import { describeArtifacts } from '../../src/testing/contract/artifact-suite.ts';
import { startService } from '../services/mlflow/mlflow-fixture.ts';
import { startArtifactServer, THROUGH_SERVER } from './artifact-server.ts';
import { findPython, readMedia, readRun } from './backends.ts';

const { isThere, trackingUri, s3, env } = await startArtifactServer();
const folder = mkdtempSync(join(tmpdir(), 'runspan-artifacts-live-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** So small that the files of the contract go in parts. */
const IN_PARTS = {
  multipartUploadMinBytes: 6 * 1024 * 1024,
  multipartUploadChunkBytes: 5 * 1024 * 1024,
  multipartDownloadChunkBytes: 5 * 1024 * 1024,
};

const SVG = '<svg xmlns="http://www.w3.org/2000/svg"><text>größe</text></svg>';
const VEGA = { mark: 'bar', data: { values: [{ a: 'größe' }] } };
const PNG = encodeImage({ data: new Uint8Array(8), width: 4, height: 2, channels: 1 }).png;

let count = 0;

/** A run whose artifacts are where they are to be tested. */
async function makeRun(artifactLocation: string | undefined): Promise<RunEntity> {
  const store = openHttpStore(trackingUri, {});
  try {
    const name = `artifacts-${count++}`;
    const location = artifactLocation === undefined ? {} : { artifactLocation: `${artifactLocation}/${name}` };
    const experimentId = await store.createExperiment({ name, ...location });
    return await store.createRun({ experimentId, startTimeMs: Date.now(), tags: [] });
  } finally {
    await store.close();
  }
}

async function openRun(location: string | undefined, artifacts: ArtifactSettings) {
  const run = await makeRun(location);
  const connection: ConnectionOptions = { artifacts };
  return { run, artifacts: await openArtifacts(run.info.artifactUri, { trackingUri, connection }) };
}

async function openForTest(location: string | undefined, settings: ArtifactSettings) {
  const opened = await openRun(location, settings);
  onTestFinished(() => opened.artifacts.close());
  return opened;
}

const KINDS: readonly (readonly [string, string | undefined, ArtifactSettings])[] = [
  ['S3 itself', 's3://runspan/direct', { s3 }],
  ['the proxy onto S3, whole', undefined, THROUGH_SERVER],
  ['the proxy onto S3, in parts', undefined, IN_PARTS],
  ['URLs that the server signs', 's3://runspan/signed', { s3Access: 'presigned', ...IN_PARTS }],
];

describe.skipIf(!isThere)('with MLflow 3.17.2 on versitygw', () => {
  for (const [name, location, settings] of KINDS) {
    describeArtifacts(name, async () => {
      const { artifacts } = await openRun(location, settings);
      return { artifacts, close: () => artifacts.close() };
    });
  }

  it.each(KINDS)('%s: Python reads what was put, and puts what is read', async (_, location, settings) => {
    const { run, artifacts } = await openForTest(location, settings);
    const bytes = randomBytes(11_000_000);
    const source = join(folder, 'source');
    for (const [path, content] of [
      ['big.bin', bytes],
      ['a b/größe.txt', Buffer.from('größe')],
      ['empty', Buffer.alloc(0)],
    ] as const) {
      writeFileSync(source, content);
      await artifacts.putFile(path, source);
    }
    const read = await readRun(trackingUri, run.info.runId, { env });
    const sums = read.artifacts?.map((one) => [one.path, one.sha256 ?? one.error]);
    const sum = (content: Uint8Array): string => createHash('sha256').update(content).digest('hex');
    expect(Object.fromEntries(sums ?? [])).toMatchObject({
      'big.bin': sum(bytes),
      'a b/größe.txt': sum(Buffer.from('größe')),
      empty: sum(Buffer.alloc(0)),
    });
  });

  it.each(['client', 'run'] as const)(
    'Python reads images, tables, figures and objects that the %s kept',
    async (by) => {
      const { mlflow } = await startService({ trackingUri, experimentName: `media-${by}` });
      const client = mlflow.client();
      const orange = {
        data: Array.from({ length: 300 * 100 }, () => [255, 128, 0]).flat(),
        width: 300,
        height: 100,
        channels: 3,
      } as const;
      const runId = await mlflow.runContext('media', async (run) => {
        const id = await run.created();
        const plotly = { data: [{ y: [1, 2] }] };
        const figures = [
          [plotly, 'plots/figure.html'],
          [SVG, 'plots/figure.svg'],
          [PNG, 'plots/figure.png'],
          [VEGA, 'plots/vega.json'],
        ] as const;
        if (by === 'run') {
          run.logImage(orange, { key: 'a/b', step: 3, timestampMs: 1700 });
          run.logTable({ question: ['größe?', 'b'], score: [0.25, NaN] }, 'eval/t.json');
          for (const [figure, file] of figures) run.logFigure(figure, file);
          run.logDict({ k: [1] }, 'config.json');
          return id;
        }
        await client.logImage(id, orange, { key: 'a/b', step: 3, timestampMs: 1700 });
        await client.logTable(id, { question: ['größe?', 'b'], score: [0.25, NaN] }, 'eval/t.json');
        for (const [figure, file] of figures) await client.logFigure(id, figure, file);
        await client.logDict(id, { k: [1] }, 'config.json');
        return id;
      });
      await mlflow.flush();
      const seen = await readMedia(trackingUri, runId, 'eval/t.json');
      const [small, large] = Object.entries(seen.images).toSorted(([a], [b]) => b.length - a.length);
      expect(small?.[0]).toMatch(/^images\/a~b\+step\+3\+timestamp\+1700\+[0-9a-f-]+\+compressed\.webp$/);
      expect(small?.[1]).toEqual(['WEBP', 256, 85, 'RGB', [255, 128, 0, 255]]);
      expect(large?.[1]).toEqual(['PNG', 300, 100, 'RGB', [255, 128, 0, 255]]);
      expect(seen.rows).toMatchObject([
        { question: 'größe?', score: 0.25, run_id: runId },
        { question: 'b', run_id: runId },
        { question: 'from Python', score: 1, run_id: runId },
      ]);
      expect(seen.tags).toEqual({
        'mlflow.loggedImages': 'True',
        'mlflow.loggedArtifacts': '[{"path": "eval/t.json", "type": "table"}]',
      });
      expect(seen.figure).toBe('<!DOCTYPE html>');
      expect([seen.svg, seen.vega, seen.picture]).toEqual([SVG, VEGA, [4, 2]]);
      expect(seen.dict).toEqual({ k: [1] });
      const { info } = await client.getRun(runId);
      expect(await client.loadTable(info.experimentId, 'eval/t.json')).toHaveLength(3);
    },
  );

  it('a run keeps its files in S3 by way of its journal', async () => {
    const { info } = await makeRun('s3://runspan/jobs');
    const store = openHttpStore(trackingUri, {});
    onTestFinished(() => store.close());
    const { name: experimentName } = await store.getExperiment(info.experimentId);
    const keys = { awsAccessKeyId: s3.accessKeyId, awsSecretAccessKey: s3.secretAccessKey };
    const { mlflow } = await startService({ trackingUri, experimentName, s3EndpointUrl: s3.endpointUrl, ...keys });
    const runId = await mlflow.runContext('job', async (run) => {
      run.logText('größe', 'notes/a.txt');
      return await run.created();
    });
    expect(await mlflow.flush()).toMatchObject({ isComplete: true, deadLettered: 0 });
    const read = await readRun(trackingUri, runId, { env });
    expect(read.info.artifact_uri).toMatch(/^s3:\/\/runspan\/jobs\//);
    expect(read.artifacts).toContainEqual(expect.objectContaining({ path: 'notes/a.txt', downloaded_size: 7 }));
  });

  it('types by name are those of Python', async () => {
    const { guessMediaType } = await import('../../src/artifacts/media-types.ts');
    const names = [
      'a.png',
      'B.JPG',
      'c.csv.gz',
      'd.tgz',
      'e.parquet',
      '.png',
      'f',
      'g.svgz',
      'h.json',
      'i.md',
      '..txt',
      'j.tar.xz',
      'k.Z',
      'l.html',
      'm.onnx',
    ];
    const program =
      'import json,mimetypes,sys; m=mimetypes.MimeTypes(filenames=()); print(json.dumps([m.guess_type(n) for n in json.loads(sys.argv[1])]))';
    const python = execFileSync(await findPython(), ['-c', program, JSON.stringify(names)], { encoding: 'utf8' });
    const ours = names.map(guessMediaType).map(({ type, encoding }) => [type ?? null, encoding ?? null]);
    expect(ours).toEqual(JSON.parse(python));
  });

  describe('S3 itself', () => {
    const openS3 = async (settings: object = {}): Promise<ArtifactRepository> =>
      (await openForTest('s3://runspan/direct', { s3: { ...s3, ...settings } })).artifacts;

    it('lists more than one page holds', async () => {
      const artifacts = await openS3();
      const source = join(folder, 'many');
      mkdirSync(source);
      const names = Array.from({ length: 1005 }, (_, index) => `${String(index).padStart(4, '0')}.txt`);
      for (const name of names) writeFileSync(join(source, name), name);
      await putFolder(artifacts, source, { path: 'many', concurrency: 16 });
      expect((await artifacts.list('many')).map((file) => file.path)).toEqual(names.map((name) => `many/${name}`));
      await artifacts.delete('many');
      expect(await artifacts.list('many')).toEqual([]);
    });

    it('a wrong key is refused for good', async () => {
      const artifacts = await openS3({ secretAccessKey: 'wrong' });
      const error: unknown = await artifacts.list().catch((reason: unknown) => reason);
      expect(error).toMatchObject({ errorCode: 'UNAUTHENTICATED', isRetryable: false });
      expect(String(error)).not.toContain('wrong');
    });

    it('a bucket that is not there is RESOURCE_DOES_NOT_EXIST', async () => {
      const connection = { artifacts: { s3 } };
      const artifacts = await openArtifacts('s3://no-such-bucket/x', { trackingUri, connection });
      onTestFinished(() => artifacts.close());
      await expect(artifacts.list()).rejects.toMatchObject({ errorCode: 'RESOURCE_DOES_NOT_EXIST' });
    });

    it('what each upload is to carry arrives, with the type by name', async () => {
      const { artifacts } = await openForTest('s3://runspan/direct', {
        s3: { ...s3, uploadExtraArgs: { Metadata: { owner: 'tests' }, CacheControl: 'no-cache' } },
      });
      const source = join(folder, 'typed');
      const sdk = await import('@aws-sdk/client-s3');
      const client = new sdk.S3Client({
        endpoint: s3.endpointUrl,
        region: 'us-east-1',
        forcePathStyle: true,
        credentials: s3,
      });
      onTestFinished(() => client.destroy());
      for (const [path, size] of [
        ['table.csv.gz', 10],
        ['picture.png', 9_000_000],
      ] as const) {
        writeFileSync(source, Buffer.alloc(size));
        await artifacts.putFile(path, source);
        const Key = `${artifacts.uri.replace('s3://runspan/', '')}/${path}`;
        const head = await client.send(new sdk.HeadObjectCommand({ Bucket: 'runspan', Key }));
        expect(head).toMatchObject({ Metadata: { owner: 'tests' }, CacheControl: 'no-cache' });
        expect([head.ContentType, head.ContentEncoding]).toEqual(
          path === 'picture.png' ? ['image/png', undefined] : ['text/csv', 'gzip'],
        );
        await artifacts.getFile(path, join(folder, 'typed-back'));
        expect(readFileSync(join(folder, 'typed-back'))).toHaveLength(size);
      }
    });
  });
});
