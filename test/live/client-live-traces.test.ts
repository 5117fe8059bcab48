// Traces made by hand, by our client and by Python's alike: MLflow holds the same of both, and Python reads ours.
import { expect, test } from 'vitest';
import type { MlflowClient, Trace } from '../../src/index.ts';
import { askPython, expectAlike } from './ask-python.ts';
import { startService } from './in-process.ts';
import { requireBackend } from './require-backend.ts';

const mlflow = requireBackend('mlflow');
const uri = (): string => mlflow.env.MLFLOW_TRACKING_URI;

const START_NS = 1_700_000_000_123_456_789n;
const BIG = 2n ** 60n + 1n;

async function start(): Promise<{ client: MlflowClient; again: MlflowClient; experimentId: string }> {
  const service = await startService({ trackingUri: uri(), experimentName: 'traces by hand' });
  const client = service.client();
  return { client, again: service.client(), experimentId: await client.createExperiment(`by-hand-${Date.now()}`) };
}

/** The same by Python. */
const MAKE = {
  root: `client.start_trace("ask ä", span_type="CHAIN", inputs={"messages": [{"role": "user", "content": "Wer?"}], "n": 2**60 + 1, "x": float("nan")},
    attributes={"text": "v", "big": 2**60 + 1, "float": 1.5, "yes": True, "none": None, "nested": {"a": [{}]}, "empty": []},
    tags={"stage": "dev", "gone": "x"}, experiment_id=given["experimentId"], start_time_ns=${START_NS})`,
  child: `client.start_span("call", root.trace_id, root.span_id, span_type="LLM", inputs="hi", start_time_ns=${START_NS + 1n},
    links=[entities.Link(trace_id="tr-" + "ab" * 16, span_id="cd" * 8, attributes={"why": "retry"})])`,
  event: `child.add_event(entities.SpanEvent("token", timestamp=${START_NS + 2n}, attributes={"n": 2**60 + 1, "s": "x"}))`,
  untag: 'client.delete_trace_tag(root.trace_id, "gone")',
  tag: 'client.set_trace_tag(root.trace_id, "more", 1)',
  ended: `client.end_span(root.trace_id, child.span_id, outputs={"a": [1]}, attributes={"late": 1}, status=entities.SpanStatus("ERROR", "too long"),
    end_time_ns=${START_NS + 5n})`,
  done: `client.end_trace(root.trace_id, outputs=42, end_time_ns=${START_NS + 2_500_000_000n})`,
  id: 'root.trace_id',
} as const;

/** Without what is each trace's own: its ids, and what Python measures of its own objects or knows of its own machine. */
function comparable({ info, data }: Trace): unknown {
  const own = /^mlflow\.(trace\.size|source\.)/;
  const metadata = Object.entries(info.traceMetadata).filter(([key]) => !own.test(key));
  const names = new Map(data.spans.map((span) => [span.spanId, span.name]));
  const { 'mlflow.artifactLocation': _, ...tags } = info.tags;
  return {
    info: { ...info, traceId: '', tags, traceMetadata: Object.fromEntries(metadata) },
    spans: data.spans.map((span) => ({
      ...span,
      traceId: '',
      spanId: '',
      parentId: span.parentId === undefined ? undefined : names.get(span.parentId),
      attributes: { ...span.attributes, 'mlflow.traceRequestId': '' },
    })),
  };
}

