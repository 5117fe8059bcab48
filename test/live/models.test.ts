// Whole models on a real server and in a file: Python runs what Node logged, by every name it has, and Node brings what Python logged.
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { registerModel, type MlflowClient } from '../../src/index.ts';
import { predictByPython, writeModelByPython } from './backends.ts';
import { startService } from './in-process.ts';
import { requireBackend } from './require-backend.ts';

const folder = mkdtempSync(join(tmpdir(), 'runspan-models-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** A model that Python runs: two files, no pickle. */
function writeSum(): string {
  const model = mkdtempSync(join(folder, 'sum-'));
  const flavor = 'loader_module: mlflow.pyfunc.loaders.code_model\n    model_code_path: model.py';
  writeFileSync(join(model, 'MLmodel'), `flavors:\n  python_function:\n    ${flavor}\n`);
  const code = [
    'import mlflow',
    'class Sum(mlflow.pyfunc.PythonModel):',
    '    def predict(self, context, model_input, params=None):',
    '        return [sum(row) for row in model_input]',
    'mlflow.models.set_model(Sum())',
  ];
  writeFileSync(join(model, 'model.py'), `${code.join('\n')}\n`);
  return model;
}

/** Logs the model and returns every URI that leads to it. */
async function logSum(client: MlflowClient): Promise<readonly string[]> {
  const experimentId = (await client.getExperimentByName('models'))?.experimentId ?? '';
  const { runId } = (await client.createRun(experimentId)).info;
  const { modelId } = await client.logModel(runId, 'sum', writeSum(), { params: { columns: 2 } });
  const { version } = await registerModel(`models:/${modelId}`, 'sum', { tags: { from: 'Node' } });
  await client.setRegisteredModelAlias('sum', 'champion', version);
  await client.logArtifacts(runId, writeSum(), { artifactPath: 'plain' });
  const plain = await client.registerModel(`runs:/${runId}/plain`, 'sum');
  return [
    `models:/${modelId}`,
    `models:/sum/${version}`,
    'models:/sum@champion',
    'models:/sum/latest',
    `models:/sum/${plain.version}`,
    `runs:/${runId}/sum`,
    `runs:/${runId}/plain`,
  ];
}

async function checkBothWays(trackingUri: string, client: MlflowClient): Promise<void> {
  const uris = await logSum(client);
  const predicted = await predictByPython(
    trackingUri,
    [
      [1, 2],
      [3, 4],
    ],
    uris,
  );
  expect(predicted).toEqual(Object.fromEntries(uris.map((uri) => [uri, [3, 7]])));
  const made = await writeModelByPython(trackingUri, 'double');
  for (const uri of [`models:/${made.model_id}`, 'models:/double@champion', `runs:/${made.run_id}/double`]) {
    const found = await client.downloadModel(uri);
    expect(readdirSync(found)).toEqual(expect.arrayContaining(['MLmodel', 'double.py', 'python_env.yaml']));
    expect(readFileSync(join(found, 'MLmodel'), 'utf8')).toContain(`model_id: ${made.model_id}`);
    rmSync(found, { recursive: true });
  }
}

describe('a model', () => {
  const mlflow = requireBackend('mlflow');

  test('goes both ways over a server', async () => {
    const trackingUri = mlflow.env.MLFLOW_TRACKING_URI;
    await checkBothWays(trackingUri, (await startService({ trackingUri, experimentName: 'models' })).client());
  });

  test('goes both ways in a file', async () => {
    const trackingUri = `sqlite:///${join(folder, 'mlflow.db')}`;
    const artifactRoot = join(folder, 'mlruns');
    const service = await startService({ trackingUri, artifactRoot, experimentName: 'models' });
    await checkBothWays(trackingUri, service.client());
  });
});
