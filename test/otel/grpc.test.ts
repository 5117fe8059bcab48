// OTLP by gRPC: both signals, and what is refused of a batch; grpc.heavy.test.ts has one signal alone, and a server that is away.
import { describe, expect, test } from 'vitest';
import { startGrpcEndpoint } from './grpc-endpoint.ts';
import type { GrpcEndpoint } from './grpc-endpoint.ts';
import { report, runFixture, startOtlpEndpoint } from './otlp-endpoint.ts';

/** Runs the fixture: two spans and one log record. */
async function runJob(settings: object, env: Record<string, string> = {}): Promise<Record<string, unknown>> {
  return report(await runFixture('job.ts', [JSON.stringify(settings), '1'], env));
}

const has = ({ calls }: GrpcEndpoint, signal: string, text: string): boolean =>
  calls.some((call) => call.signal === signal && call.body.includes(text));

describe('OTLP by gRPC', () => {
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

  test('what is refused of a batch is counted', async () => {
    await using endpoint = await startGrpcEndpoint();
    endpoint.answer = { rejectedCount: 1, message: 'too old' };
    const result = await runJob({ endpoint: endpoint.url, protocol: 'grpc' });
    expect(result['counts']).toMatchObject({ sentCount: 1, refusedCount: 2, lostCount: 0 });
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
