// The same model trained by Keras, logged by MLflow's own autolog, and by TensorFlow.js, logged by ours: compared key by key.
import '@tensorflow/tfjs-backend-cpu';
import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import * as core from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import { beforeAll, expect, test } from 'vitest';
import { autolog, LoggerService, MlflowService } from '../../src/index.ts';
import { findKerasPython, type ModelReading, readExperiment, readModel, type RunReading } from './backends.ts';
import { makeFolder, plainEnv } from './live-job.ts';
import { requireBackend } from './require-backend.ts';

const mlflow = requireBackend('mlflow');
core.enableProdMode();

/** Params that Python logs and we do not, each with its reason. */
const ONLY_IN_PYTHON: Readonly<Record<string, string>> = {
  validation_batch_size: 'fit of TensorFlow.js has no such argument',
  validation_freq: 'fit of TensorFlow.js has no such argument',
  optimizer_amsgrad: 'an option that the optimizers of TensorFlow.js do not have',
  optimizer_clipnorm: 'as above',
  optimizer_clipvalue: 'as above',
  optimizer_ema_momentum: 'as above',
  optimizer_ema_overwrite_frequency: 'as above',
  optimizer_global_clipnorm: 'as above',
  optimizer_gradient_accumulation_steps: 'as above',
  optimizer_loss_scale_factor: 'as above',
  optimizer_use_ema: 'as above',
  optimizer_weight_decay: 'as above',
};

/** Params that both log, with another value. */
const OTHER_VALUES: Readonly<Record<string, readonly [ours: string, python: string, why: string]>> = {
  optimizer_learning_rate: ['0.01', '0.009999999776482582', 'Keras holds it in 32 bits'],
};

/** Metrics that Python logs and we do not. */
const METRICS_ONLY_IN_PYTHON: Readonly<Record<string, string>> = {
  validation_loss: 'val_loss once more, always at step 0: a quirk of how Keras evaluates inside fit',
  validation_accuracy: 'val_accuracy once more, in the same way',
};

/** Tags that both set, each to its own value. */
const OTHER_TAGS: Readonly<Record<string, readonly [ours: unknown, python: unknown]>> = {
  'mlflow.autologging': ['tfjs', 'keras'],
  'mlflow.runName': [expect.any(String), expect.any(String)],
  'mlflow.source.name': [expect.any(String), expect.stringContaining('train_keras.py')],
};

const ROWS = Array.from({ length: 12 }, (_, row) => [row / 12, 1 - row / 7]);
const TARGETS = ROWS.map(([a = 0, b = 0]) => [a + b]);

interface Trained {
  readonly run: RunReading;
  readonly model: ModelReading;
}

let python: Trained;
let ours: Trained;

async function readTrained(experimentName: string): Promise<Trained> {
  const { runs } = await readExperiment(mlflow.env.MLFLOW_TRACKING_URI, experimentName);
  const [run] = runs;
  if (run === undefined || runs.length > 1) throw new Error(`${experimentName} has ${runs.length} runs`);
  return { run, model: await readModel(mlflow.env.MLFLOW_TRACKING_URI, run.inputs.model_inputs[0] ?? '') };
}

function makeModel(): tfl.LayersModel {
  const model = tfl.sequential({ name: 'small' });
  model.add(tfl.layers.dense({ units: 3, activation: 'relu', inputShape: [2] }));
  model.add(tfl.layers.dense({ units: 1 }));
  model.compile({ optimizer: core.train.adam(0.01), loss: 'meanSquaredError', metrics: ['accuracy'] });
  return model;
}

async function trainByKeras(model: tfl.LayersModel): Promise<void> {
  const file = join(makeFolder(), 'given.json');
  const weights = model.getWeights().map((weight) => weight.arraySync());
  writeFileSync(file, JSON.stringify({ x: ROWS, y: TARGETS, weights }));
  const script = join(import.meta.dirname, 'jobs/train_keras.py');
  await promisify(execFile)(await findKerasPython(), [script, file], {
    cwd: makeFolder(),
    env: {
      ...plainEnv(),
      MLFLOW_TRACKING_URI: mlflow.env.MLFLOW_TRACKING_URI,
      MLFLOW_EXPERIMENT_NAME: 'keras',
    },
  });
}

async function trainByTfjs(model: tfl.LayersModel): Promise<void> {
  const service = new MlflowService({
    trackingUri: mlflow.env.MLFLOW_TRACKING_URI,
    experimentName: 'tfjs',
    directory: makeFolder(),
    logger: new LoggerService({ level: 'CRITICAL', otel: 'off' }),
    logSystemMetrics: false,
    exitHooks: false,
  });
  await service.start();
  autolog(tfl, { logModels: true, logDatasets: true });
  const args = { epochs: 3, batchSize: 4, validationSplit: 0.25, shuffle: false, verbose: 0 };
  await model.fit(core.tensor2d(ROWS), core.tensor2d(TARGETS), args);
  autolog(tfl, { disable: true });
  expect(await service.flush({ timeoutMs: 60_000 })).toMatchObject({ isComplete: true, deadLettered: 0 });
  await service.stop();
}

beforeAll(async () => {
  const model = makeModel();
  await trainByKeras(model);
  await trainByTfjs(model);
  [python, ours] = await Promise.all([readTrained('keras'), readTrained('tfjs')]);
});

/** What is left of Python's side without the keys that it alone has. */
function without<T>(record: Readonly<Record<string, T>>, keys: Readonly<Record<string, unknown>>): Record<string, T> {
  return Object.fromEntries(Object.entries(record).filter(([key]) => !(key in keys)));
}

