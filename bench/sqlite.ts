// How quick is the whole way of a metric into mlflow.db, call to row? Beside it: bare inserts of the same rows, in batches of 1000, and
// MLflow's Python client on the same file, where there is one.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
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
  trackingUri: `sqlite:///${join(folder, 'mlflow.db')}`,
  directory: join(folder, 'journal'),
  artifactRoot: join(folder, 'artifacts'),
  experimentName: 'bench',
  logger: new LoggerService({ level: 'ERROR' }),
});
await mlflow.start();
const run = await mlflow.startRun('bench');
const bare = new DatabaseSync(join(folder, 'bare.db'));
bare.exec(`pragma journal_mode = wal; pragma synchronous = normal;
  create table metrics (key text, value float, timestamp bigint, run_uuid text, step bigint, is_nan boolean,
    primary key (key, timestamp, step, run_uuid, value, is_nan))`);
// It comes second: it takes the file that is there, and brings its tables to its own version.
const python = await startPythonClient(`sqlite:///${join(folder, 'mlflow.db')}`);
const insert = bare.prepare('insert into metrics values (?, ?, ?, ?, ?, 0)');
let step = 0;

await compare(
  `${COUNT} metrics of one key, until they are rows`,
  [
    {
      name: 'bare inserts, 1000 a transaction',
      run: () => {
        for (let index = 0; index < COUNT; index += BATCH) {
          bare.exec('begin');
          for (let row = 0; row < BATCH; row++) insert.run('loss', 0.5, Date.now(), run.key, step++);
          bare.exec('commit');
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
      goal: { perSecond: 50_000, quickerThan: { name: PYTHON, times: 8 } },
    },
    ...(python === undefined ? [] : [{ name: PYTHON, run: () => python.log(PYTHON_COUNT).then(() => PYTHON_COUNT) }]),
  ],
  7,
);

python?.stop();
bare.close();
await run.end();
await mlflow.stop({ timeoutMs: 60_000 });
rmSync(folder, { recursive: true });
