// `otel: 'worker'` from this thread: real workers, what arrives at the endpoint, what is counted, and what an exit waits for.
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { ROOT_CONTEXT, TraceFlags, trace } from '@opentelemetry/api';
import { suppressTracing } from '@opentelemetry/core';
import { expect, onTestFinished, test } from 'vitest';
import { LogEntry } from '../../../src/logs/entry/entry.ts';
import type { OtelTransportOptions } from '../../../src/logs/export/otel-transport.ts';
import { WorkerEmitter } from '../../../src/logs/export/worker-emitter.ts';
import { withRun } from '../../../src/otel/run/run-context.ts';
import { startOtlpEndpoint } from '../../otel/otlp-endpoint.ts';
import type { OtlpEndpoint } from '../../otel/otlp-endpoint.ts';

const span = { traceId: 'b'.repeat(32), spanId: 'c'.repeat(16), traceFlags: TraceFlags.SAMPLED };
const inRun = withRun(trace.setSpanContext(ROOT_CONTEXT, span), {
  runKey: 'a'.repeat(32),
  runName: 'train',
  runId: 'id-1',
});
const AT_MS = 1_700_000_000_123;

interface Opened {
  readonly emitter: WorkerEmitter;
  readonly said: string[];
  readonly busy: boolean[];
}

const transportOf = (url: string, timeoutMillis = 500): OtelTransportOptions => ({
  loggerName: 'runspan',
  resourceAttributes: { 'service.name': 'churn' },
  severityNumberMap: { 30: 9, 50: 17 },
  logRecordProcessorOptions: {
    recordProcessorType: 'batch',
    processorConfig: { maxQueueSize: 10_000, maxExportBatchSize: 1_000, scheduledDelayMillis: 60_000 },
    exporterOptions: { protocol: 'http', httpExporterOptions: { url: `${url}/v1/logs`, timeoutMillis } },
  },
});

/** @param timeoutMillis how long the worker's own exporter would wait for an answer */
async function open(url: string, timeoutMillis?: number): Promise<Opened> {
  const said: string[] = [];
  const busy: boolean[] = [];
  const emitter: WorkerEmitter = new WorkerEmitter({
    transport: transportOf(url, timeoutMillis),
    env: { OTEL_NODE_RESOURCE_DETECTORS: 'none' },
    onBusyChange: () => busy.push(emitter.isBusy),
    say: (message) => said.push(message),
  });
  await emitter.untilReady(10_000);
  onTestFinished(() => emitter.end(100));
  return { emitter, said, busy };
}

async function startEndpoint(): Promise<OtlpEndpoint> {
  const endpoint = await startOtlpEndpoint();
  onTestFinished(() => endpoint[Symbol.asyncDispose]());
  return endpoint;
}

const entry = (fields: object, context = inRun): LogEntry =>
  new LogEntry(JSON.stringify({ level: 30, time: AT_MS, msg: 'loaded', ...fields }), { context, source: undefined });

test('a line arrives as the record it is: level, time, trace, run, source, error, resource', async () => {
  const endpoint = await startEndpoint();
  const { emitter, said, busy } = await open(endpoint.url);
  emitter.take(entry({ rows: 442 }));
  const source = { name: 'train', function: 'load', line: 12, path: '/job/train.ts' };
  const err = { type: 'RangeError', message: 'no rows', stack: 'RangeError: no rows\n    at load' };
  const line = JSON.stringify({ level: 50, time: AT_MS, msg: 'failed', err });
  emitter.take(new LogEntry(line, { context: ROOT_CONTEXT, source }));
  expect(emitter.stats).toEqual({ emittedCount: 2, failedCount: 0, waitingCount: 2 });
  emitter.handOver();
  expect(await emitter.flush(10_000)).toBe(true);
  expect(emitter.stats).toEqual({ emittedCount: 2, failedCount: 0, waitingCount: 0 });
  const [loaded, failed] = endpoint.logs;
  expect(loaded).toMatchObject({
    body: 'loaded',
    severityNumber: 9,
    timeUnixNano: `${AT_MS}000000`,
    traceId: span.traceId,
    spanId: span.spanId,
    attributes: { rows: 442, 'runspan.run_key': 'a'.repeat(32), 'mlflow.run_id': 'id-1' },
    resource: { 'service.name': 'churn' },
  });
  expect(failed).toMatchObject({
    severityNumber: 17,
    attributes: {
      'exception.type': 'RangeError',
      'exception.message': 'no rows',
      'exception.stacktrace': err.stack,
      'code.function.name': 'load',
      'code.file.path': '/job/train.ts',
      'code.line.number': 12,
    },
  });
  expect(failed?.attributes).not.toHaveProperty(['runspan.run_key']);
  expect(failed?.traceId ?? '').toBe('');
  // Busy with the first line, idle with the flush; said nothing.
  expect(busy).toEqual([true, false]);
  expect(said).toEqual([]);
});

