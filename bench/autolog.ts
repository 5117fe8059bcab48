// What does automatic logging cost a training? The same fit with it and without, turn by turn, in a run that is open.
import '@tensorflow/tfjs-backend-cpu';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import * as layers from '@tensorflow/tfjs-layers';
import { autolog, LoggerService, MlflowService } from 'runspan';
import { compare } from './measure.ts';

const EPOCHS = 25;
const ROWS = 442;
tf.enableProdMode();
const folder = mkdtempSync(join(tmpdir(), 'runspan-bench-'));
const mlflow = new MlflowService({
  trackingUri: `sqlite:///${join(folder, 'mlflow.db')}`,
  directory: join(folder, 'journal'),
  artifactRoot: join(folder, 'artifacts'),
  experimentName: 'bench',
  logger: new LoggerService({ level: 'ERROR' }),
  logSystemMetrics: false,
});
await mlflow.start();
const x = tf.randomNormal([ROWS, 10]);
const y = tf.randomNormal([ROWS, 1]);

async function train(): Promise<number> {
  const model = layers.sequential();
  model.add(layers.layers.dense({ units: 16, activation: 'relu', inputShape: [10] }));
  model.add(layers.layers.dense({ units: 1 }));
  model.compile({ optimizer: tf.train.adam(0.01), loss: 'meanSquaredError' });
  await model.fit(x, y, { epochs: EPOCHS, validationSplit: 0.2, verbose: 0 });
  model.dispose();
  return EPOCHS;
}

const logged = (options: Parameters<typeof autolog>[1]) => async (): Promise<number> => {
  autolog(layers, options);
  const count = await mlflow.runContext('bench', train);
  autolog(layers, { disable: true });
  return count;
};

const contestants = [
  { name: 'without, in a run', run: () => mlflow.runContext('bench', train) },
  { name: 'with autolog', run: logged({}) },
  { name: 'with autolog, the data and the model', run: logged({ logModels: true, logDatasets: true }) },
];
/** What the job's own thread computed, in ms a fit: the drain's thread and other processes do not count. */
const computed = new Map<string, number[]>(contestants.map(({ name }) => [name, []]));
const watched = contestants.map(({ name, run }) => ({
  name,
  run: async () => {
    const before = process.threadCpuUsage();
    const count = await run();
    const { user, system } = process.threadCpuUsage(before);
    computed.get(name)?.push((user + system) / 1000);
    return count;
  },
}));

await compare(`fit of ${ROWS} rows, an epoch`, watched);
console.log("The job's own thread, CPU a fit");
for (const [name, all] of computed) {
  const sorted = all.slice(1).toSorted((a, b) => a - b); // as there, the first round warms up
  console.log(`${name.padEnd(44)} ${(sorted[Math.floor(sorted.length / 2)] ?? Number.NaN).toFixed(1)} ms`);
}

await mlflow.stop({ timeoutMs: 60_000 });
rmSync(folder, { recursive: true });
