// Bounded memory, by a heap that ends the process where it is not: a burst that no drain keeps up with, and a store that takes nothing.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect, test } from 'vitest';
import { closedPort } from '../rest/scripted-server.ts';
import { makeFolder, runJob } from './run-job.ts';

const POINTS = 200_000;
const SMALL_HEAP = ['--max-old-space-size=128'];

interface Told {
  readonly stats?: {
    readonly accepted: number;
    readonly pending: number;
    readonly delivered: number;
    readonly refused: Readonly<Record<string, number>>;
  };
}

/** All that the job's store has of its metrics: how many points, at how many steps, up to which, and their sum. */
function readSums(folder: string): unknown {
  const database = new DatabaseSync(join(folder, 'mlflow.db'), { readOnly: true });
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

test.concurrent(
  '200,000 metrics in one loop need no more than a heap of 128 MB, and all arrive',
  { timeout: 60_000 },
  async () => {
    const job = JSON.stringify({ points: POINTS, end: 'flush' });
    const result = await runJob('one-run.mjs', { args: [job], nodeArgs: SMALL_HEAP });
    expect(result.code, result.stderr).toBe(0);
    const sum = ((POINTS - 1) * POINTS) / 4;
    expect(readSums(result.folder)).toEqual({ points: POINTS, steps: POINTS, last: POINTS - 1, sum });
  },
);

test.concurrent('with no server and no disk, memory stays bounded and every metric is accounted for', async () => {
  const folder = makeFolder();
  writeFileSync(join(folder, 'in-the-way'), '');
  let told: Told = {};
  const options = {
    trackingUri: `http://127.0.0.1:${await closedPort()}`,
    directory: join(folder, 'in-the-way'),
    startTimeoutMs: 50,
    exitTimeoutMs: 200,
  };
  const result = await runJob('one-run.mjs', {
    folder,
    nodeArgs: SMALL_HEAP,
    args: [JSON.stringify({ points: POINTS, end: 'none', options })],
    onMessage: (message) => (told = message as Told),
  });
  expect(result.code, result.stderr).toBe(0);
  const { accepted = 0, delivered, pending, refused = {} } = told.stats ?? {};
  // Besides the metrics: the create, a param, a tag, the end.
  const refusedCount = Object.values(refused).reduce((sum, count) => sum + count, 0);
  expect(accepted + refusedCount).toBe(POINTS + 4);
  expect([delivered, pending]).toEqual([0, accepted]);
  expect(refused['full']).toBeGreaterThan(POINTS / 10);
  expect(result.stderr.match(/kept in memory only/g)).toHaveLength(1);
  expect(result.stderr).toMatch(/OUTBOX_FULL|is full/);
});
