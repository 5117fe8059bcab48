// The endpoints of the model registry: path, query, body, answer.
import { describe, expect, it, onTestFinished } from 'vitest';
import { openHttpStore } from '../../../src/stores/http/http-store.ts';
import type { Store } from '../../../src/stores/contract.ts';
import { json, startServer, type Answer, type ScriptedServer } from '../scripted-server.ts';

async function open(...script: readonly Answer[]): Promise<{ server: ScriptedServer; store: Store }> {
  const server = await startServer(...script);
  const store = openHttpStore(server.url, {});
  onTestFinished(() => store.close());
  return { server, store };
}

const model_version = {
  name: 'churn',
  version: 2,
  creation_timestamp: '1',
  last_updated_timestamp: 2,
  current_stage: 'None',
  source: 'models:/m-1',
  run_id: 'r',
  status: 'READY',
  tags: [{ key: 'stage', value: 'live' }],
  aliases: ['champion'],
};
const version = {
  name: 'churn',
  version: '2',
  creationTimeMs: 1,
  lastUpdateTimeMs: 2,
  description: '',
  userId: '',
  currentStage: 'None',
  source: 'models:/m-1',
  runId: 'r',
  runLink: '',
  status: 'READY',
  statusMessage: '',
  tags: { stage: 'live' },
  aliases: ['champion'],
};
const registered_model = {
  name: 'churn',
  creation_timestamp: 1,
  last_updated_timestamp: 2,
  latest_versions: [model_version],
  tags: [{ key: '__proto__', value: 'kept' }],
  aliases: [{ alias: 'champion', version: 2 }],
};
const key = { name: 'churn', version: '2' };

