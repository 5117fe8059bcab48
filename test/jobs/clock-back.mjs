// A job whose wall clock steps back by an hour in the middle of its run, by the preload steps-back.mjs.
import { LoggerService, MlflowService } from 'runspan';

const logger = new LoggerService({ level: 'INFO', sink: 'job.log', serialize: true, source: false });
const mlflow = new MlflowService({ experimentName: 'clock', logger });
await mlflow.start();
await mlflow.runContext('clock', async (run) => {
  run.logMetric('loss', 0, { step: 0 });
  run.log.info('before');
  globalThis.stepBack(3_600_000);
  for (let step = 1; step < 100; step++) run.logMetric('loss', step, { step });
  run.log.info('after');
  run.span.setAttribute('late', true);
  await mlflow.runContext({ name: 'inner', nested: true }, (inner) => inner.logMetric('loss', 1));
  if (process.argv[2] === 'dies') process.kill(process.pid, 'SIGKILL');
});
await mlflow.stop();
