// Ends of real processes beyond the table: handlers of the job's own, a second Ctrl-C, exits right after a burst.
import { expect, test } from 'vitest';
import { journalFolders, readRuns, runJob } from './run-job.ts';
import type { JobResult } from './run-job.ts';
import { expectBurst } from './bursts.ts';
import { closedPort } from '../rest/scripted-server.ts';

test.concurrent('process.exit inside the run after 20,000 metrics: all are there, value by value', async () => {
  await expectBurst({ end: 'exit-inside', code: 0, status: 'FINISHED' });
});

interface OwnWay {
  readonly way: string;
  readonly claim: string;
  readonly signal?: NodeJS.Signals;
  readonly code?: number;
  readonly status?: string;
}

const ownWays: readonly OwnWay[] = [
  { way: 'on-inside', claim: 'a SIGTERM handler of the job keeps control', signal: 'SIGTERM' },
  { way: 'once-before', claim: 'so does a once() that was there before the run', signal: 'SIGTERM' },
  { way: 'uncaught-handled', claim: 'an uncaughtException handler of the job keeps the run alive' },
  { way: 'rejection-handled', claim: 'an unhandledRejection handler of the job keeps the run alive' },
  { way: 'left-open', claim: 'a run that was left open at a natural end is FINISHED' },
  { way: 'left-open-code', claim: 'left open with an exit code it FAILED', code: 4, status: 'FAILED' },
  { way: 'stop-overtaken', claim: 'process.exit() during stop() tears nothing off' },
];

test.concurrent.each(ownWays)('$way: $claim', async ({ way, signal, code = 0, status = 'FINISHED' }) => {
  const result = await runJob('exits.mjs', { args: [way], ...(signal === undefined ? {} : { signal }) });
  expect([result.code, result.signal], result.stderr).toEqual([code, null]);
  expect(readRuns(result.folder)).toMatchObject([{ status, metrics: [{ key: 'after', value: 1 }] }]);
  const alerts = result.stdout.split('\n').filter((line) => line.startsWith('[job]'));
  expect(alerts).toHaveLength(status === 'FINISHED' ? 0 : 1);
  expect(journalFolders(result.folder)).toEqual([]);
});

test.concurrent('a signal after the last run ends the process as if we were not there', async () => {
  const result = await runJob('exits.mjs', { args: ['ended-before'], signal: 'SIGTERM' });
  expect([result.code, result.signal]).toEqual([null, 'SIGTERM']);
  expect(readRuns(result.folder)).toMatchObject([{ status: 'FINISHED' }]);
});

test.concurrent(
  'a handler that waits to be the last one is not waited for: both do their work, and the process ends',
  async () => {
    const result = await runJob('exits.mjs', { args: ['polite'], signal: 'SIGTERM' });
    expect([result.code, result.signal], result.stderr).toEqual([null, 'SIGTERM']);
    expect(result.stdout).toContain('restored the cursor');
    expect(readRuns(result.folder)).toMatchObject([{ status: 'KILLED', metrics: [{ value: 1 }] }]);
    expect(journalFolders(result.folder)).toEqual([]);
  },
);

const away = async (settings: object): Promise<string> =>
  JSON.stringify({ trackingUri: `http://127.0.0.1:${await closedPort()}`, startTimeoutMs: 50, ...settings });

test.concurrent('a second Ctrl-C ends a job at once that still waits for an absent server', async () => {
  let killedAtMs = 0;
  const result = await runJob('exits.mjs', {
    args: ['open-forever', await away({ exitTimeoutMs: 60_000 })],
    signal: 'SIGINT',
    onOutput: (text, kill) => {
      if (!text.includes('was killed') || killedAtMs > 0) return;
      killedAtMs = performance.now();
      kill('SIGINT');
    },
  });
  expect([result.code, result.signal], result.stderr).toEqual([null, 'SIGINT']);
  expect(performance.now() - killedAtMs).toBeLessThan(10_000);
  expect(result.stderr).toMatch(/not delivered before the exit, and are kept in/);
  expect(journalFolders(result.folder)).toHaveLength(1);
});

test.concurrent('a signalled job waits for an absent server no longer than its deadline', async () => {
  const result = await runJob('exits.mjs', {
    args: ['open-forever', await away({ exitTimeoutMs: 300 })],
    signal: 'SIGTERM',
  });
  expect([result.code, result.signal], result.stderr).toEqual([null, 'SIGTERM']);
  expect(result.seconds).toBeLessThan(10);
  expect(result.stderr.match(/not delivered before the exit/g)).toHaveLength(1);
});

test.concurrent('exitHooks: false leaves the end to the next job: delivered whole, and KILLED', async () => {
  const settings = JSON.stringify({ exitHooks: false });
  const first: JobResult = await runJob('exits.mjs', { args: ['open-forever', settings], signal: 'SIGTERM' });
  expect([first.code, first.signal]).toEqual([null, 'SIGTERM']);
  expect(journalFolders(first.folder)).toHaveLength(1);
  const next = await runJob('exits.mjs', { args: ['left-open'], folder: first.folder });
  expect(next.code, next.stderr).toBe(0);
  const runs = readRuns(first.folder);
  expect(runs.map(({ status }) => status).sort()).toEqual(['FINISHED', 'KILLED']);
  expect(runs.map(({ metrics }) => metrics.length)).toEqual([1, 1]);
  expect(next.stdout).toContain('was KILLED');
  expect(journalFolders(first.folder)).toEqual([]);
});
