// The road to a Collector, in this process: what each protocol puts on the wire, what becomes of each answer, what is spilled.
import { createServer } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ROOT_CONTEXT, trace } from '@opentelemetry/api';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { LoggerProvider } from '@opentelemetry/sdk-logs';
import { AlwaysOffSampler, AlwaysOnSampler, TracerProvider } from '@opentelemetry/sdk-trace';
import { expect, onTestFinished, test } from 'vitest';
import { createLogExport, createSpanExport } from '../../../src/otel/export/otlp-export.ts';
import type { ExportQueue } from '../../../src/otel/export/export-queue.ts';
import type { ProviderSettings } from '../../../src/otel/export/provider-settings.ts';
import { startOtlpEndpoint } from '../otlp-endpoint.ts';
import type { Answer, OtlpEndpoint } from '../otlp-endpoint.ts';

interface Exported {
  readonly spans: Pick<ExportQueue<never>, 'counts' | 'isAway'>;
  readonly logs: Exported['spans'];
  /** Each spilled line with the count that was said of it. */
  readonly spilled: { readonly line: string; readonly count: number }[];
  /** Ends two spans and a log record, and waits until both queues are flushed. */
  readonly send: () => Promise<void>;
}

async function open(
  settings: ProviderSettings,
  options: { hasDisk?: boolean; isSampled?: boolean } = {},
): Promise<Exported> {
  const spilled: Exported['spilled'] = [];
  const outbox = { spill: (line: string, count: number) => spilled.push({ line, count }) > 0 };
  const parts = { settings, outbox: options.hasDisk === false ? undefined : outbox, onBusy: () => undefined };
  const [spans, logs] = [await createSpanExport(parts), await createLogExport(parts)];
  if (spans === undefined || logs === undefined) throw new Error('Both signals have somewhere to go here.');
  // A resource that is read while the job runs already.
  const resource = resourceFromAttributes({ 'host.id': Promise.resolve('host-1'), 'service.name': 'churn' });
  const sampler = options.isSampled === false ? new AlwaysOffSampler() : new AlwaysOnSampler();
  const tracers = new TracerProvider({ resource, sampler, spanProcessors: [spans.processor] });
  const loggers = new LoggerProvider({ resource, processors: [logs.processor] });
  onTestFinished(async () => void (await Promise.all([tracers.shutdown(), loggers.shutdown()])));
  return {
    spans: spans.queue,
    logs: logs.queue,
    spilled,
    send: async () => {
      const tracer = tracers.getTracer('user');
      const parent = tracer.startSpan('train');
      tracer.startSpan('epoch', {}, trace.setSpan(ROOT_CONTEXT, parent)).end();
      parent.end();
      loggers.getLogger('user').emit({ body: 'loaded', attributes: { rows: 442 } });
      await Promise.all([tracers.forceFlush(), loggers.forceFlush()]);
    },
  };
}

async function startEndpoint(answer: Answer = 200): Promise<OtlpEndpoint> {
  const endpoint = await startOtlpEndpoint(answer);
  onTestFinished(() => endpoint[Symbol.asyncDispose]());
  return endpoint;
}

test('http/json: spans and log records arrive whole, with a resource that was still being read', async () => {
  const endpoint = await startEndpoint();
  const { send, spans, logs, spilled } = await open({ endpoint: endpoint.url });
  await send();
  const [epoch, train] = endpoint.spans;
  expect(endpoint.spans.map(({ name }) => name)).toEqual(['epoch', 'train']);
  expect(epoch).toMatchObject({ parentSpanId: train?.spanId, traceId: train?.traceId, scope: 'user' });
  expect(endpoint.logs).toMatchObject([{ body: 'loaded', attributes: { rows: 442 } }]);
  for (const item of [...endpoint.spans, ...endpoint.logs])
    expect(item.resource).toMatchObject({ 'service.name': 'churn', 'host.id': 'host-1' });
  expect(endpoint.headers.map((headers) => headers['content-type'])).toEqual(['application/json', 'application/json']);
  expect(spans.counts).toMatchObject({ sentCount: 2, pendingCount: 0 });
  expect(logs.counts).toMatchObject({ sentCount: 1, pendingCount: 0 });
  expect(spilled).toEqual([]);
});

