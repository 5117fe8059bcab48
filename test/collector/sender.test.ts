// Posting to one door of a Collector, against a real local server.
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gunzipSync } from 'node:zlib';
import { afterEach, expect, test } from 'vitest';
import type { OtlpTarget } from '../../src/collector/contract.ts';
import { OtlpSender } from '../../src/collector/sender.ts';

interface Seen {
  readonly path: string | undefined;
  readonly headers: IncomingMessage['headers'];
  readonly body: Buffer;
}

const open: AsyncDisposable[] = [];
afterEach(async () => {
  for (const each of open.splice(0)) await each[Symbol.asyncDispose]();
});

async function startServer(answer: (response: ServerResponse) => void): Promise<{ url: string; seen: Seen[] }> {
  const seen: Seen[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      seen.push({ path: request.url, headers: request.headers, body: Buffer.concat(chunks) });
      answer(response);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  open.push({
    [Symbol.asyncDispose]: () => {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1/logs`, seen };
}

function senderTo(target: Partial<OtlpTarget> & { readonly url: string }): OtlpSender {
  return new OtlpSender({ target: { headers: {}, timeoutMs: 5_000, ...target }, isHolding: true });
}

const REQUEST = { body: Buffer.from('{"resourceLogs":[]}'), contentType: 'application/json' } as const;

test('posts the body with its headers over one connection', async () => {
  const { url, seen } = await startServer((response) => response.end('{}'));
  const sender = senderTo({ url, headers: { authorization: 'Bearer abc' } });
  expect(await sender.send(REQUEST)).toEqual({ status: 'sent', rejectedCount: 0, message: '' });
  expect(await sender.send(REQUEST)).toMatchObject({ status: 'sent' });
  sender.close();
  expect(seen).toMatchObject(
    Array.from({ length: 2 }, () => ({
      path: '/v1/logs',
      headers: { authorization: 'Bearer abc', 'content-type': 'application/json' },
      body: REQUEST.body,
    })),
  );
});

test('compresses where it is asked to', async () => {
  const { url, seen } = await startServer((response) => response.end('{}'));
  const sender = senderTo({ url, isCompressed: true });
  await sender.send(REQUEST);
  sender.close();
  expect(seen[0]?.headers).toMatchObject({ 'content-encoding': 'gzip' });
  expect(gunzipSync(seen[0]?.body ?? '')).toEqual(REQUEST.body);
});

test('does not follow a redirect: the headers belong to one host', async () => {
  const other = await startServer((response) => response.end('{}'));
  const { url } = await startServer((response) => response.writeHead(307, { location: other.url }).end());
  const sender = senderTo({ url, headers: { authorization: 'Bearer abc' } });
  expect(await sender.send(REQUEST)).toMatchObject({ status: 'refused', httpStatus: 307 });
  sender.close();
  expect(other.seen).toEqual([]);
});

test('a server that never answers is away once the time is over', async () => {
  const { url } = await startServer(() => undefined);
  const sender = senderTo({ url, timeoutMs: 50 });
  expect(await sender.send(REQUEST)).toEqual({
    status: 'away',
    reason: 'no answer within 50 ms',
    isAnswered: false,
    retryAfterMs: undefined,
  });
  sender.close();
});

test('a server that stops in the middle of its answer is away', async () => {
  const { url } = await startServer((response) => {
    response.writeHead(200, { 'content-length': '100' });
    response.write('{', () => response.destroy());
  });
  const sender = senderTo({ url });
  expect(await sender.send(REQUEST)).toMatchObject({ status: 'away', isAnswered: false });
  sender.close();
});

test.each(['http://127.0.0.1:9/v1/logs', 'not a url', 'ftp://x/y'])('%s is away, and nothing throws', async (url) => {
  const sender = senderTo({ url, headers: { 'bad header': 's3cret' } });
  const answer = await sender.send(REQUEST);
  expect(answer).toMatchObject({ status: 'away', isAnswered: false });
  expect(JSON.stringify(answer)).not.toContain('s3cret');
});

test('a certificate file that is not there is named', async () => {
  const sender = senderTo({ url: 'https://127.0.0.1:9/', tls: { ca: '/nowhere/ca.pem' } });
  expect(await sender.send(REQUEST)).toMatchObject({ status: 'away', reason: expect.stringContaining('ca.pem') });
});
