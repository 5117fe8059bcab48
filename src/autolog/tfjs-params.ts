// The params and metric names of a fit under the names that Keras' own automatic logging has for them.
import { toPythonFloat, toPythonText } from './python-text.ts';
import type { FitCall } from './tfjs-types.ts';

/** What a caller says of early stopping, and what came of it. */
interface EarlyStoppingLike {
  readonly monitor: string;
  readonly minDelta: number;
  readonly patience: number;
  readonly baseline?: number | null;
  readonly stoppedEpoch?: number;
  readonly model?: { readonly stopTraining?: boolean };
}

/** Where TensorFlow.js and Keras differ in more than the spelling. */
const OPTIMIZER_KEYS: Readonly<Record<string, string>> = { useNesterov: 'nesterov' };

/** What fit was called with; the defaults that it takes by itself are said too, as in Python. */
export function fitParams({ method, args }: FitCall): Readonly<Record<string, string>> {
  const shared = {
    epochs: toPythonText(args['epochs'] ?? 1),
    class_weight: toPythonText(args['classWeight']),
    initial_epoch: toPythonText(args['initialEpoch'] ?? 0),
    steps_per_epoch: toPythonText(args['stepsPerEpoch'] ?? args['batchesPerEpoch']),
    validation_steps: toPythonText(args['validationSteps'] ?? args['validationBatches']),
  };
  if (method === 'fitDataset') return { ...shared, validation_batch_size: toPythonText(args['validationBatchSize']) };
  return {
    ...shared,
    batch_size: toPythonText(args['batchSize'] ?? 32),
    validation_split: toPythonFloat(args['validationSplit'] ?? 0),
    shuffle: toPythonText(args['shuffle'] ?? true),
    sample_weight: toPythonText(args['sampleWeight']),
  };
}

/** The optimizer's name and settings, such as `optimizer_learning_rate`. */
export function optimizerParams({ model }: FitCall): Readonly<Record<string, string>> {
  const { optimizer } = model;
  const className = optimizer.getClassName();
  const params: Record<string, string> = { optimizer_name: className === 'SGD' ? className : className.toLowerCase() };
  for (const [key, value] of Object.entries(optimizer.getConfig())) {
    const name = OPTIMIZER_KEYS[key] ?? toSnakeCase(key);
    params[`optimizer_${name}`] = toPythonFloat(value);
  }
  return params;
}

/** The first callback that stops early, if there is one. */
export function findEarlyStopping({ args }: FitCall): EarlyStoppingLike | undefined {
  const { callbacks } = args;
  const list: readonly unknown[] = Array.isArray(callbacks) ? callbacks : [callbacks];
  return list.find(
    (each): each is EarlyStoppingLike =>
      typeof each === 'object' && each !== null && 'monitor' in each && 'patience' in each && 'minDelta' in each,
  );
}

/** What early stopping was asked to do. */
export function earlyStoppingParams(callback: EarlyStoppingLike): Readonly<Record<string, string>> {
  return {
    monitor: toPythonText(callback.monitor),
    // The library turns its sign where less is better.
    min_delta: toPythonText(Math.abs(callback.minDelta)),
    patience: toPythonText(callback.patience),
    baseline: toPythonText(callback.baseline),
    restore_best_weights: 'False', // the library throws where it is asked for
  };
}

/** The epoch at which training was stopped early; undefined where it was not. */
export function stoppedEpoch({ stoppedEpoch: epoch, model }: EarlyStoppingLike): number | undefined {
  return model?.stopTraining === true && typeof epoch === 'number' ? epoch : undefined;
}

/** The name of a metric: what the library shortens is spelled out as Keras does. */
export function metricName(name: string): string {
  return name.replace(/(^|_)acc$/, '$1accuracy');
}

function toSnakeCase(name: string): string {
  return name.replaceAll(/([a-z])([A-Z0-9])/g, '$1_$2').toLowerCase();
}
