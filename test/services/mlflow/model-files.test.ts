// Whole models by their URIs on the store in a file, and in a folder of runs: a folder logged, registered under names, found, brought back and loaded.
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { MlflowClient } from '../../../src/runs/client/mlflow-client.ts';
import { registerModel } from '../../../src/services/fluent/fluent.ts';
import { makeFolder, startService } from './mlflow-fixture.ts';

const MLMODEL = JSON.stringify({ flavors: { tfjs: { model_file: 'data/model.json' } } });

/** A folder as TensorFlow.js writes one, of one weight. */
function writeModel(weight: number): string {
  const folder = makeFolder();
  mkdirSync(join(folder, 'data'));
  writeFileSync(join(folder, 'MLmodel'), MLMODEL);
  const weightsManifest = [{ paths: ['w.bin'], weights: [{ name: 'w', shape: [1], dtype: 'uint8' }] }];
  writeFileSync(join(folder, 'data/model.json'), JSON.stringify({ modelTopology: {}, weightsManifest }));
  writeFileSync(join(folder, 'data/w.bin'), Uint8Array.of(weight));
  return folder;
}

/** What is handed to TensorFlow.js, as its model. */
const loader = {
  loadLayersModel: (handler: { load(): Promise<never> }): Promise<{ weightData: ArrayBuffer }> => handler.load(),
};

async function start(kind: string): Promise<{
  client: MlflowClient;
  runId: string;
  weightOf: (uri: string) => Promise<number | undefined>;
}> {
  const where = kind === 'a folder of runs' ? { trackingUri: join(makeFolder(), 'mlruns') } : {};
  const { mlflow } = await startService({ ...where, registryName: 'of-the-settings' });
  const client = mlflow.client();
  const experimentId = (await client.getExperimentByName('exp'))?.experimentId ?? '';
  const { runId } = (await client.createRun(experimentId)).info;
  const weightOf = async (uri: string): Promise<number | undefined> =>
    new Uint8Array((await mlflow.loadTfjsModel(uri, loader)).model.weightData)[0];
  return { client, runId, weightOf };
}

describe.each(['a database', 'a folder of runs'])('a model in %s', (kind) => {
  it('is logged, registered, promoted, and loaded by every name it has', async () => {
    const { client, runId, weightOf } = await start(kind);
    const first = await client.logModel(runId, 'tree', writeModel(1), { params: { depth: 6 }, tags: { a: 'b' } });
    expect(first).toMatchObject({
      name: 'tree',
      status: 'READY',
      params: { depth: '6' },
      tags: { a: 'b' },
      sourceRunId: runId,
    });
    const one = await client.registerModel(`models:/${first.modelId}`, 'churn', { tags: { f1: 0.9 } });
    expect(one).toMatchObject({
      name: 'churn',
      version: '1',
      source: `models:/${first.modelId}`,
      runId,
      tags: { f1: '0.9' },
    });
    const second = await client.logModel(runId, 'tree', writeModel(2), { step: 1 });
    const two = await registerModel(`runs:/${runId}/tree`, 'churn');
    expect(two).toMatchObject({ version: '2', source: `models:/${second.modelId}` });
    expect(await registerModel(`runs:/${runId}/tree`)).toMatchObject({ name: 'of-the-settings', version: '1' });
    await client.setRegisteredModelAlias('churn', 'champion', 1);
    await client.transitionModelVersionStage('churn', 1, 'Production');
    const copied = await client.registerModel('models:/churn@champion', 'live');
    expect(copied).toMatchObject({ version: '1', source: 'models:/churn/1' });
    const weights: Record<string, number | undefined> = {};
    for (const uri of [
      `models:/${first.modelId}`,
      'models:/churn/1',
      'models:/churn/2',
      'models:/churn@champion',
      'models:/churn@latest',
      'models:/churn/latest',
      'models:/churn/Production',
      'models:/live/1',
      `runs:/${runId}/tree`,
      first.artifactUri,
    ])
      weights[uri.replace(first.modelId, 'm').replace(runId, 'r')] = await weightOf(uri);
    expect(Object.values(weights)).toEqual([1, 1, 2, 1, 2, 2, 1, 1, 2, 1]);
    const tag = (await client.getLoggedModel(first.modelId)).tags['mlflow.modelVersions'];
    expect(JSON.parse(tag ?? '')).toEqual([{ name: 'churn', version: '1' }]);
    expect((await client.getRun(runId)).outputs.modelOutputs.map(({ modelId }) => modelId).toSorted()).toEqual(
      [first.modelId, second.modelId].toSorted(),
    );
  });

  it('is a folder among the artifacts of a run, too', async () => {
    const { client, runId, weightOf } = await start(kind);
    await client.logArtifacts(runId, writeModel(7), { artifactPath: 'deep/model' });
    const { artifactUri } = (await client.getRun(runId)).info;
    const made = await client.registerModel(`runs:/${runId}/deep/model`, 'churn');
    expect(made).toMatchObject({ source: `${artifactUri}/deep/model`, runId });
    expect(await weightOf('models:/churn/1')).toBe(7);
    expect(await weightOf(`runs:/${runId}/deep/model`)).toBe(7);
    await client.createModelVersion('churn', `runs:/${runId}/deep/model`, { runId });
    expect(await weightOf('models:/churn/2')).toBe(7);
    expect(await client.resolveModelUri(`runs:/${runId}`)).toBe(artifactUri);
  });

  it('is downloaded whole, into a folder or a new one', async () => {
    const { client, runId } = await start(kind);
    const { modelId } = await client.logModel(runId, 'tree', writeModel(3));
    const dstPath = makeFolder();
    expect(await client.downloadModel(`models:/${modelId}`, { dstPath })).toBe(dstPath);
    const folder = await client.downloadModel(`runs:/${runId}/tree`);
    for (const each of [dstPath, folder]) {
      expect(readFileSync(join(each, 'MLmodel'), 'utf8')).toBe(MLMODEL);
      expect(readdirSync(join(each, 'data')).toSorted()).toEqual(['model.json', 'w.bin']);
    }
  });

  it('whose files cannot be read is made, and ended as failed', async () => {
    const { client, runId } = await start(kind);
    const logged = client.logModel(runId, 'tree', join(makeFolder(), 'absent'));
    await expect(logged).rejects.toMatchObject({ code: 'FILE_NOT_READABLE' });
    const { outputs, info } = await client.getRun(runId);
    expect(outputs.modelOutputs).toEqual([]);
    expect(info.status).toBe('RUNNING');
  });

  it.each([
    ['runs:/RUN/absent', 'INTERNAL_ERROR'],
    ['models:/absent/1', 'RESOURCE_DOES_NOT_EXIST'],
    ['models:/m-00000000000000000000000000000000', 'RESOURCE_DOES_NOT_EXIST'],
    ['', 'INVALID_PARAMETER_VALUE'],
  ])('that is not there is not registered: %s', async (uri, errorCode) => {
    const { client, runId } = await start(kind);
    const made = client.registerModel(uri.replace('RUN', runId), 'churn');
    await expect(made).rejects.toMatchObject({ errorCode });
    expect(await client.getRegisteredModel('churn').catch(() => ({ latestVersions: [] }))).toMatchObject({
      latestVersions: [],
    });
  });

  it('is no prompt', async () => {
    const { client } = await start(kind);
    const made = client.registerModel('s3://bucket/a', 'churn', { tags: { 'mlflow.prompt.is_prompt': 'true' } });
    await expect(made).rejects.toMatchObject({ errorCode: 'INVALID_PARAMETER_VALUE' });
  });
});
