// Ends beside the table: services without a logger, a sampler that drops, a Collector that hangs, comes back or refuses, headers.
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { Folder, REFUSING, expectAll, expectSoon, names, run, runUntilSent } from './exit-jobs.ts';
import { startGrpcEndpoint } from './grpc-endpoint.ts';
import { startOtlpEndpoint } from './otlp-endpoint.ts';

test('an MlflowService that is given no logger exports its log records too', async () => {
  using folder = new Folder();
  await using endpoint = await startOtlpEndpoint();
  await run({ folder, endpoint: endpoint.url, args: ['natural', 'alone', '3'] });
  expectAll(endpoint, 3);
});

test('a sampler that is always_off costs the spans only', async () => {
  using folder = new Folder();
  await using endpoint = await startOtlpEndpoint();
  await run({ folder, endpoint: endpoint.url, args: ['throw', 'run'], env: { OTEL_TRACES_SAMPLER: 'always_off' } });
  expectAll(endpoint, 1_000, 0);
});

test('stop() waits once for a Collector that hangs, and the end of the process not again', async () => {
  using folder = new Folder();
  await using endpoint = await startOtlpEndpoint('hang');
  // Once is 1 s; the budget of an exit on top of it would be too long.
  const env = { OTEL_EXPORTER_OTLP_TIMEOUT: '1000' };
  const { code, exitMs } = await run({ folder, endpoint: endpoint.url, args: ['stop', 'logger'], env });
  expect(code).toBe(0);
  expectSoon(exitMs, 2_500);
  expect(folder.telemetry).toHaveLength(1);
});

test('a Collector that is back while the job runs gets what was kept, from the job itself', async () => {
  using folder = new Folder();
  await using endpoint = await startOtlpEndpoint(503);
  const back = Promise.withResolvers<void>();
  const job = run({ folder, endpoint: endpoint.url, args: ['waits', 'logger'] }, (child) => {
    endpoint.receive(1_000).then(() => child.kill('SIGTERM'), back.reject);
    endpoint.refuse(2).then(() => {
      endpoint.answer = 200;
      back.resolve();
    }, back.reject);
  });
  await back.promise;
  expect(await job).toMatchObject({ signal: 'SIGTERM', stderr: '' });
  expectAll(endpoint, 1_000);
  expect(folder.telemetry).toEqual([]);
});

test('what the Collector refuses with 400 is counted and kept with its words', async () => {
  using folder = new Folder();
  const body = JSON.stringify({ code: 3, message: 'no such tenant' });
  await using endpoint = await startOtlpEndpoint({ status: 400, body });
  const { code, stdout } = await run({ folder, endpoint: endpoint.url, args: ['stop', 'logger'] });
  expect(code).toBe(0);
  const stats = JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as Record<string, number>;
  expect(stats).toMatchObject({ exportPendingCount: 0, exportRefusedCount: 2_000, exportLostCount: 0 });
  const graveyard = join(folder.path, 'telemetry', 'dead-letters');
  const files = readdirSync(graveyard).filter((name) => name.endsWith('.jsonl'));
  const letters = files.flatMap((name) =>
    readFileSync(join(graveyard, name), 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { count: number; reason: string; status: number; record: object }),
  );
  expect(letters.map(({ count, reason, status }) => ({ count, reason, status }))).toEqual([
    { count: 1_000, reason: 'HTTP 400: no such tenant', status: 400 },
    { count: 1_000, reason: 'HTTP 400: no such tenant', status: 400 },
  ]);
  expect(folder.telemetry).toEqual(['dead-letters']);
});

test('headers are read when it is sent, and are in no file', async () => {
  using folder = new Folder();
  await using endpoint = await startOtlpEndpoint();
  const secret = (token: string): Record<string, string> => ({ OTEL_EXPORTER_OTLP_HEADERS: `authorization=${token}` });
  await run({ folder, endpoint: REFUSING, args: ['exit-0', 'logger'], env: secret('s3cret-old') });
  const files = readdirSync(folder.path, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  expect(files.length).toBeGreaterThan(2);
  for (const { parentPath, name } of files)
    expect(readFileSync(join(parentPath, name), 'utf8')).not.toContain('s3cret');
  const env = secret('s3cret-new');
  await run({ folder, endpoint: endpoint.url, args: ['exit-0', 'logger', '0'], env });
  expectAll(endpoint, 1_000);
  expect(new Set(endpoint.headers.map(({ authorization }) => authorization))).toEqual(new Set(['s3cret-new']));
});

test('by gRPC: what the end leaves goes over the HTTP endpoint that is named', async () => {
  using folder = new Folder();
  await using byGrpc = await startGrpcEndpoint();
  await using byHttp = await startOtlpEndpoint();
  const env = { OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc', RUNSPAN_OTLP_HTTP_ENDPOINT: byHttp.url };
  const { code, stderr } = await run({ folder, endpoint: byGrpc.url, args: ['exit-3', 'logger'], env });
  expect([code, stderr]).toEqual([3, '']);
  expectAll(byHttp, 1_000);
});

test('by gRPC to a port that says nothing of HTTP: a warning at the start, and what is left stays for a job that knows', async () => {
  using folder = new Folder();
  await using byGrpc = await startGrpcEndpoint();
  await using byHttp = await startOtlpEndpoint();
  const env = { OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' };
  const { stderr } = await run({ folder, endpoint: byGrpc.url, args: ['exit-3', 'logger'], env });
  expect(readFileSync(join(folder.path, linesOf(folder)), 'utf8')).toContain('RUNSPAN_OTLP_HTTP_ENDPOINT');
  // The warning is one of them.
  expect(stderr).toMatch(/2001 spans and log records did not reach the Collector/);
  await runUntilSent(folder, byHttp);
  expectAll(byHttp, 1_000);
});

test('two jobs that find the same leftovers send them once', async () => {
  using folder = new Folder();
  await using endpoint = await startOtlpEndpoint();
  for (let job = 0; job < 3; job++) await run({ folder, endpoint: REFUSING, args: ['exit-0', 'logger', '200'] });
  expect(folder.telemetry).toHaveLength(3);
  const next = (): Promise<unknown> => run({ folder, endpoint: endpoint.url, args: ['natural', 'logger', '0'] });
  for (let tries = 0; tries < 10 && folder.telemetry.length > 0; tries++) await Promise.all([next(), next(), next()]);
  const { spans, lines } = names(endpoint);
  expect([spans.length, lines.length]).toEqual([600, 600]);
  expect([new Set(spans).size, new Set(lines).size]).toEqual([200, 200]);
});

/** The job's own log, beside its journal. */
function linesOf(folder: Folder): string {
  return readdirSync(folder.path).find((name) => name.startsWith('lines-')) ?? '';
}
