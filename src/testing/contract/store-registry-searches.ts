// Claims on searches of the registry: what each filter finds, in which order, page by page, and what is no search.
import { beforeAll, expect, test } from 'vitest';
import type { RegistrySearch } from '../../rest/endpoints/registry.ts';
import type { Store } from '../../stores/contract.ts';
import { expectRefusal, uniqueName } from './store-fixtures.ts';

const IS_PROMPT = 'tags.`mlflow.prompt.is_prompt`';

/** Registers the claims on searches. */
export function claimRegistrySearches(store: () => Store): void {
  const prefix = uniqueName('search');
  beforeAll(async () => {
    for (const [at, name] of ['a', 'b', 'C', 'prompt'].entries()) {
      const isPrompt = name === 'prompt' ? [{ key: 'mlflow.prompt.is_prompt', value: 'true' }] : [];
      const tags = [...isPrompt, { key: 'n', value: String(at) }, { key: 'x.y', value: 'Same' }];
      await store().request('createRegisteredModel', { name: `${prefix}-${name}`, tags });
      for (const source of isPrompt.length === 1 ? ['dummy-source'] : ['s3://bucket/One', 's3://bucket/two']) {
        const runId = source.endsWith('two') ? { runId: `run-${name}` } : {};
        await nextMillisecond();
        await store().request('createModelVersion', { name: `${prefix}-${name}`, source, ...runId, tags });
      }
    }
  });
  const ours = (filter: string): string => `name LIKE '${prefix}%'${filter === '' ? '' : ` AND ${filter}`}`;
  claimModelSearches(store, prefix, ours);
  claimVersionSearches(store, prefix, ours);
  claimPages(store, prefix, ours);
  claimRefusals(store);
}

/** Times are whole milliseconds: what is to be ordered by them must not share one. */
async function nextMillisecond(): Promise<void> {
  const now = Date.now();
  while (Date.now() <= now) await new Promise((resolve) => setImmediate(resolve));
}

type Ours = (filter: string) => string;

function claimModelSearches(store: () => Store, prefix: string, ours: Ours): void {
  test.each([
    ['', 'C a b'],
    [`name = '${prefix}-a'`, 'a'],
    [`attribute.name != "${prefix}-a"`, 'C b'],
    [`name LIKE '${prefix}-c'`, ''],
    [`name ILIKE '${prefix}-c'`, 'C'],
    [`name IN ('${prefix}-a', '${prefix}-C')`, 'C a'],
    [`name NOT IN ('${prefix}-a')`, 'C b'],
    ["tags.n = '1'", 'b'],
    ["tag.n != '1'", 'C a'],
    ["tags.`x.y` LIKE 'S%' AND tags.n = '2'", 'C'],
    ["tags.`x.y` ILIKE 's%'", 'C a b'],
    ["tags.n != '0' AND tags.n != '1'", 'C'],
    ["tags.absent != 'x'", ''],
    [`${IS_PROMPT} = 'true'`, 'prompt'],
    [`${IS_PROMPT} != 'true'`, 'C a b'],
    [`${IS_PROMPT} = 'false'`, 'C a b'],
  ])('models by %s', async (filter, found) => {
    const { items } = await store().request('searchRegisteredModels', { filter: ours(filter), maxResults: 100 });
    expect(items.map(({ name }) => name.replace(`${prefix}-`, '')).join(' ')).toBe(found);
  });

  test.each([
    [['name DESC'], 'b a C'],
    [['last_updated_timestamp'], 'a b C'],
    [['timestamp DESC', 'name'], 'C b a'],
  ])('models in the order of %j', async (orderBy, found) => {
    const search = { filter: ours(''), maxResults: 100, orderBy };
    const { items } = await store().request('searchRegisteredModels', search);
    expect(items.map(({ name }) => name.replace(`${prefix}-`, '')).join(' ')).toBe(found);
  });
}

