// A job that logs faster than its store takes, with a journal that may take little: `block` slows it down and loses nothing.
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect, it } from 'vitest';
import { tempFolder } from '../temp-folder.ts';

const PACKAGE = join(import.meta.dirname, '../../../dist/index.js');
const COUNT = 200_000;

it('waits for the drain, has every point in the store, and refuses none', () => {
  const folder = tempFolder();
  writeFileSync(
    join(folder, 'job.mjs'),
    `import { MlflowService } from ${JSON.stringify(PACKAGE)};
     const mlflow = new MlflowService({ experimentName: 'churn', logSystemMetrics: false, maxJournalBytes: 1024 ** 2, whenFull: 'block', blockTimeoutMs: 30_000 });
     await mlflow.start();
     await mlflow.runContext('train', (run) => {
       for (let step = 0; step < ${COUNT}; step++) run.logMetric('loss', step, { step });
     });
     await mlflow.flush({ timeoutMs: 60_000 });
     console.log(JSON.stringify(mlflow.stats()));
     await mlflow.stop();`,
  );
  const { status, stdout, stderr } = spawnSync(process.execPath, ['job.mjs'], { cwd: folder, encoding: 'utf8' });
  expect(status, stderr).toBe(0);
  expect(JSON.parse(stdout.trim().split('\n').at(-1) ?? '')).toMatchObject({
    pending: 0,
    deadLettered: 0,
    refused: {},
  });
  const database = new DatabaseSync(join(folder, 'mlflow.db'), { readOnly: true, timeout: 10_000 });
  expect(database.prepare("SELECT count(*) AS count FROM metrics WHERE key = 'loss'").get()).toEqual({ count: COUNT });
  database.close();
});
