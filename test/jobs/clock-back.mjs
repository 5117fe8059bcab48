// A job whose wall clock steps back by an hour in the middle of its run.
import { LoggerService, MlflowService } from 'runspan';

const realNow = Date.now;
let offsetMs = 0;
Date.now = () => realNow() + offsetMs;

const mlflow = new MlflowService({ experimentName: 'clock', logger: new LoggerService({ level: 'ERROR' }) });
await mlflow.start();
await mlflow.runContext('clock', async (run) => {
  run.logMetric('loss', 1, { step: 0 });
  offsetMs = -3_600_000;
  for (let step = 1; step < 100; step++) run.logMetric('loss', step, { step });
  run.span.setAttribute('late', true);
});
await mlflow.stop();
