// A registry on a server of its own, beside the tracking server: what is registered by Node is loaded by Python, with the same two URIs.
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { askPython } from './ask-python.ts';
import { startService } from './in-process.ts';
import { writeTwice } from './python-model.ts';
import { requireBackend } from './require-backend.ts';

const tracking = requireBackend('mlflow');
const registry = requireBackend('mlflow');

function newTwice(): string {
  const folder = mkdtempSync(join(tmpdir(), 'runspan-twice-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return writeTwice(folder);
}

test(
  'a model is registered, given an alias and loaded by it, by Node and by Python',
  { timeout: 120_000 },
  async () => {
    const [trackingUri, registryUri] = [tracking.env.MLFLOW_TRACKING_URI, registry.env.MLFLOW_TRACKING_URI];
    const service = await startService({ trackingUri, registryUri, experimentName: 'two servers' });
    const client = service.client();
    const runId = await service.runContext('train', async (run) => {
      await run.logArtifacts(newTwice(), 'model');
      return run.created();
    });
    await service.flush();
    const { version } = await client.registerModel(`runs:/${runId}/model`, 'churn', { tags: { from: 'Node' } });
    await client.setRegisteredModelAlias('churn', 'champion', version);
    const folder = await client.downloadModel('models:/churn@champion');
    onTestFinished(() => rmSync(folder, { recursive: true }));
    expect(readdirSync(folder).toSorted()).toEqual(['MLmodel', 'model.py']);

    const seen = await askPython(
      trackingUri,
      {
        set: 'mlflow.set_registry_uri(given["registry"])',
        loaded: 'mlflow.pyfunc.load_model("models:/churn@champion").predict([1, 2])',
        version:
          '(lambda v: [v.version, v.run_id, v.tags, list(v.aliases)])(mlflow.MlflowClient().get_model_version_by_alias("churn", "champion"))',
        run: 'mlflow.get_run(given["run"]).info.status',
        onTracking: 'mlflow.MlflowClient(registry_uri=given["tracking"]).get_registered_model("churn")',
        onRegistry: 'mlflow.MlflowClient(tracking_uri=given["registry"]).get_run(given["run"])',
      },
      { registry: registryUri, tracking: trackingUri, run: runId },
    );
    expect(seen).toMatchObject({
      loaded: { value: [2, 4] },
      version: { value: [version, runId, { from: 'Node' }, ['champion']] },
      run: { value: 'FINISHED' },
      onTracking: { errorCode: 'RESOURCE_DOES_NOT_EXIST' },
      onRegistry: { errorCode: 'RESOURCE_DOES_NOT_EXIST' },
    });
  },
);

test('a logged model that the tracking server keeps is refused with what helps', async () => {
  const [trackingUri, registryUri] = [tracking.env.MLFLOW_TRACKING_URI, registry.env.MLFLOW_TRACKING_URI];
  const client = (await startService({ trackingUri, registryUri, experimentName: 'logged' })).client();
  const experimentId = (await client.getExperimentByName('logged'))?.experimentId ?? '';
  const { runId } = (await client.createRun(experimentId)).info;
  const { modelId } = await client.logModel(runId, 'twice', newTwice());
  const asked = client.registerModel(`models:/${modelId}`, 'unreachable');
  await expect(asked).rejects.toMatchObject({ errorCode: 'INVALID_PARAMETER_VALUE' });
  await expect(asked).rejects.toThrow(/Log them as files of a run too, and register 'runs:/);
});
