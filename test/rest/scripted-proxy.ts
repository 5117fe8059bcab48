// A real HTTP proxy on 127.0.0.1 that tunnels to this machine, answers plain requests itself, and remembers what it was asked.
import { createServer } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';

/** One request as it came by. */
export interface Passed {
  readonly line: string;
  readonly authorization: string | undefined;
}

/** Starts one, which asks `ada` for a password where one is given, and has `answer` for plain requests; closed when the test ends. */
export async function startProxy(
  answer: string,
  password?: string,
): Promise<{ readonly port: number; readonly passed: Passed[] }> {
  const passed: Passed[] = [];
  const expected = password && `Basic ${Buffer.from(`ada:${password}`).toString('base64')}`;
  const proxy = createServer((request, response) => {
    const authorization = request.headers['proxy-authorization'];
    passed.push({ line: `${request.method} ${request.url}`, authorization });
    response.writeHead(expected && expected !== authorization ? 407 : 200).end(answer);
  });
  proxy.on('connect', (request, socket, head) => {
    const authorization = request.headers['proxy-authorization'];
    passed.push({ line: `CONNECT ${request.url}`, authorization });
    if (expected && expected !== authorization) return void socket.end('HTTP/1.1 407 No\r\n\r\n');
    const onward = connect(Number(request.url?.split(':')[1]), '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 OK\r\n\r\n');
      onward.write(head);
      onward.pipe(socket).pipe(onward);
    });
    onward.on('error', () => socket.destroy());
    socket.on('error', () => onward.destroy());
  });
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    proxy.closeAllConnections();
    proxy.close();
  });
  return { port: (proxy.address() as AddressInfo).port, passed }; // a TCP server's address is one
}
