// The model registry of the store in a folder: MLflow's contract, and what lies on disk for it.
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { openFileStore } from '../../../src/stores/file/file-store.ts';
import { describeRegistry } from '../../../src/testing/contract/store-registry.ts';
import { freshFolder } from '../mlflow-file.ts';
import { makeFolderOfRuns, readTree } from './disk.ts';

describeRegistry('file', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'runspan-file-registry-'));
  const store = openFileStore({ path: join(folder, 'mlruns') });
  return {
    store,
    close: async () => {
      await store.close();
      rmSync(folder, { recursive: true });
    },
  };
});

describe('a registered model in a folder', () => {
  const NOW = 1_700_000_000_000;

  test('has the folders, files and fields of MLflow', async () => {
    const { root, store, runId } = await makeFolderOfRuns();
    const tags = [{ key: 'a/b', value: 'two\nlines' }];
    await store.request('createRegisteredModel', { name: 'churn', description: 'who: leaves', tags });
    await store.request('createModelVersion', { name: 'churn', source: 's3://b/a', runId, runLink: 'http://x', tags });
    const { modelId, artifactUri } = await store.createLoggedModel({ experimentId: '0', params: [], tags: [] });
    await store.request('createModelVersion', { name: 'churn', source: `models:/${modelId}`, modelId, tags: [] });
    await store.request('setRegisteredModelAlias', { name: 'churn', alias: 'best', version: '2' });
    const tree = readTree(join(root, 'models'));
    expect(Object.keys(tree)).toEqual(
      [
        'churn/',
        ...['aliases/', 'aliases/best', 'meta.yaml', 'tags/', 'tags/a/', 'tags/a/b'].map((path) => `churn/${path}`),
        ...['', 'meta.yaml', 'tags/', 'tags/a/', 'tags/a/b'].map((path) => `churn/version-1/${path}`),
        ...['', 'meta.yaml'].map((path) => `churn/version-2/${path}`),
      ].toSorted(),
    );
    const of = (path: string): string => tree[`churn/${path}`] ?? '';
    expect([of('aliases/best'), of('tags/a/b'), of('version-1/tags/a/b')]).toEqual(['2', 'two\nlines', 'two\nlines']);
    const ours = {
      creation_timestamp: NOW,
      deployment_job_state: null,
      last_updated_timestamp: NOW,
      workspace: 'default',
    };
    expect(parse(of('meta.yaml'))).toEqual({
      ...ours,
      aliases: { best: '2' },
      deployment_job_id: null,
      description: 'who: leaves',
      name: 'churn',
    });
    const ofVersion = {
      ...ours,
      current_stage: 'None',
      description: null,
      name: 'churn',
      status: 'READY',
      status_message: null,
    };
    expect(parse(of('version-1/meta.yaml'))).toEqual({
      ...ofVersion,
      model_id: null,
      run_id: runId,
      run_link: 'http://x',
      source: 's3://b/a',
      storage_location: 's3://b/a',
      user_id: null,
      version: 1,
    });
    expect(parse(of('version-2/meta.yaml'))).toMatchObject({
      model_id: modelId,
      run_id: null,
      source: `models:/${modelId}`,
      storage_location: artifactUri,
      version: 2,
    });
  });

  test('takes everything with it to another name, and leaves nothing behind', async () => {
    const { root, store } = await makeFolderOfRuns();
    await store.request('createRegisteredModel', { name: 'old', tags: [{ key: 'k', value: 'v' }] });
    for (const source of ['s3://b/1', 's3://b/2'])
      await store.request('createModelVersion', { name: 'old', source, tags: [{ key: 'at', value: source }] });
    await store.request('setRegisteredModelAlias', { name: 'old', alias: 'best', version: '1' });
    await store.request('deleteModelVersion', { name: 'old', version: '2' });
    const before = readTree(join(root, 'models', 'old'));
    await store.request('renameRegisteredModel', { name: 'old', newName: 'new' });
    const after = readTree(join(root, 'models', 'new'));
    expect(readdirSync(join(root, 'models'))).toEqual(['new']);
    expect(after).toEqual(
      Object.fromEntries(Object.entries(before).map(([path, text]) => [path, text.replace('"old"', '"new"')])),
    );
    expect(readdirSync(join(root, '.runspan.trash'))).toEqual(['lock']);
  });

  test.each(['100%25', 'a%', 'a\0b', 'ü'.repeat(200)])(
    'a name that is no folder of MLflow is refused: %j',
    async (name) => {
      const { store } = await makeFolderOfRuns();
      for (const asked of [
        () => store.request('createRegisteredModel', { name, tags: [] }),
        () => store.request('getRegisteredModel', name),
        () => store.request('createModelVersion', { name, source: 's3://b', tags: [] }),
      ])
        await expect(asked()).rejects.toMatchObject({ errorCode: 'INVALID_PARAMETER_VALUE', status: 400 });
    },
  );

  test('a tag cannot be where another has its folder', async () => {
    const { root, store } = await makeFolderOfRuns();
    const tags = [
      { key: 'a', value: '1' },
      { key: 'a/b', value: '2' },
    ];
    const made = store.request('createRegisteredModel', { name: 'churn', tags });
    await expect(made).rejects.toMatchObject({ errorCode: 'INVALID_PARAMETER_VALUE' });
    expect(existsSync(join(root, 'models', 'churn'))).toBe(false);
  });

  test('gives the next number where Python took one meanwhile, and none twice', async () => {
    const root = join(freshFolder(), 'mlruns');
    let isTaking = false;
    const store = openFileStore({
      path: root,
      // the clock is asked between the look for a number and the making of its folder
      now: () => {
        if (isTaking) mkdirSync(join(root, 'models', 'churn', 'version-1', 'tags'), { recursive: true });
        return NOW;
      },
    });
    await store.request('createRegisteredModel', { name: 'churn', tags: [] });
    isTaking = true;
    const made = await store.request('createModelVersion', { name: 'churn', source: 's3://b', tags: [] });
    expect(made.version).toBe('2');
  });

  test('what a process left half is no model, and no version', async () => {
    const { root, store } = await makeFolderOfRuns();
    mkdirSync(join(root, 'models', 'half', 'tags'), { recursive: true });
    await expect(store.request('getRegisteredModel', 'half')).rejects.toMatchObject({ status: 404 });
    await store.request('createRegisteredModel', { name: 'churn', tags: [] });
    mkdirSync(join(root, 'models', 'churn', 'version-7'));
    await expect(store.request('getModelVersion', { name: 'churn', version: '7' })).rejects.toMatchObject({
      status: 404,
    });
    expect(await store.request('createModelVersion', { name: 'churn', source: 's3://b', tags: [] })).toMatchObject({
      version: '8',
    });
    const { items } = await store.request('searchRegisteredModels', { maxResults: 10 });
    expect(items.map(({ name }) => name)).toEqual(['churn']);
  });

  test('looking for models makes no folder', async () => {
    const root = join(freshFolder(), 'mlruns');
    mkdirSync(root);
    const store = openFileStore({ path: root });
    expect(await store.request('searchModelVersions', { maxResults: 10 })).toMatchObject({ items: [] });
    await expect(store.request('getRegisteredModel', 'churn')).rejects.toMatchObject({ status: 404 });
    expect(readdirSync(root)).toEqual([]);
  });
});
