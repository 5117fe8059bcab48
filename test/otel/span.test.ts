// A piece of work as a child span: what it returns, what it throws, and that it ends.
import { SpanStatusCode, context, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { InMemorySpanExporter, SimpleSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace';
import { beforeAll, beforeEach, expect, test } from 'vitest';
import { span } from '../../src/otel/span.ts';
import { isTracingSuppressed, suppressTracing } from '../../src/otel/suppress-tracing.ts';

const exporter = new InMemorySpanExporter();

beforeAll(() => {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  trace.setGlobalTracerProvider(new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter })] }));
});

beforeEach(() => {
  exporter.reset();
});

test('returns what synchronous work returns, ended', () => {
  expect(span('load', { rows: 3 }, (active) => active.isRecording())).toBe(true);
  expect(exporter.getFinishedSpans()[0]).toMatchObject({ name: 'load', attributes: { rows: 3 }, status: { code: 0 } });
});

test('returns a promise for work that does, and ends when it settles', async () => {
  const result = span('load', async () => {
    await Promise.resolve();
    return 42;
  });
  expect(exporter.getFinishedSpans()).toHaveLength(0);
  await expect(result).resolves.toBe(42);
  expect(exporter.getFinishedSpans()).toHaveLength(1);
});

test('is the parent of what happens inside, also after an await', async () => {
  await span('outer', async () => {
    await Promise.resolve();
    span('inner', () => undefined);
  });
  const [inner, outer] = exporter.getFinishedSpans();
  expect(inner?.parentSpanContext?.spanId).toBe(outer?.spanContext().spanId);
});

class EmptyDataError extends Error {}

test.each([
  ['throws', () => Promise.resolve().then(() => span('load', () => raise(new EmptyDataError('no rows'))))],
  ['rejects', () => span('load', async () => raise(new EmptyDataError('no rows')))],
])('records what work %s and throws the same on', async (_, run) => {
  await expect(run()).rejects.toBeInstanceOf(EmptyDataError);
  const [sent] = exporter.getFinishedSpans();
  expect(sent).toMatchObject({
    status: { code: SpanStatusCode.ERROR, message: 'no rows' },
    attributes: { 'error.type': 'EmptyDataError' },
  });
  expect(sent?.events[0]).toMatchObject({ name: 'exception', attributes: { 'exception.message': 'no rows' } });
});

function raise(error: unknown): never {
  throw error;
}

test.each([
  ['undefined', undefined, 'undefined'],
  ['a string', 'no', 'no'],
  ['an object', { why: 'no' }, '{"why":"no"}'],
  ['an object without prototype', Object.create(null), '{}'],
])('records %s that is thrown as _OTHER', (_, thrown, message) => {
  let caught: unknown = 'nothing';
  try {
    span('load', () => raise(thrown));
  } catch (error) {
    caught = error;
  }
  expect(caught).toBe(thrown);
  expect(exporter.getFinishedSpans()[0]).toMatchObject({
    status: { code: SpanStatusCode.ERROR, message },
    attributes: { 'error.type': '_OTHER' },
  });
});

test('refuses to run nothing', () => {
  expect(() => span('load', {} as never)).toThrow("span('load') needs a function");
});

test('work under suppressTracing leaves no span, also after an await', async () => {
  await suppressTracing(async () => {
    await Promise.resolve();
    expect(isTracingSuppressed()).toBe(true);
    span('own', () => undefined);
  });
  expect(isTracingSuppressed()).toBe(false);
  expect(exporter.getFinishedSpans()).toHaveLength(0);
});
