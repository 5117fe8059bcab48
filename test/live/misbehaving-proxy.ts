// Stands before a real server and does to requests what login pages, bad networks and other hosts do.
import { createServer, request, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';

/**
 * What becomes of a request: it is passed on; carried out, and its answer cut in half (`cut`) or lost (`reset`); answered with a login
 * page and 200; sent on to another host; passed on with an Origin, as from a dashboard.
 */
export type Mood = 'pass' | 'cut' | 'reset' | 'page' | 'redirect' | 'origin';

/** A request that came. */
export interface SeenRequest {
  readonly method: string;
  readonly path: string;
  readonly mood: Mood;
  readonly headers: IncomingMessage['headers'];
}

/** A running proxy. */
export interface MisbehavingProxy {
  readonly url: string;
  readonly seen: readonly SeenRequest[];
  /** What arrived at the other host. */
  readonly elsewhere: readonly string[];
  /** Decides about each request; `pass` until it is set. */
  mood: (path: string, index: number) => Mood;
}

type Writable<T> = { -readonly [K in keyof T]: T[K] };

const PAGE = '<html><head><title>Sign in</title></head><body>Sign in to go on</body></html>';

async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return (server.address() as AddressInfo).port; // a TCP server's address is one
}

/** Starts one; closed when the test ends. It is also one that HTTP_PROXY can name: what is asked for by a whole URI goes the same way. */
export async function startMisbehavingProxy(targetUrl: string): Promise<MisbehavingProxy> {
  const target = new URL(targetUrl);
  const elsewhere: string[] = [];
  const other = await listen(
    createServer((asked, answer) => {
      elsewhere.push(`${asked.method} ${asked.url} ${JSON.stringify(asked.headers)}`);
      answer.end('{}');
    }),
  );
  const seen: SeenRequest[] = [];
  const proxy: Writable<MisbehavingProxy> = { seen, elsewhere, mood: () => 'pass', url: '' };
  const server = createServer((asked, answer) => {
    const { pathname, search, host } = new URL(asked.url ?? '', 'http://none');
    const path = pathname + search;
    const mood = proxy.mood(pathname, seen.length);
    seen.push({ method: asked.method ?? '', path: pathname, mood, headers: asked.headers });
    if (mood === 'page') return void answer.writeHead(200, { 'content-type': 'text/html' }).end(PAGE);
    // another host: the same machine by another name is none of the tracking server's
    if (mood === 'redirect') {
      const location = `http://localhost:${other}${path}`;
      return void answer.writeHead(307, { location }).end();
    }
    const onward = request(
      {
        hostname: target.hostname,
        port: target.port,
        path,
        method: asked.method,
        headers: {
          ...asked.headers,
          ...(host === 'none' ? {} : { host }),
          ...(mood === 'origin' ? { origin: 'http://dashboard.example' } : {}),
        },
      },
      (from) => passOn(from, answer, mood),
    );
    onward.on('error', () => answer.destroy());
    asked.pipe(onward);
  });
  proxy.url = `http://127.0.0.1:${await listen(server)}`;
  return proxy;
}

function passOn(from: IncomingMessage, answer: ServerResponse, mood: Mood): void {
  const chunks: Buffer[] = [];
  from.on('data', (chunk: Buffer) => chunks.push(chunk));
  from.on('end', () => {
    if (mood === 'reset') return void answer.socket?.resetAndDestroy();
    const body = Buffer.concat(chunks);
    const kept = Object.entries(from.headers).filter(([name]) => name !== 'transfer-encoding');
    answer.writeHead(from.statusCode ?? 502, { ...Object.fromEntries(kept), 'content-length': body.length });
    if (mood !== 'cut') return void answer.end(body);
    answer.write(body.subarray(0, Math.floor(body.length / 2)), () => answer.socket?.destroy());
  });
}
