// Several processes and threads at once in one folder, on one SQLite file: every run there once, every point there once. Ten of them are heavy.
import { expect, test } from 'vitest';
import { makeFolder, readRuns, runJob, journalFolders } from './run-job.ts';
import { POINTS, expectWhole } from './whole-runs.ts';

const kinds = [
  ['two forks', 'fork', 2],
  ['a cluster of two', 'cluster', 2],
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
