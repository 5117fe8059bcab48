// An ESM job that opens its run itself, with services of its own.
import { AlertsService, LoggerService, MlflowService, startServices } from 'runspan';

const mlflow = new MlflowService();
const services = await startServices(new LoggerService(), new AlertsService(), mlflow);
await mlflow.runContext('job', async (run) => {
  await run.created();
  run.logMetric('loss', 0.25, { step: 1 });
  run.log.info('from the job');
});
await services.stop();
