// The run's span under the real SDK: remembered here, handed on there, and a parent like any other.
import { SpanStatusCode, context, trace } from '@opentelemetry/api';
import type { Attributes, Link, Span } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import {
  AlwaysOffSampler,
  InMemorySpanExporter,
  ParentBasedSampler,
  SimpleSpanProcessor,
  TracerProvider,
} from '@opentelemetry/sdk-trace';
import type { ReadableSpan, Sampler } from '@opentelemetry/sdk-trace';
import fc from 'fast-check';
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createRedactor } from '../../../src/model/redact.ts';
import { activeRun } from '../../../src/otel/run/run-context.ts';
import { startRunSpan } from '../../../src/otel/run/start-run-span.ts';
import type { RunSpan } from '../../../src/otel/run/run-span.ts';
import { RunSpanProcessor } from '../../../src/otel/run/run-span-processor.ts';

const runKey = 'a'.repeat(32);
const exporter = new InMemorySpanExporter();

beforeAll(() => {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
});

function useSdk(sampler?: Sampler): void {
  const spanProcessors = [new RunSpanProcessor(), new SimpleSpanProcessor({ exporter })];
  trace.setGlobalTracerProvider(new TracerProvider({ spanProcessors, ...(sampler ? { sampler } : {}) }));
}

function exported(name: string): ReadableSpan {
  const span = exporter.getFinishedSpans().find((one) => one.name === name);
  if (span === undefined) throw new Error(`No span '${name}' was exported`);
  return span;
}

afterEach(() => {
  trace.disable();
  exporter.reset();
});

describe('under an SDK', () => {
  beforeEach(() => {
    useSdk();
  });

  test('is a run, is remembered and is exported with the same values', () => {
    const { span } = startRunSpan({ name: 'train', runKey, experimentName: 'churn', attributes: { lr: 0.1 } });
    span.setAttribute('optimizer', 'adam').setAttributes({ depth: 3, 'host.name': 'a' });
    span.addEvent('epoch', { number: 1 });
    span.updateName('train churn');
    span.setStatus({ code: SpanStatusCode.ERROR, message: 'no data' });
    span.recordException(new RangeError('no rows'));
    expect(span.isRecording()).toBe(true);
    span.end();
    const sent = exported('train churn');
    const expected = {
      lr: 0.1,
      optimizer: 'adam',
      depth: 3,
      'host.name': 'a',
      'runspan.kind': 'run',
      'runspan.run_key': runKey,
      'mlflow.run_name': 'train',
      'mlflow.experiment_name': 'churn',
    };
    expect(span.attributes).toEqual(expected);
    expect(sent.attributes).toEqual(expected);
    expect(span.status).toEqual({ code: SpanStatusCode.ERROR, message: 'no data' });
    expect(sent.status).toEqual(span.status);
    expect(sent.events.map((event) => [event.name, event.attributes])).toEqual(
      span.events.map((event) => [event.name, event.attributes]),
    );
    expect(span.error).toMatchObject({ type: 'RangeError', message: 'no rows' });
    expect(span.isRecording()).toBe(false);
    expect(span.isEnded).toBe(true);
    expect(span.endTime[0]).toBeGreaterThan(0);
  });

  test('is the parent of spans in its context, which carry its key and none its kind', () => {
    const { span, context: inside } = startRunSpan({ name: 'train', runKey });
    const tracer = trace.getTracer('user');
    context.with(inside, () =>
      tracer.startActiveSpan('child', (child) => tracer.startSpan('grandchild').end() ?? child.end()),
    );
    tracer.startSpan('stranger').end();
    span.end();
    expect(exported('child').parentSpanContext?.spanId).toBe(span.spanContext().spanId);
    expect(exported('grandchild').spanContext().traceId).toBe(span.spanContext().traceId);
    expect(exported('grandchild').attributes).toEqual({ 'runspan.run_key': runKey });
    expect(exported('stranger').attributes).toEqual({});
  });

  test('continues the parent it is given and carries its links', () => {
    const outer = trace.getTracer('user').startSpan('outer');
    const link: Link = {
      context: trace.getTracer('user').startSpan('other').spanContext(),
      attributes: { 'link.type': 'retry' },
    };
    const parent = trace.setSpan(context.active(), outer);
    const { span } = startRunSpan({ name: 'train', runKey, parent, links: [link] });
    span.addLink(link).addLinks([link, {} as Link]);
    span.end();
    expect(exported('train').parentSpanContext?.spanId).toBe(outer.spanContext().spanId);
    expect(exported('train').links).toHaveLength(3);
    expect(span.links).toHaveLength(3);
  });

  test('tells attributes that are set later, in the same turn, all of one call together', () => {
    const heard: Attributes[] = [];
    const { span } = startRunSpan({
      name: 'train',
      runKey,
      attributes: { lr: 1 },
      onAttributes: (set) => heard.push(set),
    });
    span.setAttribute('depth', 3);
    span.setAttributes({ a: 1, b: 2 });
    expect(heard).toEqual([{ depth: 3 }, { a: 1, b: 2 }]);
    span.end();
    span.setAttribute('late', 1);
    expect(heard).toHaveLength(2);
  });

  test('hands attributes on although the one who keeps them throws', () => {
    const onAttributes = (): void => {
      throw new Error('disk full');
    };
    const { span } = startRunSpan({ name: 'train', runKey, onAttributes });
    span.setAttribute('depth', 3);
    span.end();
    expect(exported('train').attributes['depth']).toBe(3);
  });

  test('ignores everything after its end and ends once', () => {
    const { span } = startRunSpan({ name: 'train', runKey });
    span.end(new Date(Date.now() + 1000));
    const { endTime, attributes } = span;
    const before = { ...attributes };
    span.setAttribute('late', 1).setStatus({ code: SpanStatusCode.ERROR }).updateName('late').addEvent('late').end();
    span.recordException(new Error('late'));
    expect(span.attributes).toEqual(before);
    expect(span.status.code).toBe(SpanStatusCode.UNSET);
    expect(span.endTime).toEqual(endTime);
    expect(exporter.getFinishedSpans()).toHaveLength(1);
  });

  test('masks secrets here and in what is exported', () => {
    const { span } = startRunSpan({
      name: 'train',
      runKey,
      redactor: createRedactor(),
      attributes: { db_password: 'hunter2' },
    });
    span.setAttributes({ api_key: 'hunter2', max_tokens: 5 });
    span.addEvent('connect', { secret: 'hunter2' });
    span.recordException(new Error('cannot reach postgres://me:hunter2@db/x'));
    span.setStatus({ code: SpanStatusCode.ERROR, message: 'cannot reach postgres://me:hunter2@db/x' });
    span.end();
    const sent = exported('train');
    const everything = JSON.stringify([
      span.attributes,
      span.events,
      span.status,
      sent.attributes,
      sent.events,
      sent.status,
    ]);
    expect(everything).not.toContain('hunter2');
    expect(span.attributes['max_tokens']).toBe(5);
  });

  test('cannot be made another kind or another run', () => {
    const { span } = startRunSpan({ name: 'train', runKey });
    span.setAttributes({ 'runspan.kind': 'no', 'runspan.run_key': 'no' });
    span.end();
    expect(exported('train').attributes).toMatchObject({ 'runspan.kind': 'run', 'runspan.run_key': runKey });
  });

  test('puts run id and link on a span that started before they were known', () => {
    const { span, context: inside, identity } = startRunSpan({ name: 'train', runKey });
    const child = trace.getTracer('user').startSpan('child', {}, inside);
    identity.runId = 'id-1';
    identity.runUrl = 'http://mlflow/#/runs/id-1';
    const late = trace.getTracer('user').startSpan('late', {}, inside);
    for (const one of [late, child, span]) one.end();
    for (const name of ['child', 'late', 'train']) {
      expect(exported(name).attributes).toMatchObject({ 'mlflow.run_id': 'id-1', 'mlflow.run_url': identity.runUrl });
    }
  });

  test('starts without an SDK span where a foreign tracer throws', () => {
    trace.disable();
    trace.setGlobalTracerProvider({
      getTracer: () => {
        throw new Error('broken');
      },
    });
    const { span } = startRunSpan({ name: 'train', runKey });
    span.setAttribute('a', 1).end();
    expect(span.attributes['a']).toBe(1);
  });
});

