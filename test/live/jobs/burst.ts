// A job that writes as many log lines as argv says without a pause, and some metrics; it ends by itself, or by process.exit() inside its run.
import { AlertsService, LoggerService, MlflowService, startServices } from 'runspan';
import { valueAt } from './points.ts';

const [experimentName = 'burst', lineCount = '0', pointCount = '0', way = 'natural'] = process.argv.slice(2);
const mlflow = new MlflowService({ experimentName });
const services = await startServices(
  new LoggerService({ level: 'INFO', sink: 'job.log' }),
  new AlertsService({ enable: false }),
  mlflow,
);
await mlflow.runContext('burst', (run) => {
  for (let line = 0; line < Number(lineCount); line++) run.log.info({ line }, 'burst');
  for (let step = 0; step < Number(pointCount); step++) run.logMetric('loss', valueAt(step), { step });
  if (way === 'exit') process.exit(0);
});
process.send?.({ kind: 'ending' });
await services.stop();
process.disconnect();
