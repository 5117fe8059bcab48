// `otel: 'worker'` in plain node processes: every line arrives, once, as itself, on every way out; and no Collector holds a job.
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { runFixture, startOtlpEndpoint } from '../../otel/otlp-endpoint.ts';
import type { ChildResult } from '../../otel/otlp-endpoint.ts';

const run = (args: string[], url: string, env: Record<string, string> = {}): Promise<ChildResult> =>
  runFixture(join('..', 'logger', 'worker.ts'), args, { OTEL_EXPORTER_OTLP_ENDPOINT: url, ...env });

const statsOf = ({ stdout }: ChildResult): unknown => JSON.parse(stdout.trim().split('\n').at(-1) ?? '');

test('every line of a burst of 20,000 arrives once', async () => {
  await using endpoint = await startOtlpEndpoint();
  const result = await run(['flush', '20000'], endpoint.url);
  expect(result.stdout).toContain('true');
  expect(endpoint.logs).toHaveLength(20_000);
  expect(new Set(endpoint.logs.map((record) => record.attributes['line'])).size).toBe(20_000);
});

test('a record is that of the main thread: level, time, run, trace, resource, source, and nothing secret', async () => {
  await using endpoint = await startOtlpEndpoint();
  const startMs = Date.now();
  const job = join('..', 'logger', 'job.ts');
  const env = { OTEL_EXPORTER_OTLP_ENDPOINT: endpoint.url, OTEL_SERVICE_NAME: 'churn' };
  await runFixture(job, ['stop', '1', '{"otel":"worker","source":true,"sink":"/dev/null"}'], env);
  await run(['flush', '1'], endpoint.url, { OTEL_SERVICE_NAME: 'churn' });
  const [working, loaded, secret] = endpoint.logs;
  const [train, load] = ['train', 'load'].map((name) => endpoint.spans.find((span) => span.name === name));
  expect(working).toMatchObject({ body: 'working', severityNumber: 9, severityText: 'INFO', traceId: train?.traceId });
  expect(working?.attributes).toMatchObject({
    'runspan.run_key': 'a'.repeat(32),
    'code.file.path': expect.stringMatching(/job\.ts$/) as string,
    'code.line.number': expect.any(Number) as number,
  });
  expect(Number(working?.timeUnixNano) / 1e6).toBeGreaterThanOrEqual(startMs);
  expect(Number(working?.timeUnixNano) / 1e6).toBeLessThan(Date.now());
  expect(loaded).toMatchObject({ severityNumber: 10, severityText: 'SUCCESS', spanId: load?.spanId });
  expect(working?.resource).toEqual(train?.resource);
  expect(working?.resource['service.name']).toBe('churn');
  expect(JSON.stringify(secret)).toContain('[REDACTED]');
  expect(JSON.stringify(secret)).not.toContain('hunter2');
});

test.each([
  ['stop', 0],
  ['natural', 0],
  ['exit', 3],
  ['throw', 1],
  ['SIGTERM', null],
])('%s: all 1,000 lines have arrived when the process is gone', async (way, code) => {
  await using endpoint = await startOtlpEndpoint();
  const result = await run([way, '1000'], endpoint.url);
  expect(result.stdout).not.toContain('not ended');
  expect(result.code).toBe(code);
  expect(endpoint.logs).toHaveLength(1_000);
});

test.each(['stop', 'natural', 'exit'])('%s: an endpoint that is away costs 2.5 s and its loss is said', async (way) => {
  const result = await run([way, '5000', 'stderr'], 'http://127.0.0.1:9');
  // An exporter's own deadline is ten seconds.
  expect(result.exitMs).toBeLessThan(6_000);
  expect(result.stderr).toMatch(/WARNING.*log records may not have reached the OTLP endpoint/);
  if (way === 'stop') expect(statsOf(result)).toMatchObject({ waitingCount: 0, emitFailureCount: 5_001 });
});

test('without an endpoint no worker is started', async () => {
  const result = await run(['stop', '10', 'stderr'], '');
  expect(result.code).toBe(0);
  expect(statsOf(result)).toMatchObject({ emittedCount: 0, emitFailureCount: 0 });
});