test('http/json: headers and compression of each signal go along', async () => {
  const endpoint = await startEndpoint(400); // what is compressed this endpoint does not read
  const { send } = await open({
    endpoint: endpoint.url,
    spanConnection: { headers: { 'x-tenant': 'spans' }, isCompressed: true },
    logConnection: { headers: { 'x-tenant': 'logs' } },
  });
  await send();
  const found = endpoint.headers.map((headers) => [headers['x-tenant'], headers['content-encoding']]);
  expect(new Map(found as [string, unknown][])).toEqual(
    new Map<string, unknown>([
      ['spans', 'gzip'],
      ['logs', undefined],
    ]),
  );
});

test.each(['http/json', 'http/protobuf'])(
  '%s: what is refused for good is spilled as OTLP-JSON, and nothing is lost',
  async (protocol) => {
    const endpoint = await startEndpoint({ status: 400, body: '{"message":"no such tenant"}' });
    const { send, spans, logs, spilled } = await open({ endpoint: endpoint.url, protocol });
    await send();
    expect(endpoint.headers).toHaveLength(2);
    expect(new Map(spilled.map(({ line, count }) => [Object.keys(JSON.parse(line) as object)[0], count]))).toEqual(
      new Map([
        ['resourceSpans', 2],
        ['resourceLogs', 1],
      ]),
    );
    expect(spans.counts).toMatchObject({ sentCount: 0, spilledCount: 2, refusedCount: 0, lostCount: 0 });
    expect([spans.isAway, logs.isAway]).toEqual([false, false]);
  },
);

test('without a disk what is refused is counted as refused, and what finds nobody as lost', async () => {
  const endpoint = await startEndpoint(400);
  const refused = await open({ endpoint: endpoint.url }, { hasDisk: false });
  await refused.send();
  expect(refused.spans.counts).toMatchObject({ refusedCount: 2, lostCount: 0 });
  expect(refused.logs.counts).toMatchObject({ refusedCount: 1, lostCount: 0 });
  await endpoint[Symbol.asyncDispose]();
  const away = await open({ endpoint: endpoint.url, protocol: 'http/protobuf' }, { hasDisk: false });
  await away.send();
  expect(away.spans.counts).toMatchObject({ refusedCount: 0, lostCount: 2 });
  expect([away.spans.isAway, away.logs.isAway]).toEqual([true, true]);
});

test('what the Collector took in part is counted as it says', async () => {
  const endpoint = await startEndpoint({
    status: 200,
    body: '{"partialSuccess":{"rejectedLogRecords":"1","errorMessage":"too old"}}',
  });
  const { send, logs } = await open({ endpoint: endpoint.url });
  await send();
  expect(logs.counts).toMatchObject({ sentCount: 0, refusedCount: 1 });
});

test('a span that no sampler took is not sent', async () => {
  const endpoint = await startEndpoint();
  const { send, spans } = await open({ endpoint: endpoint.url }, { isSampled: false });
  await send();
  expect(endpoint.spans).toEqual([]);
  expect(endpoint.logs).toHaveLength(1);
  expect(spans.counts).toMatchObject({ sentCount: 0, pendingCount: 0 });
});

test('a signal that goes nowhere has no processor', async () => {
  const parts = { outbox: undefined, onBusy: () => undefined };
  const settings = { endpoint: 'http://127.0.0.1:9', areSpansExported: false, areLogsExported: false };
  expect(await createSpanExport({ ...parts, settings })).toBeUndefined();
  expect(await createLogExport({ ...parts, settings })).toBeUndefined();
});

