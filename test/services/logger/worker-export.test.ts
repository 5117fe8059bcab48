// Settings to the worker that sends log records: where to, by which protocol, under which resource, in what batches.
import { trace } from '@opentelemetry/api';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { TracerProvider } from '@opentelemetry/sdk-trace';
import { expect, onTestFinished, test, vi } from 'vitest';
import { loadSources } from '../../../src/config/settings/sources.ts';
import { LoggerService } from '../../../src/services/logger/logger-service.ts';
import { createWorkerEmitter } from '../../../src/services/logger/worker-export.ts';
import { startOtlpEndpoint } from '../../otel/otlp-endpoint.ts';
import type { OtlpEndpoint } from '../../otel/otlp-endpoint.ts';

async function startEndpoint(): Promise<OtlpEndpoint> {
  const endpoint = await startOtlpEndpoint();
  onTestFinished(() => endpoint[Symbol.asyncDispose]());
  return endpoint;
}

function setEnv(env: Readonly<Record<string, string>>): void {
  for (const [name, value] of Object.entries(env)) vi.stubEnv(name, value);
  onTestFinished(() => void vi.unstubAllEnvs());
}

test('without an endpoint there is no worker', async () => {
  const options = { serviceName: 'churn', onBusyChange: () => undefined, say: () => undefined };
  expect(await createWorkerEmitter({ ...options, sources: loadSources() })).toBeUndefined();
});

test('lines of a logger arrive by the worker: level, fields, service, masked, and with the caller’s place', async () => {
  const endpoint = await startEndpoint();
  setEnv({ OTEL_EXPORTER_OTLP_ENDPOINT: endpoint.url, OTEL_BLRP_SCHEDULE_DELAY: '60000' });
  const service = new LoggerService({ sink: '/dev/null', otel: 'worker', serviceName: 'churn', level: 'INFO' });
  onTestFinished(() => service.stop());
  await service.start();
  service.logger().warn({ rows: 3, apiKey: 'abc' }, 'few rows');
  expect(endpoint.logs).toEqual([]);
  expect(await service.flush({ timeoutMs: 10_000 })).toBe(true);
  expect(endpoint.logs).toMatchObject([
    {
      body: 'few rows',
      severityText: 'WARNING',
      attributes: {
        rows: 3,
        apiKey: '[REDACTED]',
        'code.file.path': expect.stringContaining('worker-export') as string,
      },
      resource: { 'service.name': 'churn' },
    },
  ]);
});

test('records are of the resource of the SDK that is registered', async () => {
  const endpoint = await startEndpoint();
  setEnv({ OTEL_EXPORTER_OTLP_ENDPOINT: endpoint.url, OTEL_EXPORTER_OTLP_HEADERS: 'x-tenant=blue' });
  const attributes = { 'service.name': 'of-the-sdk', 'service.instance.id': 'i-1' };
  trace.disable(); // what the test before brought up
  trace.setGlobalTracerProvider(new TracerProvider({ resource: resourceFromAttributes(attributes) }));
  onTestFinished(() => trace.disable());
  const service = new LoggerService({ sink: '/dev/null', otel: 'worker', level: 'INFO' });
  onTestFinished(() => service.stop());
  await service.start();
  service.logger().info('line');
  await service.stop();
  expect(endpoint.logs[0]?.resource).toMatchObject(attributes);
  expect(endpoint.headers[0]).toMatchObject({ 'x-tenant': 'blue' });
});
