// What goes past the tracking server to its object store: in parts and by signed URLs, without our credentials.
import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import type { ArtifactRepository } from '../../../src/artifacts/contract.ts';
import { openPresignedArtifacts } from '../../../src/artifacts/repositories/presigned.ts';
import { openProxyArtifacts } from '../../../src/artifacts/repositories/proxy.ts';
import type { ArtifactSettings } from '../../../src/model/artifact-settings.ts';
import { fakePace } from '../../rest/fake-pace.ts';
import { json, reset, startServer, text, type Answer, type ScriptedServer } from '../../rest/scripted-server.ts';

const runId = '0123456789abcdef0123456789abcdef';
const modelUri = `s3://bucket/1/models/m-${runId}/artifacts`;
let folder: string;
let source: string;
let target: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'runspan-signed-'));
  source = join(folder, 'source.bin');
  target = join(folder, 'target.bin');
  writeFileSync(source, 'hello world');
});
afterEach(() => rmSync(folder, { recursive: true }));

const md5 = (content: string): string => createHash('md5').update(content).digest('hex');
/** An object store that says what it took. */
const takes: Answer = (response, { body }) => response.writeHead(200, { etag: `"${md5(body)}"` }).end();

/** A user and a token of the tracking server, by which they are told wherever they turn up. */
const SECRETS = { username: 'ada', password: 'hunter2', token: 't0ken', workspace: 'w0rkspace' };

function openProxy(server: ScriptedServer, artifacts: ArtifactSettings): ArtifactRepository {
  const artifactUri = 'mlflow-artifacts:/1/r/artifacts';
  const connection = { ...SECRETS, artifacts };
  const opened = openProxyArtifacts({ artifactUri, trackingUri: server.url, connection, pace: fakePace() });
  onTestFinished(() => opened.close());
  return opened;
}

function openPresigned(
  server: ScriptedServer,
  artifactUri: string = `s3://bucket/1/${runId}/artifacts`,
): ArtifactRepository {
  const trackingUri = server.url.replace('//', '//ada:hunter2@');
  const opened = openPresignedArtifacts({ artifactUri, trackingUri, connection: SECRETS, pace: fakePace() });
  onTestFinished(() => opened.close());
  return opened;
}

function seesNoCredentials(store: ScriptedServer): void {
  const all = JSON.stringify(store.seen.map((one) => one.headers));
  expect(all).not.toMatch(/hunter2|t0ken|w0rkspace|authorization/i);
}

