// A job with one run of `points` metrics, told by JSON in argv; sends what became of it to its parent, where it has one.
import { existsSync } from 'node:fs';
import { AlertsService, LoggerService, MlflowService, startServices } from 'runspan';

const {
  points = 10,
  name = 'job',
  end = 'stop',
  options = {},
  stopTimeoutMs,
  busyMs = 0,
  holdUntil,
} = JSON.parse(process.argv[2] ?? '{}');

const mlflow = new MlflowService({ experimentName: 'e2e', ...options });
const alerts = new AlertsService({ enable: false, appName: 'job' });
const services = await startServices(new LoggerService({ level: 'WARN', colorize: false }), alerts, mlflow);

const key = await mlflow.runContext(name, async (run) => {
  // Whoever watches the store meanwhile finds it made, also where start() went on without it.
  if (busyMs > 0) await run.created();
  run.logParam('points', points);
  run.setTag('job', name);
  for (let step = 0; step < points; step++) run.logMetric('loss', step / 2, { step, timestampMs: 1_000_000 + step });
  if (busyMs > 0) {
    process.send('busy');
    const until = performance.now() + busyMs;
    while (performance.now() < until);
  }
  // Without a turn of the event loop.
  const sleeper = new Int32Array(new SharedArrayBuffer(4));
  while (holdUntil !== undefined && !existsSync(holdUntil)) Atomics.wait(sleeper, 0, 0, 20);
  if (end === 'throw-inside') throw new Error('thrown inside');
  if (end === 'exit-inside') process.exit(0);
  return run.key;
});
process.send?.({ key, stats: mlflow.stats() });
if (end === 'exit') process.exit(0);
if (end === 'throw') throw new Error('thrown after');
if (end === 'flush') process.send({ flushed: await mlflow.flush(), stats: mlflow.stats() });
if (end === 'stop') await services.stop(stopTimeoutMs === undefined ? {} : { timeoutMs: stopTimeoutMs });
