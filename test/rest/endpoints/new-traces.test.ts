// What a trace made by hand is sent as: OTLP-JSON with integers of any size, and the limits of MLflow's server.
import { expect, it, onTestFinished } from 'vitest';
import type { TraceSpan } from '../../../src/model/traces.ts';
import { toAnyValue } from '../../../src/rest/wire/otlp-values.ts';
import { openHttpStore } from '../../../src/stores/http/http-store.ts';
import { json, startServer, text, type Answer } from '../scripted-server.ts';

async function open(answer: Answer) {
  const server = await startServer(answer);
  const store = openHttpStore(server.url, {});
  onTestFinished(() => store.close());
  return { server, store };
}

it.each<[unknown, object]>([
  [undefined, {}],
  [null, {}],
  [true, { boolValue: true }],
  ['a\ud800', { stringValue: 'a\ufffd' }],
  [7, { intValue: '7' }],
  [2n ** 63n - 1n, { intValue: '9223372036854775807' }],
  [2n ** 63n, { stringValue: '9223372036854775808' }],
  [1.5, { doubleValue: 1.5 }],
  [-0, { doubleValue: -0 }],
  [2 ** 60, { doubleValue: 2 ** 60 }],
  [-Infinity, { doubleValue: '-Infinity' }],
  [[1, 'a'], { arrayValue: { values: [{ intValue: '1' }, { stringValue: 'a' }] } }],
  [{ k: null }, { kvlistValue: { values: [{ key: 'k', value: {} }] } }],
  [new Uint8Array([1]), { bytesValue: 'AQ==' }],
  [new Date(0), { stringValue: '1970-01-01T00:00:00.000Z' }],
  [Symbol('s'), { stringValue: 'Symbol(s)' }],
])('writes a value as OTLP has it: %#', (value, wire) => {
  expect(toAnyValue(value)).toEqual(wire);
});

it('writes what contains itself as far as a server reads', () => {
  const loop: Record<string, unknown> = {};
  loop['self'] = loop;
  const written = JSON.stringify(toAnyValue(loop));
  expect(written).toContain('{…}');
  expect(written.length).toBeLessThan(3000);
});

const span: TraceSpan = {
  traceId: `tr-${'ab'.repeat(16)}`,
  spanId: 'cd'.repeat(8),
  parentId: undefined,
  name: 's',
  spanType: 'LLM',
  startTimeNs: 1_700_000_000_123_456_789n,
  endTimeNs: 1_700_000_000_123_456_790n,
  status: { code: 'ERROR', message: 'm' },
  inputs: undefined,
  outputs: undefined,
  attributes: { n: 1 },
  events: [{ name: 'e', timeNs: 5n, attributes: {} }],
  links: [{ traceId: `tr-${'12'.repeat(16)}`, spanId: '34'.repeat(8), attributes: {} }],
};

it.each<['base64' | 'hex', string, string]>([
  ['base64', 'EhISEhISEhISEhISEhISEg==', 'NDQ0NDQ0NDQ='],
  ['hex', '12'.repeat(16), '34'.repeat(8)],
])('sends spans to their experiment, the ids of links in %s', async (linkIds, traceId, spanId) => {
  const { server, store } = await open(text(''));
  await store.request('exportSpans', { experimentId: '7', spans: [span], linkIds });
  expect(server.seen[0]).toMatchObject({ url: '/v1/traces', headers: { 'x-mlflow-experiment-id': '7' } });
  const { resourceSpans } = JSON.parse(server.seen[0]?.body ?? '') as {
    resourceSpans: readonly { scopeSpans: readonly { spans: readonly unknown[] }[] }[];
  };
  expect(resourceSpans[0]?.scopeSpans[0]?.spans).toEqual([
    {
      traceId: 'ab'.repeat(16),
      spanId: 'cd'.repeat(8),
      name: 's',
      startTimeUnixNano: '1700000000123456789',
      endTimeUnixNano: '1700000000123456790',
      attributes: [{ key: 'n', value: { intValue: '1' } }],
      events: [{ name: 'e', timeUnixNano: '5', attributes: [] }],
      links: [{ traceId, spanId, attributes: [] }],
      status: { code: 2, message: 'm' },
    },
  ]);
});

it('sends what is known of a trace within the limits of the server', async () => {
  const { server, store } = await open(json({ trace: { trace_info: { trace_id: 'tr-1' } } }));
  await store.request('createTrace', {
    info: {
      traceId: 'tr-1',
      experimentId: '7',
      requestTimeMs: 1500,
      executionDurationMs: 2,
      state: 'OK',
      requestPreview: undefined,
      responsePreview: 'o',
      traceMetadata: { m: 'x'.repeat(300) },
      tags: { t: 'y'.repeat(5000) },
    },
    sourceRunId: 'r',
  });
  expect(JSON.parse(server.seen[0]?.body ?? '')).toEqual({
    trace: {
      trace_info: {
        trace_id: 'tr-1',
        trace_location: { type: 'MLFLOW_EXPERIMENT', mlflow_experiment: { experiment_id: '7' } },
        response_preview: 'o',
        request_time: '1970-01-01T00:00:01.500Z',
        execution_duration: '0.002s',
        state: 'OK',
        trace_metadata: { m: 'x'.repeat(250), 'mlflow.sourceRun': 'r' },
        tags: { t: 'y'.repeat(4096) },
      },
    },
  });
});
