// A thread that opens a run and ends by one way out, named in argv; with `wait` the job's main thread takes over what the thread left.
import { existsSync, readdirSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { AlertsService, LoggerService, MlflowService, startServices } from 'runspan';

const [way, then] = workerData ?? process.argv.slice(2);
const forever = () => new Promise((resolve) => setTimeout(resolve, 60_000));

async function leave(run, mlflow) {
  run.logMetric('loss', 0.5, { step: 1 });
  switch (way) {
    case 'throws':
      setTimeout(() => {
        throw new RangeError('late');
      });
      return forever();
    case 'rejects':
      void Promise.reject(new RangeError('late'));
      return forever();
    case 'exit-3':
      return process.exit(3);
    case 'out-of-memory': {
      const hoard = [];
      for (let step = 0; ; step++) {
        run.logMetric('hoard', step, { step });
        writeFileSync('accepted', String(mlflow.stats().accepted));
        hoard.push(Array.from({ length: step < 30 ? 1_000 : 500_000 }, Math.random));
      }
    }
    default:
      parentPort.postMessage('open');
      return forever();
  }
}

async function startAll() {
  const mlflow = new MlflowService({ experimentName: 'threads' });
  const alerts = new AlertsService({ enable: false, appName: isMainThread ? 'main' : 'thread' });
  const services = await startServices(new LoggerService({ level: 'ERROR' }), alerts, mlflow);
  return { mlflow, services };
}

if (isMainThread) {
  const worker = new Worker(fileURLToPath(import.meta.url), {
    workerData: [way],
    resourceLimits: { maxOldGenerationSizeMb: 64 },
  });
  worker.on('error', ({ name, code }) => process.stdout.write(`thread: ${code ?? name}\n`));
  worker.on('message', () => void worker.terminate());
  await new Promise((resolve) => worker.once('exit', resolve));
  if (then === 'wait') {
    // As if it had been silent for long.
    const left = readdirSync('.runspan').filter((name) => !name.startsWith('.'));
    for (const name of left) utimesSync(join('.runspan', name, 'lease'), Date.now() / 1000, Date.now() / 1000 - 16);
    const { services } = await startAll();
    while (left.some((name) => existsSync(join('.runspan', name)))) await new Promise((done) => setTimeout(done, 20));
    while (readdirSync('.runspan').length > 2) await new Promise((done) => setTimeout(done, 20));
    await services.stop();
  }
} else {
  const { mlflow } = await startAll();
  await mlflow.runContext('thread', (run) => leave(run, mlflow));
}
