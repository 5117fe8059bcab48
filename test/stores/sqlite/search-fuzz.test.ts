// Whatever is searched for: an answer, or a refusal in MLflow's words; never an error that looks as if time could mend it.
import fc from 'fast-check';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Store } from '../../../src/stores/contract.ts';
import { openSqliteStore } from '../../../src/stores/sqlite/sqlite-store.ts';

const folder = mkdtempSync(join(tmpdir(), 'runspan-search-'));
const store: Store = openSqliteStore({ path: join(folder, 'm.db'), artifactRoot: folder });

beforeAll(async () => {
  const tags = [{ key: 'stage', value: `it's "dev" \`x\`` }];
  const run = await store.createRun({ experimentId: '0', runName: 'train', startTimeMs: 1, tags });
  const metrics = [{ key: 'loss', value: 0.5, timestampMs: 1, step: 0 }];
  await store.logBatch({ runId: run.info.runId, metrics, params: [{ key: 'a b', value: '1' }] });
});
afterAll(async () => {
  await store.close();
  rmSync(folder, { recursive: true });
});

/** How many runs there are, or the refusal; anything else fails the test. */
async function search(filter: string, orderBy: readonly string[] = []): Promise<number | 'refused'> {
  try {
    return (await store.searchRuns({ experimentIds: ['0'], filter, orderBy })).items.length;
  } catch (error) {
    expect(error).toMatchObject({ errorCode: 'INVALID_PARAMETER_VALUE', status: 400, isRetryable: false });
    return 'refused';
  }
}

const field = fc.oneof(
  fc.constantFrom(
    'metrics.loss',
    'params.`a b`',
    'tags.stage',
    'attributes.run_name',
    'status',
    'start_time',
    'run_id',
  ),
  fc.string({ unit: 'binary', maxLength: 8 }).map((key) => `tags.\`${key}\``),
  fc.string({ unit: 'binary', maxLength: 8 }).map((key) => `metrics."${key}"`),
);
const value = fc.oneof(
  fc.double().map(String),
  fc.string({ unit: 'binary', maxLength: 12 }).map((text) => `'${text}'`),
  fc.string({ unit: 'binary', maxLength: 12 }).map((text) => `"${text}"`),
  fc.constantFrom("('a','b')", '()', '1e999', '-0', "'%_\\'", 'NULL', '9007199254740993'),
);
const comparator = fc.constantFrom(
  '=',
  '!=',
  '<',
  '>=',
  'LIKE',
  'ILIKE',
  'IN',
  'NOT IN',
  'IS NULL',
  'is not null',
  '==',
);
const condition = fc.tuple(field, comparator, value).map((parts) => parts.join(' '));
const filters = fc.array(condition, { maxLength: 4 }).map((conditions) => conditions.join(' AND '));
const orders = fc.array(
  fc.tuple(field, fc.constantFrom('', ' ASC', ' desc', ' up')).map((parts) => parts.join('')),
  { maxLength: 3 },
);

describe('a search of a file', () => {
  test('is answered or refused, whatever the filter and the order', async () => {
    await fc.assert(
      fc.asyncProperty(filters, orders, async (filter, orderBy) => void (await search(filter, orderBy))),
      { numRuns: 400 },
    );
  });

  test.each([
    ['two thousand conditions', Array.from({ length: 2000 }, (_, at) => `metrics.m${at} > 1`).join(' AND '), []],
    ['a pattern of 100,000 characters', `tags.stage LIKE '${'%a'.repeat(50_000)}'`, []],
    ['a hundred orders', '', Array.from({ length: 100 }, (_, at) => `metrics.m${at}`)],
    ['a list of 100,000 ids', `run_id IN (${Array.from({ length: 100_000 }, () => "'a'").join(',')})`, []],
    ['a million spaces', ' '.repeat(1_000_000), []],
    ['a million backticks', '`'.repeat(1_000_000), []],
    ['a million open quotes', `tags.a = ${"'".repeat(999_999)}`, []],
  ])('is answered or refused, and soon: %s', async (_, filter, orderBy) => {
    const before = process.threadCpuUsage();
    await search(filter, orderBy);
    const { user, system } = process.threadCpuUsage(before);
    expect((user + system) / 1000).toBeLessThan(5000);
  });

  test('takes a quote of the one kind within the other', async () => {
    expect(await search(`tags.stage LIKE "it's %"`)).toBe(1);
    expect(await search(`tags.stage ILIKE "IT'S %"`)).toBe(1);
    expect(await search(`tags.stage LIKE "IT'S %"`)).toBe(0);
    expect(await search("params.`a b` = '1' AND run_name = 'train'")).toBe(1);
  });
});
