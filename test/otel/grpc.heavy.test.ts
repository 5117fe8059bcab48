// OTLP by gRPC: one signal alone, and what each code of a refusal means.
import { status } from '@grpc/grpc-js';
import { expect, test } from 'vitest';
import { startGrpcEndpoint } from './grpc-endpoint.ts';
import { report, runFixture, startOtlpEndpoint } from './otlp-endpoint.ts';

/** Runs the fixture: two spans and one log record. */
async function runJob(settings: object): Promise<Record<string, unknown>> {
  return report(await runFixture('job.ts', [JSON.stringify(settings), '1']));
}

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
