// A training that is killed, or ends: preempted.mjs <first step> <last step> <rate> <kill | end> [run id]
import { MlflowService } from 'runspan';

const [first, last, rate, way, runId] = process.argv.slice(2);
const mlflow = new MlflowService({ experimentName: 'preempted' });
await mlflow.start();
await mlflow.runContext({ name: 'train', runId }, async (run) => {
  run.logParam('rate', rate);
  for (let step = Number(first); step <= Number(last); step++) run.logMetric('loss', 1 / (step + 1), { step });
  console.log(await run.created());
  await mlflow.flush();
  if (way === 'kill') process.kill(process.pid, 'SIGKILL');
});
await mlflow.stop();
