// A small regression network on TensorFlow.js, and its training; nothing in here knows of runs or spans.
import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import {
  initializers,
  layers,
  sequential,
  type LayersModel,
  type Logs,
  type Sequential,
} from '@tensorflow/tfjs-layers';
import { shuffledIndexes, type SplitData, type Table } from './load-data.ts';

// Without it TensorFlow.js advertises its native addon on every start.
tf.enableProdMode();

/** What makes one model; every one of them is worth being a param. */
export interface ModelOptions {
  readonly inputCount: number;
  readonly units: number;
  readonly learningRate: number;
  readonly seed: number;
}

/** How well the model does after an epoch: mean squared errors of the standardised targets. */
export interface EpochReport {
  /** From 0. */
  readonly epoch: number;
  readonly loss: number;
  readonly valLoss: number;
  readonly seconds: number;
}

/** How the training goes. */
export interface TrainOptions {
  readonly epochs: number;
  readonly batchSize: number;
  readonly seed: number;
  /** Called after each epoch, and awaited. */
  readonly onEpoch?: (report: EpochReport) => void | Promise<void>;
}

/** Builds a network of one hidden layer; the seed fixes its weights. */
export function buildModel(options: ModelOptions): Sequential {
  const initial = (seed: number): ReturnType<typeof initializers.glorotUniform> => initializers.glorotUniform({ seed });
  const model = sequential({ name: 'diabetes' });
  model.add(
    layers.dense({
      inputShape: [options.inputCount],
      units: options.units,
      activation: 'relu',
      kernelInitializer: initial(options.seed),
    }),
  );
  model.add(layers.dense({ units: 1, kernelInitializer: initial(options.seed + 1) }));
  model.compile({ optimizer: tf.train.adam(options.learningRate), loss: 'meanSquaredError' });
  return model;
}

/**
 * Trains the model; the same data, options and seed give the same losses.
 *
 * @returns the last epoch's report
 */
export async function trainEpochs(model: LayersModel, data: SplitData, options: TrainOptions): Promise<EpochReport> {
  // The library's own shuffling cannot be seeded.
  const train = toTensors(shuffled(data.train, options.seed));
  const validation = toTensors(data.validation);
  let report: EpochReport = { epoch: -1, loss: Number.NaN, valLoss: Number.NaN, seconds: 0 };
  let startedAt = performance.now();
  const onEpochEnd = async (epoch: number, logs: Logs = {}): Promise<void> => {
    const seconds = (performance.now() - startedAt) / 1000;
    startedAt = performance.now();
    report = { epoch, loss: Number(logs['loss']), valLoss: Number(logs['val_loss']), seconds };
    await options.onEpoch?.(report);
  };
  try {
    await model.fit(train.inputs, train.targets, {
      epochs: options.epochs,
      batchSize: options.batchSize,
      shuffle: false,
      validationData: [validation.inputs, validation.targets],
      callbacks: { onEpochEnd },
      verbose: 0,
    });
  } finally {
    tf.dispose([train.inputs, train.targets, validation.inputs, validation.targets]);
  }
  return report;
}

/** How far a model's predictions are from the truth, in the target's own unit. */
export interface Evaluation {
  readonly meanAbsoluteError: number;
  /** The share of the targets' variance that the model explains; 1 is perfect, 0 no better than their mean. */
  readonly r2: number;
}

/** Measures a model on the validation part. */
export function evaluate(model: LayersModel, data: SplitData): Evaluation {
  const { mean, deviation } = data.targetScale;
  const predicted = tf.tidy(() => {
    const output = model.predict(toTensors(data.validation).inputs);
    if (Array.isArray(output)) throw new Error('The model has more than one output.');
    return [...output.dataSync()].map((value) => value * deviation + mean);
  });
  const truth = data.validation.targets.map((value) => value * deviation + mean);
  const average = truth.reduce((sum, value) => sum + value, 0) / truth.length;
  const errors = truth.map((value, index) => value - (predicted[index] ?? Number.NaN));
  const sumOfSquares = (values: readonly number[]): number => values.reduce((sum, value) => sum + value ** 2, 0);
  return {
    meanAbsoluteError: errors.reduce((sum, error) => sum + Math.abs(error), 0) / errors.length,
    r2: 1 - sumOfSquares(errors) / sumOfSquares(truth.map((value) => value - average)),
  };
}

type Rows = Pick<Table, 'inputs' | 'targets'>;

interface Tensors {
  readonly inputs: tf.Tensor2D;
  readonly targets: tf.Tensor2D;
}

function shuffled({ inputs, targets }: Rows, seed: number): Rows {
  const order = shuffledIndexes(inputs.length, seed);
  return {
    inputs: order.map((index) => inputs[index] ?? []),
    targets: order.map((index) => targets[index] ?? Number.NaN),
  };
}

function toTensors(table: Rows): Tensors {
  return {
    inputs: tf.tensor2d(table.inputs.map((row) => [...row])),
    targets: tf.tensor2d(table.targets.map((value) => [value])),
  };
}