describe('the endpoints of the registry', () => {
  it('make a model and read it back', async () => {
    const { server, store } = await open(json({ registered_model }));
    const tags = [{ key: 'team', value: 'growth' }];
    const made = await store.request('createRegisteredModel', { name: 'churn', description: 'd', tags });
    expect(made).toEqual({
      name: 'churn',
      creationTimeMs: 1,
      lastUpdateTimeMs: 2,
      description: '',
      latestVersions: [version],
      tags: Object.fromEntries([['__proto__', 'kept']]),
      aliases: { champion: '2' },
    });
    expect(JSON.parse(server.seen[0]?.body ?? '')).toEqual({ name: 'churn', description: 'd', tags });
  });

  it('make a version of what is named', async () => {
    const { server, store } = await open(json({ model_version }));
    const made = await store.request('createModelVersion', {
      name: 'churn',
      source: 'models:/m-1',
      runId: 'r',
      modelId: 'm-1',
      tags: [],
    });
    expect(made).toEqual(version);
    expect(JSON.parse(server.seen[0]?.body ?? '')).toEqual({
      name: 'churn',
      source: 'models:/m-1',
      run_id: 'r',
      model_id: 'm-1',
      tags: [],
    });
  });

  it.each([
    [
      'getRegisteredModel',
      (store: Store) => store.request('getRegisteredModel', 'a b'),
      'registered-models/get?name=a+b',
    ],
    [
      'getModelVersion',
      (store: Store) => store.request('getModelVersion', key),
      'model-versions/get?name=churn&version=2',
    ],
    [
      'getModelVersionByAlias',
      (store: Store) => store.request('getModelVersionByAlias', { name: 'churn', alias: 'x' }),
      'registered-models/alias?name=churn&alias=x',
    ],
    [
      'searchModelVersions',
      (store: Store) =>
        store.request('searchModelVersions', { filter: 'f', maxResults: 3, orderBy: ['a', 'b'], pageToken: 't' }),
      'model-versions/search?filter=f&max_results=3&order_by=a&order_by=b&page_token=t',
    ],
    [
      'searchRegisteredModels',
      (store: Store) => store.request('searchRegisteredModels', { maxResults: 3 }),
      'registered-models/search?max_results=3',
    ],
    [
      'getModelVersionDownloadUri',
      (store: Store) => store.request('getModelVersionDownloadUri', key),
      'model-versions/get-download-uri?name=churn&version=2',
    ],
  ])('ask by a query: %s', async (_, act, path) => {
    const { server, store } = await open(json({ registered_model, model_version, artifact_uri: 'u' }));
    await act(store);
    expect(server.seen[0]).toMatchObject({ method: 'GET', url: `/api/2.0/mlflow/${path}` });
  });

  it.each([
    [
      'POST',
      'registered-models/rename',
      (s: Store) => s.request('renameRegisteredModel', { name: 'a', newName: 'b' }),
      { name: 'a', new_name: 'b' },
    ],
    [
      'PATCH',
      'registered-models/update',
      (s: Store) => s.request('updateRegisteredModel', { name: 'a' }),
      { name: 'a' },
    ],
    ['DELETE', 'registered-models/delete', (s: Store) => s.request('deleteRegisteredModel', 'a'), { name: 'a' }],
    [
      'POST',
      'registered-models/get-latest-versions',
      (s: Store) => s.request('getLatestVersions', { name: 'a', stages: ['None'] }),
      { name: 'a', stages: ['None'] },
    ],
    [
      'POST',
      'registered-models/set-tag',
      (s: Store) => s.request('setRegisteredModelTag', { name: 'a', key: 'k', value: '' }),
      { name: 'a', key: 'k', value: '' },
    ],
    [
      'DELETE',
      'registered-models/delete-tag',
      (s: Store) => s.request('deleteRegisteredModelTag', { name: 'a', key: 'k' }),
      { name: 'a', key: 'k' },
    ],
    [
      'PATCH',
      'model-versions/update',
      (s: Store) => s.request('updateModelVersion', { ...key, description: 'd' }),
      { ...key, description: 'd' },
    ],
    [
      'POST',
      'model-versions/transition-stage',
      (s: Store) =>
        s.request('transitionModelVersionStage', { ...key, stage: 'Staging', archivesExistingVersions: true }),
      { ...key, stage: 'Staging', archive_existing_versions: true },
    ],
    ['DELETE', 'model-versions/delete', (s: Store) => s.request('deleteModelVersion', key), key],
    [
      'POST',
      'model-versions/set-tag',
      (s: Store) => s.request('setModelVersionTag', { ...key, key: 'k', value: 'v' }),
      { ...key, key: 'k', value: 'v' },
    ],
    [
      'DELETE',
      'model-versions/delete-tag',
      (s: Store) => s.request('deleteModelVersionTag', { ...key, key: 'k' }),
      { ...key, key: 'k' },
    ],
    [
      'POST',
      'registered-models/alias',
      (s: Store) => s.request('setRegisteredModelAlias', { ...key, alias: 'x' }),
      { ...key, alias: 'x' },
    ],
    [
      'DELETE',
      'registered-models/alias',
      (s: Store) => s.request('deleteRegisteredModelAlias', { name: 'a', alias: 'x' }),
      { name: 'a', alias: 'x' },
    ],
  ] as const)('tell by a body: %s %s', async (method, path, act, body) => {
    const { server, store } = await open(json({ registered_model, model_version }));
    await act(store);
    expect(server.seen[0]).toMatchObject({ method, url: `/api/2.0/mlflow/${path}` });
    expect(JSON.parse(server.seen[0]?.body ?? '')).toEqual(body);
  });

  it.each([
    ['a tag of a number', (s: Store) => s.request('setRegisteredModelTag', { name: 'a', key: 'k', value: 1 as never })],
    ['a version of a number', (s: Store) => s.request('getModelVersion', { name: 'a', version: 1 as never })],
    ['half a page', (s: Store) => s.request('searchModelVersions', { maxResults: 0.5 })],
    [
      'a text for a yes',
      (s: Store) =>
        s.request('transitionModelVersionStage', { ...key, stage: 'x', archivesExistingVersions: 'no' as never }),
    ],
  ])('send nothing malformed: %s', async (_, act) => {
    const { server, store } = await open(json({}));
    await expect(act(store)).rejects.toMatchObject({ code: 'INVALID_VALUE' });
    expect(server.seen).toEqual([]);
  });

  it('are not sent twice where that would make two versions', async () => {
    const { server, store } = await open(json({ error_code: 'TEMPORARILY_UNAVAILABLE' }, 503), json({ model_version }));
    const asked = store.request('createModelVersion', { name: 'churn', source: 's', tags: [] });
    await expect(asked).rejects.toMatchObject({ status: 503, isAmbiguous: true });
    expect(server.seen).toHaveLength(1);
  });
});
