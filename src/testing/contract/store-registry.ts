// The contract of a model registry as claims: on the embedded store, and on real servers over HTTP.
import { describe, expect, test } from 'vitest';
import type { Store } from '../../stores/contract.ts';
import { claimRegistrySearches } from './store-registry-searches.ts';
import { claimVersions } from './store-registry-versions.ts';
import { expectRefusal, uniqueName } from './store-fixtures.ts';
import { useStore, type OpenedStore } from './store-suite.ts';

/**
 * Runs the contract of a model registry on one kind of store.
 *
 * @example
 * describeRegistry('sqlite', async () => { const store = openSqliteStore({ … }); return { store, close: () => store.close() }; });
 */
export function describeRegistry(name: string, open: () => Promise<OpenedStore>): void {
  describe(`registry contract: ${name}`, () => {
    const store = useStore(open);
    describe('registered models', () => claimRegisteredModels(store));
    describe('aliases and tags', () => claimMarks(store));
    describe('versions', () => claimVersions(store));
    describe('searches', () => claimRegistrySearches(store));
  });
}

function claimRegisteredModels(store: () => Store): void {
  test('a new model has what it was given, and no versions', async () => {
    const name = uniqueName('model ü');
    const tags = [
      { key: 'a/b c', value: 'x' },
      { key: 'a/b c', value: 'the last' },
      { key: 'empty', value: '' },
    ];
    const made = await store().request('createRegisteredModel', { name, description: 'd', tags });
    expect(made).toMatchObject({
      name,
      description: 'd',
      latestVersions: [],
      tags: { 'a/b c': 'the last', empty: '' },
      aliases: {},
    });
    expect(made.creationTimeMs).toBeGreaterThan(1e12);
    expect(made.lastUpdateTimeMs).toBe(made.creationTimeMs);
    expect(await store().request('getRegisteredModel', name)).toEqual(made);
    await expectRefusal(store().request('createRegisteredModel', { name, tags: [] }), 'RESOURCE_ALREADY_EXISTS', 400);
  });

  test('a name holds a prompt or a model, not both', async () => {
    const name = uniqueName('prompt');
    const tags = [{ key: 'mlflow.prompt.is_prompt', value: 'true' }];
    await store().request('createRegisteredModel', { name, tags });
    const again = store().request('createRegisteredModel', { name, tags: [] });
    expect((await expectRefusal(again, 'RESOURCE_ALREADY_EXISTS', 400)).message).toMatch(/taken by a prompt/);
    const prompt = store().request('createRegisteredModel', { name, tags });
    expect((await expectRefusal(prompt, 'RESOURCE_ALREADY_EXISTS', 400)).message).toMatch(/^Prompt \(name=/);
  });

  test('a model is renamed with all that is its own', async () => {
    const [name, newName] = [uniqueName(), uniqueName('renamed')];
    await store().request('createRegisteredModel', { name, tags: [{ key: 'k', value: 'v' }] });
    const tags = [{ key: 'f1', value: '0.9' }];
    await store().request('createModelVersion', { name, source: 's3://bucket/a', tags });
    await store().request('setRegisteredModelAlias', { name, alias: 'best', version: '1' });
    const renamed = await store().request('renameRegisteredModel', { name, newName });
    expect(renamed).toMatchObject({ name: newName, tags: { k: 'v' }, aliases: { best: '1' } });
    const version = await store().request('getModelVersionByAlias', { name: newName, alias: 'best' });
    expect(version).toMatchObject({ name: newName, version: '1', tags: { f1: '0.9' }, aliases: ['best'] });
    await expectRefusal(store().request('getRegisteredModel', name), 'RESOURCE_DOES_NOT_EXIST', 404);
    const other = uniqueName();
    await store().request('createRegisteredModel', { name: other, tags: [] });
    const taken = store().request('renameRegisteredModel', { name: other, newName });
    await expectRefusal(taken, 'RESOURCE_ALREADY_EXISTS', 400);
    const gone = store().request('renameRegisteredModel', { name, newName: uniqueName() });
    await expectRefusal(gone, 'RESOURCE_DOES_NOT_EXIST', 404);
  });

  test('a description is given and taken away', async () => {
    const name = uniqueName();
    await store().request('createRegisteredModel', { name, tags: [] });
    const told = await store().request('updateRegisteredModel', { name, description: 'told' });
    expect(told.description).toBe('told');
    expect((await store().request('updateRegisteredModel', { name })).description).toBe('');
  });

  test('a deleted model is gone with its versions, and its name is free', async () => {
    const name = uniqueName();
    await store().request('createRegisteredModel', { name, tags: [{ key: 'k', value: 'v' }] });
    await store().request('createModelVersion', { name, source: 's3://bucket/a', tags: [{ key: 'k', value: 'v' }] });
    await store().request('setRegisteredModelAlias', { name, alias: 'a', version: '1' });
    await store().request('deleteRegisteredModel', name);
    await expectRefusal(store().request('deleteRegisteredModel', name), 'RESOURCE_DOES_NOT_EXIST', 404);
    const version = store().request('getModelVersion', { name, version: '1' });
    await expectRefusal(version, 'RESOURCE_DOES_NOT_EXIST', 404);
    const made = await store().request('createRegisteredModel', { name, tags: [] });
    expect(made).toMatchObject({ tags: {}, aliases: {} });
    const first = await store().request('createModelVersion', { name, source: 's3://bucket/b', tags: [] });
    expect(first).toMatchObject({ version: '1', tags: {}, aliases: [] });
  });

  test.each(['', ' ', 'a/b', 'a:b', '.', '../a'])('%j is no name', async (name) => {
    const made = store().request('createRegisteredModel', { name, tags: [] });
    await expectRefusal(made, 'INVALID_PARAMETER_VALUE', 400);
  });
}

function claimMarks(store: () => Store): void {
  const make = async (): Promise<string> => {
    const name = uniqueName();
    await store().request('createRegisteredModel', { name, tags: [] });
    for (const source of ['s3://bucket/1', 's3://bucket/2'])
      await store().request('createModelVersion', { name, source, tags: [] });
    return name;
  };

  test('an alias points to one version, moves, and goes', async () => {
    const name = await make();
    await store().request('setRegisteredModelAlias', { name, alias: 'best', version: '1' });
    await store().request('setRegisteredModelAlias', { name, alias: 'best', version: '2' });
    await store().request('setRegisteredModelAlias', { name, alias: 'ok-_1', version: '2' });
    const found = await store().request('getModelVersionByAlias', { name, alias: 'best' });
    expect(found).toMatchObject({ version: '2' });
    expect([...found.aliases].toSorted()).toEqual(['best', 'ok-_1']);
    await store().request('deleteRegisteredModelAlias', { name, alias: 'best' });
    await store().request('deleteRegisteredModelAlias', { name, alias: 'best' });
    const model = await store().request('getRegisteredModel', name);
    expect(model.aliases).toEqual({ 'ok-_1': '2' });
    const gone = store().request('getModelVersionByAlias', { name, alias: 'best' });
    await expectRefusal(gone, 'INVALID_PARAMETER_VALUE', 400);
    await store().request('deleteModelVersion', { name, version: '2' });
    expect((await store().request('getRegisteredModel', name)).aliases).toEqual({});
  });

  test('latest is the newest by itself', async () => {
    const name = await make();
    await store().request('transitionModelVersionStage', {
      name,
      version: '1',
      stage: 'Staging',
      archivesExistingVersions: false,
    });
    const latest = await store().request('getModelVersionByAlias', { name, alias: 'LATEST' });
    expect(latest.version).toBe('2');
    const empty = uniqueName();
    await store().request('createRegisteredModel', { name: empty, tags: [] });
    const none = store().request('getModelVersionByAlias', { name: empty, alias: 'latest' });
    await expectRefusal(none, 'RESOURCE_DOES_NOT_EXIST', 404);
  });

  test.each([
    ['', '1', 'INVALID_PARAMETER_VALUE', 400],
    ['a b', '1', 'INVALID_PARAMETER_VALUE', 400],
    ['latest', '1', 'INVALID_PARAMETER_VALUE', 400],
    ['v7', '1', 'INVALID_PARAMETER_VALUE', 400],
    ['a'.repeat(256), '1', 'INVALID_PARAMETER_VALUE', 400],
    ['fine', 'one', 'INVALID_PARAMETER_VALUE', 400],
    ['fine', '9', 'RESOURCE_DOES_NOT_EXIST', 404],
  ] as const)('alias %j for version %s is refused', async (alias, version, code, status) => {
    const name = await make();
    await expectRefusal(store().request('setRegisteredModelAlias', { name, alias, version }), code, status);
  });

  test('tags are set, replaced and taken off', async () => {
    const name = await make();
    const key = { name, version: '1' };
    for (const value of ['one', 'two']) {
      await store().request('setRegisteredModelTag', { name, key: 'k', value });
      await store().request('setModelVersionTag', { ...key, key: 'k', value });
    }
    await store().request('setModelVersionTag', { ...key, key: 'gone', value: 'x' });
    await store().request('deleteModelVersionTag', { ...key, key: 'gone' });
    await store().request('deleteModelVersionTag', { ...key, key: 'gone' });
    await store().request('deleteRegisteredModelTag', { name, key: 'absent' });
    expect((await store().request('getRegisteredModel', name)).tags).toEqual({ k: 'two' });
    expect((await store().request('getModelVersion', key)).tags).toEqual({ k: 'two' });
    await store().request('deleteRegisteredModelTag', { name, key: 'k' });
    expect((await store().request('getRegisteredModel', name)).tags).toEqual({});
  });

  test('tags that cannot be kept are refused', async () => {
    const name = await make();
    const long = 'v'.repeat(100_001);
    const bad = [
      () => store().request('setRegisteredModelTag', { name, key: 'k', value: long }),
      () => store().request('setModelVersionTag', { name, version: '1', key: 'k', value: long }),
      () => store().request('setRegisteredModelTag', { name, key: 'k'.repeat(251), value: '' }),
      () => store().request('setRegisteredModelTag', { name, key: 'a//b', value: '' }),
      () => store().request('createModelVersion', { name, source: 's3://bucket/a', tags: [{ key: 'k', value: long }] }),
    ];
    for (const each of bad) await expectRefusal(each(), 'INVALID_PARAMETER_VALUE', 400);
    const absent = uniqueName();
    const gone = store().request('setRegisteredModelTag', { name: absent, key: 'k', value: 'v' });
    await expectRefusal(gone, 'RESOURCE_DOES_NOT_EXIST', 404);
    const none = store().request('deleteModelVersionTag', { name, version: '9', key: 'k' });
    await expectRefusal(none, 'RESOURCE_DOES_NOT_EXIST', 404);
  });
}
