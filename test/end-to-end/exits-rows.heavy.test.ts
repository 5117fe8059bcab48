// Ends of real processes beyond the table: handlers of the job's own, a second Ctrl-C, exits right after a burst.
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { journalFolders, makeFolder, readRuns, runJob } from './run-job.ts';
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
  {
    way: 'left-open-stuck',
    claim: 'left open below an await that never settles it FAILED',
    code: 13,
    status: 'FAILED',
  },
  { way: 'left-open-late', claim: 'opened and left open long after the main module was done it is FINISHED' },
  { way: 'left-open-renamed', claim: 'a script that only argv names is not run when the process ends' },
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

test.concurrent(
  'what the worker said to a job that never yields is told before its process.exit, once',
  async ({ onTestFinished }) => {
    const folder = makeFolder();
    const holdUntil = join(folder, 'told');
    let count = 0;
    // A call is tried three times; after that the worker has said what is wrong, and tries anew.
    const server = createServer((request) => {
      request.socket.resetAndDestroy();
      if (++count === 4) writeFileSync(holdUntil, '');
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void server.close());
    const { port } = server.address() as AddressInfo;
    const options = { trackingUri: `http://127.0.0.1:${port}`, startTimeoutMs: 0, exitTimeoutMs: 200 };
    const told = JSON.stringify({ points: 5, holdUntil, end: 'exit-inside', options });
    const result = await runJob('one-run.mjs', { folder, args: [told] });
    expect(result.code, result.stderr).toBe(0);
    expect(result.stderr.match(/The tracking store cannot be reached for now: .*kept and tried again/g)).toHaveLength(
      1,
    );
    expect(result.stderr).toMatch(/records were not delivered before the exit, and are kept in/);
  },
);

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
  expect(result.endMs).toBeLessThan(8_000);
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
