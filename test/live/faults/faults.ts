// What a network and what stands in it do to a request: twelve faults, each as a proxy commits it.
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import { request } from 'node:http';

/** The faults; `refused` is the proxy's own: while it lasts, nobody listens. */
export const FAULTS = [
  'commit-500',
  'commit-timeout',
  'duplicate',
  'busy',
  'hang',
  'reset',
  'half',
  'html',
  'unauthenticated',
  'too-large',
  'slow-loris',
  'refused',
] as const;

export type Fault = (typeof FAULTS)[number];

/** A request that came whole. */
export interface Asked {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** What the server behind answered. */
interface Answered {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** Bodies from here on are too large, for a proxy that says so. */
const TOO_LARGE_BYTES = 2000;
/** Calls that a second time would do something else: a network that repeats these behind the client's back cannot be seen by anybody. */
const ONCE = /\/(runs|experiments|logged-models)\/create$/;

/** Reads a request to its end. */
export async function readAsked(incoming: IncomingMessage): Promise<Asked> {
  const { method = 'GET', url = '/', headers } = incoming;
  return { method, path: url, headers, body: await readBody(incoming) };
}

async function readBody(message: IncomingMessage): Promise<Buffer> {
  const pieces: Buffer[] = [];
  // The cast: without an encoding a message gives buffers.
  for await (const piece of message) pieces.push(piece as Buffer);
  return Buffer.concat(pieces);
}

/** Hands a request on, and gives back the whole answer. */
export function forward(target: URL, asked: Asked): Promise<Answered> {
  const { method, path, body } = asked;
  const headers = { ...asked.headers, host: target.host };
  return new Promise((resolve, reject) => {
    const onward = request({ hostname: target.hostname, port: target.port, method, path, headers }, (answer) => {
      readBody(answer).then(
        (read) => resolve({ status: answer.statusCode ?? 502, headers: answer.headers, body: read }),
        reject,
      );
    });
    onward.once('error', reject).end(body);
  });
}

/** Hands an answer back as it came. */
export function answerWith(response: ServerResponse, { status, headers, body }: Answered): void {
  response.writeHead(status, { ...headers, 'content-length': body.byteLength });
  response.end(body);
}

/** Commits a fault. Where it says so the server behind has carried the request out. */
export async function commit(fault: Fault, target: URL, asked: Asked, response: ServerResponse): Promise<void> {
  const carryOut = (): Promise<Answered> => forward(target, asked);
  switch (fault) {
    case 'commit-500':
      await carryOut();
      return void response.writeHead(500, { 'content-type': 'text/html' }).end('<h1>Internal Server Error</h1>');
    case 'commit-timeout':
      return void (await carryOut());
    case 'duplicate':
      if (!ONCE.test(asked.path)) await carryOut();
      return answerWith(response, await carryOut());
    case 'busy':
      return void response.writeHead(429, { 'retry-after': '1' }).end();
    case 'hang':
      return;
    case 'reset':
    case 'refused':
      return void response.socket?.resetAndDestroy();
    case 'half': {
      const { status, headers, body } = await carryOut();
      response.writeHead(status, { ...headers, 'content-length': body.byteLength });
      response.write(body.subarray(0, body.byteLength / 2), () => response.socket?.destroy());
      return;
    }
    case 'html':
      return void response.writeHead(200, { 'content-type': 'text/html' }).end('<html>Please log in</html>');
    case 'unauthenticated':
      return void response.writeHead(401, { 'www-authenticate': 'Basic' }).end('your session has ended');
    case 'too-large':
      if (asked.body.byteLength < TOO_LARGE_BYTES) return answerWith(response, await carryOut());
      return void response.writeHead(413, { 'content-type': 'text/html' }).end('<h1>413 Request Entity Too Large</h1>');
    case 'slow-loris': {
      const { status, headers, body } = await carryOut();
      response.writeHead(status, { ...headers, 'content-length': body.byteLength });
      return dribble(response, body);
    }
  }
}

/** A byte now and then: longer than anybody waits. */
function dribble(response: ServerResponse, body: Buffer): void {
  let at = 0;
  const timer = setInterval(() => {
    response.write(body.subarray(at, (at += 1)));
    if (at >= body.byteLength) response.end();
    if (at >= body.byteLength || response.destroyed) clearInterval(timer);
  }, 200);
  response.once('close', () => clearInterval(timer));
}
