// The set-ups, in this process, one after the other: what each registers, what the environment changes, what is left alone.
import { context, createContextKey, diag, logs, propagation, trace } from '@opentelemetry/api';
import type { Span } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { LoggerProvider } from '@opentelemetry/sdk-logs';
import type { ReadableSpan } from '@opentelemetry/sdk-trace';
import { InMemorySpanExporter, SimpleSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace';
import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { ensureProviders } from '../../../src/otel/setup/providers.ts';
import type { Providers } from '../../../src/otel/setup/providers.ts';
import type { ProviderSettings } from '../../../src/otel/export/provider-settings.ts';
import { findResourceAttributes } from '../../../src/otel/setup/sdk-resource.ts';
import type { SpanProcessorLike } from '../../../src/otel/sdk-types.ts';
import { startRunSpan } from '../../../src/otel/run/start-run-span.ts';
import { makeFolder } from '../../services/mlflow/mlflow-fixture.ts';
import { startOtlpEndpoint } from '../otlp-endpoint.ts';
import type { OtlpEndpoint } from '../otlp-endpoint.ts';

const PROVIDERS = Symbol.for('runspan.providers.v1');
const said: string[] = [];

beforeEach(() => {
  said.length = 0;
  const say = (message: string, ...details: unknown[]): void => void said.push([message, ...details].join(' '));
  diag.setLogger({ error: say, warn: say, info: () => undefined, debug: () => undefined, verbose: () => undefined });
  vi.stubEnv('OTEL_NODE_RESOURCE_DETECTORS', undefined);
});

afterEach(() => {
  vi.unstubAllEnvs();
  // A process has one set-up for good; a test begins where none is.
  for (const api of [trace, logs, context, propagation, diag]) api.disable();
  Reflect.deleteProperty(globalThis, PROVIDERS);
});

async function setUp(settings: ProviderSettings = {}): Promise<Providers> {
  const providers = await ensureProviders(settings);
  onTestFinished(() => providers.shutdown({ timeoutMs: 2_000 }));
  return providers;
}

async function startEndpoint(): Promise<OtlpEndpoint> {
  const endpoint = await startOtlpEndpoint();
  onTestFinished(() => endpoint[Symbol.asyncDispose]());
  return endpoint;
}

/** A run's span with a child and a line, all ended. */
function work(): { readonly run: Span; readonly child: Span } {
  const { span: run, context: inside } = startRunSpan({ name: 'train', runKey: 'a'.repeat(32) });
  let child: Span | undefined;
  context.with(inside, () => {
    child = trace.getTracer('user').startSpan('child');
    child.end();
    logs.getLogger('user').emit({ body: 'loaded' });
  });
  run.end();
  if (child === undefined) throw new Error('The context runs what it is given.');
  return { run, child };
}

describe.each([
  ['NodeSDK', false],
  ['by hand, as register does', true],
])('%s', (_name, isLean) => {
  test('spans and lines of a run are exported under one resource, whose name the code decides', async () => {
    vi.stubEnv('OTEL_SERVICE_NAME', 'from-env');
    vi.stubEnv('OTEL_RESOURCE_ATTRIBUTES', 'team=blue');
    const endpoint = await startEndpoint();
    const providers = await setUp({
      endpoint: endpoint.url,
      isLean,
      serviceName: 'churn',
      defaultServiceName: 'default',
    });
    expect(providers).toMatchObject({ kind: 'exporting', warnings: [], isBusy: false });
    const { run } = work();
    expect(providers.isBusy).toBe(true);
    expect(await providers.flush({ timeoutMs: 20_000 })).toBe(true);
    expect(providers.counts).toMatchObject({ sentCount: 3, pendingCount: 0, lostCount: 0, droppedCount: 0 });
    expect(endpoint.spans.map(({ name }) => name)).toEqual(['child', 'train']);
    for (const item of [...endpoint.spans, ...endpoint.logs]) {
      expect(item.traceId).toBe(run.spanContext().traceId);
      expect(item.attributes['runspan.run_key']).toBe('a'.repeat(32));
      expect(item.resource).toMatchObject({
        'service.name': 'churn',
        team: 'blue',
        'process.pid': expect.anything() as unknown,
      });
      for (const name of ['process.command_args', 'process.command_line'])
        expect(item.resource).not.toHaveProperty([name]);
    }
    expect(await findResourceAttributes()).toMatchObject({ 'service.name': 'churn', team: 'blue' });
  });

  test('the environment’s name of the service beats our default', async () => {
    vi.stubEnv('OTEL_SERVICE_NAME', 'from-env');
    const endpoint = await startEndpoint();
    const providers = await setUp({ endpoint: endpoint.url, isLean, defaultServiceName: 'default' });
    work();
    await providers.flush({ timeoutMs: 20_000 });
    expect(endpoint.spans[0]?.resource['service.name']).toBe('from-env');
  });

  test('a context manager, propagator and logs provider that are there stay', async () => {
    const manager = new AsyncLocalStorageContextManager();
    context.setGlobalContextManager(manager);
    const propagator = { inject: () => undefined, extract: vi.fn((given) => given), fields: () => ['x-mine'] };
    propagation.setGlobalPropagator(propagator);
    const loggers = new LoggerProvider();
    logs.setGlobalLoggerProvider(loggers);
    const endpoint = await startEndpoint();
    const providers = await setUp({ endpoint: endpoint.url, isLean });
    expect(propagation.fields()).toEqual(['x-mine']);
    expect(logs.getLoggerProvider()).toBe(loggers);
    work();
    await providers.flush({ timeoutMs: 20_000 });
    expect(endpoint.spans).toHaveLength(2);
    expect(endpoint.logs).toEqual([]);
    const key = createContextKey('mine');
    expect(manager.with(context.active().setValue(key, 1), () => context.active().getValue(key))).toBe(1);
  });

  test.each([
    [undefined, undefined, true],
    ['always_on', undefined, true],
    ['always_off', undefined, false],
    ['parentbased_always_off', undefined, false],
    ['traceidratio', '1', true],
    ['traceidratio', '0', false],
    ['parentbased_traceidratio', '0', false],
  ])('OTEL_TRACES_SAMPLER=%s with %s: sampled is %s', async (sampler, argument, isSampled) => {
    vi.stubEnv('OTEL_TRACES_SAMPLER', sampler);
    vi.stubEnv('OTEL_TRACES_SAMPLER_ARG', argument);
    const endpoint = await startEndpoint();
    const providers = await setUp({ endpoint: endpoint.url, isLean });
    work();
    await providers.flush({ timeoutMs: 20_000 });
    expect(endpoint.spans).toHaveLength(isSampled ? 2 : 0);
    expect(endpoint.logs).toHaveLength(1);
    expect(said).toEqual([]);
  });

  test('a sampler’s argument that is none, and a sampler that is none, are said and sample all', async () => {
    vi.stubEnv('OTEL_TRACES_SAMPLER', 'traceidratio');
    vi.stubEnv('OTEL_TRACES_SAMPLER_ARG', '2');
    await setUp({ endpoint: (await startEndpoint()).url, isLean });
    expect(work().run.spanContext().traceFlags).toBe(1);
    expect(said.join('\n')).toContain('OTEL_TRACES_SAMPLER_ARG');
    for (const api of [trace, logs, context, propagation]) api.disable();
    Reflect.deleteProperty(globalThis, PROVIDERS);
    vi.stubEnv('OTEL_TRACES_SAMPLER', 'sometimes');
    await setUp({ endpoint: (await startEndpoint()).url, isLean });
    expect(work().run.spanContext().traceFlags).toBe(1);
    expect(said.join('\n')).toContain('"sometimes"');
  });

  test('limits of spans and of log records are the environment’s', async () => {
    vi.stubEnv('OTEL_ATTRIBUTE_COUNT_LIMIT', '5');
    vi.stubEnv('OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT', '4');
    vi.stubEnv('OTEL_SPAN_EVENT_COUNT_LIMIT', '1');
    vi.stubEnv('OTEL_LOGRECORD_ATTRIBUTE_VALUE_LENGTH_LIMIT', '3');
    const endpoint = await startEndpoint();
    const providers = await setUp({ endpoint: endpoint.url, isLean });
    const span = trace.getTracer('user').startSpan('limited');
    for (let at = 0; at < 9; at++) span.setAttribute(`a${at}`, 'abcdefgh').addEvent(`event ${at}`);
    span.end();
    logs.getLogger('user').emit({ body: 'line', attributes: { text: 'abcdefgh' } });
    await providers.flush({ timeoutMs: 20_000 });
    const [limited] = endpoint.spans;
    expect(Object.values(limited?.attributes ?? {})).toEqual(Array(5).fill('abcd'));
    expect((limited as unknown as { events: unknown[] }).events).toHaveLength(1);
    expect(endpoint.logs[0]?.attributes).toEqual({ text: 'abc' });
  });

  test.each([
    [undefined, ['traceparent', 'tracestate', 'baggage']],
    ['tracecontext', ['traceparent', 'tracestate']],
    ['baggage', ['baggage']],
    ['b3', ['b3']],
    ['b3multi', ['x-b3-traceid', 'x-b3-spanid', 'x-b3-flags', 'x-b3-sampled', 'x-b3-parentspanid']],
    ['none', []],
  ])('OTEL_PROPAGATORS=%s carries %j', async (names, fields) => {
    vi.stubEnv('OTEL_PROPAGATORS', names);
    await setUp({ endpoint: (await startEndpoint()).url, isLean });
    expect(propagation.fields()).toEqual(fields);
    expect(said).toEqual([]);
  });

  test('a propagator that is not there is said, and the others are used', async () => {
    vi.stubEnv('OTEL_PROPAGATORS', 'pigeon,tracecontext');
    await setUp({ endpoint: (await startEndpoint()).url, isLean });
    expect(propagation.fields()).toEqual(['traceparent', 'tracestate']);
    expect(said.join('\n')).toContain('"pigeon"');
  });

  test('printing on the console stands beside the endpoint, or alone', async () => {
    const printed: unknown[] = [];
    vi.spyOn(console, 'dir').mockImplementation((item) => void printed.push(item));
    onTestFinished(() => void vi.restoreAllMocks());
    const providers = await setUp({ areSpansPrinted: true, areLogsPrinted: true, isLean });
    expect(providers.description).toBe('OpenTelemetry: spans to the console, logs to the console');
    work();
    await providers.flush({ timeoutMs: 20_000 });
    expect(printed).toMatchObject([{ name: 'child' }, { body: 'loaded' }, { name: 'train' }]);
    expect(printed[1]).toMatchObject({ attributes: { 'runspan.run_key': 'a'.repeat(32) } });
  });

  test('what a Collector that is away does not take is on disk after a flush, and is said once', async () => {
    const directory = makeFolder();
    const providers = await setUp({ endpoint: 'http://127.0.0.1:9', directory, isLean });
    work();
    await providers.flush({ timeoutMs: 20_000 });
    expect(providers.counts).toMatchObject({ sentCount: 0, lostCount: 0, keptCount: 3, pendingCount: 3 });
    expect(providers.describeWhatIsLeft()).toContain(
      `3 spans and log records did not reach the Collector and are kept in ${directory}`,
    );
    providers.beginExit();
    providers.waitInExit(200);
    expect(providers.describeWhatIsLeft()).toBeUndefined();
  });
});

test('without an endpoint spans have ids and processors, and an SDK of the job’s own still finds its place', async () => {
  const providers = await setUp({ defaultServiceName: 'churn' });
  const exporter = new InMemorySpanExporter();
  providers.relay.add(new SimpleSpanProcessor({ exporter }) as unknown as SpanProcessorLike);
  expect(providers).toMatchObject({ kind: 'bare', description: 'OpenTelemetry: no endpoint, nothing is exported' });
  work();
  const found: readonly ReadableSpan[] = exporter.getFinishedSpans();
  expect(found.map(({ name, resource }) => [name, resource.attributes['service.name']])).toEqual([
    ['child', 'churn'],
    ['train', 'churn'],
  ]);
  expect(trace.setGlobalTracerProvider(new TracerProvider())).toBe(true);
  expect(providers.kind).toBe('registered');
});

test('a registered SDK is used as it is: its context where it has one, its flush, not its end', async () => {
  const exporter = new InMemorySpanExporter();
  const provider = new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter })] });
  const flushed = vi.spyOn(provider, 'forceFlush');
  const ended = vi.spyOn(provider, 'shutdown');
  trace.setGlobalTracerProvider(provider);
  const providers = await setUp({ endpoint: 'http://127.0.0.1:9' });
  expect(providers.kind).toBe('registered');
  expect(providers.description).toContain(`using the registered SDK (${provider.constructor.name}), no logs provider`);
  work();
  await Promise.all([1, 2, 3].map(() => providers.flush({ timeoutMs: 20_000 })));
  // Flushes never overlap, and those that wait for their turn share one.
  expect(flushed).toHaveBeenCalledTimes(2);
  await providers.shutdown({ timeoutMs: 1_000 });
  expect(ended).not.toHaveBeenCalled();
  expect(exporter.getFinishedSpans().map(({ name }) => name)).toEqual(['child', 'train']);
});

