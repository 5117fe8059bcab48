// Many processes at once in one folder, on one SQLite file: every run there once, every point there once.
import { expect, test } from 'vitest';
import { runJob } from './run-job.ts';
import { POINTS, expectWhole } from './whole-runs.ts';

const kinds = [
  ['ten forks', 'fork', 10],
  ['a cluster of four', 'cluster', 4],
  ['two worker threads that stop', 'threads', 2],
] as const;

test.each(kinds)('%s', async (_, how, count) => {
  const result = await runJob('many.mjs', { args: [how, String(count), String(POINTS)] });
  expect(result.code, result.stderr).toBe(0);
  expectWhole(result.folder, count);
});
