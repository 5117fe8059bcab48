// The shared set-up, in real processes with a real endpoint: what is exported, what an absent Collector costs, whose SDK is used.
import { describe, expect, test } from 'vitest';
import { exportTargets, httpTargets } from '../../../src/otel/export/provider-settings.ts';
import { quickest } from '../exit-jobs.ts';
import { report, runFixture, startOtlpEndpoint } from '../otlp-endpoint.ts';
import type { ChildResult } from '../otlp-endpoint.ts';

const runKey = 'a'.repeat(32);

describe.concurrent('with an endpoint', () => {
  test('every span and log record of the run arrives once, with the run’s key and id', async () => {
    await using endpoint = await startOtlpEndpoint();
    const settings = JSON.stringify({ endpoint: `${endpoint.url}/`, defaultServiceName: 'churn' });
    const result = report(await runFixture('job.ts', [settings, '3', 'flush']));
    expect(endpoint.spans.map((span) => span.name)).toEqual(['child', 'train']);
    expect(endpoint.logs.map((record) => record.body)).toEqual(['line 0', 'line 1', 'line 2']);
    for (const item of [...endpoint.spans, ...endpoint.logs]) {
      expect(item.attributes).toMatchObject({ 'runspan.run_key': runKey, 'mlflow.run_id': 'id-1' });
      expect(item.resource).toMatchObject({ 'service.name': 'churn' });
      expect(item.resource).not.toHaveProperty('process.command_args');
      expect(item.traceId).toBe(result['traceId']);
    }
    expect(result).toMatchObject({
      kind: 'exporting',
      isFlushed: true,
      warnings: [],
      counts: { sentCount: 5, lostCount: 0, droppedCount: 0, pendingCount: 0 },
    });
    expect(result['description']).toContain(`${endpoint.url}/v1/traces`);
  });

  test('a burst of 20,000 records arrives whole', async () => {
    await using endpoint = await startOtlpEndpoint();
    const result = report(
      await runFixture('job.ts', [JSON.stringify({ endpoint: endpoint.url }), '20000', 'shutdown', '15000']),
    );
    expect(endpoint.logs).toHaveLength(20_000);
    expect(result['counts']).toMatchObject({ sentCount: 20_002, lostCount: 0, droppedCount: 0 });
  });

  test('what does not fit the queue is counted, not silent', async () => {
    await using endpoint = await startOtlpEndpoint();
    const settings = JSON.stringify({
      endpoint: endpoint.url,
      logBatch: { maxQueueSize: 100, maxExportBatchSize: 100 },
    });
    const result = report(await runFixture('job.ts', [settings, '150', 'flush']));
    expect(result['counts']).toMatchObject({ sentCount: 102, droppedCount: 50 });
  });

  test('headers go along, and OpenTelemetry’s own names for sampler and service hold', async () => {
    await using endpoint = await startOtlpEndpoint();
    const logConnection = { headers: { 'x-tenant': 'blue' } };
    const settings = JSON.stringify({ endpoint: endpoint.url, defaultServiceName: 'churn', logConnection });
    const result = report(
      await runFixture('job.ts', [settings, '1', 'flush'], {
        OTEL_TRACES_SAMPLER: 'always_off',
        OTEL_SERVICE_NAME: 'from-env',
      }),
    );
    expect(endpoint.headers[0]).toMatchObject({ 'x-tenant': 'blue' });
    expect(endpoint.spans).toEqual([]);
    expect(endpoint.logs[0]).toMatchObject({ traceId: result['traceId'], attributes: { 'runspan.run_key': runKey } });
    expect(endpoint.logs[0]?.resource).toMatchObject({ 'service.name': 'from-env' });
    expect(result['status']).toEqual({ code: 2, message: 'on purpose' });
  });

  test('http/protobuf is spoken where it is asked for', async () => {
    await using endpoint = await startOtlpEndpoint(400);
    const settings = JSON.stringify({ endpoint: endpoint.url, protocol: 'http/protobuf' });
    const result = report(await runFixture('job.ts', [settings]));
    expect(endpoint.headers[0]).toMatchObject({ 'content-type': 'application/x-protobuf' });
    expect(result['counts']).toMatchObject({ sentCount: 0, refusedCount: 3, lostCount: 0 });
  });
});