test('a flush that fails is said, and is no error of the job', async () => {
  const provider = new TracerProvider();
  vi.spyOn(provider, 'forceFlush').mockRejectedValue(new Error('on purpose'));
  trace.setGlobalTracerProvider(provider);
  const providers = await setUp();
  expect(await providers.flush({ timeoutMs: 20_000 })).toBe(true);
  expect(said.join('\n')).toContain('flushing spans failed');
});

test('OTEL_SDK_DISABLED: no trace ids, but runs know their context', async () => {
  const providers = await setUp({ isSdkDisabled: true, endpoint: 'http://127.0.0.1:9' });
  expect(providers).toMatchObject({ kind: 'none', description: 'OpenTelemetry: disabled (OTEL_SDK_DISABLED)' });
  expect(work().run.spanContext().traceId).toBe('0'.repeat(32));
});

test('every caller gets the one set-up, and an exporter that is none is a warning', async () => {
  const [first, second] = await Promise.all([
    setUp({ unknownExporters: ['zipkin'] }),
    setUp({ endpoint: 'http://other' }),
  ]);
  expect(second).toBe(first);
  expect(first.warnings).toEqual([expect.stringContaining("no exporter 'zipkin'")]);
  expect(said.join('\n')).toContain('zipkin');
});

test('an endpoint that is no URL is a warning that names its variable', async () => {
  const { warnings } = await setUp({ misspeltEndpoints: ['OTEL_EXPORTER_OTLP_ENDPOINT'] });
  expect(warnings).toEqual([expect.stringContaining('OTEL_EXPORTER_OTLP_ENDPOINT is no URL such as http://')]);
});
