// Traces and assessments by our client and by Python's, on one server: each reads what the other did, and both are refused alike.
import { expect, test } from 'vitest';
import type { MlflowClient, Trace } from '../../src/index.ts';
import { askPython, expectAlike } from './ask-python.ts';
import { startService } from './in-process.ts';
import { requireBackend } from './require-backend.ts';

const mlflow = requireBackend('mlflow');
const uri = (): string => mlflow.env.MLFLOW_TRACKING_URI;

async function start(): Promise<{ client: MlflowClient; experimentId: string }> {
  const service = await startService({ trackingUri: uri(), experimentName: 'traces by client' });
  const client = service.client();
  return { client, experimentId: await client.createExperiment(`traces-${Date.now()}`) };
}

const START_NS = 1_700_000_000_123_456_789n;

/** A trace by Python: two spans, values of every kind, integers beyond 2^53, an event, a link. */
const MAKE = {
  root: `client.start_trace("ask ä", span_type="CHAIN", inputs={"q": "ä", "n": 2**60 + 1, "x": float("nan"), "list": [1, 2.5, None]},
    attributes={"text": "v", "big": 2**60 + 1, "float": 1.5, "yes": True, "none": None, "nested": {"a": [{}]}},
    tags={"stage": "dev"}, experiment_id=given["experimentId"], start_time_ns=given["startNs"])`,
  child: `client.start_span("call", root.trace_id, root.span_id, span_type="LLM", inputs="hi", start_time_ns=given["startNs"] + 1)`,
  event: `child.add_event(entities.SpanEvent("token", timestamp=given["startNs"] + 2, attributes={"n": 2**60 + 1, "s": "x"}))`,
  link: `child.add_link(entities.Link(trace_id="tr-" + "ab" * 16, span_id="cd" * 8, attributes={"why": "retry"}))`,
  ended: `client.end_span(root.trace_id, child.span_id, outputs={"a": [1]}, status=entities.SpanStatus("ERROR", "too long"),
    end_time_ns=given["startNs"] + 5)`,
  done: `client.end_trace(root.trace_id, outputs=42, end_time_ns=given["startNs"] + 2_500_000_000)`,
  id: 'root.trace_id',
  ids: '[root.span_id, child.span_id]',
} as const;

test('our client reads a trace of Python whole: info, spans, events, links, integers of any size', async () => {
  const { client, experimentId } = await start();
  // JSON of the test's own has no bigint; Python's has
  const expressions = Object.entries(MAKE).map(([name, text]) => [
    name,
    text.replaceAll('given["startNs"]', String(START_NS)),
  ]);
  const theirs = await askPython(uri(), Object.fromEntries(expressions) as typeof MAKE, { experimentId });
  expect(Object.values(theirs).map(({ message }) => message)).toEqual(Object.values(theirs).map(() => undefined));
  const traceId = String(theirs.id.value);
  const [rootId, childId] = theirs.ids.value as readonly string[];
  const trace = await client.getTrace(traceId);
  expect(trace.info).toMatchObject({
    traceId,
    experimentId,
    requestTimeMs: Number(START_NS / 1_000_000n),
    executionDurationMs: 2500,
    state: 'OK',
    requestPreview: '{"q": "ä", "n": 1152921504606846977, "x": NaN, "list": [1, 2.5, null]}',
    responsePreview: '42',
    clientRequestId: undefined,
    tags: { stage: 'dev', 'mlflow.traceName': 'ask ä' },
    assessments: [],
  });
  expect(trace.info.traceMetadata['mlflow.traceOutputs']).toBe('42');
  const big = 2n ** 60n + 1n;
  const [root, child] = trace.data.spans;
  expect(trace.data.spans).toHaveLength(2);
  expect(root).toMatchObject({
    traceId,
    spanId: rootId,
    parentId: undefined,
    name: 'ask ä',
    spanType: 'CHAIN',
    startTimeNs: START_NS,
    endTimeNs: START_NS + 2_500_000_000n,
    status: { code: 'OK', message: '' },
    inputs: { q: 'ä', n: big, x: NaN, list: [1, 2.5, null] },
    outputs: 42,
    attributes: { text: 'v', big, float: 1.5, yes: true, none: null, nested: { a: [{}] } },
    events: [],
    links: [],
  });
  expect(child).toMatchObject({
    spanId: childId,
    parentId: rootId,
    spanType: 'LLM',
    inputs: 'hi',
    outputs: { a: [1] },
    status: { code: 'ERROR', message: 'too long' },
    events: [{ name: 'token', timeNs: START_NS + 2n, attributes: { n: big, s: 'x' } }],
    links: [{ traceId: `tr-${'ab'.repeat(16)}`, spanId: 'cd'.repeat(8), attributes: { why: 'retry' } }],
  });
  expect(await client.searchTraces({ locations: [experimentId] }).all()).toEqual([trace]);
});

