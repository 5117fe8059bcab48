// Own traffic under a job's own, stock instrumentations of http and undici: requests to a tracking server and exports leave no span.
import type * as Http from 'node:http';
import { createRequire, syncBuiltinESMExports } from 'node:module';
import { SpanKind, context, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { registerInstrumentations } from '@opentelemetry/instrumentation';
import { HttpInstrumentation } from '@opentelemetry/instrumentation-http';
import { UndiciInstrumentation } from '@opentelemetry/instrumentation-undici';
import { LoggerProvider } from '@opentelemetry/sdk-logs';
import { InMemorySpanExporter, SimpleSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace';
import { expect, onTestFinished, test } from 'vitest';
import { createLogExport, createSpanExport } from '../../src/otel/export/otlp-export.ts';
import { openHttpStore } from '../../src/stores/http/http-store.ts';
import { json, startServer } from '../rest/scripted-server.ts';
import { startOtlpEndpoint } from './otlp-endpoint.ts';

context.setGlobalContextManager(new AsyncLocalStorageContextManager());
const exporter = new InMemorySpanExporter();
const tracerProvider = new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter })] });
trace.setGlobalTracerProvider(tracerProvider);
registerInstrumentations({
  tracerProvider,
  instrumentations: [new HttpInstrumentation(), new UndiciInstrumentation()],
});
const http = createRequire(import.meta.url)('http') as typeof Http;
syncBuiltinESMExports();

test.each(['http/json', 'http/protobuf', 'grpc'])('%s: the job’s own calls alone have spans', async (protocol) => {
  exporter.reset();
  const [mlflow, endpoint] = [
    await startServer(json({ run: { info: { run_id: 'r1' } } })),
    await startOtlpEndpoint(400),
  ];
  onTestFinished(() => endpoint[Symbol.asyncDispose]());
  const store = openHttpStore(mlflow.url, {});
  onTestFinished(() => store.close());
  const parts = { settings: { endpoint: endpoint.url, protocol }, outbox: undefined, onBusy: () => undefined };
  const [spans, lines] = [await createSpanExport(parts), await createLogExport(parts)];
  if (spans === undefined || lines === undefined) throw new Error('Both go somewhere here.');
  const tracers = new TracerProvider({ spanProcessors: [spans.processor] });
  const loggers = new LoggerProvider({ processors: [lines.processor] });
  await trace.getTracer('user').startActiveSpan('job', async (span) => {
    await store.getRun('r1').catch(() => undefined);
    tracers.getTracer('user').startSpan('exported').end();
    loggers.getLogger('user').emit({ body: 'exported' });
    await Promise.all([tracers.forceFlush(), loggers.forceFlush()]);
    await (await fetch(`${mlflow.url}/by-fetch`)).text();
    await new Promise((resolve) => http.get(`${mlflow.url}/by-get`, (answer) => answer.resume().on('end', resolve)));
    span.end();
  });
  expect(mlflow.seen).toHaveLength(3);
  // gRPC is no HTTP/1: this endpoint has nothing to say to it.
  expect(endpoint.headers).toHaveLength(protocol === 'grpc' ? 0 : 2);
  for (const headers of endpoint.headers) expect(headers).not.toHaveProperty('traceparent');
  const urls = exporter
    .getFinishedSpans()
    .flatMap(({ kind, attributes }) =>
      kind === SpanKind.CLIENT ? [attributes['url.full'] ?? attributes['http.url']] : [],
    );
  expect(urls).toEqual([`${mlflow.url}/by-fetch`, `${mlflow.url}/by-get`]);
});
