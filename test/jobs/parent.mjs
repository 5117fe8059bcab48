// A job whose run is opened by code, by services with options of their own; argv names how its child is started and what it runs.
import { spawnSync } from 'node:child_process';
import { MlflowService } from 'runspan';

const [trackingUri, ...childArgs] = process.argv.slice(2);
const mlflow = new MlflowService({ experimentName: 'parents', trackingUri });
await mlflow.start();
await mlflow.runContext('parent', async (run) => {
  await run.created();
  const env = { ...process.env, ...run.childEnv() };
  const { status, stderr } = spawnSync(process.execPath, childArgs, { encoding: 'utf8', env });
  if (status !== 0) throw new Error(stderr);
  run.logMetric('parent', 1);
});
await mlflow.stop();
