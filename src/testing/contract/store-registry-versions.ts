// Claims on versions of registered models: numbers, sources, stages, and what is left of a deleted one.
import { expect, test } from 'vitest';
import type { ModelVersion } from '../../model/registry.ts';
import type { Store } from '../../stores/contract.ts';
import { logModel } from './store-model-marks.ts';
import { expectRefusal, makeRun, uniqueName } from './store-fixtures.ts';

/** Registers the claims on versions. */
export function claimVersions(store: () => Store): void {
  claimMaking(store);
  claimSources(store);
  claimStages(store);
}

async function makeModel(store: Store): Promise<string> {
  const name = uniqueName();
  await store.request('createRegisteredModel', { name, tags: [] });
  return name;
}

async function addVersion(store: Store, name: string, source = 's3://bucket/a'): Promise<ModelVersion> {
  return store.request('createModelVersion', { name, source, tags: [] });
}

function claimMaking(store: () => Store): void {
  test('a version has the next number, and what it was given', async () => {
    const name = await makeModel(store());
    const { info } = await makeRun(store());
    const made = await store().request('createModelVersion', {
      name,
      source: 's3://bucket/path',
      runId: info.runId,
      runLink: 'http://here',
      description: 'd',
      tags: [{ key: 'k', value: 'v' }],
    });
    expect(made).toMatchObject({
      name,
      version: '1',
      source: 's3://bucket/path',
      runId: info.runId,
      runLink: 'http://here',
      description: 'd',
      tags: { k: 'v' },
      aliases: [],
      currentStage: 'None',
      status: 'READY',
      statusMessage: '',
      userId: '',
    });
    expect(await store().request('getModelVersion', { name, version: '1' })).toEqual(made);
    expect(await addVersion(store(), name)).toMatchObject({ version: '2', runId: '', description: '', runLink: '' });
    const model = await store().request('getRegisteredModel', name);
    expect(model.latestVersions).toMatchObject([{ version: '2' }]);
    expect(model.lastUpdateTimeMs).toBeGreaterThanOrEqual(made.creationTimeMs);
  });

  test('a version is described', async () => {
    const name = await makeModel(store());
    await addVersion(store(), name);
    const key = { name, version: '1' };
    expect(await store().request('updateModelVersion', { ...key, description: 'told' })).toMatchObject({
      description: 'told',
    });
    const gone = store().request('updateModelVersion', { name, version: '9', description: 'x' });
    await expectRefusal(gone, 'RESOURCE_DOES_NOT_EXIST', 404);
  });

  test('a deleted version is gone, and its number stays taken', async () => {
    const name = await makeModel(store());
    for (const source of ['s3://bucket/1', 's3://bucket/2']) await addVersion(store(), name, source);
    await store().request('deleteModelVersion', { name, version: '2' });
    for (const asked of [
      () => store().request('getModelVersion', { name, version: '2' }),
      () => store().request('deleteModelVersion', { name, version: '2' }),
      () => store().request('getModelVersionDownloadUri', { name, version: '2' }),
      () => store().request('setRegisteredModelAlias', { name, alias: 'a', version: '2' }),
    ])
      await expectRefusal(asked(), 'RESOURCE_DOES_NOT_EXIST', 404);
    expect((await addVersion(store(), name)).version).toBe('3');
    const found = await store().request('searchModelVersions', { filter: `name = '${name}'`, maxResults: 10 });
    expect(found.items.map(({ version }) => version).toSorted()).toEqual(['1', '3']);
  });

  test('what cannot be a version is refused', async () => {
    const name = await makeModel(store());
    await expectRefusal(addVersion(store(), uniqueName()), 'RESOURCE_DOES_NOT_EXIST', 404);
    await expectRefusal(addVersion(store(), name, ''), 'INVALID_PARAMETER_VALUE', 400);
    const text = store().request('getModelVersion', { name, version: 'one' });
    await expectRefusal(text, 'INVALID_PARAMETER_VALUE', 400);
  });
}

function claimSources(store: () => Store): void {
  test('a logged model leads to its files, and names its run', async () => {
    const name = await makeModel(store());
    const { modelId, artifactUri, sourceRunId } = await logModel(store());
    const made = await store().request('createModelVersion', { name, source: `models:/${modelId}`, modelId, tags: [] });
    expect(made).toMatchObject({ source: `models:/${modelId}`, runId: sourceRunId });
    expect(await store().request('getModelVersionDownloadUri', { name, version: '1' })).toBe(artifactUri);
  });

  test('another version leads to where its files are', async () => {
    const [name, copy] = [await makeModel(store()), await makeModel(store())];
    await addVersion(store(), name, 's3://bucket/a');
    expect(await addVersion(store(), copy, `models:/${name}/1`)).toMatchObject({ source: `models:/${name}/1` });
    expect(await store().request('getModelVersionDownloadUri', { name: copy, version: '1' })).toBe('s3://bucket/a');
  });
}

function claimStages(store: () => Store): void {
  const move = (key: { name: string; version: string }, stage: string, archives = false): Promise<ModelVersion> =>
    store().request('transitionModelVersionStage', { ...key, stage, archivesExistingVersions: archives });

  test('a version moves between stages, and takes another’s place', async () => {
    const name = await makeModel(store());
    for (let made = 0; made < 3; made++) await addVersion(store(), name);
    await move({ name, version: '1' }, 'production');
    const second = await move({ name, version: '2' }, 'Production', true);
    expect(second.currentStage).toBe('Production');
    const latest = await store().request('getLatestVersions', { name });
    expect(latest.map(({ version, currentStage }) => `${version} ${currentStage}`).toSorted()).toEqual([
      '1 Archived',
      '2 Production',
      '3 None',
    ]);
    const asked = await store().request('getLatestVersions', { name, stages: ['PRODUCTION'] });
    expect(asked.map(({ version }) => version)).toEqual(['2']);
  });

  test('what is no stage is refused', async () => {
    const name = await makeModel(store());
    await addVersion(store(), name);
    await expectRefusal(move({ name, version: '1' }, 'Nowhere'), 'INVALID_PARAMETER_VALUE', 400);
    await expectRefusal(move({ name, version: '9' }, 'Staging'), 'RESOURCE_DOES_NOT_EXIST', 404);
    await expectRefusal(move({ name, version: '1' }, 'None', true), 'INTERNAL_ERROR', 500);
    const stages = store().request('getLatestVersions', { name, stages: ['Nowhere'] });
    await expectRefusal(stages, 'INVALID_PARAMETER_VALUE', 400);
  });
}
