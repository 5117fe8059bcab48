// A server that speaks TLS, asks for the job's certificate and is behind a proxy: what settings say reaches the drain's thread.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer as createProxy } from 'node:http';
import { createServer } from 'node:https';
import { connect, type AddressInfo, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { ELSEWHERE, selfSigned } from '../../rest/self-signed.ts';
import { startService } from './mlflow-fixture.ts';

async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port; // a TCP server's address is one
}

it.each(['worker', 'inline'] as const)('is reached by a drain in the %s', async (drain) => {
  const folder = mkdtempSync(join(tmpdir(), 'runspan-tls-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const [server, client] = [selfSigned(), selfSigned()];
  writeFileSync(join(folder, 'ca.pem'), server.cert);
  writeFileSync(join(folder, 'me.pem'), client.cert + client.key);
  const options = { ...server, ca: client.cert, requestCert: true, rejectUnauthorized: true };
  const experiment = { experiment: { experiment_id: '1', name: 'exp', lifecycle_stage: 'active' } };
  const tls = createServer(options, (_, response) => response.end(JSON.stringify(experiment)));
  const port = await listen(tls);
  const tunnels: (string | undefined)[] = [];
  const proxy = createProxy().on('connect', (request, socket) => {
    tunnels.push(request.url);
    const onward = connect(port, '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 OK\r\n\r\n');
      onward.pipe(socket).pipe(onward);
    });
    onward.on('error', () => socket.destroy());
    socket.on('error', () => onward.destroy());
  });
  const proxyPort = await listen(proxy);
  onTestFinished(() => {
    for (const each of [tls, proxy]) {
      each.closeAllConnections();
      each.close();
    }
  });
  const { mlflow } = await startService({
    drain,
    trackingUri: `https://${ELSEWHERE}:${port}`,
    httpsProxy: `127.0.0.1:${proxyPort}`,
    serverCertPath: join(folder, 'ca.pem'),
    clientCertPath: join(folder, 'me.pem'),
  });
  expect(await mlflow.client().getExperiment('1')).toMatchObject({ name: 'exp' });
  expect(new Set(tunnels)).toEqual(new Set([`${ELSEWHERE}:${port}`]));
});

it.each(['worker', 'inline'] as const)(
  'is refused at the start, %s, where the bundle holds no certificate',
  async (drain) => {
    const folder = mkdtempSync(join(tmpdir(), 'runspan-tls-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    writeFileSync(join(folder, 'empty.pem'), '');
    const started = startService({
      drain,
      trackingUri: `https://${ELSEWHERE}:9`,
      serverCertPath: join(folder, 'empty.pem'),
    });
    await expect(started).rejects.toMatchObject({
      code: 'INVALID_SETTINGS',
      message: expect.stringMatching(
        /no certificate in '.*empty\.pem', which MLFLOW_TRACKING_SERVER_CERT_PATH/,
      ) as string,
    });
  },
);
