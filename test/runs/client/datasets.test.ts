// Evaluation datasets of the client: what is filled in, and what is refused before it is sent.
import { userInfo } from 'node:os';
import { expect, test } from 'vitest';
import { mlflowError } from '../../../src/errors.ts';
import type { NewDatasetRecord } from '../../../src/model/datasets.ts';
import type { Trace } from '../../../src/model/traces.ts';
import { prepareRecords, recordsOf } from '../../../src/runs/client/dataset-records.ts';
import { recordingClient } from './recording-client.ts';

const user = userInfo().username;
const SESSION = '{"inputs": {"goal": "string"}}';
const TRACE = '{"inputs": {"question": "string"}}';

test('a new dataset says whose it is, and is of one experiment or of some', async () => {
  const { client, calls } = recordingClient();
  await client.createDataset('qa', { experimentId: '1', tags: { 'mlflow.user': 'ann' } });
  await client.createDataset('qa', { experimentId: ['1', '2'] });
  expect(calls.map(({ args }) => args[0])).toEqual([
    { name: 'qa', experimentIds: ['1'], tags: { 'mlflow.user': 'ann' } },
    { name: 'qa', experimentIds: ['1', '2'], tags: { 'mlflow.user': user } },
  ]);
});

test('records go to a dataset that is there', async () => {
  const { client, calls } = recordingClient([
    { schema: undefined },
    'merged',
    mlflowError('RESOURCE_DOES_NOT_EXIST', ''),
  ]);
  expect(await client.mergeDatasetRecords('d-1', [{ inputs: { q: 1 } }])).toBe('merged');
  expect(calls[1]).toEqual({
    method: 'mergeDatasetRecords',
    args: [
      {
        datasetId: 'd-1',
        records: [{ inputs: { q: 1 }, source: { sourceType: 'CODE' }, tags: { 'mlflow.user': user } }],
      },
    ],
  });
  await expect(client.mergeDatasetRecords('d-2', [])).rejects.toMatchObject({ errorCode: 'INVALID_PARAMETER_VALUE' });
});

test.each<[string, Omit<NewDatasetRecord, 'inputs'>, NewDatasetRecord['source']]>([
  ['a program, where nothing is expected', {}, { sourceType: 'CODE' }],
  ['a human, where something is', { expectations: { a: 1 } }, { sourceType: 'HUMAN' }],
  ['nowhere that is known, where nothing is said to be expected', { expectations: {} }, undefined],
  ['where it says', { source: { sourceType: 'TRACE' } }, { sourceType: 'TRACE' }],
])('a record comes from %s', (_, record, source) => {
  expect(prepareRecords([{ inputs: {}, ...record }], undefined, 'ann')[0]?.source).toEqual(source);
});

test.each([
  ['no object', [1], undefined],
  ['no inputs', [{ outputs: 1 }], undefined],
  ['inputs that are a list', [{ inputs: [] }], undefined],
  ['a goal beside inputs of another kind', [{ inputs: { goal: 'g', question: 'q' } }], undefined],
  ['two kinds', [{ inputs: { goal: 'g' } }, { inputs: { question: 'q' } }], undefined],
  ['a conversation without inputs', [{ inputs: { goal: 'g' } }, { inputs: {} }], undefined],
  ['nothing, among conversations', [{ inputs: {} }], SESSION],
  ['a conversation, among questions', [{ inputs: { goal: 'g' } }], TRACE],
  ['a question, among conversations', [{ inputs: { question: 'q' } }], SESSION],
])('%s is refused', (_, records, schema) => {
  expect(() => prepareRecords(records as unknown as readonly NewDatasetRecord[], schema, 'ann')).toThrow(
    expect.objectContaining({ errorCode: 'INVALID_PARAMETER_VALUE', status: 400 }),
  );
});

test.each([
  ['conversations', [{ inputs: { goal: 'g', persona: 'p' } }], SESSION],
  ['questions, and one that asks nothing', [{ inputs: { question: 'q' } }, { inputs: {} }], TRACE],
  ['anything where the schema says nothing', [{ inputs: { goal: 'g' } }], 'no JSON'],
])('%s are taken', (_, records, schema) => {
  expect(prepareRecords(records, schema, 'ann')).toHaveLength(records.length);
});

const TRACE_OF = {
  info: {
    traceId: 'tr-1',
    traceMetadata: { 'mlflow.trace.session': 's' },
    assessments: [
      { kind: 'expectation', name: 'answer', value: 42, isValid: true },
      { kind: 'feedback', name: 'good', value: true, isValid: true },
    ],
  },
  data: {
    spans: [
      { parentId: 'x', inputs: { b: 2 } },
      { parentId: undefined, inputs: { a: 1 }, outputs: 'o' },
    ],
  },
} as unknown as Trace; // as much of one as is looked at

test('a trace is a record of what its root was asked and answered, and of what is expected', () => {
  expect(recordsOf([TRACE_OF])).toEqual([
    {
      inputs: { a: 1 },
      outputs: 'o',
      expectations: { answer: 42 },
      source: { sourceType: 'TRACE', sourceData: { trace_id: 'tr-1', session_id: 's' } },
    },
  ]);
  const bare = { info: { ...TRACE_OF.info, traceMetadata: {}, assessments: [] }, data: { spans: [] } };
  expect(recordsOf([bare])).toEqual([
    {
      inputs: {},
      outputs: null,
      expectations: {},
      source: { sourceType: 'TRACE', sourceData: { trace_id: 'tr-1' } },
    },
  ]);
  expect(() => recordsOf([TRACE_OF, { inputs: {} } as unknown as Trace])).toThrow(/none of them/);
});