test('a search pages, filters, orders, and knows runs; tags, links and deletions are what Python sees', async () => {
  const { client, experimentId } = await start();
  const run = await client.createRun(experimentId);
  const { runId } = run.info;
  const { ids } = await askPython(
    uri(),
    {
      roots: `[client.start_trace(f"t{i}", experiment_id=given["experimentId"], start_time_ns=1700000000_000_000_000 + i * 10**9)
        for i in range(12)]`,
      done: '[client.end_trace(root.trace_id) for root in roots]',
      ids: '[root.trace_id for root in roots]',
    },
    { experimentId },
  );
  const traceIds = ids.value as readonly string[];
  const [first = '', second = ''] = traceIds;
  const idsOf = (traces: readonly Trace[]): readonly string[] => traces.map(({ info }) => info.traceId);
  const oldest = { locations: [experimentId], orderBy: ['timestamp_ms ASC'] };
  const all = await client.searchTraces({ ...oldest, maxResults: 7 }).all();
  expect(idsOf(all)).toEqual(traceIds);
  expect(all.every(({ data }) => data.spans.length === 1)).toBe(true);
  const bare = await client.searchTraces({ ...oldest, includeSpans: false, maxResults: 5 }).firstPage();
  expect(bare.items.map(({ data }) => data.spans)).toEqual([[], [], [], [], []]);
  await client.setTraceTag(first, 'stage', 'prod');
  await client.setTraceTag(first, 'gone', 1);
  await client.deleteTraceTag(first, 'gone');
  await client.setTraceTag(first, 'mlflow.user', 'nobody');
  await client.linkTracesToRun([first, second], runId);
  await client.linkTracesToRun([], runId);
  expect(idsOf(await client.searchTraces({ ...oldest, filterString: "tags.stage = 'prod'" }).all())).toEqual([first]);
  expect(idsOf(await client.searchTraces({ ...oldest, runId }).all())).toEqual([first, second]);
  const both = { ...oldest, runId, filterString: "tags.stage = 'prod'" };
  expect(idsOf(await client.searchTraces(both).all())).toEqual([first]);
  expect(await client.deleteTraces(experimentId, { traceIds: traceIds.slice(10) })).toBe(2);
  const upTo = { maxTimestampMs: 1_700_000_009_000, maxTraces: 3 };
  expect(await client.deleteTraces(experimentId, upTo)).toBe(3);
  const { found, tags } = await askPython(
    uri(),
    {
      found: `[t.info.trace_id for t in client.search_traces(locations=[given["experimentId"]], order_by=["timestamp_ms ASC"])]`,
      linked: 'client.search_traces(locations=[given["experimentId"]], run_id=given["runId"])',
      tags: 'client.get_trace(given["kept"], display=False).info.tags',
    },
    { experimentId, runId, kept: traceIds[5] },
  );
  expect(found.value).toEqual(traceIds.slice(3, 10));
  expect(tags.value).not.toHaveProperty('stage');
});

