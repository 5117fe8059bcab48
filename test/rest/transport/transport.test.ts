// The transport against a real server: deadlines, broken answers, redirects, credentials, kept connections.
import { createServer as createTcpServer } from 'node:net';
import { Readable } from 'node:stream';
import { describe, expect, it, onTestFinished } from 'vitest';
import { MlflowError } from '../../../src/errors.ts';
import type { ConnectionOptions } from '../../../src/rest/transport/connection.ts';
import type { Effect } from '../../../src/rest/wire/endpoint.ts';
import { Transport, type TransportRequest } from '../../../src/rest/transport/transport.ts';
import { closedPort, hang, json, reset, startServer, text, type Answer } from '../scripted-server.ts';

function open(url: string, connection: ConnectionOptions = {}): Transport {
  const transport = new Transport(url, connection);
  onTestFinished(() => transport.close());
  return transport;
}

interface SendOptions extends Partial<TransportRequest> {
  readonly path?: string;
  readonly effect?: Effect;
}

/** Sends one request and returns its status and text. */
function send(transport: Transport, { path = '/x', effect = 'read', ...rest }: SendOptions = {}) {
  const url = rest.url ?? new URL(`${transport.server.uri}${path}`);
  const { secrets, hasCredentials, uri } = transport.server;
  const context = { what: `${rest.method ?? 'GET'} x`, uri, effect, secrets, hasCredentials };
  const request: TransportRequest = {
    method: 'GET',
    timeoutMs: 5000,
    timeoutCovers: 'exchange',
    ...rest,
    url,
    context,
  };
  return transport.exchange(request, async ({ status, body }) => {
    const chunks: Uint8Array[] = [];
    for await (const chunk of body) chunks.push(chunk);
    return { status, text: Buffer.concat(chunks).toString('utf8') };
  });
}

/** The error of work that must fail. */
async function failureOf(work: Promise<unknown>): Promise<MlflowError> {
  const error = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (error instanceof MlflowError) return error;
  throw new Error(`expected an MlflowError, got ${String(error)}`);
}

const redirect = (status: number, location: string): Answer => text('', status, { location });
const half: Answer = (response) => {
  response.writeHead(200, { 'content-length': '100' }).write('{"run":');
  setImmediate(() => response.socket?.destroy());
};
const stall: Answer = (response) => void response.writeHead(200, { 'content-length': '100' }).write('{"run":');

