// A job that has credentials, and a server that says them back in every refusal; it logs all it hears.
import { inspect } from 'node:util';
import { AlertsService, LoggerService, MlflowService, startServices } from 'runspan';

const { byFunction, ...options } = JSON.parse(process.argv[2] ?? '{}');
const token = byFunction ? { token: () => 'hunter2-of-the-function' } : {};
const mlflow = new MlflowService({
  experimentName: 'e2e',
  startTimeoutMs: 1000,
  exitTimeoutMs: 500,
  ...token,
  ...options,
});
const logger = new LoggerService({ sink: 'job.log', level: 'TRACE', colorize: false });
await startServices(logger, new AlertsService({ enable: false, appName: 'job' }), mlflow);
logger.logger().info({ settings: mlflow.settings }, 'settings');

const asked = () => mlflow.client().getExperiment('0'); // before there is anything that it must wait for
const error = await asked().catch((each) => each);
console.log(inspect(error, { depth: 9, showHidden: true }));
await mlflow
  .runContext('job', async (run) => {
    run.logParam('lr', 0.1);
    run.logText('kept', 'a.txt');
    for (let step = 0; step < 100; step++) run.logMetric('loss', step, { step });
    await mlflow.flush({ timeoutMs: 1500 });
    throw error;
  })
  .catch((thrown) => logger.logger().error(thrown, 'failed'));
console.log(inspect(mlflow, { depth: 9 }), JSON.stringify(mlflow.stats()));
process.exit(0);
