// What a copied trace is sent as: attributes to the letter, ids and times of assessments kept, nothing cut.
import { expect, it, onTestFinished } from 'vitest';
import type { Assessment } from '../../../src/model/assessments.ts';
import type { KeptSpan } from '../../../src/model/traces.ts';
import { openHttpStore } from '../../../src/stores/http/http-store.ts';
import { json, startServer } from '../scripted-server.ts';

const traceId = `tr-${'ab'.repeat(16)}`;

async function open() {
  const server = await startServer(json({ trace: { trace_info: { trace_id: traceId } } }));
  const store = openHttpStore(server.url, {});
  onTestFinished(() => store.close());
  return { server, store };
}

it.each<[string, object]>([
  ['{"n": 1.0}', { stringValue: '{"n": 1.0}' }],
  ['"{\\"n\\": 1}"', { stringValue: '"{\\"n\\": 1}"' }],
  ['[1, null]', { stringValue: '[1, null]' }],
  ['3', { intValue: '3' }],
  ['1152921504606846976', { intValue: '1152921504606846976' }],
  ['1.0', { doubleValue: 1 }],
  ['NaN', { doubleValue: 'NaN' }],
  ['true', { boolValue: true }],
  ['null', {}],
  ['no JSON', { stringValue: 'no JSON' }],
])('sends the attribute %s so that the server has it to the letter', async (written, wire) => {
  const { server, store } = await open();
  const span: KeptSpan = {
    traceId,
    spanId: 'cd'.repeat(8),
    parentId: undefined,
    name: 's',
    startTimeNs: 1_700_000_000_123_456_789n,
    endTimeNs: undefined,
    status: { code: 'UNSET', message: '' },
    attributes: { key: written },
    events: [],
    links: [],
  };
  await store.request('copySpans', { experimentId: '7', spans: [span], linkIds: 'hex' });
  const [{ body, headers } = { body: '', headers: {} }] = server.seen;
  expect(headers).toMatchObject({ 'x-mlflow-experiment-id': '7' });
  expect(JSON.parse(body)).toMatchObject({
    resourceSpans: [
      { scopeSpans: [{ spans: [{ traceId: 'ab'.repeat(16), attributes: [{ key: 'key', value: wire }] }] }] },
    ],
  });
});

it('sends what is known of a trace whole, with its assessments as they were made', async () => {
  const { server, store } = await open();
  const made = { traceId, source: { sourceType: 'HUMAN', sourceId: 'ada' }, metadata: { a: 'b' } } as const;
  const times = { createTimeMs: 1000, lastUpdateTimeMs: 2000, spanId: undefined, isValid: true };
  const assessments: Assessment[] = [
    {
      kind: 'feedback',
      assessmentId: 'a-1',
      name: 'good',
      value: { x: [1] },
      error: { errorCode: 'E' },
      rationale: 'why',
      overrides: 'a-0',
      ...made,
      ...times,
    },
    { kind: 'expectation', assessmentId: 'a-2', name: 'wanted', value: [1], ...made, ...times },
    { kind: 'issue', assessmentId: 'a-3', name: 'iss-1', issueName: 'slow', rationale: undefined, ...made, ...times },
  ];
  await store.request('copyTrace', {
    traceId,
    experimentId: '7',
    requestTimeMs: 1000,
    executionDurationMs: undefined,
    state: 'ERROR',
    requestPreview: undefined,
    responsePreview: 'out',
    clientRequestId: 'c-1',
    traceMetadata: { long: 'x'.repeat(2000) },
    tags: { k: 'v' },
    assessments,
  });
  const common = {
    trace_id: traceId,
    source: { source_type: 'HUMAN', source_id: 'ada' },
    create_time: '1970-01-01T00:00:01.000Z',
    last_update_time: '1970-01-01T00:00:02.000Z',
    metadata: { a: 'b' },
    valid: true,
  };
  expect(JSON.parse(server.seen[0]?.body ?? '')).toEqual({
    trace: {
      trace_info: {
        trace_id: traceId,
        client_request_id: 'c-1',
        trace_location: { type: 'MLFLOW_EXPERIMENT', mlflow_experiment: { experiment_id: '7' } },
        response_preview: 'out',
        request_time: '1970-01-01T00:00:01.000Z',
        state: 'ERROR',
        trace_metadata: { long: 'x'.repeat(2000) },
        tags: { k: 'v' },
        assessments: [
          {
            ...common,
            assessment_id: 'a-1',
            assessment_name: 'good',
            feedback: { value: { x: [1] }, error: { error_code: 'E' } },
            rationale: 'why',
            overrides: 'a-0',
          },
          {
            ...common,
            assessment_id: 'a-2',
            assessment_name: 'wanted',
            expectation: { serialized_value: { serialization_format: 'JSON_FORMAT', value: '[1]' } },
          },
          { ...common, assessment_id: 'a-3', assessment_name: 'iss-1', issue: { issue_name: 'slow' } },
        ],
      },
    },
  });
});
