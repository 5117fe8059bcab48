// A job whose artifact does not get through: it tells its parent when what is behind the artifact has arrived, and leaves as argv says.
import { LoggerService, MlflowService } from 'runspan';

const [trackingUri, way] = process.argv.slice(2);
const mlflow = new MlflowService({
  trackingUri,
  experimentName: 'stuck',
  exitTimeoutMs: 3000,
  logger: new LoggerService({ level: 'ERROR' }),
});
await mlflow.start();
const run = await mlflow.startRun('stuck');
run.logText('poison', 'bad.txt');
run.logMetric('behind', 1);
// The barrier of a call: the artifact is set aside by then, or the metric would still be behind it.
const { data } = await mlflow.client().getRun(run.key, { timeoutMs: 60_000 });
process.send(data.metrics);
if (way === 'busy') for (;;);
await run.end();
process.exit(0);
