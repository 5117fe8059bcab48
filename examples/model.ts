// A small regression network on TensorFlow.js, and its training by hand; nothing in here knows of runs or spans.
import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import { initializers, layers, sequential, type LayersModel, type Sequential } from '@tensorflow/tfjs-layers';
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
 * Trains the model epoch by epoch; the same data, options and seed give the same losses.
 *
 * @returns the last epoch's report
 */
export async function trainEpochs(model: LayersModel, data: SplitData, options: TrainOptions): Promise<EpochReport> {
  const train = toTensors(data.train);
  const validation = toTensors(data.validation);
  let report: EpochReport = { epoch: -1, loss: Number.NaN, valLoss: Number.NaN, seconds: 0 };
  try {
    for (let epoch = 0; epoch < options.epochs; epoch++) {
      report = await trainEpoch({ model, train, validation, epoch, options });
      await options.onEpoch?.(report);
    }
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

interface Tensors {
  readonly inputs: tf.Tensor2D;
  readonly targets: tf.Tensor2D;
}

interface EpochContext {
  readonly model: LayersModel;
  readonly train: Tensors;
  readonly validation: Tensors;
  readonly epoch: number;
  readonly options: TrainOptions;
}

async function trainEpoch({ model, train, validation, epoch, options }: EpochContext): Promise<EpochReport> {
  const startedAt = performance.now();
  // The library's own shuffling cannot be seeded.
  const order = tf.tensor1d(shuffledIndexes(train.inputs.shape[0], options.seed + epoch), 'int32');
  const inputs = tf.gather(train.inputs, order);
  const targets = tf.gather(train.targets, order);
  try {
    const { history } = await model.fit(inputs, targets, {
      epochs: 1,
      batchSize: options.batchSize,
      shuffle: false,
      validationData: [validation.inputs, validation.targets],
      verbose: 0,
    });
    const seconds = (performance.now() - startedAt) / 1000;
    return { epoch, loss: lastOf(history['loss']), valLoss: lastOf(history['val_loss']), seconds };
  } finally {
    tf.dispose([order, inputs, targets]);
  }
}

function toTensors(table: Table): Tensors {
  return {
    inputs: tf.tensor2d(table.inputs.map((row) => [...row])),
    targets: tf.tensor2d(table.targets.map((value) => [value])),
  };
}

function lastOf(values: readonly (number | tf.Tensor)[] | undefined): number {
  const last = values?.at(-1);
  return typeof last === 'number' ? last : Number.NaN;
}
