// Bounded memory, by a heap that ends the process where it is not: a burst that no drain keeps up with.
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect, test } from 'vitest';
import { runJob } from './run-job.ts';

const POINTS = 200_000;

/** All that the job's store has of its metrics: how many points, at how many steps, up to which, and their sum. */
function readSums(folder: string): unknown {
  const database = new DatabaseSync(join(folder, 'mlflow.db'), { readOnly: true, timeout: 10_000 });
  try {
    return {
      ...database
        .prepare(
          `SELECT COUNT(*) AS points, COUNT(DISTINCT step) AS steps, MAX(step) AS last, SUM(value) AS sum FROM metrics`,
        )
        .get(),
    };
  } finally {
    database.close();
  }
}

test('200,000 metrics in one loop need no more than a heap of 128 MB, and all arrive', async () => {
  const job = JSON.stringify({ points: POINTS, end: 'flush' });
  const result = await runJob('one-run.mjs', { args: [job], nodeArgs: ['--max-old-space-size=128'] });
  expect(result.code, result.stderr).toBe(0);
  const sum = ((POINTS - 1) * POINTS) / 4;
  expect(readSums(result.folder)).toEqual({ points: POINTS, steps: POINTS, last: POINTS - 1, sum });
});
