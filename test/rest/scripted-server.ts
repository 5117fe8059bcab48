// A real HTTP server on 127.0.0.1 that answers as a test scripts it, and remembers what it was sent.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { onTestFinished } from 'vitest';

/** One request as it arrived. */
export interface SeenRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
  /** Which connection it came by: 1 is the first. */
  readonly connection: number;
}

/** One answer of a script; nothing is answered where it does not end the response. */
export type Answer = (response: ServerResponse, request: SeenRequest) => void;

/** A running server. */
export interface ScriptedServer {
  readonly url: string;
  readonly port: number;
  readonly seen: SeenRequest[];
  /** Settles when the given number of requests has arrived. */
  arrived(count: number): Promise<void>;
  close(): Promise<void>;
}

/** Answers with JSON. */
export function json(value: unknown, status = 200, headers: Record<string, string> = {}): Answer {
  return (response) =>
    response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(value));
}

/** Answers with a text of any type. */
export function text(body: string, status = 200, headers: Record<string, string> = {}): Answer {
  return (response) => response.writeHead(status, headers).end(body);
}

/** Never answers. */
export const hang: Answer = () => undefined;

/** Breaks the connection before a byte of the answer. */
export const reset: Answer = (response) => {
  response.socket?.resetAndDestroy();
};

/** Starts a server that gives the answers one after the other, and the last one for ever; closed when the test ends. */
export async function startServer(...script: readonly Answer[]): Promise<ScriptedServer> {
  const seen: SeenRequest[] = [];
  const connections = new Map<Socket, number>();
  const waiting: { count: number; resolve: () => void }[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('error', () => undefined);
    request.on('end', () => {
      const one: SeenRequest = {
        method: request.method ?? '',
        url: request.url ?? '',
        headers: request.headers,
        body: Buffer.concat(chunks).toString('utf8'),
        connection: connections.get(request.socket) ?? 0,
      };
      seen.push(one);
      for (const waiter of waiting) if (seen.length >= waiter.count) waiter.resolve();
      (script[Math.min(seen.length, script.length) - 1] ?? hang)(response, one);
    });
  });
  server.on('connection', (socket) => connections.set(socket, connections.size + 1));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo; // a TCP server's address is one
  const close = async (): Promise<void> => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  };
  onTestFinished(close);
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    seen,
    arrived: (count) =>
      new Promise((resolve) => {
        if (seen.length >= count) resolve();
        else waiting.push({ count, resolve });
      }),
    close,
  };
}

/** A port that nothing listens on. */
export async function closedPort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo; // a TCP server's address is one
  await new Promise((resolve) => server.close(resolve));
  return port;
}
