// Claims on searches for runs: MLflow's filter language, orders, views and pages.
import { beforeAll, expect, test } from 'vitest';
import type { Store } from '../../stores/contract.ts';
import { expectRefusal, makeExperiment, makeRun, NOON_MS, uniqueName } from './store-fixtures.ts';

/** Registers the claims on searches; four runs `a`, `b`, `c`, `d` are what they look for. */
export function claimSearches(store: () => Store): void {
  const ids: Record<string, string> = {};
  let experimentId = '';
  beforeAll(async () => {
    experimentId = await makeExperiment(store());
    for (const [index, name] of ['a', 'b', 'c', 'd'].entries())
      ids[name] = await writeRun(store(), { experimentId, name, index });
  });

  async function found(filter: string, orderBy: readonly string[] = ['start_time ASC']): Promise<string> {
    const filled = filter.replaceAll(/\{(\w)\}/g, (_, name: string) => ids[name] ?? '');
    const page = await store().searchRuns({ experimentIds: [experimentId], filter: filled, orderBy });
    return page.items.map((run) => Object.keys(ids).find((name) => ids[name] === run.info.runId)).join('');
  }

  test.each(FOUND_BY_FILTER)('the filter %s finds %j', async (filter, names) => {
    expect(await found(filter)).toBe(names);
  });

  test.each(FOUND_IN_ORDER)('the order %j is %s', async (orderBy, names) => {
    expect(await found('', orderBy)).toBe(names);
  });

  test.each(REFUSED_FILTERS)('the filter %s is refused', async (filter) => {
    await expectRefusal(found(filter), 'INVALID_PARAMETER_VALUE', 400);
  });

  test.each([['bogus'], ['metrics.x UP'], ['foo.x ASC'], ['metrics.x ASC DESC'], ['dataset.name'], ['']])(
    'the order %j is refused',
    async (order) => {
      await expectRefusal(found('', [order]), 'INVALID_PARAMETER_VALUE', 400);
    },
  );

  test('a found run is whole', async () => {
    const page = await store().searchRuns({ experimentIds: [experimentId], filter: "run_name = 'run-b'" });
    expect(page.items).toEqual([await store().getRun(ids['b'] ?? '')]);
  });

  test('pages follow one another and end without a token', async () => {
    const query = { experimentIds: [experimentId], maxResults: 3, orderBy: ['start_time DESC'] };
    const first = await store().searchRuns(query);
    const second = await store().searchRuns({ ...query, pageToken: first.nextPageToken ?? 'none' });
    expect([...first.items, ...second.items].map((run) => run.info.runName)).toEqual([
      'run-d',
      'run-c',
      'run-b',
      'run-a',
    ]);
    expect(second.nextPageToken).toBeUndefined();
    const exact = await store().searchRuns({ ...query, maxResults: 4 });
    expect([exact.items.length, exact.nextPageToken]).toEqual([4, undefined]);
  });

  test('a page of 0 and of 50,001 and a token of somebody else are refused', async () => {
    const query = { experimentIds: [experimentId] };
    await expectRefusal(store().searchRuns({ ...query, maxResults: 0 }), 'INVALID_PARAMETER_VALUE', 400);
    await expectRefusal(store().searchRuns({ ...query, maxResults: 50_001 }), 'INVALID_PARAMETER_VALUE', 400);
    await expectRefusal(store().searchRuns({ ...query, pageToken: 'bm90IGpzb24=' }), 'INVALID_PARAMETER_VALUE', 400);
  });

  test('several experiments are searched at once, none finds nothing', async () => {
    const other = await makeRun(store(), { startTimeMs: NOON_MS + 9_000 });
    const experimentIds = [experimentId, other.info.experimentId];
    const page = await store().searchRuns({ experimentIds, maxResults: 2 });
    expect(page.items.map((run) => run.info.runId)).toEqual([other.info.runId, ids['d']]);
    expect(await store().searchRuns({ experimentIds: [] })).toEqual({ items: [], nextPageToken: undefined });
  });

  test('deleted runs are found only by those who ask for them', async () => {
    const kept = await makeRun(store(), { startTimeMs: NOON_MS + 1 });
    const { experimentId: own } = kept.info;
    const binned = await makeRun(store(), { experimentId: own });
    await store().deleteRun(binned.info.runId);
    const idsIn = async (viewType?: 'ACTIVE_ONLY' | 'DELETED_ONLY' | 'ALL'): Promise<readonly string[]> => {
      const page = await store().searchRuns({ experimentIds: [own], ...(viewType === undefined ? {} : { viewType }) });
      return page.items.map((run) => run.info.runId);
    };
    expect(await idsIn()).toEqual([kept.info.runId]);
    expect(await idsIn('ACTIVE_ONLY')).toEqual([kept.info.runId]);
    expect(await idsIn('DELETED_ONLY')).toEqual([binned.info.runId]);
    expect(await idsIn('ALL')).toEqual([kept.info.runId, binned.info.runId]);
  });

  test('a run is found by the key of its create', async () => {
    const key = uniqueName('key');
    const run = await makeRun(store(), { tags: [{ key: 'runspan.run_key', value: key }] });
    const filter = `tags.\`runspan.run_key\` = '${key}'`;
    const page = await store().searchRuns({ experimentIds: [run.info.experimentId], filter });
    expect(page.items.map((each) => each.info.runId)).toEqual([run.info.runId]);
  });
}

