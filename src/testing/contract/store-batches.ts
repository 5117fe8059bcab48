// Claims on what a run records: metrics and their latest values, params, tags, data sets; limits, special values, resends.
import { expect, test } from 'vitest';
import type { DatasetInput, Metric } from '../../model/entities.ts';
import type { Store } from '../../stores/contract.ts';
import { expectRefusal, makeRun, NOON_MS } from './store-fixtures.ts';

/** Registers the claims on batches, histories and inputs. */
export function claimBatches(store: () => Store): void {
  claimMetrics(store);
  claimParamsAndTags(store);
  claimLimits(store);
  claimInputs(store);
}

async function startRun(store: Store): Promise<string> {
  return (await makeRun(store)).info.runId;
}

function point(value: number, step = 0, timestampMs: number = NOON_MS, key = 'm'): Metric {
  return { key, value, step, timestampMs };
}

async function historyOf(store: Store, runId: string, key = 'm'): Promise<readonly Metric[]> {
  return (await store.getMetricHistory({ runId, key })).items;
}

function claimMetrics(store: () => Store): void {
  test('history is ordered by timestamp, step, value', async () => {
    const runId = await startRun(store());
    const ordered = [point(9, 5, 1), point(1, 0, 2), point(2, 0, 2), point(0, 1, 2), point(-1, -3, 3)];
    await store().logBatch({ runId, metrics: [3, 1, 4, 0, 2].map((index) => ordered[index] as Metric) });
    expect(await historyOf(store(), runId)).toEqual(ordered);
  });

  test('history is read page by page, and is empty for an unknown key', async () => {
    const runId = await startRun(store());
    const points = [0, 1, 2, 3, 4].map((step) => point(step / 2, step, NOON_MS + step));
    await store().logBatch({ runId, metrics: points });
    const first = await store().getMetricHistory({ runId, key: 'm', maxResults: 3 });
    expect(first.items).toEqual(points.slice(0, 3));
    const pageToken = first.nextPageToken ?? 'none';
    const second = await store().getMetricHistory({ runId, key: 'm', maxResults: 3, pageToken });
    expect(second).toEqual({ items: points.slice(3), nextPageToken: undefined });
    expect(await store().getMetricHistory({ runId, key: 'absent' })).toEqual({ items: [], nextPageToken: undefined });
    await expectRefusal(store().getMetricHistory({ runId, key: 'm', maxResults: 0 }), 'INVALID_PARAMETER_VALUE', 400);
  });

  test.each([
    ['the highest step wins', [point(1, 9, 1), point(2, 3, 5)], 1],
    ['then the latest timestamp', [point(1, 3, 9), point(2, 3, 5)], 1],
    ['then the greatest value', [point(7, 3, 5), point(2, 3, 5)], 7],
    ['NaN counts as 0: it beats -1', [point(-1, 3, 5), point(NaN, 3, 5)], NaN],
    ['NaN counts as 0: 1 beats it', [point(1, 3, 5), point(NaN, 3, 5)], 1],
    ['a negative step is below 0', [point(1, 0, 1), point(2, -1, 9)], 1],
  ])('of the points of a metric the latest is shown: %s', async (_, points, latest) => {
    for (const orders of [points, points.toReversed()]) {
      const [together, apart] = [await startRun(store()), await startRun(store())];
      await store().logBatch({ runId: together, metrics: orders });
      for (const each of orders) await store().logBatch({ runId: apart, metrics: [each] });
      expect((await store().getRun(together)).data.metrics).toEqual({ m: latest });
      expect((await store().getRun(apart)).data.metrics).toEqual({ m: latest });
    }
  });

  test('NaN stays NaN; the infinities become the largest doubles; tiny and huge values stay exact', async () => {
    const runId = await startRun(store());
    const values = [NaN, Infinity, -Infinity, 5e-324, -1.7976931348623157e308, 0.1 + 0.2, Number.MAX_SAFE_INTEGER];
    const metrics = values.map((value, step) => point(value, step, NOON_MS + step));
    await store().logBatch({ runId, metrics });
    const stored = [NaN, Number.MAX_VALUE, -Number.MAX_VALUE, ...values.slice(3)];
    expect((await historyOf(store(), runId)).map((each) => each.value)).toEqual(stored);
    await store().logBatch({ runId, metrics: [point(NaN, 0, NOON_MS, 'nan'), point(-Infinity, 0, NOON_MS, 'low')] });
    const { metrics: latest } = (await store().getRun(runId)).data;
    expect(latest).toEqual({ m: Number.MAX_SAFE_INTEGER, nan: NaN, low: -Number.MAX_VALUE });
  });

  test('steps are kept over the whole range of safe integers', async () => {
    const runId = await startRun(store());
    const metrics = [point(1, Number.MIN_SAFE_INTEGER), point(2, Number.MAX_SAFE_INTEGER)];
    await store().logBatch({ runId, metrics });
    expect(await historyOf(store(), runId)).toEqual(metrics);
    expect((await store().getRun(runId)).data.metrics).toEqual({ m: 2 });
  });

  test('a resend changes nothing; the same step with another time or value is another point', async () => {
    const runId = await startRun(store());
    const batch = { runId, metrics: [point(1), point(1), point(NaN, 1), point(0, 1)], params: [], tags: [] };
    await store().logBatch(batch);
    await store().logBatch(batch);
    expect(await historyOf(store(), runId)).toHaveLength(3);
    await store().logBatch({ runId, metrics: [point(1, 0, NOON_MS + 1), point(2, 0)] });
    expect(await historyOf(store(), runId)).toHaveLength(5);
  });

  test('a fraction of a step or of a time is refused, and nothing of it is stored', async () => {
    const runId = await startRun(store());
    for (const metric of [point(1, 1.5), point(1, 0, 1.5)]) {
      await expect(store().logBatch({ runId, metrics: [metric] })).rejects.toThrow();
    }
    expect(await historyOf(store(), runId)).toEqual([]);
  });
}