describe('a large file, where the server offers parts', () => {
  const parts = (store: ScriptedServer): object => ({
    upload_id: 'u1',
    credentials: [1, 2, 3].map((part) => ({ url: `${store.url}/p${part}?X-Amz-Signature=sig`, part_number: part })),
  });
  const small = { multipartUploadMinBytes: 10, multipartUploadChunkBytes: 4 };

  it('goes in parts, each again by itself, and without our credentials', async () => {
    const store = await startServer(takes, reset, takes);
    const server = await startServer(json({ multipart_uploads_enabled: true }), json(parts(store)), json({}));
    await openProxy(server, small).putFile('a b/big.bin', source);
    expect(server.seen.map((one) => one.url)).toEqual([
      '/api/3.0/mlflow/server-info',
      '/api/2.0/mlflow-artifacts/mpu/create/1/r/artifacts/a%20b',
      '/api/2.0/mlflow-artifacts/mpu/complete/1/r/artifacts/a%20b',
    ]);
    expect(JSON.parse(server.seen[1]?.body ?? '')).toEqual({ path: 'big.bin', num_parts: 3 });
    const sent = store.seen.map((one) => one.body);
    expect(sent).toHaveLength(4);
    expect(new Set(sent)).toEqual(new Set(['hell', 'o wo', 'rld']));
    expect(JSON.parse(server.seen[2]?.body ?? '')).toMatchObject({
      path: 'big.bin',
      upload_id: 'u1',
      parts: ['hell', 'o wo', 'rld'].map((part, index) => ({ part_number: index + 1, etag: `"${md5(part)}"` })),
    });
    seesNoCredentials(store);
  });

  it('is thrown away where a part is refused, and the signature is in no error', async () => {
    const refusal = '<Error><Code>AccessDenied</Code><Message>Request has expired</Message></Error>';
    const store = await startServer(text(refusal, 403));
    const server = await startServer(json({ multipart_uploads_enabled: true }), json(parts(store)), json({}));
    const error: unknown = await openProxy(server, small)
      .putFile('big.bin', source)
      .catch((reason: unknown) => reason);
    expect(error).toMatchObject({ errorCode: 'PERMISSION_DENIED', isRetryable: false });
    expect(String(error)).toMatch(/part \d of 'big.bin': Request has expired \(AccessDenied\)/);
    expect(String(error)).not.toContain('sig');
    expect(server.seen.at(-1)?.url).toBe('/api/2.0/mlflow-artifacts/mpu/abort/1/r/artifacts');
  });

  it('is sent again where another MD5 arrived', async () => {
    const store = await startServer(text('', 200, { etag: `"${md5('other')}"` }), takes);
    const server = await startServer(json(parts(store)), json({}));
    await openProxy(server, { ...small, hasMultipartUploads: true }).putFile('big.bin', source);
    expect(store.seen).toHaveLength(4);
  });

  it.each([
    ['is not offered', [json({ multipart_uploads_enabled: false })], small],
    ['is not known to the server', [text('', 404)], small],
    [
      'cannot be had after all',
      [json({ error_code: 'NOT_IMPLEMENTED', message: 'no' }, 501)],
      { ...small, hasMultipartUploads: true },
    ],
    ['is for larger files', [], { ...small, multipartUploadMinBytes: 12 }],
  ] as const)('goes whole where that %s', async (_, answers, settings) => {
    const server = await startServer(...answers, text(''));
    await openProxy(server, settings).putFile('big.bin', source);
    expect(server.seen.at(-1)).toMatchObject({ method: 'PUT', body: 'hello world' });
  });
});

describe('a file that comes from the object store itself', () => {
  it('comes without our credentials, as it is stored', async () => {
    const packed = Buffer.from('1f8b0800', 'hex').toString('latin1');
    const store = await startServer(text(packed, 200, { 'content-encoding': 'gzip', etag: '"v"' }));
    const signed = json({ url: `${store.url}/x?sig=1`, headers: {}, file_size: 4 });
    const server = await startServer(json({ multipart_downloads_enabled: true }), signed);
    await openProxy(server, {}).getFile('all.tar.gz', target);
    expect(readFileSync(target, 'utf8')).toBe(packed);
    expect(server.seen[1]?.url).toBe('/api/2.0/mlflow-artifacts/presigned/1/r/artifacts/all.tar.gz');
    seesNoCredentials(store);
  });

  it('is signed anew for what is left of it', async () => {
    const cut: Answer = (response) => {
      response.writeHead(200, { 'content-length': '11', etag: '"v"' }).write('hello');
      setImmediate(() => response.socket?.destroy());
    };
    const rest = text(' world', 206, { 'content-range': 'bytes 5-10/11', etag: '"v"' });
    const store = await startServer(cut, rest);
    const server = await startServer(json({ url: `${store.url}/x` }));
    await openProxy(server, { hasMultipartDownloads: true }).getFile('a', target);
    expect(readFileSync(target, 'utf8')).toBe('hello world');
    expect(store.seen[1]?.headers).toMatchObject({ range: 'bytes=5-', 'if-match': '"v"' });
  });

  it('is RESOURCE_DOES_NOT_EXIST where there is none', async () => {
    const server = await startServer(json({ error_code: 'RESOURCE_DOES_NOT_EXIST', message: 'Not Found' }, 404));
    const work = openProxy(server, { hasMultipartDownloads: true }).getFile('a', target);
    await expect(work).rejects.toMatchObject({ errorCode: 'RESOURCE_DOES_NOT_EXIST' });
    expect(readdirSync(folder)).toEqual(['source.bin']);
  });
});