test('Python reads the assessments that our client made, and ours those of Python', async () => {
  const { client, experimentId } = await start();
  const { id, theirs, spanId } = await askPython(
    uri(),
    {
      root: 'client.start_trace("assessed", experiment_id=given["experimentId"])',
      done: 'client.end_trace(root.trace_id)',
      id: 'root.trace_id',
      spanId: 'root.span_id',
      theirs: `[mlflow.log_feedback(trace_id=root.trace_id, name="good", value={"a": [1, None, "x"]}, rationale="r", metadata={"k": "v"},
          span_id=root.span_id, source=entities.AssessmentSource("LLM_JUDGE", "gpt")),
        mlflow.log_feedback(trace_id=root.trace_id, error=ValueError("boom")),
        mlflow.log_expectation(trace_id=root.trace_id, name="exp", value={"n": 2**60 + 1, "x": float("nan")}),
        mlflow.log_expectation(trace_id=root.trace_id, name="plain", value="yes")]`,
    },
    { experimentId },
  );
  const traceId = String(id.value);
  const assessmentIds = (theirs.value as readonly { readonly assessment_id: string }[]).map((one) => one.assessment_id);
  const [good, failed, expected, plain] = await Promise.all(
    assessmentIds.map((one) => client.getAssessment(traceId, one)),
  );
  const { info } = await client.getTrace(traceId);
  expect(
    info.assessments.toSorted((a, b) => assessmentIds.indexOf(a.assessmentId) - assessmentIds.indexOf(b.assessmentId)),
  ).toEqual([good, failed, expected, plain]);
  expect(good).toMatchObject({
    kind: 'feedback',
    traceId,
    name: 'good',
    value: { a: [1, null, 'x'] },
    error: undefined,
    rationale: 'r',
    metadata: { k: 'v' },
    spanId: spanId.value,
    source: { sourceType: 'LLM_JUDGE', sourceId: 'gpt' },
    overrides: undefined,
    isValid: true,
  });
  expect(failed).toMatchObject({ value: null, error: { errorCode: 'ValueError', errorMessage: 'boom' } });
  expect(expected).toMatchObject({ kind: 'expectation', value: { n: 2n ** 60n + 1n, x: NaN } });
  expect(plain).toMatchObject({
    value: 'yes',
    source: { sourceType: 'HUMAN', sourceId: 'default' },
    spanId: undefined,
  });

  const feedback = await client.logFeedback(traceId, {
    name: 'mine',
    value: { score: 0.5, notes: ['ä', null, true] },
    rationale: 'because',
    metadata: { round: 2 },
    spanId: String(spanId.value),
    source: { sourceType: 'HUMAN', sourceId: 'ann' },
  });
  const broken = await client.logFeedback(traceId, { error: new RangeError('too high') });
  const wanted = await client.logExpectation(traceId, 'answer', { n: 2n ** 60n + 1n });
  const scalar = await client.logAssessment(traceId, { kind: 'expectation', name: 'count', value: 2n ** 60n + 1n });
  const dropped = await client.logExpectation(traceId, 'dropped', 1);
  await client.deleteAssessment(traceId, dropped.assessmentId);
  const override = await client.overrideFeedback(traceId, feedback.assessmentId, 1, { rationale: 'better' });
  expect(override).toMatchObject({ name: 'mine', overrides: feedback.assessmentId, spanId: spanId.value, value: 1 });
  expect(await client.getAssessment(traceId, feedback.assessmentId)).toMatchObject({ isValid: false });
  await client.updateAssessment(traceId, wanted.assessmentId, {
    kind: 'expectation',
    name: 'answer 2',
    value: [4],
    metadata: { a: 'b' },
  });
  const read = await askPython(
    uri(),
    {
      all: 'client.get_trace(given["traceId"], display=False).info.assessments',
      mine: '[[a for a in all if a.assessment_id == id][0] for id in given["ids"]]',
      names: '[a.name for a in all]',
    },
    { traceId, ids: [feedback, broken, wanted, scalar, override].map(({ assessmentId }) => assessmentId) },
  );
  expect(read.names.value).not.toContain('dropped');
  await client.deleteAssessment(traceId, override.assessmentId);
  expect(await client.getAssessment(traceId, feedback.assessmentId)).toMatchObject({ isValid: true });
  expect(read.mine.value).toMatchObject([
    {
      name: 'mine',
      value: { score: 0.5, notes: ['ä', null, true] },
      rationale: 'because',
      metadata: { round: '2' },
      span_id: spanId.value,
      source: { source_type: 'HUMAN', source_id: 'ann' },
      valid: false,
      create_time_ms: feedback.createTimeMs,
    },
    {
      name: 'feedback',
      value: null,
      error: {
        error_code: 'RangeError',
        error_message: 'too high',
        stack_trace: expect.stringContaining('RangeError'),
      },
      source: { source_type: 'CODE', source_id: 'default' },
    },
    { name: 'answer 2', value: [4], metadata: { a: 'b' }, source: { source_type: 'HUMAN' } },
    { name: 'count', value: Number(2n ** 60n + 1n) }, // the server makes a double of a number by itself
    { name: 'mine', value: 1, rationale: 'better', overrides: feedback.assessmentId, valid: true },
  ]);
});

