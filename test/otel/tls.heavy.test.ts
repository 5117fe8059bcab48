// A Collector that wants to know who sends: OTEL_EXPORTER_OTLP_CERTIFICATE, _CLIENT_CERTIFICATE and _CLIENT_KEY, on every road to it.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ServerCredentials } from '@grpc/grpc-js';
import { expect, test } from 'vitest';
import { selfSigned } from '../rest/self-signed.ts';
import { Folder, expectAll, run } from './exit-jobs.ts';
import { startGrpcEndpoint } from './grpc-endpoint.ts';
import { startOtlpEndpoint } from './otlp-endpoint.ts';

const [server, client] = [selfSigned(), selfSigned()];
const tls = { ...server, ca: [client.cert], requestCert: true, rejectUnauthorized: true };

/** The variables, with their files in the folder. */
function trust({ path }: Folder): Record<string, string> {
  const file = (name: string, text: string): string => {
    writeFileSync(join(path, name), text);
    return join(path, name);
  };
  return {
    OTEL_EXPORTER_OTLP_CERTIFICATE: file('ca.pem', server.cert),
    OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE: file('client.pem', client.cert),
    OTEL_EXPORTER_OTLP_CLIENT_KEY: file('client.key', client.key),
  };
}

test('over HTTP: what it asks for is shown, and all arrives', async () => {
  using folder = new Folder();
  await using endpoint = await startOtlpEndpoint(200, tls);
  const args = ['natural', 'logger', '100'];
  const { code, stderr } = await run({ folder, endpoint: endpoint.url, args, env: trust(folder) });
  expect(code, stderr).toBe(0);
  expectAll(endpoint, 100);
});

test('by gRPC', async () => {
  using folder = new Folder();
  const pairs = [{ cert_chain: Buffer.from(server.cert), private_key: Buffer.from(server.key) }];
  await using endpoint = await startGrpcEndpoint(ServerCredentials.createSsl(Buffer.from(client.cert), pairs, true));
  const env = {
    ...trust(folder),
    OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc',
    RUNSPAN_OTLP_HTTP_ENDPOINT: 'http://127.0.0.1:9',
  };
  const { code, stderr } = await run({ folder, endpoint: endpoint.url, args: ['natural', 'logger', '100'], env });
  expect(code, stderr).toBe(0);
  const found = (text: string): boolean => endpoint.calls.some(({ body }) => body.includes(text));
  expect([found('span 0'), found('span 99'), found('line 0'), found('line 99')]).toEqual([true, true, true, true]);
});

test('who shows nothing keeps it, and the next job, which does, sends it from the disk', async () => {
  using folder = new Folder();
  await using endpoint = await startOtlpEndpoint(200, tls);
  const { OTEL_EXPORTER_OTLP_CERTIFICATE = '', ...shown } = trust(folder);
  const env = { OTEL_EXPORTER_OTLP_CERTIFICATE };
  const { stderr } = await run({ folder, endpoint: endpoint.url, args: ['exit-0', 'logger', '100'], env });
  expect(stderr).toMatch(/^runspan: 200 spans and log records did not reach the Collector and are kept in/m);
  expect(endpoint.headers).toEqual([]);
  const next = { folder, endpoint: endpoint.url, args: ['natural', 'logger', '0'], env: { ...env, ...shown } };
  for (let tries = 0; tries < 10 && folder.telemetry.length > 0; tries++) await run(next);
  expectAll(endpoint, 100);
});