describe.concurrent('without an endpoint', () => {
  test('runs have trace ids, nothing is exported, and nothing waits', async () => {
    const runOnce = (): Promise<ChildResult> => runFixture('job.ts', ['{}', '1', 'shutdown']);
    const result = report(await runOnce());
    expect(result).toMatchObject({ kind: 'bare', status: { code: 2 } });
    expect(result['traceId']).not.toBe('0'.repeat(32));
    expect(await quickest(runOnce)).toBeLessThan(1_000);
  });

  test('OTEL_SDK_DISABLED leaves the run its context and no trace id', async () => {
    const settings = JSON.stringify({ isSdkDisabled: true, endpoint: 'http://127.0.0.1:9' });
    const result = report(await runFixture('job.ts', [settings], { OTEL_SDK_DISABLED: 'true' }));
    expect(result).toMatchObject({ kind: 'none', traceId: '0'.repeat(32), status: { code: 2 } });
  });
});

describe.concurrent('with the job’s own NodeSDK', () => {
  test('started first, it is used as it is, flushed, and alerts once', async () => {
    const result = report(await runFixture('own-sdk.ts', ['first']));
    expect(result).toMatchObject({ kind: 'registered', alerts: ['Run train failed'] });
    expect(result['description']).toContain('TracerProvider');
    expect(result['spans']).toMatchObject([
      { name: 'child', attributes: { 'runspan.run_key': runKey } },
      { name: 'train', attributes: { 'runspan.kind': 'run' } },
    ]);
    expect(result['lines']).toMatchObject([{ 'runspan.run_key': runKey }]);
  });

  test('started after ours, it gets every span from then on, and the run still alerts once', async () => {
    const result = report(await runFixture('own-sdk.ts', ['last']));
    expect(result).toMatchObject({ kind: 'registered', alerts: ['Run train failed'] });
    expect(result['spans']).toMatchObject([
      { name: 'child', attributes: { 'runspan.run_key': runKey } },
      { name: 'train', attributes: { 'runspan.kind': 'run' } },
    ]);
    expect(result['lines']).toMatchObject([{ 'runspan.run_key': runKey }]);
  });
});

test('the run’s span is the parent of instrumented HTTP and fetch, and suppressed calls leave no span', async () => {
  const result = report(await runFixture('instrumented.ts'));
  const spans = result['spans'] as { kind: number; name: string; parent?: string; key?: string }[];
  const clients = spans.filter((span) => span.kind === 2);
  expect(clients).toHaveLength(2);
  for (const span of clients) expect(span).toMatchObject({ parent: result['runSpanId'], key: runKey });
  expect(spans.find((span) => span.name === 'stranger')).not.toHaveProperty('key');
});

test('an SDK behind another copy of the API is named, and the run goes on', async () => {
  const result = report(await runFixture('second-api.ts'));
  expect(result).toMatchObject({ isEnded: true });
  expect(result['warnings']).toEqual([expect.stringContaining('@opentelemetry/api 1.9.1')]);
});

test('what is kept for a Collector goes over HTTP, where that is known', () => {
  const grpc = { protocol: 'grpc' };
  expect(httpTargets({ ...grpc, endpoint: 'http://c:4317' }).logs?.url).toBe('http://c:4318/v1/logs');
  expect(httpTargets({ ...grpc, endpoint: 'http://c:5000' })).toEqual({});
  const named = httpTargets({ ...grpc, endpoint: 'c:5000', httpEndpoint: 'https://c/otlp/' });
  expect(named.traces?.url).toBe('https://c/otlp/v1/traces');
  const mixed = { endpoint: 'http://c:4318', spanConnection: grpc };
  expect(httpTargets(mixed)).toMatchObject({ logs: { url: 'http://c:4318/v1/logs' } });
  expect(httpTargets(mixed).traces).toBeUndefined();
});

test('URLs of one signal win over the common one, and none means no export', () => {
  expect(exportTargets({ endpoint: 'http://c:4318' })).toEqual({
    tracesUrl: 'http://c:4318/v1/traces',
    logsUrl: 'http://c:4318/v1/logs',
  });
  expect(exportTargets({ tracesEndpoint: 'http://t/x' })).toEqual({ tracesUrl: 'http://t/x', logsUrl: undefined });
  expect(exportTargets({ endpoint: 'http://c', areLogsExported: false }).logsUrl).toBeUndefined();
  expect(exportTargets({ endpoint: 'http://c:4317', protocol: 'grpc' }).tracesUrl).toBe('http://c:4317');
  expect(exportTargets({ endpoint: 'http://c', isSdkDisabled: true }).tracesUrl).toBeUndefined();
});
