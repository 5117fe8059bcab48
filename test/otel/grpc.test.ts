// OTLP by gRPC: both signals, one of them, what is refused, and a server that is away.
import { status } from '@grpc/grpc-js';
import { describe, expect, test } from 'vitest';
import { startGrpcEndpoint } from './grpc-endpoint.ts';
import type { GrpcEndpoint } from './grpc-endpoint.ts';
import { report, runFixture, startOtlpEndpoint } from './otlp-endpoint.ts';

/** Runs the fixture: two spans and `lines` log records. */
async function runJob(settings: object, env: Record<string, string> = {}): Promise<Record<string, unknown>> {
  return report(await runFixture('job.ts', [JSON.stringify(settings), '1'], env));
}

const has = ({ calls }: GrpcEndpoint, signal: string, text: string): boolean =>
  calls.some((call) => call.signal === signal && call.body.includes(text));

describe.concurrent('OTLP by gRPC', () => {
  test('spans and log records arrive with their run, their resource and the headers', async () => {
    await using endpoint = await startGrpcEndpoint();
    const result = await runJob(
      { endpoint: endpoint.url, protocol: 'grpc', defaultServiceName: 'churn' },
      { OTEL_EXPORTER_OTLP_HEADERS: 'x-tenant=blue' },
    );
    expect(result['counts']).toMatchObject({ sentCount: 3, refusedCount: 0, lostCount: 0 });
    for (const text of ['train', 'child', 'churn', 'a'.repeat(32)]) expect(has(endpoint, 'traces', text)).toBe(true);
    for (const text of ['line 0', 'churn', 'a'.repeat(32)]) expect(has(endpoint, 'logs', text)).toBe(true);
    expect(endpoint.calls.map(({ headers }) => headers['x-tenant'])).toEqual(['blue', 'blue']);
  });

  test.each(['traces', 'logs'] as const)('%s alone by gRPC, the other by HTTP', async (signal) => {
    await using byGrpc = await startGrpcEndpoint();
    await using byHttp = await startOtlpEndpoint();
    const grpc = { protocol: 'grpc' };
    const result = await runJob({
      endpoint: byHttp.url,
      [`${signal}Endpoint`]: byGrpc.url,
      [signal === 'traces' ? 'spanConnection' : 'logConnection']: grpc,
    });
    expect(result['counts']).toMatchObject({ sentCount: 3 });
    expect(byGrpc.calls.map((call) => call.signal)).toEqual([signal]);
    expect([byHttp.spans.length, byHttp.logs.length]).toEqual(signal === 'traces' ? [0, 1] : [2, 0]);
  });

  test('what is refused of a batch is counted', async () => {
    await using endpoint = await startGrpcEndpoint();
    endpoint.answer = { rejectedCount: 1, message: 'too old' };
    const result = await runJob({ endpoint: endpoint.url, protocol: 'grpc' });
    expect(result['counts']).toMatchObject({ sentCount: 1, refusedCount: 2, lostCount: 0 });
  });

  test.each([
    [status.INVALID_ARGUMENT, { refusedCount: 3, lostCount: 0 }],
    [status.UNAVAILABLE, { refusedCount: 0, lostCount: 3 }],
    [status.UNAUTHENTICATED, { refusedCount: 0, lostCount: 3 }],
  ])('code %i without a disk: %o', async (code, counts) => {
    await using endpoint = await startGrpcEndpoint();
    endpoint.answer = { code };
    const result = await runJob({ endpoint: endpoint.url, protocol: 'grpc' });
    expect(result['counts']).toMatchObject({ sentCount: 0, ...counts });
  });
});

test.each(['http/json', 'http/protobuf'])('what is refused of a batch of spans by %s is counted', async (protocol) => {
  const body = JSON.stringify({
    partialSuccess: { rejectedSpans: '1', rejectedLogRecords: '1', errorMessage: 'too old' },
  });
  const protobuf = Buffer.from([0x0a, 0x02, 0x08, 0x01]).toString('latin1');
  await using endpoint = await startOtlpEndpoint({ status: 200, body: protocol === 'http/json' ? body : protobuf });
  const result = await runJob({ endpoint: endpoint.url, protocol });
  expect(result['counts']).toMatchObject({ sentCount: 1, refusedCount: 2, lostCount: 0 });
});
