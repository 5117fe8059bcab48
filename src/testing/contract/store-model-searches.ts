// Claims on searches for logged models: their language, data sets, orders and pages.
import { expect, test } from 'vitest';
import type { LoggedModel, Metric } from '../../model/entities.ts';
import type { LoggedModelSearchOptions } from '../../rest/endpoints/logged-models.ts';
import type { Store } from '../../stores/contract.ts';
import { expectRefusal, makeExperiment, makeRun, NOON_MS } from './store-fixtures.ts';

const ROWS = { datasetName: 'rows', datasetDigest: 'r1' };
const TESTS = { datasetName: 'tests', datasetDigest: 't1' };

/** What three models are, from the oldest on. */
const MODELS = [
  { name: 'small', params: { lr: '0.1' }, tags: { stage: 'dev' }, modelType: 'llm' },
  { name: 'large', params: { lr: '0.2' }, tags: { stage: 'Prod', 'a b': 'x' }, modelType: '' },
  { name: 'other', params: {}, tags: {}, modelType: '' },
] as const;

/** What is measured of the first two: the latest of the first is not its best. */
const POINTS: readonly (readonly Omit<Metric, 'modelId'>[])[] = [
  [
    { key: 'accuracy', value: 0.9, timestampMs: NOON_MS, step: 0, ...ROWS },
    { key: 'accuracy', value: 0.5, timestampMs: NOON_MS + 1, step: 1, ...TESTS },
  ],
  [{ key: 'accuracy', value: 0.7, timestampMs: NOON_MS, step: 0, ...ROWS }],
];

/** Registers the claims. */
export function claimModelSearches(store: () => Store): void {
  claimFilters(store);
  claimOrders(store);
  claimPages(store);
}

function claimFilters(store: () => Store): void {
  test.each([
    [undefined, ['other', 'large', 'small']],
    ["name = 'small'", ['small']],
    ["attributes.name LIKE 's%'", ['small']],
    ["name ILIKE 'LARGE'", ['large']],
    ["name IN ('small', 'other')", ['other', 'small']],
    ["model_type = 'llm'", ['small']],
    ["params.lr = '0.1'", ['small']],
    ['params.lr = 0.1', ['small']],
    ["params.lr != '0.1'", ['large']],
    ["params.lr NOT IN ('0.1', '0.3')", ['large']],
    ["tags.stage ILIKE 'PROD'", ['large']],
    ["tags.`a b` = 'x' AND params.lr = '0.2'", ['large']],
    ['metrics.accuracy > 0.6', ['large', 'small']],
    ['metrics.accuracy > 0.6 AND metrics.accuracy < 0.6', ['small']],
    ['metrics.loss < 1', []],
    ['creation_time > 0 AND last_updated_timestamp > 0', ['other', 'large', 'small']],
    ['creation_timestamp < 5', []],
  ])('%s finds %j', async (filterString, found) => {
    const given = filterString === undefined ? {} : { filterString };
    expect(await namesOf(store(), given)).toEqual(found);
  });

  test('a metric counts on the data sets that are named', async () => {
    const filterString = 'metrics.accuracy > 0.6';
    expect(await namesOf(store(), { datasets: [TESTS] })).toEqual(['small']);
    expect(await namesOf(store(), { filterString, datasets: [TESTS] })).toEqual([]);
    expect(await namesOf(store(), { filterString, datasets: [TESTS, ROWS] })).toEqual(['large', 'small']);
    expect(await namesOf(store(), { datasets: [{ ...ROWS, datasetDigest: 'other' }] })).toEqual([]);
  });

  test('what is in the bin, or in another experiment, is not found', async () => {
    const models = await makeModels(store());
    const experimentId = models[0]?.experimentId ?? '';
    await store().deleteLoggedModel(models[1]?.modelId ?? '');
    const ask = (experimentIds: readonly string[]): Promise<readonly string[]> =>
      store()
        .request('searchLoggedModels', { experimentIds })
        .then(({ items }) => items.map(({ name }) => name));
    expect(await ask([experimentId])).toEqual(['other', 'small']);
    expect(await ask([await makeExperiment(store())])).toEqual([]);
  });

  test.each(["name = 'a' OR name = 'b'", 'params.lr ~ 1', 'nothing', "params.lr > '1'"])(
    'the filter %j is refused',
    async (filterString) => {
      const { experimentIds } = await searched(store());
      const asked = store().request('searchLoggedModels', { experimentIds, filterString });
      await expectRefusal(asked, 'INVALID_PARAMETER_VALUE', 400);
    },
  );
}

