// Several processes and threads at once in one folder, on one SQLite file: every run there once, every point there once.
import { expect, test } from 'vitest';
import { journalFolders, makeFolder, readRuns, runJob } from './run-job.ts';

const SCALE = Number(process.env['RUNSPAN_TEST_SCALE'] ?? 1);
const POINTS = 300 * SCALE;

/** Each run once and whole: its points are 0, 1/2, 1, … each exactly once. */
function expectWhole(folder: string, count: number): void {
  const runs = readRuns(folder);
  expect(new Set(runs.map(({ name }) => name)).size).toBe(count);
  expect(runs.map(({ status }) => status)).toEqual(Array.from({ length: count }, () => 'FINISHED'));
  const points = Array.from({ length: POINTS }, (_, step) => ({ key: 'loss', value: step / 2, step }));
  for (const run of runs) {
    expect(run.tags['who']).toBe(run.name);
    expect(run.metrics).toEqual(points);
  }
  expect(journalFolders(folder)).toEqual([]);
}

const kinds = [
  ['ten forks', 'fork', 10],
  ['a cluster of four', 'cluster', 4],
  ['two worker threads that stop', 'threads', 2],
  ['two worker threads that just end', 'threads-natural', 2],
] as const;

test.concurrent.each(kinds)('%s', async (_, how, count) => {
  const result = await runJob('many.mjs', { args: [how, String(count), String(POINTS)] });
  expect(result.code, result.stderr).toBe(0);
  expectWhole(result.folder, count);
});

test.concurrent('two processes that start in the same moment, and make the store between them', async () => {
  const folder = makeFolder();
  const args = ['child', '1', String(POINTS)];
  const results = await Promise.all([runJob('many.mjs', { folder, args }), runJob('many.mjs', { folder, args })]);
  expect(results.map(({ code, stderr }) => [code, stderr])).toEqual([
    [0, ''],
    [0, ''],
  ]);
  expectWhole(folder, 2);
});

test.concurrent(
  'a thread that is terminated loses nothing: the next job delivers its run and ends it KILLED',
  async () => {
    const first = await runJob('many.mjs', { args: ['thread-terminated', '1', String(POINTS)] });
    expect(first.code, first.stderr).toBe(0);
    const next = await runJob('many.mjs', { folder: first.folder, args: ['child', '1', '1'] });
    expect(next.code, next.stderr).toBe(0);
    const runs = readRuns(first.folder);
    const thread = runs.find(({ name }) => name.startsWith('thread-'));
    expect(thread?.metrics).toHaveLength(POINTS);
    expect([runs.length, thread?.status]).toEqual([3, 'KILLED']);
    expect(runs.filter(({ status }) => status === 'FINISHED')).toHaveLength(2);
    expect(journalFolders(first.folder)).toEqual([]);
  },
);
