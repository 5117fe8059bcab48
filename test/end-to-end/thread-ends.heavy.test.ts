// Ends of a worker thread of the job that has a run open: those that it lives through tell the truth, the others are left to whoever comes next.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { journalFolders, readRuns, runJob } from './run-job.ts';

test.each(['throws', 'rejects'])('%s: FAILED, by type, message and stack, and the job hears of it', async (way) => {
  const result = await runJob('thread-ends.mjs', { args: [way] });
  expect(result.stdout).toContain('thread: RangeError');
  const [run, ...others] = readRuns(result.folder);
  expect([others, run?.status]).toEqual([[], 'FAILED']);
  expect(run?.tags).toMatchObject({ 'error.type': 'RangeError', 'exception.message': 'late' });
  expect(run?.tags['exception.stacktrace']).toContain('thread-ends.mjs');
  expect(existsSync(join(run?.artifactFolder ?? '', 'runspan/error.txt'))).toBe(true);
  expect(result.stdout.match(/^\[thread\] /gm), result.stdout).toHaveLength(1);
  expect(journalFolders(result.folder)).toEqual([]);
});

test('process.exit(3) in the thread: FAILED', async () => {
  const result = await runJob('thread-ends.mjs', { args: ['exit-3'] });
  expect(readRuns(result.folder)).toMatchObject([{ status: 'FAILED', metrics: [{ value: 0.5 }] }]);
  expect(journalFolders(result.folder)).toEqual([]);
});

test('out of its own memory: the job lives on, and the next one delivers all of it and ends the run KILLED', async () => {
  const { folder, stdout, code } = await runJob('thread-ends.mjs', { args: ['out-of-memory'] });
  expect([code, stdout]).toEqual([0, 'thread: ERR_WORKER_OUT_OF_MEMORY\n']);
  expect(journalFolders(folder)).toHaveLength(1);
  const next = await runJob('thread-ends.mjs', { folder, args: ['exit-3'] });
  expect(next.stdout.match(/^\[thread\] .*was KILLED/gm), next.stdout + next.stderr).toHaveLength(1);
  const runs = readRuns(folder);
  expect(runs.map(({ status }) => status)).toEqual(['KILLED', 'FAILED']);
  const steps = runs[0]?.metrics.filter(({ key }) => key === 'hoard').map(({ step }) => step) ?? [];
  expect(steps).toEqual(steps.map((_, index) => index));
  // Without the create, the metric before it and the params that a run begins with.
  expect(steps.length).toBeGreaterThan(20);
  expect(steps.length).toBeGreaterThan(Number(readFileSync(join(folder, 'accepted'), 'utf8')) - 20);
  expect(journalFolders(folder)).toEqual([]);
});

test('terminated: another thread of the same process takes it over, ends the run KILLED and alerts', async () => {
  const result = await runJob('thread-ends.mjs', { args: ['terminated', 'wait'] });
  expect(result.code, result.stderr).toBe(0);
  expect(readRuns(result.folder)).toMatchObject([{ status: 'KILLED', metrics: [{ value: 0.5 }] }]);
  expect(result.stdout.match(/^\[main\] .*was KILLED.*thread 1/gm), result.stdout).toHaveLength(1);
  expect(journalFolders(result.folder)).toEqual([]);
});
