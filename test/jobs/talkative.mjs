// A job that says more on stdout than its reader reads.
import { AlertsService, LoggerService, MlflowService, startServices } from 'runspan';

const logger = new LoggerService({ sink: 'stdout', level: 'DEBUG', colorize: false });
const alerts = new AlertsService({ enable: false, appName: 'job' });
const mlflow = new MlflowService({ experimentName: 'talk' });
const services = await startServices(logger, alerts, mlflow);
await mlflow.runContext('talk', async (run) => {
  for (let line = 0; line < 5_000; line++) {
    run.log.info({ line }, 'a line of some length, so that the pipe is full and then broken');
    if (line % 100 === 0) {
      alerts.notify('still', 'here');
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
  run.logMetric('loss', 1);
});
await services.stop();
