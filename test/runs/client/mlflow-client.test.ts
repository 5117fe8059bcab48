import { describe, expect, test } from 'vitest';
import { laterMethods } from '../../../src/runs/client/later-methods.ts';
import { MlflowClient } from '../../../src/runs/client/mlflow-client.ts';
import type { Outbox } from '../../../src/outbox/contract.ts';

interface Call {
  readonly method: string;
  readonly args: readonly unknown[];
}

function makeClient(answers: readonly unknown[] = []): { client: MlflowClient; calls: Call[] } {
  const calls: Call[] = [];
  const call = (method: string, args: readonly unknown[]): Promise<unknown> => {
    calls.push({ method, args });
    return Promise.resolve(answers[calls.length - 1]);
  };
  // A fake of our own contract: only `call` is used, and its answer's type depends on the method's name.
  const outbox = { call } as unknown as Pick<Outbox, 'call'>;
  return {
    client: new MlflowClient({
      outbox,
      trackingUri: 'u',
      registryUri: 'r',
      timeoutMs: 5,
      now: () => 42,
      openArtifacts: () => Promise.reject(new Error('no artifacts here')),
    }),
    calls,
  };
}

describe('MlflowClient', () => {
  test.each([
    [
      'createExperiment',
      (c: MlflowClient) => c.createExperiment('e', { tags: { a: '1' } }),
      [{ name: 'e', tags: [{ key: 'a', value: '1' }] }],
    ],
    ['getExperiment', (c: MlflowClient) => c.getExperiment('1'), ['1']],
    ['getExperimentByName', (c: MlflowClient) => c.getExperimentByName('e'), ['e']],
    ['renameExperiment', (c: MlflowClient) => c.renameExperiment('1', 'f'), ['1', 'f']],
    ['deleteExperiment', (c: MlflowClient) => c.deleteExperiment('1'), ['1']],
    ['restoreExperiment', (c: MlflowClient) => c.restoreExperiment('1'), ['1']],
    ['setExperimentTag', (c: MlflowClient) => c.setExperimentTag('1', 'k', 'v'), ['1', { key: 'k', value: 'v' }]],
    ['deleteExperimentTag', (c: MlflowClient) => c.deleteExperimentTag('1', 'k'), ['1', 'k']],
    [
      'createRun',
      (c: MlflowClient) => c.createRun('1', { runName: 'n' }),
      [{ experimentId: '1', startTimeMs: 42, tags: [], runName: 'n' }],
    ],
    ['getRun', (c: MlflowClient) => c.getRun('r'), ['r']],
    ['updateRun', (c: MlflowClient) => c.updateRun('r', { name: 'n' }), [{ runId: 'r', runName: 'n' }]],
    ['updateRun', (c: MlflowClient) => c.setTerminated('r'), [{ runId: 'r', status: 'FINISHED', endTimeMs: 42 }]],
    ['deleteRun', (c: MlflowClient) => c.deleteRun('r'), ['r']],
    ['restoreRun', (c: MlflowClient) => c.restoreRun('r'), ['r']],
    [
      'logBatch',
      (c: MlflowClient) => c.logMetric('r', 'k', 1),
      [{ runId: 'r', metrics: [{ key: 'k', value: 1, timestampMs: 42, step: 0 }] }],
    ],
    ['logBatch', (c: MlflowClient) => c.logParam('r', 'k', 'v'), [{ runId: 'r', params: [{ key: 'k', value: 'v' }] }]],
    ['logBatch', (c: MlflowClient) => c.setTag('r', 'k', 'v'), [{ runId: 'r', tags: [{ key: 'k', value: 'v' }] }]],
    ['deleteTag', (c: MlflowClient) => c.deleteTag('r', 'k'), ['r', 'k']],
    ['logInputs', (c: MlflowClient) => c.logInputs('r', []), ['r', []]],
  ])('%s asks the store with its arguments', async (method, act, args) => {
    const { client, calls } = makeClient();
    await act(client);
    expect(calls).toEqual([{ method, args }]);
  });

  test('walks every page of a search, and only as far as it is read', async () => {
    const { client, calls } = makeClient([
      { items: [1, 2], nextPageToken: 'p2' },
      { items: [3], nextPageToken: undefined },
    ]);
    const seen: unknown[] = [];
    for await (const run of client.searchRuns(['1'], { filterString: 'f', maxResults: 2 })) seen.push(run);
    expect(seen).toEqual([1, 2, 3]);
    expect(calls.map((call) => call.args[0])).toEqual([
      { experimentIds: ['1'], filter: 'f', maxResults: 2 },
      { experimentIds: ['1'], filter: 'f', maxResults: 2, pageToken: 'p2' },
    ]);
  });

  test('begins a search where an earlier one ended', async () => {
    const page = { items: [], nextPageToken: undefined };
    const { client, calls } = makeClient([page, page]);
    await client.searchRuns(['1'], { pageToken: 'p7', runViewType: 'ALL' }).all();
    await client.searchExperiments({ pageToken: 'p8' }).firstPage();
    expect(calls.map((call) => call.args[0])).toEqual([
      { experimentIds: ['1'], pageToken: 'p7', viewType: 'ALL' },
      { pageToken: 'p8' },
    ]);
  });

  test.each<readonly [string, string, (client: MlflowClient) => Promise<unknown>]>([
    ['INVALID_PARAMETER_VALUE', 'no id', (c) => c.getRun('a b')],
    ['INVALID_PARAMETER_VALUE', 'no id', (c) => c.updateRun('../x', { name: 'n' })],
    ['INVALID_PARAMETER_VALUE', 'no id', (c) => c.logBatch('é', { tags: [{ key: 'k', value: 'v' }] })],
    ['INVALID_PARAMETER_VALUE', 'nothing', (c) => c.deleteRun('')],
    ['INVALID_PARAMETER_VALUE', 'nothing', (c) => c.getMetricHistory('', 'k').all()],
    ['RESOURCE_DOES_NOT_EXIST', 'no id, one by one', (c) => c.logMetric('a b', 'k', 1)],
    ['RESOURCE_DOES_NOT_EXIST', 'no id, one by one', (c) => c.setTag('r'.repeat(300), 'k', 'v')],
    ['INVALID_PARAMETER_VALUE', 'a run as a place', (c) => c.createExperiment('e', { artifactLocation: 'runs:/r' })],
    ['INVALID_PARAMETER_VALUE', 'a fragment', (c) => c.createExperiment('e', { artifactLocation: 's3://b/a#c' })],
    [
      'INVALID_PARAMETER_VALUE',
      'a digest of 37 characters',
      (c) =>
        c.logInputs('r', [
          { dataset: { name: 'n', digest: 'd'.repeat(37), sourceType: 'http', source: '{}' }, tags: [] },
        ]),
    ],
  ])('says %s to %s before any store is asked, as Python or its server', async (errorCode, _, act) => {
    const { client, calls } = makeClient();
    await expect(act(client)).rejects.toMatchObject({ errorCode });
    expect(calls).toEqual([]);
  });

  test('asks nothing where nothing is told, and answers what it logged', async () => {
    const { client, calls } = makeClient();
    await client.updateRun('r');
    await client.logBatch('r');
    await client.logBatch('r', { params: [] });
    expect(calls).toEqual([]);
    expect(await client.logParam('r', 'k', 'v')).toBe('v');
  });

  test('gathers a search, and takes its first page alone', async () => {
    const page = { items: ['x'], nextPageToken: undefined };
    const { client } = makeClient([page, page, page]);
    expect(await client.searchExperiments({ orderBy: ['name'], viewType: 'ALL' }).all()).toEqual(['x']);
    expect(await client.getMetricHistory('r', 'k').firstPage()).toEqual(page);
  });

  test('finds the parent of a nested run, and none of another', async () => {
    const nested = { data: { tags: { 'mlflow.parentRunId': 'p' } } };
    const { client, calls } = makeClient([nested, { data: { tags: {} } }, { data: { tags: {} } }]);
    await client.getParentRun('r');
    expect(await client.getParentRun('p')).toBeUndefined();
    expect(calls.map((call) => call.args)).toEqual([['r'], ['p'], ['p']]);
  });

  test('rejects with NOT_SUPPORTED what comes later', async () => {
    const { client } = makeClient();
    for (const [name, method] of Object.entries(laterMethods())) {
      const refused = { code: 'NOT_SUPPORTED', message: expect.stringContaining(name) };
      await expect(method.call(client)).rejects.toMatchObject(refused);
      expect(client).toHaveProperty(name);
    }
  });
});
