// kill -9 at a hundred random moments, every end right after a burst, and many processes and threads at once.
import { describe, expect, it } from 'vitest';
import { jobFolder, leftFolders, readRun, startJob, upTo } from './jobs.ts';
import { adopt, expectDelivered, key, killAtRandom } from './kills.ts';
import type { BurstEnd } from './kills.ts';

it('kill -9 at 100 random moments of a busy loop loses nothing, doubles nothing and ends each run KILLED', async ({
  signal,
}) => {
  await expect(killAtRandom(100, signal)).resolves.toBeUndefined();
}, 300_000);

const ends: readonly (BurstEnd & { readonly claim: string })[] = [
  { claim: 'process.exit', mode: 'exit', code: 3, status: 'FINISHED' },
  { claim: 'process.exit during stop()', mode: 'stop-exit', code: 3, status: 'FINISHED' },
  { claim: 'an uncaught throw', mode: 'throw', code: 1, status: 'RUNNING' },
  { claim: 'the natural end', mode: 'end', code: 0, status: 'FINISHED' },
  { claim: 'stop()', mode: 'stop', code: 0, status: 'FINISHED' },
];

describe('an end right after 20,000 metrics', () => {
  it.each(ends)('by $claim delivers all of them and keeps the exit code', async (end) => {
    await expectDelivered(end);
  });

  it.each(ends.slice(0, 3))('by $claim delivers all of them to a file also from an inline drain', async (end) => {
    await expectDelivered({ ...end, drain: 'inline' });
  });
});

describe('many at once', () => {
  it('ten processes in one folder deliver each their own', async () => {
    const folder = jobFolder();
    const jobs = upTo(10).map((index) => startJob({ folder, mode: 'stop', runKey: key(index), count: 500 }));
    for (const job of jobs) expect(await job.ended, job.stderr()).toBe(0);
    await adopt(folder);
    for (const index of upTo(10)) {
      expect(readRun(folder, key(index))?.steps).toEqual(upTo(500));
      expect(readRun(folder, key(index))?.status).toBe('FINISHED');
    }
    expect(leftFolders(folder)).toEqual([]);
  });

  it('worker threads of a job have an outbox each', async () => {
    const folder = jobFolder();
    const job = startJob({ folder, mode: 'threads', runKey: key(0), count: 1000 });
    expect(await job.ended, job.stderr()).toBe(0);
    for (const digit of ['a', 'b']) {
      expect(readRun(folder, digit.repeat(32))).toMatchObject({ status: 'FINISHED', steps: upTo(1000) });
    }
    expect(leftFolders(folder)).toEqual([]);
  });
});