function claimParamsAndTags(store: () => Store): void {
  test('a param is written once; the same value again is fine, in the batch too', async () => {
    const runId = await startRun(store());
    const params = [
      { key: 'lr', value: '0.1' },
      { key: 'lr', value: '0.1' },
      { key: 'empty', value: '' },
    ];
    await store().logBatch({ runId, params });
    await store().logBatch({ runId, params });
    expect((await store().getRun(runId)).data.params).toEqual({ lr: '0.1', empty: '' });
  });

  test('a param that has another value is refused, and nothing else of the batch is written', async () => {
    const runId = await startRun(store());
    await store().logBatch({ runId, params: [{ key: 'lr', value: '0.1' }] });
    const before = await store().getRun(runId);
    const refused = store().logBatch({
      runId,
      metrics: [point(1)],
      params: [
        { key: 'new', value: '1' },
        { key: 'lr', value: '0.2' },
      ],
      tags: [{ key: 'mlflow.runName', value: 'renamed' }],
    });
    const error = await expectRefusal(refused, 'INVALID_PARAMETER_VALUE', 400);
    expect(error.message).toContain('Changing param values is not allowed');
    expect(error.isRetryable).toBe(false);
    expect(await store().getRun(runId)).toEqual(before);
    expect(await historyOf(store(), runId)).toEqual([]);
  });

  test('a param with two values in one batch is refused', async () => {
    const runId = await startRun(store());
    const params = [
      { key: 'lr', value: '0.1' },
      { key: 'lr', value: '0.2' },
    ];
    await expectRefusal(store().logBatch({ runId, params }), 'INVALID_PARAMETER_VALUE', 400);
    expect((await store().getRun(runId)).data.params).toEqual({});
  });

  test('of a tag the last write wins; it can be taken off once', async () => {
    const { info } = await makeRun(store(), { tags: [{ key: 'stage', value: 'dev' }] });
    const tags = ['test', 'prod'].map((value) => ({ key: 'stage', value }));
    await store().logBatch({ runId: info.runId, tags: [...tags, { key: 'empty', value: '' }] });
    const nameTag = { 'mlflow.runName': info.runName };
    expect((await store().getRun(info.runId)).data.tags).toEqual({ ...nameTag, stage: 'prod', empty: '' });
    await store().deleteTag(info.runId, 'stage');
    expect((await store().getRun(info.runId)).data.tags).toEqual({ ...nameTag, empty: '' });
    const error = await expectRefusal(store().deleteTag(info.runId, 'stage'), 'RESOURCE_DOES_NOT_EXIST', 404);
    expect(error.message).toContain(`No tag with name: stage in run with id ${info.runId}`);
  });

  test('keys and values of any language come back as they went in', async () => {
    const runId = await startRun(store());
    const value = `日本 🦊 e\u0301 'quoted' "twice" \`back\` \\ %_ \n\t; DROP TABLE runs --`;
    const key = 'größe/日本 a.b-c_d';
    await store().logBatch({
      runId,
      metrics: [{ ...point(1), key }],
      params: [{ key, value }],
      tags: [{ key, value }],
    });
    const { data } = await store().getRun(runId);
    expect([data.metrics[key], data.params[key], data.tags[key]]).toEqual([1, value, value]);
    expect(await historyOf(store(), runId, key)).toEqual([{ ...point(1), key }]);
  });

  test('keys that objects know themselves are keys like others', async () => {
    const runId = await startRun(store());
    for (const key of ['__proto__', 'constructor', 'toString']) {
      await store().logBatch({ runId, metrics: [{ ...point(1), key }], params: [{ key, value: 'v' }] });
      const { data } = await store().getRun(runId);
      expect(Object.getOwnPropertyDescriptor(data.params, key)?.value).toBe('v');
      expect(Object.getOwnPropertyDescriptor(data.metrics, key)?.value).toBe(1);
    }
  });
}

