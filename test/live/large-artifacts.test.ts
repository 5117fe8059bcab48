// Large files to and from real servers: what breaks off goes on or leaves nothing behind, and memory stays flat.
import { createHash } from 'node:crypto';
import { closeSync, createReadStream, ftruncateSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { ListMultipartUploadsCommand, S3Client } from '@aws-sdk/client-s3';
import { afterAll, describe, expect, it, onTestFinished } from 'vitest';
import type { ArtifactRepository } from '../../src/artifacts/contract.ts';
import { openArtifacts } from '../../src/artifacts/repositories/open.ts';
import type { ArtifactSettings, S3Settings } from '../../src/model/artifact-settings.ts';
import { openHttpStore } from '../../src/stores/http/http-store.ts';
import { startArtifactServer, THROUGH_SERVER } from './artifact-server.ts';
import { startCuttingProxy, startUploadCutter } from './cutting-proxy.ts';

const { isThere, trackingUri, s3 } = await startArtifactServer();
const folder = mkdtempSync(join(tmpdir(), 'runspan-large-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** A file whose parts differ, nearly all of it without blocks on the disk. */
function largeFile(sizeBytes: number): string {
  const path = join(folder, `large-${sizeBytes}`);
  const file = openSync(path, 'w');
  ftruncateSync(file, sizeBytes);
  for (let at = 0; at < sizeBytes; at += 4_000_000) writeSync(file, String(at), at);
  closeSync(file);
  return path;
}

async function sha256(file: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(file), hash);
  return hash.digest('hex');
}

async function open(artifactUri: string, artifacts: ArtifactSettings): Promise<ArtifactRepository> {
  const opened = await openArtifacts(artifactUri, { trackingUri, connection: { artifacts } });
  onTestFinished(() => opened.close());
  return opened;
}

/** The uploads in parts that were begun and neither ended nor thrown away. */
async function unfinished(): Promise<readonly unknown[]> {
  const client = new S3Client({
    endpoint: s3.endpointUrl,
    region: 'us-east-1',
    forcePathStyle: true,
    credentials: s3,
  });
  try {
    return (await client.send(new ListMultipartUploadsCommand({ Bucket: 'runspan' }))).Uploads ?? [];
  } finally {
    client.destroy();
  }
}

/** Artifacts of a run of its own. */
async function openRun(location: string | undefined, artifacts: ArtifactSettings): Promise<ArtifactRepository> {
  const store = openHttpStore(trackingUri, {});
  try {
    const at = location === undefined ? {} : { artifactLocation: location };
    const experimentId = await store.createExperiment({ name: `large-${Date.now()}`, ...at });
    const run = await store.createRun({ experimentId, startTimeMs: Date.now(), tags: [] });
    return await open(run.info.artifactUri, artifacts);
  } finally {
    await store.close();
  }
}

describe.skipIf(!isThere)('with MLflow 3.17.2 on versitygw', () => {
  describe('an upload that breaks off', () => {
    const partOf = (path: string): string | undefined => /partNumber=(\d+)/.exec(path)?.[1];
    const through = (endpointUrl: string): S3Settings => ({ ...s3, endpointUrl });

    it('to S3 itself sends the part again, and no other', async () => {
      const file = largeFile(30_000_000);
      let hasCut = false;
      const cutter = await startUploadCutter(s3.endpointUrl, (_, path) => {
        const isCut = partOf(path) === '2' && !hasCut;
        hasCut ||= isCut;
        return isCut;
      });
      const artifacts = await open('s3://runspan/broken', { s3: through(cutter.url) });
      await artifacts.putFile('big.bin', file);
      expect(
        cutter.seen
          .map(partOf)
          .filter((part) => part !== undefined)
          .toSorted(),
      ).toEqual(['1', '2', '2', '3', '4']);
      await artifacts.getFile('big.bin', join(folder, 'back'));
      expect(await sha256(join(folder, 'back'))).toBe(await sha256(file));
      expect(await unfinished()).toEqual([]);
    });

    it('for good leaves no part behind, and no file', async () => {
      const cutter = await startUploadCutter(s3.endpointUrl, (_, path) => partOf(path) === '2');
      const artifacts = await open('s3://runspan/broken', { s3: through(cutter.url) });
      await expect(artifacts.putFile('never.bin', largeFile(30_000_000))).rejects.toMatchObject({
        errorCode: 'TEMPORARILY_UNAVAILABLE',
        isRetryable: true,
      });
      expect((await artifacts.list()).map((file) => file.path)).not.toContain('never.bin');
      expect(await unfinished()).toEqual([]);
    });
  });

  describe('a download that breaks off', () => {
    const sizeBytes = 12_000_000;
    const cutAfter = 5_000_000;
    const source = (): string => largeFile(sizeBytes);
    const target = join(folder, 'cut-target');

    it('from S3 itself goes on where it stopped', async () => {
      const artifacts = await open('s3://runspan/cut', { s3 });
      await artifacts.putFile('big.bin', source());
      const proxy = await startCuttingProxy(s3.endpointUrl, cutAfter);
      const cut = await open('s3://runspan/cut', { s3: { ...s3, endpointUrl: proxy.url } });
      await cut.getFile('big.bin', target);
      expect(await sha256(target)).toBe(await sha256(source()));
      expect(proxy.seen).toEqual([
        { range: undefined, status: 200 },
        { range: expect.stringMatching(/^bytes=\d{6,}-$/) as string, status: 206 },
      ]);
    });

    it('by the proxy onto S3 begins again: that server gives no parts', async () => {
      const artifacts = await openRun(undefined, THROUGH_SERVER);
      await artifacts.putFile('big.bin', source());
      const proxy = await startCuttingProxy(trackingUri, cutAfter);
      const connection = { artifacts: THROUGH_SERVER };
      const cut = await openArtifacts(artifacts.uri, { trackingUri: proxy.url, connection });
      onTestFinished(() => cut.close());
      await cut.getFile('big.bin', target);
      expect(await sha256(target)).toBe(await sha256(source()));
      expect(proxy.seen).toEqual([
        { range: undefined, status: 200 },
        { range: undefined, status: 200 },
      ]);
    });
  });

  it.each<[string, string | undefined, ArtifactSettings]>([
    ['S3 itself', 's3://runspan/large', { s3 }],
    ['the proxy onto S3, whole', undefined, THROUGH_SERVER],
    ['URLs that the server signs', 's3://runspan/large', { s3Access: 'presigned' }],
  ])('%s: memory grows by less than half of a file of 600 MB', async (_, location, settings) => {
    const artifacts = await openRun(location, settings);
    const file = largeFile(600_000_000);
    const target = join(folder, 'large-back');
    const beforeBytes = process.memoryUsage.rss();
    let mostBytes = 0;
    const watching = setInterval(() => (mostBytes = Math.max(mostBytes, process.memoryUsage.rss())), 10);
    onTestFinished(() => clearInterval(watching));
    await artifacts.putFile('large.bin', file);
    await artifacts.getFile('large.bin', target);
    expect(mostBytes - beforeBytes).toBeLessThan(300_000_000);
    expect(await sha256(target)).toBe(await sha256(file));
  });
});
