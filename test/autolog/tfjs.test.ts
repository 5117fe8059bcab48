// Automatic logging of TensorFlow.js: what a training leaves behind, and that nothing of it changes the training.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { autolog } from '../../src/index.ts';
import type { ActiveRun } from '../../src/runs/open/active-run.ts';
import { core, makeData, makeModel, startAutolog, tfl } from './tfjs-fixture.ts';

/** A data set of batches, as tf.data makes them. */
function makeDataset(
  batches: number,
): tfl.Sequential extends { fitDataset(dataset: infer D, args: never): unknown } ? D : never {
  const { x, y } = makeData(4);
  const dataset = {
    size: batches,
    iterator: () => {
      let count = 0;
      const next = (): Promise<unknown> =>
        Promise.resolve(
          count++ < batches ? { value: { xs: x.clone(), ys: y.clone() }, done: false } : { value: null, done: true },
        );
      return Promise.resolve({ next });
    },
  };
  return dataset as never; // the one part of a tf.data.Dataset that fitDataset uses
}

const FIT_PARAMS = {
  epochs: '3',
  batch_size: '32',
  validation_split: '0.0',
  shuffle: 'True',
  class_weight: 'None',
  sample_weight: 'None',
  initial_epoch: '0',
  steps_per_epoch: 'None',
  validation_steps: 'None',
};

const ADAM_PARAMS = {
  optimizer_name: 'adam',
  optimizer_learning_rate: '0.01',
  optimizer_beta_1: '0.9',
  optimizer_beta_2: '0.999',
  optimizer_epsilon: '1e-07',
};

describe('a training in a run that is open', () => {
  it('logs its params, the metrics of each epoch and the summary into that run, which goes on', async () => {
    const service = await startAutolog();
    const { x, y } = makeData();
    const history = await service.mlflow.runContext('mine', async (run) => {
      const returned = await makeModel(['accuracy']).fit(x, y, { epochs: 3, verbose: 0 });
      expect(run.status).toBe('RUNNING');
      run.logMetric('after', 1);
      return returned;
    });
    const [run, ...others] = await service.runs();
    expect(others).toEqual([]);
    expect(run?.info).toMatchObject({ runName: 'mine', status: 'FINISHED' });
    expect(run?.data.tags).not.toHaveProperty('mlflow.autologging');
    expect(run?.data.params).toEqual({ ...FIT_PARAMS, ...ADAM_PARAMS });
    expect(run?.data.metrics).toEqual({
      loss: history.history['loss']?.at(-1),
      accuracy: history.history['acc']?.at(-1),
      after: 1,
    });
    const points = await service.mlflow
      .client()
      .getMetricHistory(run?.info.runId ?? '', 'loss')
      .all();
    expect(points.map(({ step, value }) => [step, value])).toEqual(
      history.history['loss']?.map((value, epoch) => [epoch, value]),
    );
    expect(readFileSync(join(run?.info.artifactUri ?? '', 'model_summary.txt'), 'utf8')).toContain('Total params: 3');
  });

  it('logs the metrics of the validation under the names of Keras', async () => {
    const service = await startAutolog();
    const { x, y } = makeData();
    const args = { epochs: 2, validationSplit: 0.25, batchSize: 4, shuffle: false, verbose: 0 };
    await service.mlflow.runContext('mine', () => makeModel(['accuracy', 'mae']).fit(x, y, args));
    const [run] = await service.runs();
    expect(Object.keys(run?.data.metrics ?? {}).toSorted()).toEqual(
      ['accuracy', 'loss', 'mae', 'val_accuracy', 'val_loss', 'val_mae'].toSorted(),
    );
    expect(run?.data.params).toMatchObject({ validation_split: '0.25', batch_size: '4', shuffle: 'False' });
  });

  it('logs two trainings of one run; of a param that changed, the first stays', async () => {
    const service = await startAutolog();
    const { x, y } = makeData();
    await service.mlflow.runContext('mine', async () => {
      const model = makeModel();
      await model.fit(x, y, { epochs: 1, verbose: 0 });
      await model.fit(x, y, { epochs: 3, initialEpoch: 1, verbose: 0 });
    });
    const [run] = await service.runs();
    expect(run?.data.params['epochs']).toBe('1');
    expect(run?.data.tags['param.epochs']).toBe('3');
    const points = await service.mlflow
      .client()
      .getMetricHistory(run?.info.runId ?? '', 'loss')
      .all();
    expect(points.map(({ step }) => step)).toEqual([0, 1, 2]);
  });
});