test('queue and batch are as the settings say', async () => {
  const endpoint = await startEndpoint();
  const settings = {
    endpoint: endpoint.url,
    logBatch: { maxQueueSize: 4, maxExportBatchSize: 100, scheduledDelayMs: 60_000 },
  };
  const logs = await createLogExport({ settings, outbox: undefined, onBusy: () => undefined });
  const loggers = new LoggerProvider({ processors: logs === undefined ? [] : [logs.processor] });
  for (let line = 0; line < 6; line++) loggers.getLogger('user').emit({ body: `line ${line}` });
  expect(logs?.queue.counts).toMatchObject({ droppedCount: 2, pendingCount: 4 });
  await loggers.shutdown();
  expect(endpoint.headers).toHaveLength(1);
  expect(endpoint.logs).toHaveLength(4);
});

test('a certificate that is not there is a failed batch, said and kept, and no error of the job', async () => {
  const tls = { ca: join(tmpdir(), 'no-such.pem') };
  const { send, spans, spilled } = await open({
    endpoint: 'https://127.0.0.1:9',
    spanConnection: { tls, isCompressed: true, headers: { a: 'b' } },
  });
  await send();
  expect(spans.counts).toMatchObject({ sentCount: 0, spilledCount: 2 });
  expect(new Set(spilled.map(({ count }) => count))).toEqual(new Set([1, 2]));
});

test('what cannot be turned into OTLP is lost and counted, and the disk’s failure is no error of the job', async () => {
  const parts = {
    settings: { endpoint: 'http://127.0.0.1:9' },
    onBusy: () => undefined,
    outbox: {
      spill: (): boolean => {
        throw new Error('ENOSPC');
      },
    },
  };
  const logs = await createLogExport(parts);
  const loggers = new LoggerProvider({ processors: logs === undefined ? [] : [logs.processor] });
  loggers.getLogger('user').emit({ body: 'line' });
  await loggers.forceFlush();
  expect(logs?.queue.counts).toMatchObject({ sentCount: 0, lostCount: 1, pendingCount: 0 });
});

/** A gRPC endpoint that answers every call with this status; keeps what was called, and with what size. */
async function startGrpc(status: string): Promise<{ url: string; calls: { path: string; bytes: number }[] }> {
  const calls: { path: string; bytes: number }[] = [];
  const server = createServer();
  server.on('stream', (stream, headers) => {
    let bytes = 0;
    stream.on('data', (chunk: Buffer) => (bytes += chunk.length));
    stream.on('end', () => {
      calls.push({ path: String(headers[':path']), bytes });
      stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
      stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': status }));
      // An empty message: no compression, no bytes.
      stream.end(status === '0' ? Buffer.alloc(5) : undefined);
    });
  });
  const sessions = new Set<{ destroy(): void }>();
  server.on('session', (session) => sessions.add(session));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    for (const session of sessions) session.destroy();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, calls };
}

test('grpc: both services are called, and what they take is sent', async () => {
  const { url, calls } = await startGrpc('0');
  const { send, spans, logs, spilled } = await open({ endpoint: url, protocol: 'grpc' });
  await send();
  expect(calls.map(({ path }) => path).toSorted()).toEqual([
    '/opentelemetry.proto.collector.logs.v1.LogsService/Export',
    '/opentelemetry.proto.collector.trace.v1.TraceService/Export',
  ]);
  for (const { bytes } of calls) expect(bytes).toBeGreaterThan(50);
  expect([spans.counts.sentCount, logs.counts.sentCount]).toEqual([2, 1]);
  expect(spilled).toEqual([]);
});

test('grpc: what is refused is kept', async () => {
  const { url } = await startGrpc('3'); // INVALID_ARGUMENT
  const { send, spans, spilled } = await open({ endpoint: url, protocol: 'grpc' });
  await send();
  expect(spans.counts).toMatchObject({ sentCount: 0, spilledCount: 2 });
  expect(spilled).toHaveLength(2);
});
