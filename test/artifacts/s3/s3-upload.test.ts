// A large file to S3 in parts: each again by itself, all thrown away where one is refused, and never more memory than a few parts.
import { closeSync, ftruncateSync, mkdtempSync, openSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it, onTestFinished } from 'vitest';
import type { ArtifactRepository } from '../../../src/artifacts/contract.ts';
import { PartBuffers } from '../../../src/artifacts/s3/s3-upload.ts';
import { openArtifacts } from '../../../src/artifacts/repositories/open.ts';
import type { S3Settings } from '../../../src/model/artifact-settings.ts';
import { reset, startServer, text, type Answer, type ScriptedServer } from '../../rest/scripted-server.ts';

const folder = mkdtempSync(join(tmpdir(), 'runspan-s3-upload-'));
const source = join(folder, 'source');
const PART_BYTES = 8 * 1024 * 1024;
const SIZE_BYTES = 2 * PART_BYTES + 5;
afterAll(() => rmSync(folder, { recursive: true }));

/** A file of zeros without blocks on the disk. */
function sparse(sizeBytes: number): void {
  const file = openSync(source, 'w');
  ftruncateSync(file, sizeBytes);
  closeSync(file);
}

const xml = { 'content-type': 'application/xml' };
const begun = text('<InitiateMultipartUploadResult><UploadId>u1</UploadId></InitiateMultipartUploadResult>', 200, xml);
const whole = text('<CompleteMultipartUploadResult><ETag>"e"</ETag></CompleteMultipartUploadResult>', 200, xml);
const refusal = text('<Error><Code>AccessDenied</Code><Message>No</Message></Error>', 403, xml);

/** Begins and ends uploads, and hands each part to `part`. */
function s3That(part: (number: number, isFirst: boolean) => Answer): Promise<ScriptedServer> {
  const met = new Set<number>();
  return startServer((response, request) => {
    if (request.method === 'DELETE') return text('', 204)(response, request);
    if (request.method === 'POST') return (request.url.includes('uploadId=') ? whole : begun)(response, request);
    const number = Number(/partNumber=(\d+)/.exec(request.url)?.[1]);
    const isFirst = !met.has(number);
    met.add(number);
    return part(number, isFirst)(response, request);
  });
}

const take = (number: number): Answer =>
  text('', 200, { etag: `"part-${number}"`, 'x-amz-checksum-crc32': 'AAAAAA==' });

async function open(server: ScriptedServer, settings: S3Settings = {}): Promise<ArtifactRepository> {
  const s3 = {
    endpointUrl: server.url,
    accessKeyId: 'me',
    secretAccessKey: 'secret',
    region: 'us-east-1',
    ...settings,
  };
  const connection = { artifacts: { s3 } };
  const artifacts = await openArtifacts('s3://bucket/root', { trackingUri: 'sqlite://', connection });
  onTestFinished(() => artifacts.close());
  return artifacts;
}

describe('a file larger than a part', () => {
  it('goes in parts of 8 MiB, each sent again by itself, and is one object when all are there', async () => {
    sparse(SIZE_BYTES);
    const server = await s3That((number, isFirst) => (number === 2 && isFirst ? reset : take(number)));
    await (await open(server)).putFile('big.bin', source);
    const parts = server.seen.filter((one) => one.method === 'PUT');
    const sent = parts.map((one) => `${/partNumber=\d+/.exec(one.url)?.[0]}: ${one.body.length}`);
    expect(sent.toSorted()).toEqual([
      `partNumber=1: ${PART_BYTES}`,
      `partNumber=2: ${PART_BYTES}`,
      `partNumber=2: ${PART_BYTES}`,
      'partNumber=3: 5',
    ]);
    const end = server.seen.at(-1);
    expect(end?.url).toContain('uploadId=u1');
    const listed = [...(end?.body.matchAll(/<ETag>(.*?)<\/ETag>.*?<PartNumber>(\d)</g) ?? [])];
    expect(listed.map(([, etag, number]) => [etag, number])).toEqual([
      ['&quot;part-1&quot;', '1'],
      ['&quot;part-2&quot;', '2'],
      ['&quot;part-3&quot;', '3'],
    ]);
  });

  it('leaves no part behind where one is refused', async () => {
    sparse(SIZE_BYTES);
    const server = await s3That((number) => (number === 1 ? refusal : take(number)));
    await expect((await open(server)).putFile('big.bin', source)).rejects.toMatchObject({
      errorCode: 'PERMISSION_DENIED',
      message: "Cannot write 's3://bucket/root/big.bin': No (AccessDenied).",
    });
    // last of all: what is still on its way would stay behind
    expect(server.seen.at(-1)).toMatchObject({
      method: 'DELETE',
      url: expect.stringContaining('uploadId=u1') as string,
    });
  });

  it('leaves no part behind where the file shrinks meanwhile', async () => {
    sparse(SIZE_BYTES);
    const server = await s3That((number) => (response, request) => {
      sparse(10);
      take(number)(response, request);
    });
    const artifacts = await open(server);
    sparse(8 * PART_BYTES);
    await expect(artifacts.putFile('big.bin', source)).rejects.toMatchObject({ code: 'FILE_NOT_READABLE' });
    expect(server.seen.at(-1)?.method).toBe('DELETE');
  });

  it('tells what failed first where throwing away fails too', async () => {
    sparse(SIZE_BYTES);
    const server = await startServer((response, request) =>
      (request.method === 'POST' ? begun : request.method === 'DELETE' ? text('', 404) : refusal)(response, request),
    );
    await expect((await open(server)).putFile('big.bin', source)).rejects.toMatchObject({
      errorCode: 'PERMISSION_DENIED',
    });
  });

  it('carries what every upload is to carry where S3 takes it', async () => {
    sparse(SIZE_BYTES);
    const server = await s3That(take);
    const uploadExtraArgs = { ServerSideEncryption: 'aws:kms', SSEKMSKeyId: 'key', RequestPayer: 'requester' };
    await (await open(server, { uploadExtraArgs, expectedBucketOwner: '123456789012' })).putFile('a.png', source);
    expect(server.seen[0]?.headers).toMatchObject({
      'content-type': 'image/png',
      'x-amz-server-side-encryption': 'aws:kms',
      'x-amz-server-side-encryption-aws-kms-key-id': 'key',
    });
    expect(new Set(server.seen.map((one) => one.headers['x-amz-request-payer']))).toEqual(new Set(['requester']));
    expect(new Set(server.seen.map((one) => one.headers['x-amz-expected-bucket-owner']))).toEqual(
      new Set(['123456789012']),
    );
  });
});

describe('the memory of parts', () => {
  it('is used over and over, and whoever finds none left waits', async () => {
    const buffers = new PartBuffers(2, 4);
    const [first, second] = await Promise.all([buffers.take(4), buffers.take(3)]);
    let third: Buffer | undefined;
    const waiting = buffers.take(4).then((buffer) => (third = buffer));
    await Promise.resolve();
    expect(third).toBeUndefined();
    buffers.giveBack(first);
    await waiting;
    expect(third?.buffer).toBe(first.buffer);
    expect(second.byteLength).toBe(3);
    expect((await Promise.resolve(buffers.giveBack(second)), await buffers.take(9)).byteLength).toBe(9);
  });
});