test('lines of telemetry’s own traffic are not exported', async () => {
  const endpoint = await startEndpoint();
  const { emitter } = await open(endpoint.url);
  emitter.take(entry({}, suppressTracing(ROOT_CONTEXT)));
  const suppressed = emitter.stats.emittedCount;
  emitter.take(entry({}));
  await emitter.flush(10_000);
  expect([suppressed, endpoint.logs.length]).toEqual([0, 1]);
});

test('end() sends what was taken and ends the worker; what comes later is counted as failed', async () => {
  const endpoint = await startEndpoint();
  const { emitter, said } = await open(endpoint.url);
  for (let line = 0; line < 500; line++) emitter.take(entry({ line }));
  await emitter.end(10_000);
  expect(new Set(endpoint.logs.map(({ attributes }) => attributes['line'])).size).toBe(500);
  emitter.take(entry({}));
  expect(emitter.stats).toEqual({ emittedCount: 500, failedCount: 1, waitingCount: 0 });
  expect(await emitter.flush(1_000)).toBe(true);
  await emitter.end(1_000);
  expect(said).toEqual([]);
});

test('an endpoint that hangs holds nobody past the deadline: what is not sent is counted and said once', async () => {
  const endpoint = await startOtlpEndpoint('hang');
  onTestFinished(() => endpoint[Symbol.asyncDispose]());
  const { emitter, said } = await open(endpoint.url, 60_000);
  emitter.take(entry({}));
  emitter.take(entry({}));
  expect(await emitter.flush(50)).toBe(false);
  expect(emitter.isBusy).toBe(true);
  await emitter.end(50);
  expect(emitter.stats).toEqual({ emittedCount: 2, failedCount: 2, waitingCount: 0 });
  expect(said).toEqual([expect.stringMatching(/^log records may not have reached the OTLP endpoint: .*2 of them/)]);
});

test('an endpoint that is away is said by the worker, with its reason', async () => {
  const { emitter, said } = await open('http://127.0.0.1:9');
  emitter.take(entry({}));
  await emitter.flush(5_000);
  expect(said).toEqual([expect.stringMatching(/ECONNREFUSED|bad port/)]);
});

/** An endpoint in a thread of its own, which goes on while this one is blocked. */
async function startEndpointInThread(): Promise<{ readonly url: string; readonly bodies: Int32Array }> {
  const bodies = new Int32Array(new SharedArrayBuffer(4));
  const code = `
    const { parentPort, workerData } = require('node:worker_threads');
    const server = require('node:http').createServer((request, response) => {
      let text = '';
      request.on('data', (chunk) => (text += chunk)).on('end', () => {
        Atomics.add(workerData, 0, text.split('"body"').length - 1);
        response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
      });
    });
    server.listen(0, '127.0.0.1', () => parentPort.postMessage(server.address().port));`;
  const worker = new Worker(code, { eval: true, workerData: bodies });
  onTestFinished(async () => void (await worker.terminate()));
  const [port] = (await once(worker, 'message')) as [number];
  return { url: `http://127.0.0.1:${port}`, bodies };
}

test('in exit all that was taken is sent while this thread is blocked', async () => {
  const endpoint = await startEndpointInThread();
  const { emitter, said } = await open(endpoint.url);
  for (let line = 0; line < 2_000; line++) emitter.take(entry({ line }));
  emitter.drain(10_000);
  // In the same turn: the event loop has had no part in it.
  expect(endpoint.bodies[0]).toBe(2_000);
  expect(said).toEqual([]);
});

test('in exit an endpoint that hangs costs the deadline and a line', async () => {
  const endpoint = await startOtlpEndpoint('hang');
  onTestFinished(() => endpoint[Symbol.asyncDispose]());
  const { emitter, said } = await open(endpoint.url, 60_000);
  emitter.take(entry({}));
  const startMs = performance.now();
  emitter.drain(100);
  expect(performance.now() - startMs).toBeLessThan(10_000);
  expect(said).toEqual([expect.stringContaining('the time to send 1 of them is over')]);
});

test('a worker that cannot start costs one line, and every log line after it is counted', async () => {
  const said: string[] = [];
  const emitter = new WorkerEmitter({
    // What cannot be cloned cannot be handed to a thread.
    transport: { ...transportOf('http://127.0.0.1:9'), resourceAttributes: { fn: () => 1 } },
    env: {},
    onBusyChange: () => undefined,
    say: (message) => said.push(message),
  });
  await emitter.untilReady(100);
  emitter.take(entry({}));
  emitter.drain(100);
  await emitter.end(100);
  expect(emitter.stats).toEqual({ emittedCount: 0, failedCount: 1, waitingCount: 0 });
  expect(said).toEqual([expect.stringMatching(/^log records may not have reached the OTLP endpoint: .*clone/)]);
});