describe('an exchange', () => {
  it('carries method, path, query, JSON body and headers', async () => {
    const server = await startServer(json({ ok: true }));
    const transport = open(`${server.url}/prefix`, { token: 't0ken', workspace: 'w' });
    const answer = await send(transport, { method: 'POST', path: '/a?b=c%20d', body: '{"é":1}' });
    expect(answer).toEqual({ status: 200, text: '{"ok":true}' });
    expect(server.seen[0]).toMatchObject({ method: 'POST', url: '/prefix/a?b=c%20d', body: '{"é":1}' });
    expect(server.seen[0]?.headers).toMatchObject({
      authorization: 'Bearer t0ken',
      'x-mlflow-workspace': 'w',
      'content-type': 'application/json',
      'content-length': '8',
    });
    expect(server.seen[0]?.headers['user-agent']).toMatch(/^runspan\//);
  });

  it('keeps its connections: one, or two in turn', async () => {
    const server = await startServer(json({}));
    const transport = open(server.url);
    for (let i = 0; i < 20; i++) await send(transport);
    expect(Math.max(...server.seen.map((one) => one.connection))).toBeLessThanOrEqual(2);
  });

  it('takes a new connection where the server closed the old one', async () => {
    const server = await startServer(text('{}', 200, { connection: 'close' }), json({}));
    const transport = open(server.url);
    await send(transport);
    await send(transport);
    expect(server.seen.map((one) => one.connection)).toEqual([1, 2]);
  });

  it('drops what is not read, and goes on', async () => {
    const server = await startServer(text('x'.repeat(1_000_000)), json({ ok: true }));
    const transport = open(server.url);
    const request = { method: 'GET', timeoutMs: 5000, timeoutCovers: 'exchange', url: new URL(server.url) } as const;
    const context = { what: 'GET x', uri: server.url, effect: 'read', secrets: [], hasCredentials: false } as const;
    await transport.exchange({ ...request, context }, () => Promise.resolve());
    expect((await send(transport)).text).toBe('{"ok":true}');
  });

  it('passes on what its reader throws', async () => {
    const server = await startServer(json({}));
    const transport = open(server.url);
    const request = { method: 'GET', timeoutMs: 5000, timeoutCovers: 'exchange', url: new URL(server.url) } as const;
    const context = { what: 'GET x', uri: server.url, effect: 'read', secrets: [], hasCredentials: false } as const;
    const disk = new Error('ENOSPC');
    await expect(transport.exchange({ ...request, context }, () => Promise.reject(disk))).rejects.toBe(disk);
  });

  it('is refused after close', async () => {
    const transport = open('http://127.0.0.1:9');
    await transport.close();
    await transport.close();
    await expect(send(transport)).rejects.toMatchObject({ code: 'SERVICE_STOPPED' });
  });

  it('fails where the store is closed under it', async () => {
    const server = await startServer(hang);
    const transport = open(server.url);
    const work = failureOf(send(transport, { method: 'POST', body: '{}', effect: 'once' }));
    await server.arrived(1);
    await transport.close();
    expect(await work).toMatchObject({ status: 0, isAmbiguous: true });
  });
});

describe('a failure without an answer', () => {
  it('was never sent where nobody listens, and names the mend', async () => {
    const port = await closedPort();
    const error = await failureOf(send(open(`http://127.0.0.1:${port}`), { method: 'POST', effect: 'once' }));
    expect(error).toMatchObject({
      status: 0,
      isRetryable: true,
      isAmbiguous: false,
      errorCode: 'TEMPORARILY_UNAVAILABLE',
    });
    expect(error.message).toBe(
      `Cannot reach MLflow at http://127.0.0.1:${port} for POST x: connection refused (ECONNREFUSED). ` +
        'Start the server, or correct MLFLOW_TRACKING_URI.',
    );
  });

  it.each([
    ['a read', 'read', false],
    ['a repeatable write', 'repeatable', true],
    ['a create', 'once', true],
  ] as const)('after a reset says whether %s may have happened', async (_, effect, isAmbiguous) => {
    const server = await startServer(reset);
    const error = await failureOf(send(open(server.url), { method: 'POST', body: '{}', effect }));
    expect(error).toMatchObject({ status: 0, isRetryable: true, isAmbiguous });
    expect(error.message).toMatch(/connection lost/);
  });

  it.each([
    ['breaks off in its body', half],
    ['breaks off between its headers', ((response) => response.socket?.end('HTTP/1.1 200 OK\r\nContent-')) as Answer],
    ['is no HTTP', ((response) => response.socket?.end('SSH-2.0-OpenSSH\r\n')) as Answer],
  ])('is retryable and ambiguous where the answer %s', async (_, answer) => {
    const server = await startServer(answer);
    const error = await failureOf(send(open(server.url), { method: 'POST', body: '{}', effect: 'once' }));
    expect(error).toMatchObject({ status: 0, isRetryable: true, isAmbiguous: true });
  });

  it.each([
    ['that never answers', hang],
    ['that stops in its body', stall],
  ])('keeps the deadline with a server %s', async (_, answer) => {
    const server = await startServer(answer);
    const startedAt = performance.now();
    const error = await failureOf(
      send(open(server.url), { method: 'POST', body: '{}', timeoutMs: 800, effect: 'once' }),
    );
    expect(performance.now() - startedAt).toBeLessThan(10_000);
    expect(error).toMatchObject({ status: 0, errorCode: 'DEADLINE_EXCEEDED', isRetryable: true, isAmbiguous: true });
    expect(error.message).toContain('within 800 ms. MLFLOW_HTTP_REQUEST_TIMEOUT');
  });

  it('keeps the deadline with a server that drips, unless each byte may take as long', async () => {
    const drip: Answer = (response) => {
      response.writeHead(200);
      let left = 50;
      const timer = setInterval(() => {
        response.write('.');
        if (--left === 0) {
          clearInterval(timer);
          response.end();
        }
      }, 25);
      response.on('close', () => clearInterval(timer));
    };
    const server = await startServer(drip);
    const transport = open(server.url);
    expect(await failureOf(send(transport, { timeoutMs: 800 }))).toMatchObject({ errorCode: 'DEADLINE_EXCEEDED' });
    expect(await send(transport, { timeoutMs: 800, timeoutCovers: 'stall' })).toMatchObject({ text: '.'.repeat(50) });
  });

  it('keeps the deadline where every connection is taken, and was never sent then', async () => {
    const server = await startServer(hang);
    const transport = open(server.url);
    const taken = Array.from({ length: 8 }, () => failureOf(send(transport, { timeoutMs: 60_000 })));
    await server.arrived(8);
    const queued = await failureOf(send(transport, { method: 'POST', body: '{}', timeoutMs: 50, effect: 'once' }));
    expect(queued).toMatchObject({ errorCode: 'DEADLINE_EXCEEDED', isAmbiguous: false });
    expect(server.seen).toHaveLength(8);
    await server.close();
    await Promise.all(taken);
  });

  it('names no TLS where https meets a plain server', async () => {
    const server = await startServer(json({}));
    const error = await failureOf(send(open(`https://127.0.0.1:${server.port}`)));
    expect(error.message).toMatch(/no TLS spoken .*http or https/);
  });

  it('names the host that is not found', async () => {
    const error = await failureOf(send(open('http://nowhere.invalid')));
    expect(error).toMatchObject({ status: 0, isRetryable: true });
    expect(error.message).toContain('http://nowhere.invalid');
  });
});

describe('a redirect', () => {
  it.each([301, 302, 303, 307, 308])(
    '%i within the origin is followed for a read, with credentials',
    async (status) => {
      const server = await startServer(redirect(status, '/moved?a=1'), json({ ok: true }));
      const transport = open(server.url, { token: 't0ken' });
      expect(await send(transport)).toMatchObject({ status: 200 });
      expect(server.seen[1]).toMatchObject({ url: '/moved?a=1', headers: { authorization: 'Bearer t0ken' } });
    },
  );

  it('to another host is an error, and nothing at all goes there', async () => {
    const other = await startServer(json({}));
    const server = await startServer(redirect(302, `${other.url}/login?state=s3cret`));
    const error = await failureOf(send(open(server.url, { username: 'ada', password: 'hunter2' })));
    expect(error).toMatchObject({ status: 302, isRetryable: false });
    expect(error.message).toContain(`${other.url}/login`);
    expect(error.message).not.toMatch(/s3cret|hunter2/);
    expect(error.message).toContain('MLFLOW_TRACKING_URI');
    expect(other.seen).toEqual([]);
  });

  it('of a write is an error, also within the origin', async () => {
    const server = await startServer(redirect(307, '/moved'), json({}));
    const error = await failureOf(send(open(server.url), { method: 'POST', body: '{}', effect: 'once' }));
    expect(error).toMatchObject({ status: 307, isRetryable: false, isAmbiguous: false });
    expect(server.seen).toHaveLength(1);
  });

  it('in a circle ends', async () => {
    const server = await startServer(redirect(302, '/x'));
    expect(await failureOf(send(open(server.url)))).toMatchObject({ status: 302 });
    expect(server.seen).toHaveLength(6);
  });

  it('without a place to go is an answer like any other', async () => {
    const server = await startServer(text('', 302));
    expect(await send(open(server.url))).toEqual({ status: 302, text: '' });
  });
});

describe('credentials', () => {
  it('go to the tracking origin and no other', async () => {
    const tracking = await startServer(json({}));
    const other = await startServer(json({}));
    const transport = open(tracking.url, { token: 't0ken', workspace: 'w' });
    await send(transport);
    await send(transport, { url: new URL(`${other.url}/artifact`) });
    expect(tracking.seen[0]?.headers['authorization']).toBe('Bearer t0ken');
    expect(JSON.stringify(other.seen[0]?.headers)).not.toMatch(/t0ken|workspace/);
  });
});

describe('a streamed body', () => {
  const bytes = Buffer.from('0123456789');
  const put = (
    transport: Transport,
    open: () => AsyncIterable<Uint8Array>,
    sizeBytes = bytes.length,
    timeoutMs = 5000,
  ) =>
    send(transport, {
      method: 'PUT',
      body: { sizeBytes, open },
      timeoutMs,
      timeoutCovers: 'stall',
      effect: 'repeatable',
    });

  it('goes out with its length', async () => {
    const server = await startServer(text(''));
    await put(open(server.url), () => Readable.from([bytes.subarray(0, 4), bytes.subarray(4)]));
    expect(server.seen[0]).toMatchObject({ body: '0123456789', headers: { 'content-length': '10' } });
    expect(server.seen[0]?.headers['transfer-encoding']).toBeUndefined();
  });

  it('goes out with its length where it is empty', async () => {
    const server = await startServer(text(''));
    await put(open(server.url), () => Readable.from([]), 0);
    expect(server.seen[0]).toMatchObject({ body: '', headers: { 'content-length': '0' } });
  });

  it.each([
    ['shrank', () => Readable.from([bytes.subarray(0, 4)])],
    ['grew', () => Readable.from([bytes, bytes])],
    ['broke', () => Readable.from(brokenFile())],
  ])('that %s while it was read is an error of the file, and no whole request', async (_, source) => {
    const server = await startServer(text(''));
    await expect(put(open(server.url), source)).rejects.toMatchObject({ code: 'FILE_NOT_READABLE' });
    expect(server.seen).toEqual([]);
  });

  it('ends at the deadline where its source stops, and closes it when it goes on', async () => {
    const server = await startServer(text(''));
    const going = Promise.withResolvers<void>();
    const closed = Promise.withResolvers<void>();
    const source = async function* (): AsyncGenerator<Buffer> {
      try {
        await going.promise;
        yield bytes;
      } finally {
        closed.resolve();
      }
    };
    expect(await failureOf(put(open(server.url), source, 10, 60))).toMatchObject({ errorCode: 'DEADLINE_EXCEEDED' });
    going.resolve();
    await closed.promise;
    expect(server.seen).toEqual([]);
  });

  describe('whose refusal comes before it is all sent', () => {
    async function startEarly(): Promise<string> {
      const early = createTcpServer((socket) => {
        socket.on('error', () => undefined);
        socket.once('data', () => socket.write('HTTP/1.1 413 Too Large\r\ncontent-length: 3\r\n\r\nbig'));
      });
      await new Promise<void>((resolve) => early.listen(0, '127.0.0.1', resolve));
      onTestFinished(() => void early.close());
      const address = early.address();
      return `http://127.0.0.1:${typeof address === 'object' ? address?.port : undefined}`;
    }

    it('hears it while its source stops', async () => {
      const source = new Readable({ read: () => undefined });
      source.push(bytes.subarray(0, 5));
      const answer = await put(open(await startEarly()), () => source, 1_000_000);
      expect(answer).toEqual({ status: 413, text: 'big' });
    });

    it('hears it while its source goes on, and closes that', async () => {
      const closed = Promise.withResolvers<void>();
      const source = async function* (): AsyncGenerator<Buffer> {
        try {
          for (;;) yield await Promise.resolve(Buffer.alloc(100_000));
        } finally {
          closed.resolve();
        }
      };
      const answer = await put(open(await startEarly()), source, 1_000_000_000);
      expect(answer).toEqual({ status: 413, text: 'big' });
      await closed.promise;
    });
  });
});

async function* brokenFile(): AsyncGenerator<Buffer> {
  yield await Promise.resolve(Buffer.from('0123'));
  throw new Error('EIO');
}