function claimVersionSearches(store: () => Store, prefix: string, ours: Ours): void {
  const find = async (search: Omit<RegistrySearch, 'maxResults'>): Promise<string> => {
    const { items } = await store().request('searchModelVersions', { ...search, maxResults: 100 });
    return items.map(({ name, version }) => `${name.replace(`${prefix}-`, '')}${version}`).join(' ');
  };

  test.each([
    ['', 'C2 C1 b2 b1 a2 a1'],
    ['version_number = 2', 'C2 b2 a2'],
    ['version_number < 2', 'C1 b1 a1'],
    [`name = '${prefix}-b'`, 'b2 b1'],
    ["run_id = 'run-a'", 'a2'],
    ["run_id IN ('run-a', 'run-C')", 'C2 a2'],
    ["source_path = 's3://bucket/One' AND tags.n = '0'", 'a1'],
    ["source_path LIKE '%two'", 'C2 b2 a2'],
    ["source_path ILIKE '%ONE'", 'C1 b1 a1'],
    ["tags.`x.y` = 'Same' AND tags.n != '0'", 'C2 C1 b2 b1'],
    [`${IS_PROMPT} = 'true'`, 'prompt1'],
    [`${IS_PROMPT} != 'true'`, 'C2 C1 b2 b1 a2 a1'],
  ])('versions by %s', async (filter, found) => {
    expect(await find({ filter: ours(filter) })).toBe(found);
  });

  test.each([
    [['name', 'version_number DESC'], 'C2 C1 a2 a1 b2 b1'],
    [['version_number'], 'C1 a1 b1 C2 a2 b2'],
    [['creation_timestamp'], 'a1 a2 b1 b2 C1 C2'],
    [['last_updated_timestamp DESC'], 'C2 C1 b2 b1 a2 a1'],
  ])('versions in the order of %j', async (orderBy, found) => {
    expect(await find({ filter: ours(''), orderBy })).toBe(found);
  });
}

function claimPages(store: () => Store, prefix: string, ours: Ours): void {
  test('searches page by page', async () => {
    const seen: string[] = [];
    let pageToken: string | undefined;
    do {
      const search: RegistrySearch = {
        filter: ours(''),
        maxResults: 4,
        ...(pageToken === undefined ? {} : { pageToken }),
      };
      const page = await store().request('searchModelVersions', search);
      seen.push(...page.items.map(({ name, version }) => `${name.replace(`${prefix}-`, '')}${version}`));
      pageToken = page.nextPageToken;
    } while (pageToken !== undefined);
    expect(seen.join(' ')).toBe('C2 C1 b2 b1 a2 a1');
    const models = await store().request('searchRegisteredModels', { filter: ours(''), maxResults: 3 });
    expect([models.items.length, models.nextPageToken]).toEqual([3, undefined]);
  });

  test('give no aliases of versions, and those of models', async () => {
    const name = `${prefix}-a`;
    await store().request('setRegisteredModelAlias', { name, alias: 'best', version: '1' });
    const filter = `name = '${name}'`;
    const versions = await store().request('searchModelVersions', { filter, maxResults: 10 });
    expect(versions.items.flatMap(({ aliases }) => aliases)).toEqual([]);
    const models = await store().request('searchRegisteredModels', { filter, maxResults: 10 });
    expect(models.items).toMatchObject([{ aliases: { best: '1' }, latestVersions: [{ version: '2' }] }]);
  });
}

function claimRefusals(store: () => Store): void {
  test.each([
    { filter: "nonsense = 'a'" },
    { filter: "name > 'a'" },
    { filter: 'name = a' },
    { filter: "name = 'a' OR name = 'b'" },
    { filter: "params.a = 'b'" },
    { filter: "tags.a IN ('b')" },
    { orderBy: ['nonsense'] },
    { orderBy: ['name UP'] },
    { orderBy: ['tags.a'] },
    { pageToken: 'nonsense' },
  ])('what is no search of either is refused: %j', async (search) => {
    for (const name of ['searchRegisteredModels', 'searchModelVersions'] as const)
      await expectRefusal(store().request(name, { ...search, maxResults: 10 }), 'INVALID_PARAMETER_VALUE', 400);
  });

  test.each([
    { filter: "version_number = 'a'", maxResults: 10 },
    { filter: 'version_number = 1.5', maxResults: 10 },
    { filter: "version_number LIKE '1'", maxResults: 10 },
    { filter: "source_path IN ('a')", maxResults: 10 },
    { maxResults: 200_001 },
  ])('what is no search of versions is refused: %j', async (search) => {
    await expectRefusal(store().request('searchModelVersions', search), 'INVALID_PARAMETER_VALUE', 400);
  });

  test('a page of models has an end', async () => {
    const asked = store().request('searchRegisteredModels', { maxResults: 1001 });
    await expectRefusal(asked, 'INVALID_PARAMETER_VALUE', 400);
  });
}
