// A job whose Python child joins its run; by register, or by code, where it fails after that.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { activeRun, log, logMetric, runContext } from 'runspan';

const { MLFLOW_PYTHON } = process.env;
const isByCode = process.argv[2] === 'code';

async function work() {
  const run = activeRun();
  await run.created();
  logMetric('loss', 0.25, { step: 1 });
  log.info('from the job');
  const env = isByCode ? { ...process.env, ...run.childEnv() } : process.env;
  const child = spawn(MLFLOW_PYTHON, [join(import.meta.dirname, 'join.py')], { env, stdio: 'inherit' });
  const [code] = await once(child, 'exit');
  if (code !== 0) throw new Error(`Python ended with ${code}`);
  // MLflow's client has ended the run as FINISHED; how it ends is the job's to say.
  if (isByCode) throw new RangeError('on purpose');
}

if (isByCode) await runContext('job', work);
else await work();
