// The demo: trains a small network on 442 diabetes patients inside a run, then opens a run that fails on purpose.
import { relative } from 'node:path';
import * as layers from '@tensorflow/tfjs-layers';
import { AlertsService, autolog, LoggerService, MlflowService, startServices } from 'runspan';
import type { Run } from 'runspan';
import { DATA_FILE, loadData, splitData } from './load-data.ts';
import type { DataSet, SplitData } from './load-data.ts';
import { buildModel, evaluate, trainEpochs } from './model.ts';

const options = { epochs: 25, units: 16, batchSize: 32, learningRate: 0.01, seed: 42, validationShare: 0.2 };

const logger = new LoggerService({ level: 'INFO' });
// Desktop notifications are for jobs that somebody waits for; here they are lines on stdout.
const alerts = new AlertsService({ enable: false });
const mlflow = new MlflowService({ experimentName: 'diabetes' });
const services = await startServices(logger, alerts, mlflow);
// From here on each training logs its params, the losses of every epoch, its summary and the model itself.
autolog(layers, { logModels: true });

const trained = await mlflow.runContext(
  { name: 'train', description: 'A network of one hidden layer on 442 patients.', tags: { stage: 'demo' } },
  async (run) => {
    run.logParams(options);
    run.span.setAttribute('optimizer', 'adam');
    const data = logger.span('load', () => load(run));
    const model = buildModel({ ...options, inputCount: data.train.features.length });
    await logger.span('fit', { epochs: options.epochs }, () => fit(run, model, data));
    logger.span('evaluate', () => {
      const { meanAbsoluteError, r2 } = evaluate(model, data);
      run.logMetrics({ mean_absolute_error: meanAbsoluteError, r2 }, { step: options.epochs - 1 });
      run.log.success({ meanAbsoluteError, r2 }, 'evaluated');
      run.logDict({ options, meanAbsoluteError, r2 }, 'report/evaluation.json');
    });
    return { key: run.key, metrics: run.metrics };
  },
);

console.log('\nNext, a run that fails on purpose, to show its alert:');
const failed = await mlflow
  .runContext({ name: 'fail-on-purpose', tags: { stage: 'demo' } }, () => {
    throw new RangeError('the learning rate 1e6 is out of range (on purpose)');
  })
  .catch((error: unknown) => error);

const delivery = await mlflow.flush();
const { delivered } = mlflow.stats();
await services.stop();

const isServer = /^https?:/.test(mlflow.trackingUri);
const { loss, val_loss: valLoss, r2 } = trained.metrics;
console.log(`
Run 'train': loss ${loss?.toFixed(3)}, validation loss ${valLoss?.toFixed(3)}, r2 ${r2?.toFixed(3)}.
Run 'fail-on-purpose': ended with ${String(failed)}.
${delivered} writes delivered to ${mlflow.trackingUri}${delivery.isComplete ? '' : `; ${delivery.pending} are still on their way`}.

Look at it:
  npx runspan runs
  npx runspan show ${trained.key}
  ${isServer ? `your browser at ${mlflow.trackingUri}` : `mlflow ui --backend-store-uri ${mlflow.trackingUri}`}`);

function load(run: Run): SplitData {
  const data: DataSet = loadData();
  run.logInput(
    {
      name: 'diabetes',
      source: relative(process.cwd(), DATA_FILE),
      digest: data.sha256.slice(0, 8),
      schema: {
        mlflow_colspec: [...data.features, data.targetName].map((name) => ({ type: 'double', name, required: true })),
      },
      profile: { num_rows: data.inputs.length, num_elements: data.inputs.length * (data.features.length + 1) },
    },
    { context: 'training' },
  );
  void run.logArtifact(DATA_FILE, 'data');
  run.log.info({ rows: data.inputs.length }, 'loaded');
  return splitData(data, options);
}

/** What is logged of the training, its library says: see autolog above. */
async function fit(run: Run, model: ReturnType<typeof buildModel>, data: SplitData): Promise<void> {
  await trainEpochs(model, data, {
    ...options,
    onEpoch: ({ epoch, loss, valLoss, seconds }) => {
      if (epoch % 5 === 4) run.log.info({ epoch, loss, valLoss, seconds }, 'epoch');
    },
  });
}
