// The functions for traces and assessments: each asks the client of the service that was started last.
import { expect, onTestFinished, test } from 'vitest';
import * as fluent from '../../../src/services/fluent/fluent-traces.ts';
import { rememberService, type StartedService } from '../../../src/services/mlflow/run-registry.ts';
import { recordingClient } from '../../runs/client/recording-client.ts';

const INFO = { traceId: 'tr-1', tags: { 'mlflow.trace.spansLocation': 'TRACKING_STORE' } };
const TRACE = { info: INFO, data: { spans: [] } };
const FEEDBACK = { kind: 'feedback', name: 'good', assessmentId: 'a-1' };

test.each<[string, () => Promise<unknown>, readonly unknown[], readonly string[]]>([
  [
    'searchTraces',
    async () => (await fluent.searchTraces({ locations: ['1'] })).all(),
    [{ items: [] }],
    ['searchTraces'],
  ],
  ['getTrace', () => fluent.getTrace('tr-1'), [TRACE, TRACE], ['getTraceInfo', 'getTrace']],
  ['setTraceTag', () => fluent.setTraceTag('tr-1', 'a', 1), [], ['setTraceTag']],
  ['deleteTraceTag', () => fluent.deleteTraceTag('tr-1', 'a'), [], ['deleteTraceTag']],
  ['logFeedback', () => fluent.logFeedback('tr-1', { value: 1 }), [], ['createAssessment']],
  ['logExpectation', () => fluent.logExpectation('tr-1', 'e', 1), [], ['createAssessment']],
  ['logAssessment', () => fluent.logAssessment('tr-1', { kind: 'feedback', value: 1 }), [], ['createAssessment']],
  ['getAssessment', () => fluent.getAssessment('tr-1', 'a-1'), [], ['getAssessment']],
  [
    'updateAssessment',
    () => fluent.updateAssessment('tr-1', 'a-1', { kind: 'feedback', value: 1 }),
    [],
    ['updateAssessment'],
  ],
  ['deleteAssessment', () => fluent.deleteAssessment('tr-1', 'a-1'), [], ['deleteAssessment']],
  [
    'overrideFeedback',
    () => fluent.overrideFeedback('tr-1', 'a-1', 2),
    [FEEDBACK],
    ['getAssessment', 'createAssessment'],
  ],
])('%s', async (_, act, answers, asked) => {
  const { client, calls } = recordingClient(answers);
  // The cast: the functions ask a started service for its client alone.
  const service = { client: () => client } as unknown as StartedService;
  onTestFinished(rememberService(service));
  await act();
  expect(calls.map(({ method }) => method)).toEqual(asked);
});
