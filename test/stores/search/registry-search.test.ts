// Whatever is searched for in the registry: a folder of runs finds what a database finds, in the same order, or both refuse it alike.
import fc from 'fast-check';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { RegistrySearch } from '../../../src/rest/endpoints/registry.ts';
import type { Store } from '../../../src/stores/contract.ts';
import { openFileStore } from '../../../src/stores/file/file-store.ts';
import { openSqliteStore } from '../../../src/stores/sqlite/sqlite-store.ts';
import { freshFolder } from '../mlflow-file.ts';

const folder = freshFolder();
let nowMs = 1_700_000_000_000;
const now = (): number => ++nowMs;
const stores: readonly Store[] = [
  openSqliteStore({ path: join(folder, 'm.db'), artifactRoot: folder, now }),
  openFileStore({ path: join(folder, 'mlruns'), now }),
];

/** Models with one, two and no versions, whose names and tags are alike in part; a prompt among them. */
beforeAll(async () => {
  for (const store of stores) {
    nowMs = 1_700_000_000_000;
    for (const [at, name] of ['a', 'A b', 'ä', '10', '9', 'prompt', 'none'].entries()) {
      const isPrompt = name === 'prompt' ? [{ key: 'mlflow.prompt.is_prompt', value: 'true' }] : [];
      const tags = [...isPrompt, { key: 'stage', value: at % 2 === 0 ? 'Dev' : 'it"s' }, { key: 'x y', value: '' }];
      await store.request('createRegisteredModel', { name, tags });
      for (let made = 0; made < at % 3 && name !== 'none'; made++) {
        const runId = made === 0 ? { runId: `run-${name}` } : {};
        const source = `s3://${name}/${made}%_`;
        await store.request('createModelVersion', { name, source, ...runId, tags: made === 0 ? tags : isPrompt });
      }
    }
    await store.request('deleteModelVersion', { name: 'A b', version: '1' });
  }
});
afterAll(async () => {
  for (const store of stores) await store.close();
});

/** What a search finds, page by page, or its refusal. */
async function outcomeOf(
  store: Store,
  kind: 'searchRegisteredModels' | 'searchModelVersions',
  search: RegistrySearch,
): Promise<unknown> {
  try {
    const { items, nextPageToken } = await store.request(kind, search);
    return { nextPageToken, items: items.map((each) => ['version' in each ? each.version : '', each.name]) };
  } catch (error) {
    const { errorCode, status } = error as { readonly errorCode?: string; readonly status?: number };
    if (errorCode === undefined) throw error;
    return { errorCode, status };
  }
}

const field = fc.constantFrom(
  'name',
  'attribute.name',
  'version_number',
  'run_id',
  'source_path',
  'tags.stage',
  'tag.`x y`',
  'tags."absent"',
  'tags.`mlflow.prompt.is_prompt`',
  'params.a',
);
const comparator = fc.constantFrom('=', '!=', '<', '>=', 'LIKE', 'ILIKE', 'IN', 'NOT IN', 'IS NULL', 'IS NOT NULL');
const value = fc.oneof(
  fc.constantFrom(
    '1',
    '2',
    '1.5',
    "'true'",
    "'false'",
    "'%'",
    "'_'",
    "''",
    "('a', '10')",
    "('run-a')",
    '()',
    "'A%'",
    "'Ä'",
  ),
  fc.constantFrom("'a'", "'A b'", "'ä'", "'run-ä'", '"it""s"', "'dev'", "'Dev'", "'s3://a/0%_'", "'%/0\\%%'", "'s3%'"),
  fc.string({ unit: 'grapheme', maxLength: 4 }).map((text) => `'${text}'`),
);
const condition = fc.tuple(field, comparator, value).map((words) => words.join(' '));
const order = fc
  .tuple(
    fc.constantFrom(
      'name',
      'version_number',
      'creation_timestamp',
      'last_updated_timestamp',
      'timestamp',
      'tags.stage',
    ),
    fc.constantFrom('', ' ASC', ' DESC'),
  )
  .map((words) => words.join(''));
const search = fc.record(
  {
    filter: fc.array(condition, { maxLength: 2 }).map((conditions) => conditions.join(' AND ')),
    orderBy: fc.array(order, { maxLength: 2 }),
    maxResults: fc.constantFrom(0, 1, 2, 100, 1_001),
    pageToken: fc.constantFrom(...[1, 3, 50].map((offset) => btoa(JSON.stringify({ offset }))), 'nonsense'),
  },
  { requiredKeys: ['maxResults'] },
);

test.each(['searchRegisteredModels', 'searchModelVersions'] as const)('%s', async (kind) => {
  await fc.assert(
    fc.asyncProperty(search, async (asked) => {
      const [inDatabase, inFolder] = await Promise.all(stores.map((store) => outcomeOf(store, kind, asked)));
      expect(inFolder).toEqual(inDatabase);
    }),
    { numRuns: 400 },
  );
});
