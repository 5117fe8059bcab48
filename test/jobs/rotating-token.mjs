// A job whose token is good for a while: it keeps one until it is refused, computes without yielding, and exits at once.
import { LoggerService, MlflowService, startServices } from 'runspan';

const { rotates, ...options } = JSON.parse(process.argv[2] ?? '{}');

let count = 1;
const token = async ({ isRefused }) => {
  if (isRefused && rotates) count += 1;
  return `hunter-${count}`;
};
const mlflow = new MlflowService({ experimentName: 'e2e', token, ...options });
await startServices(new LoggerService({ level: 'WARN', colorize: false }), mlflow);

const sleeper = new Int32Array(new SharedArrayBuffer(4));
await mlflow.runContext('job', async (run) => {
  for (let step = 0; step < 500; step++) run.logMetric('loss', step, { step });
  await mlflow.flush();
  for (let step = 500; step < 1000; step++) run.logMetric('loss', step, { step });
  await mlflow.flush({ timeoutMs: rotates ? 20_000 : 500 });
  if (!rotates) return;
  for (let step = 1000; step < 1500; step++) {
    run.logMetric('loss', step, { step });
    Atomics.wait(sleeper, 0, 0, 3); // no turn of the event loop
  }
  process.send('yields');
});
process.exit(0);