describe('by the proxy, a download', () => {
  const cut: Answer = (response) => {
    response.writeHead(200, { 'content-length': '11', etag: '"v1"' }).write('hello');
    setImmediate(() => response.socket?.destroy());
  };

  it('goes on where it stopped, where the server names the state of the file', async () => {
    const server = await startServer(cut, text(' world', 206, { 'content-range': 'bytes 5-10/11', etag: '"v1"' }));
    await openProxy(server, { hasMultipartDownloads: false }).getFile('a', target);
    expect(readFileSync(target, 'utf8')).toBe('hello world');
    expect(server.seen[1]?.headers).toMatchObject({ range: 'bytes=5-', 'if-range': '"v1"' });
  });

  it('begins again where the file has changed', async () => {
    const server = await startServer(cut, text('another', 200, { etag: '"v2"' }));
    await openProxy(server, { hasMultipartDownloads: false }).getFile('a', target);
    expect(readFileSync(target, 'utf8')).toBe('another');
  });
});

describe('a run whose artifacts are in S3', () => {
  it('is written and read by signed URLs, the headers that were signed with them', async () => {
    const store = await startServer(takes, text('hello world'));
    const server = await startServer(
      json({ presigned_url: `${store.url}/w?sig=1`, headers: { 'Content-Type': 'image/png' } }),
      json({ presigned_url: `${store.url}/r?sig=2`, file_size: 11 }),
    );
    const artifacts = openPresigned(server);
    await artifacts.putFile('a b.png', source);
    expect(JSON.parse(server.seen[0]?.body ?? '')).toEqual({ run_id: runId, path: 'a b.png' });
    expect(store.seen[0]).toMatchObject({ method: 'PUT', body: 'hello world' });
    expect(store.seen[0]?.headers['content-type']).toBe('image/png');
    await artifacts.getFile('a b.png', target);
    expect(readFileSync(target, 'utf8')).toBe('hello world');
    seesNoCredentials(store);
    expect(server.seen[0]?.headers['authorization']).toMatch(/^Basic /);
  });

  it.each(['../x', '/x', 'other/x'])('is not listed where that holds %s', async (path) => {
    const server = await startServer(json({ files: [{ path, is_dir: false }] }));
    await expect(openPresigned(server).list('a')).rejects.toMatchObject({ code: 'INVALID_PATH' });
  });

  it('says which object store does not answer', async () => {
    const server = await startServer(json({ presigned_url: 'http://127.0.0.1:9/w?sig=1', headers: {} }));
    const error: unknown = await openPresigned(server)
      .putFile('a', source)
      .catch((reason: unknown) => reason);
    expect(error).toMatchObject({ errorCode: 'TEMPORARILY_UNAVAILABLE', status: 0, isRetryable: true });
    expect(String(error)).toContain('http://127.0.0.1:9 does not answer');
    expect(String(error)).not.toMatch(/MLflow at|sig=/);
  });

  it("writes a model's files, and says that it cannot read them", async () => {
    const store = await startServer(takes);
    const server = await startServer(json({ presigned_url: `${store.url}/w`, headers: {} }));
    const artifacts = openPresigned(server, modelUri);
    await artifacts.putFile('MLmodel', source);
    expect(JSON.parse(server.seen[0]?.body ?? '')).toEqual({ model_id: `m-${runId}`, path: 'MLmodel' });
    await expect(artifacts.getFile('MLmodel', target)).rejects.toMatchObject({ code: 'NOT_SUPPORTED' });
    await expect(artifacts.list()).rejects.toMatchObject({ code: 'NOT_SUPPORTED' });
  });
});