function expectOnly(ofPython: Readonly<Record<string, unknown>>, listed: Readonly<Record<string, string>>): void {
  expect(Object.keys(ofPython)).toEqual(expect.arrayContaining(Object.keys(listed)));
}

test('params: the same keys and values, but for those listed', () => {
  const expected = without(python.run.params, ONLY_IN_PYTHON);
  for (const [key, [oursIs, pythonIs]] of Object.entries(OTHER_VALUES)) {
    expect(expected[key]).toBe(pythonIs);
    expected[key] = oursIs;
  }
  expect(ours.run.params).toEqual(expected);
  expectOnly(python.run.params, ONLY_IN_PYTHON);
});

test('metrics: the same keys, steps and, from the same weights, values', () => {
  const expected = without(python.run.history, METRICS_ONLY_IN_PYTHON);
  expectOnly(python.run.history, METRICS_ONLY_IN_PYTHON);
  expect(Object.keys(ours.run.history).toSorted()).toEqual(Object.keys(expected).toSorted());
  for (const [key, points] of Object.entries(expected)) {
    expect(
      ours.run.history[key]?.map(({ step }) => step),
      key,
    ).toEqual(points.map(({ step }) => step));
    // Another order of the same sums in 32 bits.
    for (const [index, { value }] of points.entries())
      expect(ours.run.history[key]?.[index]?.value, key).toBeCloseTo(Number(value), 5);
  }
});

test('tags: the same keys, but for our own; the library is the one that was trained', () => {
  const isOurs = (key: string): boolean => /^(runspan|otel)\./.test(key);
  const keys = Object.keys(ours.run.tags).filter((key) => !isOurs(key));
  expect(keys.toSorted()).toEqual(Object.keys(python.run.tags).toSorted());
  const same = (tags: Readonly<Record<string, string>>): Record<string, string> =>
    // Python's run is called by another random name, and came from another script.
    Object.fromEntries(Object.entries(tags).filter(([key]) => !isOurs(key) && !(key in OTHER_TAGS)));
  expect(same(ours.run.tags)).toEqual(same(python.run.tags));
  for (const [key, [oursIs, pythonIs]] of Object.entries(OTHER_TAGS))
    expect([ours.run.tags[key], python.run.tags[key]], key).toEqual([oursIs, pythonIs]);
});

test('the data: the same digest, schema, profile and context; of its source the tags but those of git', () => {
  const [theirInput, ...more] = python.run.inputs.dataset_inputs;
  const [ourInput, ...others] = ours.run.inputs.dataset_inputs;
  expect([more, others]).toEqual([[], []]);
  expect(ourInput?.tags).toEqual(theirInput?.tags);
  // The schema holds JSON in strings, which Python writes with blanks.
  const parse = (text: string | null | undefined): unknown =>
    JSON.parse(text ?? 'null', (_, value: unknown) =>
      typeof value === 'string' && value.startsWith('[{') ? (JSON.parse(value) as unknown) : value,
    );
  for (const key of ['name', 'digest', 'source_type'] as const)
    expect(ourInput?.dataset[key], key).toBe(theirInput?.dataset[key]);
  expect(parse(ourInput?.dataset.schema)).toEqual(parse(theirInput?.dataset.schema));
  expect(parse(ourInput?.dataset.profile)).toEqual(parse(theirInput?.dataset.profile));
  const sourceKeys = (text: string | null | undefined): string[] =>
    Object.keys((parse(text) as { readonly tags: object }).tags) // of source_type code
      .filter((key) => !key.startsWith('mlflow.source.git.'))
      .toSorted();
  expect(sourceKeys(ourInput?.dataset.source)).toEqual(sourceKeys(theirInput?.dataset.source));
});

test('the model: input and output of the run, ready, with the same signature and metrics; its flavor, params and example differ', () => {
  expect(ours.run.outputs).toEqual({ model_outputs: [{ model_id: ours.model.info.model_id, step: 0 }] });
  expect(python.run.outputs).toEqual({ model_outputs: [{ model_id: python.model.info.model_id, step: 0 }] });
  const read = ({ run, model }: Trained): unknown => {
    const { signature, mlflow_version, run_id } = model.info;
    const metrics = model.metrics.filter(([key]) => !(key in METRICS_ONLY_IN_PYTHON));
    return {
      ids: [run_id, model.source_run_id, ...run.inputs.model_inputs].map((id) =>
        id === run.info.run_id ? 'run' : id === model.info.model_id ? 'model' : id,
      ),
      name: model.name,
      status: model.status,
      signature,
      mlflow_version,
      metrics: metrics.map(([key, step, , runId]) => [key, step, runId === run.info.run_id]),
    };
  };
  expect(read(ours)).toEqual(read(python));
  // What only MLflow's Python can load is Python's; the example is kept unless it is switched off, Keras has no such option;
  // the params are kept with the model so that it shows them where its run is deleted.
  expect(Object.keys(ours.model.info.flavors)).toEqual(['tfjs']);
  expect(Object.keys(python.model.info.flavors).toSorted()).toEqual(['keras', 'python_function']);
  expect([ours.model.params, python.model.params]).toEqual([ours.run.params, {}]);
  expect([ours.model.example?.values.length, python.model.example]).toEqual([5, null]);
});

test('artifacts: the same, and what a run of ours keeps of itself', () => {
  const paths = ({ run }: Trained): string[] => (run.artifacts ?? []).map(({ path }) => path);
  expect(paths(ours).filter((path) => !path.startsWith('runspan/'))).toEqual(paths(python));
});
