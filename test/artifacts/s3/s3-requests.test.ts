// How requests go to S3 itself: by the proxy that the settings name, past a certificate of its own, again where the connection broke.
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import type { ArtifactRepository } from '../../../src/artifacts/contract.ts';
import { openArtifacts } from '../../../src/artifacts/repositories/open.ts';
import type { S3Settings } from '../../../src/model/artifact-settings.ts';
import type { ConnectionOptions } from '../../../src/rest/transport/connection.ts';
import { startProxy } from '../../rest/scripted-proxy.ts';
import { hang, reset, startServer, text, type Answer } from '../../rest/scripted-server.ts';
import { ELSEWHERE, selfSigned } from '../../rest/self-signed.ts';

const folder = mkdtempSync(join(tmpdir(), 'runspan-s3-requests-'));
const source = join(folder, 'source');
/** Where S3's SDK begins to ask before it sends a body. */
const LARGE_BYTES = 3_000_000;
const received: number[] = [];
const certificate = selfSigned();
const s3 = createServer(certificate, (request: IncomingMessage, response: ServerResponse) => {
  let bytes = 0;
  request.on('data', (chunk: Buffer) => (bytes += chunk.length));
  request.on('end', () => {
    received.push(bytes);
    response.writeHead(200, { etag: '"x"' }).end();
  });
});
let port: number;
beforeAll(async () => {
  writeFileSync(source, Buffer.alloc(LARGE_BYTES));
  await new Promise<void>((resolve) => s3.listen(0, '127.0.0.1', resolve));
  port = (s3.address() as AddressInfo).port; // a TCP server's address is one
});
afterAll(() => {
  s3.closeAllConnections();
  s3.close();
  rmSync(folder, { recursive: true });
});

async function open(settings: S3Settings, connection: ConnectionOptions = {}): Promise<ArtifactRepository> {
  const keys = { accessKeyId: 'me', secretAccessKey: 'hunter2', region: 'us-east-1' };
  const options = { ...connection, artifacts: { s3: { ...keys, ...settings } } };
  const artifacts = await openArtifacts('s3://bucket/root', { trackingUri: 'sqlite://', connection: options });
  onTestFinished(() => artifacts.close());
  return artifacts;
}

describe('over TLS', () => {
  it('a certificate that nobody knows is refused, and the message names the setting', async () => {
    const artifacts = await open({ endpointUrl: `https://127.0.0.1:${port}` });
    await expect(artifacts.putFile('a', source)).rejects.toMatchObject({
      errorCode: 'TEMPORARILY_UNAVAILABLE',
      status: 0,
      message: expect.stringMatching(/self-signed certificate.*AWS_CA_BUNDLE.*MLFLOW_S3_IGNORE_TLS/) as string,
    });
  });

  it('any is taken where it is told to, for a large file too', async () => {
    received.length = 0;
    const artifacts = await open({ endpointUrl: `https://127.0.0.1:${port}`, isInsecureTls: true });
    await artifacts.putFile('a', source);
    expect(received).toEqual([LARGE_BYTES]);
  });
});

it('a bundle of CAs is heard, and must be there', async () => {
  const endpointUrl = `https://127.0.0.1:${port}`;
  const caBundlePath = join(folder, 'ca.pem');
  writeFileSync(caBundlePath, certificate.cert);
  received.length = 0;
  await (await open({ endpointUrl, caBundlePath })).putFile('a', source);
  expect(received).toEqual([LARGE_BYTES]);
  await expect(open({ endpointUrl, caBundlePath: join(folder, 'absent') })).rejects.toMatchObject({
    code: 'FILE_NOT_READABLE',
    message: expect.stringContaining('AWS_CA_BUNDLE') as string,
  });
});

