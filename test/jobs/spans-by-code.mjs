// The job of spans.mjs with a run and services of its own: its set-up is a NodeSDK, where register's is put up by hand.
import { LoggerService, MlflowService, startServices } from 'runspan';

const logger = new LoggerService();
const mlflow = new MlflowService();
const services = await startServices(logger, mlflow);
await mlflow.runContext('spans', async (run) => {
  run.log.info('a line');
  await import('./spans.mjs');
});
await services.stop();