describe('a training outside any run', () => {
  it('opens a run of its own and ends it FINISHED', async () => {
    const service = await startAutolog();
    const { x, y } = makeData();
    await makeModel().fit(x, y, { epochs: 3, verbose: 0 });
    const [run] = await service.runs();
    expect(run?.info.status).toBe('FINISHED');
    expect(run?.data.tags['mlflow.autologging']).toBe('tfjs');
    expect(run?.data.params).toEqual({ ...FIT_PARAMS, ...ADAM_PARAMS });
  });

  it('ends it FAILED where the training fails, and throws what the library throws', async () => {
    const service = await startAutolog({ logModels: true });
    const { x } = makeData();
    const wrong = core.tensor2d([[1], [2]]);
    const failed = makeModel().fit(x, wrong, { epochs: 1 });
    await expect(failed).rejects.toThrow('same number of samples');
    const [run] = await service.runs();
    expect(run?.info.status).toBe('FAILED');
    expect(await service.models()).toMatchObject([{ status: 'UPLOAD_FAILED' }]);
  });

  it('logs fitDataset, with what it is called with', async () => {
    const service = await startAutolog();
    const model = makeModel();
    await model.fitDataset(makeDataset(3), { epochs: 2, verbose: 0 });
    const functional = tfl.model({ inputs: model.inputs, outputs: model.outputs });
    functional.compile({ optimizer: 'sgd', loss: 'meanSquaredError' });
    await functional.fitDataset(makeDataset(3), { epochs: 1, batchesPerEpoch: 2, verbose: 0 });
    const [first, second] = await service.runs();
    expect(first?.data.params).toEqual({
      ...ADAM_PARAMS,
      epochs: '2',
      class_weight: 'None',
      initial_epoch: '0',
      steps_per_epoch: 'None',
      validation_steps: 'None',
      validation_batch_size: 'None',
    });
    expect(first?.data.metrics).toHaveProperty('loss');
    expect(second?.data.params).toMatchObject({
      steps_per_epoch: '2',
      optimizer_name: 'SGD',
      optimizer_learning_rate: '0.01',
    });
  });

  it('logs early stopping: what was asked for, and where it stopped', async () => {
    const service = await startAutolog();
    const { x, y } = makeData();
    const callback = tfl.callbacks.earlyStopping({ monitor: 'loss', patience: 1, minDelta: 1000 });
    await makeModel().fit(x, y, { epochs: 9, callbacks: callback, verbose: 0 });
    await makeModel().fit(x, y, {
      epochs: 2,
      callbacks: [tfl.callbacks.earlyStopping({ monitor: 'loss', patience: 5 })],
      verbose: 0,
    });
    const [stopped, whole] = await service.runs();
    expect(stopped?.data.params).toMatchObject({
      monitor: 'loss',
      min_delta: '1000',
      patience: '1',
      baseline: 'None',
      restore_best_weights: 'False',
    });
    expect(stopped?.data.metrics['stopped_epoch']).toBe(1);
    expect(whole?.data.metrics).not.toHaveProperty('stopped_epoch');
  });
});

