// Stands before a real server and breaks off what comes or goes in its middle, as a bad network does.
import { createServer, request, type ClientRequest, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';

/** A GET that went through. */
export interface SeenGet {
  readonly range: string | undefined;
  readonly status: number;
}

/** A running proxy. */
export interface CuttingProxy {
  readonly url: string;
  /** GETs of more than what is cut after. */
  readonly seen: readonly SeenGet[];
}

/** Starts one; closed when the test ends. The host that was asked for goes on, so that signatures hold. */
export async function startCuttingProxy(targetUrl: string, afterBytes: number): Promise<CuttingProxy> {
  const seen: SeenGet[] = [];
  let hasCut = false;
  const url = await startForwarding(targetUrl, ({ asked: { method, headers }, from, answer }) => {
    let bytes = 0;
    from.on('data', (chunk: Buffer) => {
      const before = bytes;
      bytes += chunk.length;
      if (method !== 'GET' || before > afterBytes || bytes <= afterBytes) return;
      seen.push({ range: headers.range, status: from.statusCode ?? 0 });
      if (hasCut) return;
      hasCut = true;
      answer.destroy();
    });
  });
  return { url, seen };
}

/** Starts one that breaks off what is sent by those requests that `isCut` names, in the middle of their first bytes. */
export async function startUploadCutter(
  targetUrl: string,
  isCut: (method: string, path: string) => boolean,
): Promise<{ readonly url: string; readonly seen: readonly string[] }> {
  const seen: string[] = [];
  const url = await startForwarding(
    targetUrl,
    () => undefined,
    (asked, onward) => {
      const { method = '', url: path = '' } = asked;
      seen.push(`${method} ${path}`);
      if (!isCut(method, path)) return;
      asked.once('data', () => {
        asked.socket.destroy();
        onward.destroy();
      });
    },
  );
  return { url, seen };
}

interface Forwarded {
  readonly asked: IncomingMessage;
  readonly from: IncomingMessage;
  readonly answer: ServerResponse;
}

async function startForwarding(
  targetUrl: string,
  onAnswer: (forwarded: Forwarded) => void,
  onRequest: (asked: IncomingMessage, onward: ClientRequest) => void = () => undefined,
): Promise<string> {
  const { hostname, port } = new URL(targetUrl);
  const server = createServer((asked, answer) => {
    const { url: path, method, headers } = asked;
    const onward = request({ hostname, port, path, method, headers }, (from) => {
      answer.writeHead(from.statusCode ?? 502, from.headers);
      onAnswer({ asked, from, answer });
      from.pipe(answer);
    });
    onward.on('error', () => answer.destroy());
    onRequest(asked, onward);
    asked.pipe(onward);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address() as AddressInfo; // a TCP server's address is one
  return `http://127.0.0.1:${address.port}`;
}