describe.each([
  ['no SDK', (): void => undefined],
  ['a sampler that drops', (): void => useSdk(new ParentBasedSampler({ root: new AlwaysOffSampler() }))],
])('under %s', (_, prepare) => {
  test('is readable, is recording until its end, and its context knows the run', () => {
    prepare();
    const { span, context: inside } = startRunSpan({ name: 'train', runKey });
    expect(span.isRecording()).toBe(true);
    span.setAttribute('a', 1).setStatus({ code: SpanStatusCode.ERROR, message: 'no' });
    expect(context.with(inside, () => activeRun())).toMatchObject({ runKey, runName: 'train' });
    expect(trace.getSpan(inside)).toBe(span);
    span.end();
    expect(span).toMatchObject({ isEnded: true, status: { code: SpanStatusCode.ERROR, message: 'no' } });
    expect(span.attributes['a']).toBe(1);
    expect(exporter.getFinishedSpans()).toHaveLength(0);
  });

  test('shows itself to the alert processor', () => {
    prepare();
    const seen: string[] = [];
    const { span } = startRunSpan({
      name: 'train',
      runKey,
      alertProcessor: { onEnd: (ended) => seen.push(ended.name) },
    });
    span.end();
    span.end();
    expect(seen).toEqual(['train']);
  });
});

test('follows the specification for status: UNSET changes nothing and OK is final', () => {
  const { span } = startRunSpan({ name: 'train', runKey });
  span.setStatus({ code: SpanStatusCode.ERROR, message: 'x' }).setStatus({ code: SpanStatusCode.UNSET });
  expect(span.status).toEqual({ code: SpanStatusCode.ERROR, message: 'x' });
  span.setStatus({ code: SpanStatusCode.OK }).setStatus({ code: SpanStatusCode.ERROR });
  expect(span.status).toEqual({ code: SpanStatusCode.OK });
});

