// Our own requests leave no span, also where OpenTelemetry's undici instrumentation watches.
import { context, isSpanContextValid, propagation, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { UndiciInstrumentation } from '@opentelemetry/instrumentation-undici';
import { InMemorySpanExporter, SimpleSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace';
import { request } from 'undici';
import { afterEach, expect, it, onTestFinished } from 'vitest';
import { RestApi } from '../../../src/rest/api.ts';
import { ENDPOINTS } from '../../../src/rest/endpoints/endpoints.ts';
import { json, startServer } from '../scripted-server.ts';

afterEach(() => {
  trace.disable();
  context.disable();
  propagation.disable();
});

it("leaves no span for its requests, nor a trace header, and lets the user's own be traced", async () => {
  const exporter = new InMemorySpanExporter();
  const provider = new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter })] });
  trace.setGlobalTracerProvider(provider);
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  propagation.setGlobalPropagator({
    inject: (at, carrier, setter) => {
      const span = trace.getSpanContext(at);
      if (span !== undefined && isSpanContextValid(span)) setter.set(carrier, 'traceparent', span.traceId);
    },
    extract: (at) => at,
    fields: () => ['traceparent'],
  });
  const instrumentation = new UndiciInstrumentation();
  instrumentation.setTracerProvider(provider);
  onTestFinished(() => instrumentation.disable());

  const server = await startServer(json({ store_type: 'SqlStore' }));
  const api = new RestApi(server.url, {});
  onTestFinished(() => api.close());
  await trace.getTracer('test').startActiveSpan('job', async (span) => {
    // more than there are connections, so that some wait for one and are sent from another's callback
    await Promise.all(Array.from({ length: 24 }, () => api.call(ENDPOINTS.getServerInfo, undefined)));
    await (await request(`${server.url}/own`)).body.dump();
    span.end();
  });

  expect(server.seen).toHaveLength(25);
  const names = exporter.getFinishedSpans().map((span) => [span.name, span.attributes['url.path']]);
  expect(names).toEqual([
    ['GET', '/own'],
    ['job', undefined],
  ]);
  const traced = server.seen.filter((one) => one.headers['traceparent'] !== undefined);
  expect(traced.map((one) => one.url)).toEqual(['/own']);
});
