// Stands before a real server and breaks off the first large answer in its middle, as a bad network does.
import { createServer, request } from 'node:http';
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
  const { hostname, port } = new URL(targetUrl);
  const seen: SeenGet[] = [];
  let hasCut = false;
  const server = createServer((asked, answer) => {
    const { url: path, method, headers } = asked;
    const onward = request({ hostname, port, path, method, headers }, (from) => {
      answer.writeHead(from.statusCode ?? 502, from.headers);
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
      from.pipe(answer);
    });
    onward.on('error', () => answer.destroy());
    asked.pipe(onward);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address() as AddressInfo; // a TCP server's address is one
  return { url: `http://127.0.0.1:${address.port}`, seen };
}
