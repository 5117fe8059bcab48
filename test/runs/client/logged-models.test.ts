// Logged models of the client: what the store is asked, in which order, and what is refused before.
import { expect, test } from 'vitest';
import { mlflowError } from '../../../src/errors.ts';
import { recordingClient } from './recording-client.ts';

const model = { modelId: 'm-1' };

test('a new model carries texts, and nothing that was not said', async () => {
  const { client, calls } = recordingClient([model]);
  expect(await client.createLoggedModel('7', { tags: { cut: true }, params: { epochs: 3 } })).toBe(model);
  expect(calls).toEqual([
    {
      method: 'createLoggedModel',
      args: [{ experimentId: '7', params: [{ key: 'epochs', value: '3' }], tags: [{ key: 'cut', value: 'true' }] }],
    },
  ]);
});

test('params beyond a hundred follow in hundreds, and the model is read again', async () => {
  const params = Object.fromEntries(Array.from({ length: 250 }, (_, index) => [`p${index}`, index]));
  const { client, calls } = recordingClient([model, undefined, undefined, { modelId: 'whole' }]);
  expect(await client.createLoggedModel('7', { params })).toEqual({ modelId: 'whole' });
  expect(calls.map(({ method }) => method)).toEqual([
    'createLoggedModel',
    'logModelParams',
    'logModelParams',
    'getLoggedModel',
  ]);
  const sizes = calls.slice(1, 3).map(({ args }) => (args[0] as { pairs: readonly unknown[] }).pairs.length);
  expect(sizes).toEqual([100, 50]);
});

test('what changes a model looks for it first, and says so where it is none', async () => {
  const gone = mlflowError('RESOURCE_DOES_NOT_EXIST', 'no');
  const { client, calls } = recordingClient([model, undefined, gone, gone]);
  await client.setLoggedModelTags('m-1', { a: 1 });
  await expect(client.setLoggedModelTags('m-2', {})).rejects.toMatchObject({ errorCode: 'INVALID_PARAMETER_VALUE' });
  await expect(client.logModelParams('m-2', {})).rejects.toMatchObject({ cause: gone });
  expect(calls.map(({ method }) => method)).toEqual([
    'getLoggedModel',
    'setLoggedModelTags',
    'getLoggedModel',
    'getLoggedModel',
  ]);
});

test("Python's FAILED is UPLOAD_FAILED", async () => {
  const { client, calls } = recordingClient();
  await client.finalizeLoggedModel('m-1', 'FAILED');
  expect(calls).toEqual([{ method: 'finalizeLoggedModel', args: ['m-1', 'UPLOAD_FAILED'] }]);
});

test('no model has an empty id', async () => {
  const { client, calls } = recordingClient();
  const refused = { errorCode: 'INVALID_PARAMETER_VALUE', status: 400 };
  await expect(client.getLoggedModel('')).rejects.toMatchObject(refused);
  await expect(client.deleteLoggedModel('')).rejects.toMatchObject(refused);
  await expect(client.finalizeLoggedModel('', 'READY')).rejects.toMatchObject(refused);
  await expect(client.logModelParams('', {})).rejects.toMatchObject(refused);
  await expect(client.deleteLoggedModelTag('', 'k')).rejects.toMatchObject(refused);
  expect(calls).toEqual([]);
});

test('a metric names the model and the data that it was measured on, both of the data or none', async () => {
  const { client, calls } = recordingClient();
  const measured = { modelId: 'm-1', datasetName: 'rows', datasetDigest: 'd' };
  await client.logMetric('r', 'loss', 1, measured);
  await client.logInputs('r', undefined, { models: [{ modelId: 'm-1' }] });
  expect(calls).toEqual([
    {
      method: 'logBatch',
      args: [{ runId: 'r', metrics: [{ key: 'loss', value: 1, timestampMs: 42, step: 0, ...measured }] }],
    },
    { method: 'logInputs', args: ['r', [], ['m-1']] },
  ]);
  await expect(client.logMetric('r', 'loss', 1, { datasetName: 'rows' })).rejects.toMatchObject({
    errorCode: 'INVALID_PARAMETER_VALUE',
  });
});
