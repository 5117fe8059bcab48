// How quick is the whole way of a metric into ./mlruns, call to line? Beside it: bare appends of the same lines, 1000 a write, and MLflow's
// Python client on a folder of its own, where there is one.
import { appendFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LoggerService, MlflowService } from 'runspan';
import { compare } from './measure.ts';
import { startPythonClient } from './python-client.ts';

const COUNT = 50_000;
const BATCH = 1000;
const PYTHON_COUNT = 5_000;
/** As it is named in the table. */
const PYTHON = 'Python, log_batch(1000)';
const folder = mkdtempSync(join(tmpdir(), 'runspan-bench-'));
const mlflow = new MlflowService({
  trackingUri: join(folder, 'mlruns'),
  directory: join(folder, 'journal'),
  experimentName: 'bench',
  logger: new LoggerService({ level: 'ERROR' }),
});
await mlflow.start();
const run = await mlflow.startRun('bench');
process.env['MLFLOW_ALLOW_FILE_STORE'] = 'true'; // without it Python opens no folder of runs
const python = await startPythonClient(join(folder, 'python', 'mlruns'));
let step = 0;

await compare(
  `${COUNT} metrics of one key, until they are lines`,
  [
    {
      name: 'bare appends, 1000 a write',
      run: () => {
        for (let index = 0; index < COUNT; index += BATCH) {
          let lines = '';
          for (let row = 0; row < BATCH; row++) lines += `${Date.now()} 0.5 ${step++}\n`;
          appendFileSync(join(folder, 'bare'), lines);
        }
        return COUNT;
      },
    },
    {
      name: 'run.logMetric, then flush',
      run: async () => {
        for (let index = 0; index < COUNT; index++) run.logMetric('loss', 0.5, { step: step++ });
        const { isComplete } = await mlflow.flush({ timeoutMs: 60_000 });
        if (!isComplete) throw new Error('Not everything was delivered.');
        return COUNT;
      },
      goal: { quickerThan: { name: PYTHON, times: 8 } },
    },
    ...(python === undefined ? [] : [{ name: PYTHON, run: () => python.log(PYTHON_COUNT).then(() => PYTHON_COUNT) }]),
  ],
  7,
);

python?.stop();
await run.end();
await mlflow.stop({ timeoutMs: 60_000 });
rmSync(folder, { recursive: true });
