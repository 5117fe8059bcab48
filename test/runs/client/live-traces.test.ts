// Traces made by hand with the client: what is kept, when it is sent, and what is left where sending fails.
import { afterEach, expect, test } from 'vitest';
import { mlflowError } from '../../../src/errors.ts';
import type { TraceSpan } from '../../../src/model/traces.ts';
import { openTraces } from '../../../src/runs/client/live-trace.ts';
import { recordingClient } from './recording-client.ts';

afterEach(() => openTraces().clear());

test('a trace is sent whole when its last span has ended, its spans first', async () => {
  const { client, calls } = recordingClient();
  const root = await client.startTrace('t', { experimentId: '7', runId: 'r', tags: { a: 1, 'mlflow.user': 'x' } });
  const child = await client.startSpan('c', root.traceId, root.spanId, { spanType: 'TOOL' });
  await client.endTrace(root.traceId, { outputs: 'o' });
  expect(calls).toEqual([]);
  await client.endSpan(root.traceId, child.spanId);
  expect(calls.map(({ method }) => method)).toEqual(['exportSpans', 'createTrace']);
  const sent = calls[0]?.args[0] as { experimentId: string; spans: readonly TraceSpan[] } | undefined;
  const { experimentId, spans = [] } = sent ?? {};
  expect(experimentId).toBe('7');
  expect(spans.map(({ name, parentId, status }) => [name, parentId, status.code])).toEqual([
    ['t', undefined, 'OK'],
    ['c', root.spanId, 'OK'],
  ]);
  expect(spans.map(({ attributes }) => attributes['mlflow.spanLogLevel'])).toEqual([10, 20]);
  expect(calls[1]?.args[0]).toMatchObject({
    sourceRunId: 'r',
    info: { state: 'OK', requestTimeMs: 42, responsePreview: '"o"', tags: { a: '1', 'mlflow.traceName': 't' } },
  });
  expect(openTraces().size).toBe(0);
});

test('a trace that could not be sent is sent by the next end', async () => {
  const away = mlflowError('TEMPORARILY_UNAVAILABLE', 'later');
  const { client, calls } = recordingClient([away]);
  const root = await client.startTrace('t', { experimentId: '7' });
  await expect(client.endTrace(root.traceId, { outputs: 1 })).rejects.toBe(away);
  await client.endTrace(root.traceId, { outputs: 2 });
  expect(calls.map(({ method }) => method)).toEqual(['exportSpans', 'exportSpans', 'createTrace']);
  expect(calls[2]?.args[0]).toMatchObject({ info: { responsePreview: '1' } });
});

test('links whose ids the server does not read in base64 go in hex, and nothing else is asked twice', async () => {
  const { client, calls } = recordingClient([mlflowError('BAD_REQUEST', ''), {}, {}, mlflowError('BAD_REQUEST', '')]);
  const links = [{ traceId: `tr-${'ab'.repeat(16)}`, spanId: 'cd'.repeat(8) }];
  const linked = await client.startTrace('t', { experimentId: '7', links });
  await client.endTrace(linked.traceId);
  expect(calls.map(({ args }) => (args[0] as { linkIds?: string }).linkIds)).toEqual(['base64', 'hex', undefined]);
  const plain = await client.startTrace('t', { experimentId: '7' });
  await expect(client.endTrace(plain.traceId)).rejects.toMatchObject({ errorCode: 'BAD_REQUEST' });
  expect(calls).toHaveLength(4);
});

test('at most a thousand traces wait; the oldest goes', async () => {
  const { client } = recordingClient();
  const first = await client.startTrace('first', { experimentId: '7' });
  for (let count = 0; count < 1000; count++) await client.startTrace('t', { experimentId: '7' });
  expect(openTraces().size).toBe(1000);
  expect(openTraces().has(first.traceId)).toBe(false);
});

test('what is set on a span after its end is left alone, and its own ERROR stays', async () => {
  const { client, calls } = recordingClient();
  const root = await client.startTrace('t', { experimentId: '7' });
  root.setInputs({ a: 1 });
  root.setSpanType('AGENT');
  root.setStatus({ code: 'ERROR', message: 'm' });
  expect(() => root.setStatus('BOGUS' as 'OK')).toThrow(/OK, ERROR or UNSET/);
  await client.endTrace(root.traceId);
  root.setOutputs(2);
  root.addEvent('late');
  root.setStatus('OK');
  expect(root.endTimeNs).toBeGreaterThanOrEqual(root.startTimeNs);
  expect(root.toTraceSpan()).toMatchObject({
    spanType: 'AGENT',
    inputs: { a: 1 },
    outputs: undefined,
    events: [],
    status: { code: 'ERROR', message: 'm' },
  });
  expect(calls[1]?.args[0]).toMatchObject({ info: { state: 'ERROR' } });
});

test('tags of an open trace stay in memory', async () => {
  const { client, calls } = recordingClient();
  const root = await client.startTrace('t', { experimentId: '7', tags: { a: 'b' } });
  await client.setTraceTag(root.traceId, 'c', 2);
  await client.deleteTraceTag(root.traceId, 'a');
  await expect(client.deleteTraceTag(root.traceId, 'a')).rejects.toMatchObject({
    errorCode: 'RESOURCE_DOES_NOT_EXIST',
  });
  expect(calls).toEqual([]);
  await client.endTrace(root.traceId);
  expect(calls[1]?.args[0]).toMatchObject({ info: { tags: { 'mlflow.traceName': 't', c: '2' } } });
});