describe('a span that its run ends', () => {
  const start = (alerts: string[] = []): RunSpan =>
    startRunSpan({
      name: 'train',
      runKey,
      isEndedByRun: true,
      alertProcessor: { onEnd: ({ status }) => alerts.push(`${status.code} ${status.message}`) },
    }).span;

  test('goes out as ERROR although it was set OK and ended before its run failed, at the time of that end', () => {
    useSdk();
    const alerts: string[] = [];
    const span = start(alerts);
    span.setStatus({ code: SpanStatusCode.OK });
    span.end();
    const { endTime } = span;
    expect([span.isRecording(), exporter.getFinishedSpans().length, alerts]).toEqual([false, 0, []]);
    span.fail({ error: new RangeError('no rows') });
    span.setStatus({ code: SpanStatusCode.OK });
    span.conclude({ 'mlflow.run.status': 'FAILED' });
    span.conclude({});
    const sent = exported('train');
    expect(sent.status).toEqual({ code: SpanStatusCode.ERROR, message: 'no rows' });
    expect(sent.attributes).toMatchObject({ 'error.type': 'RangeError', 'mlflow.run.status': 'FAILED' });
    expect([sent.events[0]?.name, sent.endTime, span.endTime]).toEqual(['exception', endTime, endTime]);
    expect([span.status, alerts]).toEqual([sent.status, [`${SpanStatusCode.ERROR} no rows`]]);
  });

  test('goes out as OK where it was set so and nothing failed, and in ERROR where that came first', () => {
    useSdk();
    const span = start();
    span.setStatus({ code: SpanStatusCode.ERROR, message: 'x' }).setStatus({ code: SpanStatusCode.OK });
    span.conclude({});
    expect([exported('train').status.code, span.status.code]).toEqual([SpanStatusCode.OK, SpanStatusCode.OK]);
    exporter.reset();
    const failed = start();
    failed.setStatus({ code: SpanStatusCode.ERROR, message: 'x' });
    failed.fail({ reason: 'another' });
    failed.conclude({});
    expect(exported('train').status).toEqual({ code: SpanStatusCode.ERROR, message: 'x' });
  });
});

test('says which attributes it does not take, and why', () => {
  const refused: string[] = [];
  const { span } = startRunSpan({ name: 'train', runKey, onRefused: (message) => refused.push(message) });
  // What TypeScript would not let through.
  for (const [key, value] of [
    ['', 1],
    ['a', Symbol('s')],
    ['runspan.kind', 'no'],
    [5, 1],
    ['b', undefined],
  ])
    span.setAttribute(key as string, value as string);
  span.setAttributes(null as unknown as Attributes);
  span.setAttributes(new Map([['c', 1]]) as unknown as Attributes);
  span.end();
  span.setAttribute('late', 1);
  expect(refused).toEqual([
    expect.stringContaining("'' is no name"),
    expect.stringContaining('its value is a symbol'),
    expect.stringContaining('says who the run is'),
    expect.stringContaining('its name is a number'),
    expect.stringContaining('Attributes are an object'),
    expect.stringContaining('after its end'),
  ]);
  expect(span.attributes['c']).toBe(1);
});

test('never throws, whatever it is given', () => {
  useSdk();
  const throwing = new Proxy({}, { get: () => fail(), ownKeys: () => fail() });
  function fail(): never {
    throw new Error('no');
  }
  const odd = fc.oneof(fc.anything({ withBigInt: true, withDate: true }), fc.constantFrom('proxy', Symbol('s')));
  const calls: ((span: RunSpan, value: never) => unknown)[] = [
    (span, value) => span.setAttribute('key', value),
    (span, value) => span.setAttribute(value, 1),
    (span, value) => span.setAttributes(value),
    (span, value) => span.addEvent('event', value, value),
    (span, value) => span.addEvent(value),
    (span, value) => span.addLink(value),
    (span, value) => span.addLinks(value),
    (span, value) => span.setStatus(value),
    (span, value) => span.updateName(value),
    (span, value) => span.recordException(value, value),
    (span, value) => span.end(value),
  ];
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.constantFrom(...calls), odd), { maxLength: 8 }), (steps) => {
      const { span } = startRunSpan({ name: 'train', runKey, redactor: createRedactor() });
      // The proxy stands in by name, since fast-check prints what it tried.
      for (const [call, value] of steps) call(span, (value === 'proxy' ? throwing : value) as never);
      span.end();
      const plain: Span = span;
      expect(plain.isRecording()).toBe(false);
    }),
  );
});

test('remembers no more than it may', () => {
  const { span } = startRunSpan({ name: 'train', runKey });
  for (let index = 0; index < 10_100; index++) span.setAttribute(`key${index}`, index);
  for (let index = 0; index < 200; index++) span.addEvent(`event${index}`);
  expect(Object.keys(span.attributes)).toHaveLength(10_000);
  expect(span.events).toHaveLength(128);
  expect(span.events.at(-1)?.name).toBe('event199');
});