describe('a training stays what it is', () => {
  it('returns what it returns without, and calls the callbacks as often and in the same order', async () => {
    const service = await startAutolog();
    const { x, y } = makeData();
    const said: string[] = [];
    const callbacks = {
      onTrainBegin: () => void said.push('begin'),
      onEpochEnd: (epoch: number, logs?: tfl.Logs) => void said.push(`${epoch} ${typeof logs?.['loss']}`),
      onTrainEnd: () => void said.push('end'),
    };
    const history = await makeModel().fit(x, y, { epochs: 2, callbacks, verbose: 0 });
    expect(said).toEqual(['begin', '0 number', '1 number', 'end']);
    expect(history).toBeInstanceOf(tfl.History);
    expect(history.epoch).toEqual([0, 1]);
    class Mine extends tfl.Callback {
      seen: number[] = [];
      override async onEpochEnd(epoch: number): Promise<void> {
        this.seen.push(epoch);
      }
    }
    const mine = new Mine();
    await makeModel().fit(x, y, { epochs: 2, callbacks: [mine], verbose: 0 });
    expect(mine.seen).toEqual([0, 1]);
    expect((await service.runs()).map((run) => run.data.metrics)).toEqual([
      expect.objectContaining({ loss: expect.any(Number) }),
      expect.objectContaining({ loss: expect.any(Number) }),
    ]);
  });

  it('has the same weights and losses as without', async () => {
    const { x, y } = makeData();
    const train = async (): Promise<unknown> => {
      const model = makeModel();
      model.setWeights([core.tensor2d([[0.1], [0.2]]), core.tensor1d([0])]);
      const { history } = await model.fit(x, y, { epochs: 3, shuffle: false, verbose: 0 });
      return [history['loss'], model.getWeights().map((weight) => [...weight.dataSync()])];
    };
    const without = await train();
    await startAutolog({ logModels: true, logDatasets: true });
    expect(await train()).toEqual(without);
  });

  it('throws what the library throws, word for word', async () => {
    const { x, y } = makeData();
    const failures = async (): Promise<string[]> => {
      const model = makeModel();
      const uncompiled = tfl.sequential({ layers: [tfl.layers.dense({ units: 1, inputShape: [2] })] });
      const calls: (() => Promise<unknown>)[] = [
        () => tfl.sequential().fit(x, y),
        () => uncompiled.fit(x, y),
        () => model.fit(x, y, { batchSize: -1 }),
        () => model.fit(undefined as never, y),
        () => model.fitDataset(makeDataset(1), undefined as never),
        () => model.fit(x, y, { callbacks: [{ onEpochEnd: () => Promise.reject(new Error('mine')) }] }),
      ];
      const said: string[] = [];
      for (const call of calls) said.push(await call().then(() => 'nothing', String));
      return said;
    };
    const without = await failures();
    await startAutolog({ logModels: true, logDatasets: true });
    expect(await failures()).toEqual(without);
  });

  it('is not touched by options that throw, by odd models, or by a run that takes nothing', async () => {
    const service = await startAutolog({ logModels: true, logDatasets: true });
    const { x, y } = makeData();
    const model = makeModel();
    Object.defineProperty(model, 'summary', {
      get: () => {
        throw new Error('no summary');
      },
    });
    Object.defineProperty(model, 'save', { value: () => Promise.reject(new Error('no saving')) });
    const args = {
      epochs: 2,
      verbose: 0,
      get classWeight(): never {
        throw new Error('a getter that throws');
      },
    };
    // the library itself reads this one, so that it fails with and without
    await expect(model.fit(x, y, args)).rejects.toThrow('a getter that throws');
    const history = await service.mlflow.runContext('mine', async (run) => {
      (run as ActiveRun).intake.acceptMetric = () => {
        throw new Error('no metrics');
      };
      return model.fit(x, y, { epochs: 2, verbose: 0 });
    });
    expect(history.history['loss']).toHaveLength(2);
    expect((await service.models()).map(({ status }) => status)).toEqual(['UPLOAD_FAILED', 'UPLOAD_FAILED']);
    expect(service.mlflow.stats().refused['autolog']).toBeGreaterThanOrEqual(4);
    expect(service.warnings().match(/Automatic logging/g)).toHaveLength(1);
  });

  it('does not change the options that were given, frozen ones and ones with a prototype included', async () => {
    const service = await startAutolog();
    const { x, y } = makeData();
    const frozen = Object.freeze({ epochs: 1, verbose: 0, callbacks: Object.freeze([]) });
    await makeModel().fit(x, y, frozen as never);
    class Options {
      readonly #epochs = 2;
      get epochs(): number {
        return this.#epochs;
      }
      get verbose(): number {
        return 0;
      }
    }
    const { epoch } = await makeModel().fit(x, y, new Options() as never);
    expect(epoch).toEqual([0, 1]);
    expect(frozen.callbacks).toEqual([]);
    expect((await service.runs()).map((run) => run.data.params['epochs'])).toEqual(['1', '2']);
  });
});

describe('autolog()', () => {
  it('twice logs once, and disable takes it off for good', async () => {
    const { x, y } = makeData();
    const fitOf = (): unknown => Reflect.get(tfl.Sequential.prototype, 'fit');
    const original = fitOf();
    const service = await startAutolog();
    autolog(tfl);
    expect(fitOf()).not.toBe(original);
    await makeModel().fit(x, y, { epochs: 2, verbose: 0 });
    const [run, ...others] = await service.runs();
    expect(others).toEqual([]);
    const points = await service.mlflow
      .client()
      .getMetricHistory(run?.info.runId ?? '', 'loss')
      .all();
    expect(points).toHaveLength(2);
    autolog(tfl, { disable: true });
    expect(fitOf()).toBe(original);
    await makeModel().fit(x, y, { epochs: 1, verbose: 0 });
    expect(await service.runs()).toHaveLength(1);
  });

  it('refuses what is no module of TensorFlow.js, and an option that it does not know', () => {
    for (const wrong of [undefined, {}, { Sequential: tfl.Sequential }]) {
      expect(() => autolog(wrong as never)).toThrow('takes the module of TensorFlow.js');
    }
    expect(() => autolog(tfl, { logModel: true } as never)).toThrow("Unknown option 'logModel'");
    expect(() => autolog(tfl, { logModels: 'yes' } as never)).toThrow("'logModels' of autolog() must be true or false");
  });

  it('trains on where the service was stopped and where its disk takes nothing', async () => {
    const service = await startAutolog({ logModels: true });
    const { x, y } = makeData();
    await service.mlflow.stop();
    process.env['RUNSPAN_DISABLED'] = '1';
    try {
      const { epoch } = await makeModel().fit(x, y, { epochs: 2, verbose: 0 });
      expect(epoch).toEqual([0, 1]);
    } finally {
      delete process.env['RUNSPAN_DISABLED'];
    }
    expect(existsSync(join(service.folder, 'mlruns', '1'))).toBe(false);
  });
});