describe('a proxy', () => {
  it('leads to S3 where the settings name one', async () => {
    const proxy = await startProxy('');
    const httpsProxy = `http://127.0.0.1:${proxy.port}`;
    const artifacts = await open({ endpointUrl: `https://${ELSEWHERE}:${port}`, isInsecureTls: true }, { httpsProxy });
    received.length = 0;
    await artifacts.putFile('a', source);
    expect(received).toEqual([LARGE_BYTES]);
    expect(proxy.passed).toEqual([{ line: `CONNECT ${ELSEWHERE}:${port}`, authorization: undefined }]);
  });

  it('gets its own password, and no error shows it', async () => {
    const proxy = await startProxy('', 'pr0xy');
    const at = (password: string): ConnectionOptions => ({
      httpsProxy: `http://ada:${password}@127.0.0.1:${proxy.port}`,
    });
    const endpoint = { endpointUrl: `https://${ELSEWHERE}:${port}`, isInsecureTls: true };
    await (await open(endpoint, at('pr0xy'))).putFile('a', source);
    const refused: unknown = await (
      await open(endpoint, at('wr0ng'))
    )
      .putFile('a', source)
      .catch((error: unknown) => error);
    expect(refused).toMatchObject({ errorCode: 'TEMPORARILY_UNAVAILABLE', isRetryable: true });
    expect(String(refused)).toContain('HTTPS_PROXY');
    expect(String(refused)).not.toMatch(/wr0ng|hunter2/);
  });

  it('is left out for whom NO_PROXY names, and for this machine', async () => {
    const proxy = await startProxy('');
    const connection = { httpsProxy: `http://127.0.0.1:${proxy.port}` };
    await (
      await open({ endpointUrl: `https://127.0.0.1:${port}`, isInsecureTls: true }, connection)
    ).putFile('a', source);
    // nobody has that name, so whoever goes straight finds nobody
    const straight = await open({ endpointUrl: `https://${ELSEWHERE}:${port}` }, { ...connection, noProxy: ELSEWHERE });
    await expect(straight.putFile('a', source)).rejects.toMatchObject({ isRetryable: true });
    expect(proxy.passed).toEqual([]);
  });
});

it('a large file comes in parts, and the answer that said how large it is is given up', async () => {
  const bytes = Buffer.alloc(64 * 1024 * 1024 + 10);
  const sum = Buffer.alloc(4);
  sum.writeUInt32BE(crc32(bytes));
  const whole = {
    'content-length': String(bytes.length),
    etag: '"v-9"',
    'x-amz-checksum-crc32': sum.toString('base64'),
    'x-amz-checksum-type': 'FULL_OBJECT',
  };
  let givenUp = (): void => undefined;
  const isGivenUp = new Promise<void>((resolve) => (givenUp = resolve));
  const server = await startServer((response, { headers }) => {
    const [, start, end] = /^bytes=(\d+)-(\d+)$/.exec(headers.range ?? '') ?? [];
    if (start === undefined)
      return void response.on('close', givenUp).writeHead(200, whole).write(bytes.subarray(0, 99));
    const range = `bytes ${start}-${end}/${bytes.length}`;
    response.writeHead(206, { etag: '"v-9"', 'content-range': range });
    response.end(bytes.subarray(Number(start), Number(end) + 1));
  });
  const artifacts = await open({ endpointUrl: server.url });
  const target = join(folder, 'in-parts');
  await artifacts.getFile('a', target);
  await isGivenUp;
  expect(statSync(target).size).toBe(bytes.length);
  await artifacts.close();
});

describe('a connection that breaks', () => {
  const taken = text('', 200, { etag: '"x"' });
  /** Promises more than it brings. */
  const cut: Answer = (response) => {
    response.writeHead(200, { 'content-length': '11', etag: '"v"' }).write('hello');
    setImmediate(() => response.socket?.destroy());
  };

  it('is tried again before the answer', async () => {
    const server = await startServer(reset, taken);
    await (await open({ endpointUrl: server.url })).putFile('a b+ü.txt', source);
    expect(server.seen.map((one) => one.url)).toEqual(
      Array.from({ length: 2 }, () => '/bucket/root/a%20b%2B%C3%BC.txt?x-id=PutObject'),
    );
  });

  it('in the answer goes on where it stopped', async () => {
    const server = await startServer(cut, text(' world', 206, { 'content-range': 'bytes 5-10/11', etag: '"v"' }));
    const target = join(folder, 'target');
    await (await open({ endpointUrl: server.url })).getFile('a', target);
    expect(readFileSync(target, 'utf8')).toBe('hello world');
    expect(server.seen[1]?.headers).toMatchObject({ range: 'bytes=5-', 'if-match': '"v"' });
  });

  it('for good is TEMPORARILY_UNAVAILABLE', async () => {
    const server = await startServer(reset);
    await expect((await open({ endpointUrl: server.url })).putFile('a', source)).rejects.toMatchObject({
      errorCode: 'TEMPORARILY_UNAVAILABLE',
      status: 0,
      isRetryable: true,
    });
  });

  it('by only hanging is tried again after the time for the next bytes', async () => {
    const server = await startServer(hang, taken);
    await (await open({ endpointUrl: server.url }, { timeoutMs: 1000 })).putFile('a', source);
    expect(server.seen.map((one) => one.body.length)).toEqual([LARGE_BYTES, LARGE_BYTES]);
  });
});