test('both are refused with the same code and status', async () => {
  const { client, experimentId } = await start();
  const other = await client.createRun('0');
  const given = { experimentId, otherRun: other.info.runId, absent: `tr-${'0'.repeat(32)}` };
  const many = Array.from({ length: 101 }, (_, index) => `tr-${String(index).padStart(32, '0')}`);
  const where = { locations: [experimentId] };
  const theirs = await askPython(
    uri(),
    {
      root: 'client.start_trace("refused", experiment_id=given["experimentId"])',
      done: 'client.end_trace(root.trace_id)',
      id: 'root.trace_id',
      expectation: 'mlflow.log_expectation(trace_id=root.trace_id, name="e", value=1)',
      get: 'client.get_trace(given["absent"], display=False)',
      filter: 'client.search_traces(locations=[given["experimentId"]], filter_string="bogus !")',
      order: 'client.search_traces(locations=[given["experimentId"]], order_by=["bogus"])',
      size: 'client.search_traces(locations=[given["experimentId"]], max_results=501)',
      location: 'client.search_traces(locations=["a.b"])',
      nowhere: 'client.search_traces(locations=[])',
      run: 'client.search_traces(locations=[given["experimentId"]], run_id=given["otherRun"])',
      noRun: 'client.search_traces(locations=[given["experimentId"]], run_id="0" * 32)',
      both: 'client.search_traces(locations=[given["experimentId"]], model_id="m-1", filter_string="x")',
      tag: 'client.set_trace_tag(given["absent"], "a", "b")',
      key: 'client.set_trace_tag(root.trace_id, "a%", "b")',
      untag: 'client.delete_trace_tag(root.trace_id, "none")',
      many: 'client.link_traces_to_run([f"tr-{i}" for i in range(101)], "r")',
      link: 'client.link_traces_to_run(["tr-1"], "")',
      nothing: 'client.delete_traces(given["experimentId"])',
      two: 'client.delete_traces(given["experimentId"], max_timestamp_millis=1, trace_ids=["tr-1"])',
      max: 'client.delete_traces(given["experimentId"], max_traces=1, trace_ids=["tr-1"])',
      zero: 'client.delete_traces(given["experimentId"], max_timestamp_millis=1, max_traces=0)',
      assessment: 'mlflow.get_assessment(root.trace_id, "a-none")',
      feedback: 'mlflow.log_feedback(trace_id=given["absent"], value=1)',
      value: 'mlflow.log_expectation(trace_id=root.trace_id, name="e", value=None)',
      source: 'mlflow.log_feedback(trace_id=root.trace_id, value=1, source=entities.AssessmentSource("BOGUS", "x"))',
      override: 'mlflow.override_feedback(trace_id=root.trace_id, assessment_id=expectation.assessment_id, value=1)',
      update: 'mlflow.update_assessment(root.trace_id, "a-none", entities.Feedback(value=1))',
      kind: 'mlflow.update_assessment(root.trace_id, expectation.assessment_id, entities.Feedback(name="e", value=1))',
      remove: 'mlflow.delete_assessment(root.trace_id, "a-none")',
    },
    given,
  );
  const traceId = String(theirs.id.value);
  const { assessment_id: expectationId } = theirs.expectation.value as { readonly assessment_id: string };
  const ours = {
    get: client.getTrace(given.absent),
    filter: client.searchTraces({ ...where, filterString: 'bogus !' }).all(),
    order: client.searchTraces({ ...where, orderBy: ['bogus'] }).all(),
    size: client.searchTraces({ ...where, maxResults: 501 }).all(),
    location: client.searchTraces({ locations: ['a.b'] }).all(),
    nowhere: client.searchTraces({ locations: [] }).all(),
    run: client.searchTraces({ ...where, runId: given.otherRun }).all(),
    noRun: client.searchTraces({ ...where, runId: '0'.repeat(32) }).all(),
    both: client.searchTraces({ ...where, modelId: 'm-1', filterString: 'x' }).all(),
    tag: client.setTraceTag(given.absent, 'a', 'b'),
    key: client.setTraceTag(traceId, 'a%', 'b'),
    untag: client.deleteTraceTag(traceId, 'none'),
    many: client.linkTracesToRun(many, 'r'),
    link: client.linkTracesToRun(['tr-1'], ''),
    nothing: client.deleteTraces(experimentId, {}),
    two: client.deleteTraces(experimentId, { maxTimestampMs: 1, traceIds: ['tr-1'] }),
    max: client.deleteTraces(experimentId, { maxTraces: 1, traceIds: ['tr-1'] }),
    zero: client.deleteTraces(experimentId, { maxTimestampMs: 1, maxTraces: 0 }),
    assessment: client.getAssessment(traceId, 'a-none'),
    feedback: client.logFeedback(given.absent, { value: 1 }),
    value: client.logExpectation(traceId, 'e', null),
    source: client.logFeedback(traceId, { value: 1, source: { sourceType: 'BOGUS' as 'CODE' } }),
    override: client.overrideFeedback(traceId, expectationId, 1),
    update: client.updateAssessment(traceId, 'a-none', { kind: 'feedback', value: 1 }),
    kind: client.updateAssessment(traceId, expectationId, { kind: 'feedback', name: 'e', value: 1 }),
    remove: client.deleteAssessment(traceId, 'a-none'),
  };
  await expectAlike(ours, theirs);
});
