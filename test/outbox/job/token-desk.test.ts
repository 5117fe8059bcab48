// The job's end of a rotating token: what crosses to the drain's thread, and what does not.
import { context, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { InMemorySpanExporter, SimpleSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace';
import { afterEach, expect, it } from 'vitest';
import { giveToken, keepTokens } from '../../../src/outbox/job/token-desk.ts';

afterEach(() => {
  trace.disable();
  context.disable();
});

const wanted = { kind: 'token-wanted', id: 7, isRefused: true } as const;

it('keeps the functions, and hands on what can cross a thread', () => {
  const getToken = () => 'hunter-1';
  const connection = { workspace: 'w', getToken };
  const kept = keepTokens({ connection, registry: { uri: 'http://r', connection: { timeoutMs: 5 } }, other: 1 });
  expect(structuredClone(kept.plain)).toEqual({
    connection: { workspace: 'w' },
    registry: { uri: 'http://r', connection: { timeoutMs: 5 } },
    other: 1,
  });
  expect(kept.asksForToken).toEqual({ tracking: true, registry: false });
  expect(kept.getToken).toBe(getToken);
});

it('answers, whatever the function does', async () => {
  expect(await giveToken(({ isRefused }) => `hunter-${isRefused}`, wanted)).toEqual({
    kind: 'token',
    id: 7,
    token: 'hunter-true',
  });
  const sealed = () => {
    throw new Error('sealed');
  };
  expect(await giveToken(sealed, wanted)).toMatchObject({ id: 7, error: { message: 'sealed' } });
  expect(await giveToken(() => (() => 1) as unknown as string, wanted)).toMatchObject({ error: { name: 'TypeError' } });
});

it("leaves no span of the function's own requests", async () => {
  const exporter = new InMemorySpanExporter();
  trace.setGlobalTracerProvider(new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter })] }));
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  const tracer = trace.getTracer('test');
  await giveToken(async () => {
    await Promise.resolve();
    tracer.startSpan('ask the vault').end();
    return 'hunter-1';
  }, wanted);
  tracer.startSpan("the user's own").end();
  expect(exporter.getFinishedSpans().map(({ name }) => name)).toEqual(["the user's own"]);
});