/** `x`: 1, 2, NaN, none; `a b`: 3, 2, 1, 0; lr: 0.1, 0.2, 0.1, none; stage: dev, Dev, prod, none. */
async function writeRun(
  store: Store,
  { experimentId, name, index }: { readonly experimentId: string; readonly name: string; readonly index: number },
): Promise<string> {
  const startTimeMs = NOON_MS + index * 1000;
  const { info } = await makeRun(store, { experimentId, runName: `run-${name}`, userId: `user-${name}`, startTimeMs });
  const x = [1, 2, NaN][index];
  const lr = ['0.1', '0.2', '0.1'][index];
  const stage = ['dev', 'Dev', 'prod'][index];
  const at = { timestampMs: startTimeMs, step: 0 };
  await store.logBatch({
    runId: info.runId,
    metrics: [{ key: 'a b', value: 3 - index, ...at }, ...(x === undefined ? [] : [{ key: 'x', value: x, ...at }])],
    params: lr === undefined ? [] : [{ key: 'lr', value: lr }],
    tags: stage === undefined ? [] : [{ key: 'stage', value: stage }],
  });
  if (index < 2) {
    const dataset = { name: `set-${name}`, digest: `d${index}`, sourceType: 'local', source: '{}' };
    const tags = [{ key: 'mlflow.data.context', value: index === 0 ? 'training' : 'eval' }];
    await store.logInputs(info.runId, [{ dataset, tags }]);
  }
  if (index < 3) {
    const status = index === 0 ? 'FAILED' : 'FINISHED';
    await store.updateRun({ runId: info.runId, status, endTimeMs: startTimeMs + 10 });
  }
  return info.runId;
}

const FOUND_BY_FILTER: readonly (readonly [string, string])[] = [
  ['', 'abcd'],
  ['metrics.x > 1', 'b'],
  ['metrics.x >= 1', 'ab'],
  ['metrics.x = 2', 'b'],
  ['metrics.x != 2', 'ac'],
  ['metrics.x < 5', 'ab'],
  ['metric.x <= 1.0e0', 'a'],
  ['metrics.`a b` > -1 AND metrics."a b" < 2', 'cd'],
  ["params.lr = '0.1'", 'ac'],
  ["params.lr != '0.1'", 'b'],
  ["parameters.lr LIKE '0.%'", 'abc'],
  ['params.lr IS NULL', 'd'],
  ['tags.stage IS NOT NULL', 'abc'],
  ["tags.stage = 'dev'", 'a'],
  ["tags.stage LIKE 'd%'", 'a'],
  ["tags.stage LIKE '_ev'", 'ab'],
  ["tags.stage ILIKE 'D%'", 'ab'],
  ['tags.stage = "prod"', 'c'],
  ["tags.`mlflow.runName` = 'run-d'", 'd'],
  ["run_name = 'run-a'", 'a'],
  ["attributes.`Run name` LIKE 'run-%' AND run_name != 'run-a'", 'bcd'],
  ["status = 'FINISHED'", 'bc'],
  ["attributes.status != 'FINISHED'", 'ad'],
  ["user_id = 'user-c'", 'c'],
  ["run_id = '{b}'", 'b'],
  ["run_id IN ('{a}', '{c}')", 'ac'],
  ["attribute.run_id NOT IN ('{a}','{c}')", 'bd'],
  [`start_time > ${NOON_MS}`, 'bcd'],
  [`attributes.created <= ${NOON_MS + 1000}`, 'ab'],
  [`end_time < ${NOON_MS + 1011}`, 'ab'],
  ["artifact_uri LIKE '%{c}%'", 'c'],
  ["dataset.name = 'set-a'", 'a'],
  ["datasets.name LIKE 'set-%'", 'ab'],
  ["dataset.digest IN ('d0', 'd1')", 'ab'],
  ["dataset.context = 'eval'", 'b'],
  ["metrics.x > 0 and params.lr = '0.1' AND status = 'FAILED'", 'a'],
  ["tags.absent = 'x'", ''],
  ["params.lr = '0.1; DROP TABLE runs'", ''],
];

const FOUND_IN_ORDER: readonly (readonly [readonly string[], string])[] = [
  [[], 'dcba'],
  [['attributes.start_time ASC'], 'abcd'],
  [['metrics.x ASC'], 'abcd'],
  [['metrics.x DESC'], 'bacd'],
  [['metrics.`a b`'], 'dcba'],
  [['params.lr ASC', 'start_time DESC'], 'cabd'],
  [['tags.stage DESC', 'start_time ASC'], 'cabd'],
  [['end_time DESC'], 'cbad'],
  [['status asc', 'start_time asc'], 'abcd'],
  [['run_name desc'], 'dcba'],
];

const REFUSED_FILTERS: readonly string[] = [
  'nonsense',
  'metrics.x > 1 OR metrics.x < 0',
  '(metrics.x > 1)',
  "metrics.x = '1'",
  "metrics.x LIKE '1'",
  'params.lr = 0.1',
  "params.lr > '0.1'",
  "foo.bar = 'x'",
  "attributes.bogus = 'x'",
  "status IN ('FINISHED')",
  "start_time > 'yesterday'",
  'run_id IN ()',
  "dataset.bogus = 'x'",
  "tags.stage = 'open",
  'metrics.x >',
  'metrics.x IS NULL',
];
