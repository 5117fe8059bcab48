// The endpoints of assessments: bodies as Python's client writes them, answers of each kind, and what is refused.
import { describe, expect, it, onTestFinished } from 'vitest';
import type { NewAssessment } from '../../../src/model/assessments.ts';
import { ASSESSMENT_ENDPOINTS } from '../../../src/rest/endpoints/assessments.ts';
import { openHttpStore } from '../../../src/stores/http/http-store.ts';
import { json, startServer, type Answer } from '../scripted-server.ts';

const wire = { assessment_id: 'a-1', assessment_name: 'n', trace_id: 'tr-1', create_time: '2026-01-01T00:00:00Z' };
const source = { sourceType: 'CODE' } as const;
const loop: unknown[] = [];
loop.push(loop);

async function open(...script: readonly Answer[]) {
  const server = await startServer(...script);
  const store = openHttpStore(server.url, {});
  onTestFinished(() => store.close());
  const create = (assessment: NewAssessment): Promise<unknown> => {
    const whole = { source, name: 'n', ...assessment };
    return store.request('createAssessment', { traceId: 'tr-1', assessment: whole, timeMs: 0 });
  };
  return { server, store, create };
}

describe('the endpoints of assessments', () => {
  it('repeat only what a second sending does not do twice', () => {
    const once = Object.entries(ASSESSMENT_ENDPOINTS).filter(([, { effect }]) => effect === 'once');
    expect(once.map(([name]) => name)).toEqual(['createAssessment', 'deleteAssessment']);
  });

  it.each<[string, NewAssessment, object]>([
    ['a value of feedback', { kind: 'feedback', value: [1, 'x', null] }, { feedback: { value: [1, 'x', null] } }],
    [
      'no value of feedback',
      { kind: 'feedback', error: 'e' },
      { feedback: { value: null, error: { error_code: 'ASSESSMENT_ERROR', error_message: 'e' } } },
    ],
    [
      'a bigint of feedback as the double that MLflow makes of it',
      { kind: 'feedback', value: 2n ** 60n },
      { feedback: { value: 2 ** 60 } },
    ],
    ['an expected text', { kind: 'expectation', name: 'n', value: 'yes' }, { expectation: { value: 'yes' } }],
    [
      'an expected list, as a text of JSON',
      { kind: 'expectation', name: 'n', value: [2n ** 60n + 1n, NaN] },
      {
        expectation: { serialized_value: { serialization_format: 'JSON_FORMAT', value: '[1152921504606846977,NaN]' } },
      },
    ],
  ])('write %s', async (_, assessment, fields) => {
    const { server, create } = await open(json({ assessment: { ...wire, source: {}, feedback: { value: null } } }));
    await create(assessment);
    expect(JSON.parse(server.seen[0]?.body ?? '')).toEqual({
      trace_id: 'tr-1',
      assessment: {
        trace_id: 'tr-1',
        assessment_name: 'n',
        ...fields,
        source: { source_type: 'CODE', source_id: 'default' },
        create_time: '1970-01-01T00:00:00.000Z',
        last_update_time: '1970-01-01T00:00:00.000Z',
        valid: true,
      },
    });
  });

  it('cut a long stack trace in front, as Python does', async () => {
    const { server, create } = await open(json({ assessment: { ...wire, source: {}, feedback: {} } }));
    await create({ kind: 'feedback', error: { errorCode: 'E', stackTrace: `${'a'.repeat(10_000)}end` } });
    const { assessment } = JSON.parse(server.seen[0]?.body ?? '') as {
      assessment: { feedback: { error: { stack_trace: string } } };
    };
    const { stack_trace: stack } = assessment.feedback.error;
    expect(stack).toHaveLength(10_000);
    expect(stack).toMatch(/^\[Stack trace is truncated\]\n\.\.\.\na+end$/);
  });

  it('say what changes', async () => {
    const { server, store } = await open(json({ assessment: { ...wire, source: {}, issue: { issue_name: 'i' } } }));
    const changed = await store.request('updateAssessment', {
      traceId: 'tr-1',
      assessmentId: 'a-1',
      assessment: { kind: 'feedback', name: 'n', source, value: 1, rationale: 'r', metadata: { k: 'v' } },
    });
    expect(changed).toMatchObject({ kind: 'issue', issueName: 'i', createTimeMs: Date.UTC(2026, 0, 1) });
    expect(JSON.parse(server.seen[0]?.body ?? '')).toMatchObject({
      update_mask: 'feedback,rationale,metadata,assessmentName',
      assessment: { trace_id: 'tr-1', assessment_id: 'a-1', feedback: { value: 1 } },
    });
  });

  it.each<[string, unknown]>([
    ['NaN, which protobuf cannot answer', NaN],
    ['a value that contains itself', loop],
    ['a function', () => 1],
  ])('refuse %s', async (_, value) => {
    const { server, create } = await open(json({}));
    await expect(create({ kind: 'feedback', value })).rejects.toMatchObject({ code: 'INVALID_VALUE' });
    expect(server.seen).toEqual([]);
  });

  it('take no assessment of another kind', async () => {
    const { store } = await open(json({ assessment: { ...wire, source: {} } }));
    await expect(store.request('getAssessment', { traceId: 'tr-1', assessmentId: 'a-1' })).rejects.toThrow(
      /another shape/,
    );
  });
});
