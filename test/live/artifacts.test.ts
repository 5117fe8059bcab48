// Every kind of artifact repository against real servers: S3 itself, the proxy onto S3, URLs that the server signs; Python as the reader.
import { createHash, randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it, onTestFinished } from 'vitest';
import type { ArtifactRepository } from '../../src/artifacts/contract.ts';
import { putFolder } from '../../src/artifacts/folders.ts';
import { openArtifacts } from '../../src/artifacts/open.ts';
import type { ArtifactSettings } from '../../src/model/artifact-settings.ts';
import type { RunEntity } from '../../src/model/entities.ts';
import type { ConnectionOptions } from '../../src/rest/connection.ts';
import { openHttpStore } from '../../src/stores/http.ts';
import { describeArtifacts } from '../../src/testing/contract/artifact-suite.ts';
import { readRun, startBackend } from './backends.ts';

const server = { MLFLOW_ENABLE_PROXY_MULTIPART_UPLOAD: 'true', MLFLOW_ENABLE_PROXY_MULTIPART_DOWNLOAD: 'true' };
const backend = await startBackend('mlflow-s3', { env: server }).catch((error: unknown) => {
  if (process.env['CI']) throw error;
  console.error(`\n*** SKIPPED: backend 'mlflow-s3' cannot be brought up: ${String(error)}\n`);
  return undefined;
});
afterAll(() => backend?.stop());
const env: Readonly<Record<string, string>> = backend?.env ?? {};
const trackingUri = env['MLFLOW_TRACKING_URI'] ?? '';
const s3 = {
  endpointUrl: env['MLFLOW_S3_ENDPOINT_URL'] ?? '',
  accessKeyId: env['AWS_ACCESS_KEY_ID'] ?? '',
  secretAccessKey: env['AWS_SECRET_ACCESS_KEY'] ?? '',
};
const folder = mkdtempSync(join(tmpdir(), 'runspan-artifacts-live-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** So small that the files of the contract go in parts. */
const IN_PARTS = {
  multipartUploadMinBytes: 6 * 1024 * 1024,
  multipartUploadChunkBytes: 5 * 1024 * 1024,
  multipartDownloadChunkBytes: 5 * 1024 * 1024,
};
const THROUGH_SERVER = { hasMultipartUploads: false, hasMultipartDownloads: false };

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

describe.skipIf(backend === undefined)('with MLflow 3.17.2 on versitygw', () => {
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
    const read = await readRun(trackingUri, run.info.runId);
    const sums = read.artifacts?.map((one) => [one.path, one.sha256 ?? one.error]);
    const sum = (content: Uint8Array): string => createHash('sha256').update(content).digest('hex');
    expect(Object.fromEntries(sums ?? [])).toMatchObject({
      'big.bin': sum(bytes),
      'a b/größe.txt': sum(Buffer.from('größe')),
      empty: sum(Buffer.alloc(0)),
    });
  });

  describe('S3 itself', () => {
    const openS3 = async (settings: object = {}): Promise<ArtifactRepository> =>
      (await openForTest('s3://runspan/direct', { s3: { ...s3, ...settings } })).artifacts;

    it('lists more than one page holds', async () => {
      const artifacts = await openS3();
      const source = join(folder, 'many');
      const { mkdirSync } = await import('node:fs');
      mkdirSync(source);
      const names = Array.from({ length: 1005 }, (_, index) => `${String(index).padStart(4, '0')}.txt`);
      for (const name of names) writeFileSync(join(source, name), name);
      await putFolder(artifacts, source, { path: 'many', concurrency: 16 });
      expect((await artifacts.list('many')).map((file) => file.path)).toEqual(names.map((name) => `many/${name}`));
      await artifacts.delete('many');
      expect(await artifacts.list('many')).toEqual([]);
    });

    it.each([
      ['a wrong key', { secretAccessKey: 'wrong' }, 'UNAUTHENTICATED'],
      ['an unknown user', { accessKeyId: 'nobody' }, 'UNAUTHENTICATED'],
    ])('%s is refused for good', async (_, settings, errorCode) => {
      const artifacts = await openS3(settings);
      const error: unknown = await artifacts.list().catch((reason: unknown) => reason);
      expect(error).toMatchObject({ errorCode, isRetryable: false });
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