function claimLimits(store: () => Store): void {
  test('the longest keys and values that MLflow allows come back whole', async () => {
    const runId = await startRun(store());
    const key = 'k'.repeat(250);
    const [param, tag] = ['p'.repeat(6000), 't'.repeat(8000)];
    await store().logBatch({
      runId,
      metrics: [{ ...point(1), key }],
      params: [{ key, value: param }],
      tags: [{ key, value: tag }],
    });
    const { data } = await store().getRun(runId);
    expect([data.metrics[key], data.params[key], data.tags[key]]).toEqual([1, param, tag]);
  });

  test('a batch may be of any size', async () => {
    const runId = await startRun(store());
    const metrics = Array.from({ length: 2_300 }, (_, step) => point(step, step));
    const pairs = Array.from({ length: 230 }, (_, index) => ({ key: `k${index}`, value: `v${index}` }));
    await store().logBatch({ runId, metrics, params: pairs, tags: pairs });
    expect(await historyOf(store(), runId)).toEqual(metrics);
    const { data } = await store().getRun(runId);
    expect(Object.keys(data.params)).toHaveLength(230);
    expect(Object.keys(data.tags)).toHaveLength(231); // and the name's
    expect(data.metrics).toEqual({ m: 2_299 });
  });

  test('an empty batch is no error', async () => {
    const run = await makeRun(store());
    await store().logBatch({ runId: run.info.runId });
    expect(await store().getRun(run.info.runId)).toEqual(run);
  });
}

function claimInputs(store: () => Store): void {
  const input = (name: string, context: string): DatasetInput => ({
    dataset: {
      name,
      digest: 'abc12345',
      sourceType: 'local',
      source: '{"uri": "/data/é.csv"}',
      schema: '{"mlflow_colspec": []}',
      profile: '{"num_rows": 442}',
    },
    tags: [{ key: 'mlflow.data.context', value: context }],
  });

  test('data sets come back with their tags, and a resend changes nothing', async () => {
    const runId = await startRun(store());
    const inputs = [input('train', 'training'), input('test', 'eval')];
    await store().logInputs(runId, inputs);
    await store().logInputs(runId, inputs);
    const { datasetInputs } = (await store().getRun(runId)).inputs;
    expect(datasetInputs).toHaveLength(2);
    expect(datasetInputs).toEqual(expect.arrayContaining(inputs));
  });

  test('two runs of one experiment share a data set, each with its own tags', async () => {
    const first = await makeRun(store());
    const second = await makeRun(store(), { experimentId: first.info.experimentId });
    await store().logInputs(first.info.runId, [input('shared', 'training')]);
    await store().logInputs(second.info.runId, [input('shared', 'eval')]);
    expect((await store().getRun(first.info.runId)).inputs.datasetInputs).toEqual([input('shared', 'training')]);
    expect((await store().getRun(second.info.runId)).inputs.datasetInputs).toEqual([input('shared', 'eval')]);
  });

  test('schema and profile may be missing', async () => {
    const runId = await startRun(store());
    const dataset = { name: 'bare', digest: 'd', sourceType: 'code', source: '{}' };
    await store().logInputs(runId, [{ dataset, tags: [] }]);
    expect((await store().getRun(runId)).inputs.datasetInputs).toEqual([{ dataset, tags: [] }]);
  });
}