test('MLflow holds the same of a trace of ours as of one of Python', async () => {
  const { client, again, experimentId } = await start();
  const theirs = await askPython(uri(), MAKE, { experimentId });
  expect(Object.values(theirs).map(({ message }) => message)).toEqual(Object.values(theirs).map(() => undefined));

  const root = await client.startTrace('ask ä', {
    spanType: 'CHAIN',
    inputs: { messages: [{ role: 'user', content: 'Wer?' }], n: BIG, x: NaN },
    attributes: { text: 'v', big: BIG, float: 1.5, yes: true, none: null, nested: { a: [{}] }, empty: [] },
    tags: { stage: 'dev', gone: 'x', 'mlflow.user': 'nobody' },
    experimentId,
    startTimeNs: START_NS,
  });
  const child = await again.startSpan('call', root.traceId, root.spanId, {
    spanType: 'LLM',
    inputs: 'hi',
    startTimeNs: START_NS + 1n,
    links: [{ traceId: `tr-${'ab'.repeat(16)}`, spanId: 'cd'.repeat(8), attributes: { why: 'retry' } }],
  });
  child.addEvent('token', { n: BIG, s: 'x' }, START_NS + 2n);
  await client.deleteTraceTag(root.traceId, 'gone');
  await client.setTraceTag(root.traceId, 'more', 1);
  await client.endSpan(root.traceId, child.spanId, {
    outputs: { a: [1] },
    attributes: { late: 1 },
    status: { code: 'ERROR', message: 'too long' },
    endTimeNs: START_NS + 5n,
  });
  await again.endTrace(root.traceId, { outputs: 42, endTimeNs: START_NS + 2_500_000_000n });

  const ours = await client.getTrace(root.traceId);
  expect(comparable(ours)).toEqual(comparable(await client.getTrace(String(theirs.id.value))));
  const python = await client.getTrace(String(theirs.id.value));
  const stats = (trace: Trace): unknown => {
    const { total_size_bytes: _, ...sizes } = JSON.parse(
      trace.info.traceMetadata['mlflow.trace.sizeStats'] ?? '{}',
    ) as Record<string, number>;
    return sizes; // the total holds the metadata too, which says where each was made
  };
  expect(stats(ours)).toEqual(stats(python));
  expect(ours.info.requestPreview).toBe('Wer?');
  const read = await askPython(
    uri(),
    {
      trace: 'client.get_trace(given["id"], display=False)',
      spans:
        '[[s.name, s.span_type, s.inputs, s.outputs, s.start_time_ns, s.end_time_ns, str(s.status.status_code)] for s in trace.data.spans]',
      events: '[[e.name, e.timestamp, e.attributes] for s in trace.data.spans for e in s.events]',
      big: 'trace.data.spans[0].attributes["big"] == 2**60 + 1',
      preview: '[trace.info.request_preview, trace.info.response_preview]',
    },
    { id: root.traceId },
  );
  const ns = (value: bigint): string => `${value}n`;
  const inputs = { messages: [{ role: 'user', content: 'Wer?' }], n: ns(BIG), x: 'NaN' };
  expect(read.spans.value).toEqual([
    ['ask ä', 'CHAIN', inputs, 42, ns(START_NS), ns(START_NS + 2_500_000_000n), 'SpanStatusCode.OK'],
    ['call', 'LLM', 'hi', { a: [1] }, ns(START_NS + 1n), ns(START_NS + 5n), 'SpanStatusCode.ERROR'],
  ]);
  expect(read.events.value).toEqual([['token', ns(START_NS + 2n), { n: ns(BIG), s: 'x' }]]);
  expect(read.big.value).toBe(true);
  expect(read.preview.value).toEqual(['Wer?', '42']);
});

test('a trace belongs to its run and to the experiment of the service, and waits for its last span', async () => {
  const { client } = await start();
  const experiment = await client.getExperimentByName('traces by hand');
  const experimentId = experiment?.experimentId ?? (await client.createExperiment('traces by hand', {}));
  const run = await client.createRun(experimentId);
  const { runId } = run.info;
  const root = await client.startTrace('of a run', { runId });
  const child = await client.startSpan('late', root.traceId, root.spanId);
  await client.endTrace(root.traceId);
  await expect(client.getTrace(root.traceId)).rejects.toMatchObject({ errorCode: 'RESOURCE_DOES_NOT_EXIST' });
  child.recordException(new RangeError('too high'));
  await client.endSpan(root.traceId, child.spanId);
  const { theirs } = await askPython(
    uri(),
    { theirs: '[t.info.trace_id for t in client.search_traces(locations=[given["e"]], run_id=given["r"])]' },
    { e: experimentId, r: runId },
  );
  expect(theirs.value).toEqual([root.traceId]);
  const { info, data } = await client.getTrace(root.traceId);
  expect(info).toMatchObject({ experimentId, state: 'OK', traceMetadata: { 'mlflow.sourceRun': runId } });
  expect(data.spans[1]).toMatchObject({
    name: 'late',
    status: { code: 'ERROR', message: 'RangeError: too high' },
    events: [{ name: 'exception', attributes: { 'exception.type': 'RangeError', 'exception.message': 'too high' } }],
    attributes: { 'mlflow.spanLogLevel': 40 },
  });
  const times = data.spans.map(({ startTimeNs, endTimeNs = 0n }) => [startTimeNs, endTimeNs]);
  expect(times.flat().every((time) => time > BigInt(run.info.startTimeMs) * 1_000_000n)).toBe(true);
});

test('both are refused with the same code and status', async () => {
  const { client, experimentId } = await start();
  const absent = `tr-${'0'.repeat(32)}`;
  const theirs = await askPython(
    uri(),
    {
      root: 'client.start_trace("refused", experiment_id=given["experimentId"])',
      noParent: 'client.start_span("s", root.trace_id, "")',
      noTrace: 'client.start_span("s", "", root.span_id)',
      parent: 'client.start_span("s", root.trace_id, "0" * 16)',
      trace: 'client.start_span("s", given["absent"], root.span_id)',
      tag: 'client.delete_trace_tag(root.trace_id, "none")',
      done: 'client.end_trace(root.trace_id)',
      again: 'client.end_trace(root.trace_id)',
      end: 'client.end_trace(given["absent"])',
    },
    { experimentId, absent },
  );
  const root = await client.startTrace('refused', { experimentId });
  const open = {
    noParent: client.startSpan('s', root.traceId, ''),
    noTrace: client.startSpan('s', '', root.spanId),
    parent: client.startSpan('s', root.traceId, '0'.repeat(16)),
    trace: client.startSpan('s', absent, root.spanId),
    tag: client.deleteTraceTag(root.traceId, 'none'),
  };
  await expectAlike(open, theirs);
  await client.endTrace(root.traceId);
  await expectAlike({ again: client.endTrace(root.traceId), end: client.endTrace(absent) }, theirs);
  await client.endSpan(absent, '0'.repeat(16)); // as Python: nothing
});