function claimOrders(store: () => Store): void {
  test.each([
    [[{ fieldName: 'name' }], ['large', 'other', 'small']],
    [[{ fieldName: 'name', ascending: false }], ['small', 'other', 'large']],
    [[{ fieldName: 'creation_timestamp' }], ['small', 'large', 'other']],
    // by the latest value; what has none comes last either way
    [[{ fieldName: 'metrics.accuracy' }], ['small', 'large', 'other']],
    [[{ fieldName: 'metrics.accuracy', ascending: false }], ['large', 'small', 'other']],
    [[{ fieldName: 'metrics.accuracy', ascending: false, ...ROWS }], ['small', 'large', 'other']],
    [[{ fieldName: 'metrics.loss' }], ['other', 'large', 'small']],
  ])('ordered by %j they come as %j', async (orderBy, names) => {
    expect(await namesOf(store(), { orderBy })).toEqual(names);
  });

  test.each(['params.lr', 'nothing'])('%j is no order', async (fieldName) => {
    const { experimentIds } = await searched(store());
    const asked = store().request('searchLoggedModels', { experimentIds, orderBy: [{ fieldName }] });
    await expectRefusal(asked, 'INVALID_PARAMETER_VALUE', 400);
  });
}

function claimPages(store: () => Store): void {
  test('pages hold what was asked for, each model once, and whole', async () => {
    const { experimentIds, models } = await searched(store());
    const first = await store().request('searchLoggedModels', { experimentIds, maxResults: 2 });
    expect(first.items.map(({ name }) => name)).toEqual(['other', 'large']);
    const { nextPageToken: pageToken = '' } = first;
    const second = await store().request('searchLoggedModels', { experimentIds, maxResults: 2, pageToken });
    expect(second.items.map(({ modelId }) => modelId)).toEqual([models[0]?.modelId]);
    expect(second.nextPageToken).toBeUndefined();
    expect(second.items[0]).toMatchObject({ params: { lr: '0.1' }, tags: { stage: 'dev' }, modelType: 'llm' });
    expect(second.items[0]?.metrics).toHaveLength(2);
  });
}

interface Searched {
  readonly experimentIds: readonly string[];
  readonly models: readonly LoggedModel[];
}

/** One experiment a store: searches change nothing. */
const SEARCHED = new WeakMap<Store, Promise<Searched>>();

function searched(store: Store): Promise<Searched> {
  const known =
    SEARCHED.get(store) ??
    makeModels(store).then((models) => ({ experimentIds: [models[0]?.experimentId ?? ''], models }));
  SEARCHED.set(store, known);
  return known;
}

async function namesOf(store: Store, options: LoggedModelSearchOptions): Promise<readonly string[]> {
  const { experimentIds } = await searched(store);
  const { items } = await store.request('searchLoggedModels', { ...options, experimentIds });
  return items.map(({ name }) => name);
}

async function makeModels(store: Store): Promise<readonly LoggedModel[]> {
  const { info } = await makeRun(store);
  const { experimentId, runId } = info;
  const models: LoggedModel[] = [];
  for (const [at, { name, params, tags, modelType }] of MODELS.entries()) {
    const pairs = (of: Readonly<Record<string, string>>): { key: string; value: string }[] =>
      Object.entries(of).map(([key, value]) => ({ key, value }));
    const model = await store.createLoggedModel({
      experimentId,
      name,
      modelType,
      params: pairs(params),
      tags: pairs(tags),
    });
    models.push(model);
    const metrics = (POINTS[at] ?? []).map((point) => ({ ...point, modelId: model.modelId }));
    await store.logBatch({ runId, metrics });
    // the store's clock counts milliseconds, and the newest comes first
    for (const madeAtMs = Date.now(); Date.now() <= madeAtMs + 1;);
  }
  return models;
}
