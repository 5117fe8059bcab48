// A training logged by itself, into a file and onto a server, as MLflow's own Python client reads run, model, data and example.
import '@tensorflow/tfjs-backend-cpu';
import { join } from 'node:path';
import * as core from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import { describe, expect, onTestFinished, test } from 'vitest';
import { autolog } from '../../src/index.ts';
import { numpyDigest } from '../../src/autolog/numpy-digest.ts';
import { readExperiment, readModel } from './backends.ts';
import { startService } from './in-process.ts';
import { makeFolder } from './live-job.ts';
import { requireBackend } from './require-backend.ts';

core.enableProdMode();

const ROWS = Array.from({ length: 12 }, (_, row) => [row / 12, 1 - row / 7]);

/** The keys that Python's own autolog of Keras 3.15 logs for the same call and optimizer (MLflow 3.17.2), but for those of Keras alone. */
const PYTHON_PARAMS = {
  epochs: '3',
  batch_size: '4',
  validation_split: '0.25',
  shuffle: 'False',
  class_weight: 'None',
  sample_weight: 'None',
  initial_epoch: '0',
  steps_per_epoch: 'None',
  validation_steps: 'None',
  optimizer_name: 'adam',
  optimizer_learning_rate: '0.01',
  optimizer_beta_1: '0.9',
  optimizer_beta_2: '0.999',
  optimizer_epsilon: '1e-07',
};

async function trainAndRead(trackingUri: string, options: { readonly artifactRoot?: string } = {}): Promise<void> {
  const service = await startService({ trackingUri, experimentName: 'autolog', ...options });
  autolog(tfl, { logModels: true, logDatasets: true });
  onTestFinished(() => autolog(tfl, { disable: true }));
  const x = core.tensor2d(ROWS);
  const y = core.tensor2d(ROWS.map(([a = 0, b = 0]) => [a + b]));
  const model = tfl.sequential({ name: 'small' });
  model.add(tfl.layers.dense({ units: 3, activation: 'relu', inputShape: [2] }));
  model.add(tfl.layers.dense({ units: 1 }));
  model.compile({ optimizer: core.train.adam(0.01), loss: 'meanSquaredError', metrics: ['accuracy'] });
  const args = { epochs: 3, batchSize: 4, validationSplit: 0.25, shuffle: false, verbose: 0 };
  const { history } = await model.fit(x, y, args);
  expect(await service.flush({ timeoutMs: 60_000 })).toMatchObject({ isComplete: true, deadLettered: 0 });

  const { runs } = await readExperiment(trackingUri, 'autolog');
  expect(runs).toHaveLength(1);
  const [run] = runs;
  if (run === undefined) throw new Error('no run was read');
  expect(run.info.status).toBe('FINISHED');
  expect(run.tags['mlflow.autologging']).toBe('tfjs');
  expect(run.params).toEqual(PYTHON_PARAMS);
  const names = { loss: 'loss', acc: 'accuracy', val_loss: 'val_loss', val_acc: 'val_accuracy' };
  for (const [ours, theirs] of Object.entries(names))
    expect(
      run.history[theirs]?.map(({ step, value }) => [step, value]),
      theirs,
    ).toEqual(history[ours]?.map((value, epoch) => [epoch, value]));
  expect(Object.keys(run.history).toSorted()).toEqual(Object.values(names).toSorted());
  expect(run.artifacts?.map(({ path }) => path)).toContain('model_summary.txt');
  const values = [new Float32Array(ROWS.flat()), new Float32Array(await y.data())];
  const [dataset] = run.inputs.dataset_inputs;
  expect(dataset).toMatchObject({
    dataset: {
      name: 'dataset',
      source_type: 'code',
      digest: numpyDigest(values.map((each, index) => ({ shape: [12, index === 0 ? 2 : 1], values: each }))),
    },
    tags: { 'mlflow.data.context': 'train' },
  });
  const [modelId = ''] = run.inputs.model_inputs;
  expect(run.outputs.model_outputs).toEqual([{ model_id: modelId, step: 0 }]);

  const reading = await readModel(trackingUri, modelId);
  expect(reading).toMatchObject({ status: 'READY', source_run_id: run.info.run_id, params: PYTHON_PARAMS });
  expect(reading.metrics).toHaveLength(12);
  for (const [key, step, value, runId] of reading.metrics) {
    expect(run.history[key]?.[step]?.value).toBe(value);
    expect(runId).toBe(run.info.run_id);
  }
  expect(reading.info).toMatchObject({ model_id: modelId, run_id: run.info.run_id, mlflow_version: '3.17.2' });
  expect(reading.info.flavors['tfjs']).toMatchObject({
    data: 'data',
    model_file: 'data/model.json',
    format: 'layers-model',
  });
  expect(JSON.parse(reading.info.signature['inputs'] ?? '')).toEqual([
    { type: 'tensor', 'tensor-spec': { dtype: 'float32', shape: [-1, 2] } },
  ]);
  expect(reading.example?.values.map((row) => row.map(Math.fround))).toEqual(
    ROWS.slice(0, 5).map((row) => row.map(Math.fround)),
  );

  const loaded = await service.loadTfjsModel(`models:/${modelId}`, tfl);
  const weightsOf = (each: tfl.LayersModel): number[][] => each.getWeights().map((weight) => [...weight.dataSync()]);
  expect(weightsOf(loaded.model)).toEqual(weightsOf(model));
  const predict = (each: tfl.LayersModel): number[] => [...(each.predict(x) as core.Tensor).dataSync()];
  expect(predict(loaded.model)).toEqual(predict(model));
}

test('in a file that MLflow opens', async () => {
  const folder = makeFolder();
  await trainAndRead(`sqlite:///${join(folder, 'mlflow.db')}`, { artifactRoot: join(folder, 'mlruns') });
});

describe('on a server', () => {
  const mlflow = requireBackend('mlflow');

  test('through its artifact proxy', async () => {
    await trainAndRead(mlflow.env.MLFLOW_TRACKING_URI);
  });
});
