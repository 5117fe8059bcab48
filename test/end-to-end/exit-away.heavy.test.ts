// How long a job's end waits for a server that cannot be had: no longer than that may bring something, and nothing is lost by it.
import { expect, test } from 'vitest';
import { journalFolders, runJob } from './run-job.ts';
import type { JobResult } from './run-job.ts';
import { TrackingServer } from './tracking-server.ts';

/** What an end may take in all: a server that is away is given up after a quarter of it. */
const EXIT_MS = 20_000;
/** Not to the last, also on a busy machine. */
const LIMIT_MS = 14_000;

interface EndedJob extends JobResult {
  /** How long it took from the end of its run on. */
  readonly endMs: number;
}

async function runOnce(trackingUri: string, told: object, onBusy?: () => void): Promise<EndedJob> {
  const options = { trackingUri, startTimeoutMs: 300, exitTimeoutMs: EXIT_MS, stopTimeoutMs: EXIT_MS };
  let fromMs = 0;
  const result = await runJob('one-run.mjs', {
    args: [JSON.stringify({ options, points: 20, ...told })],
    onMessage: (message) => {
      if (message === 'busy') onBusy?.();
      else fromMs = performance.now();
    },
  });
  return { ...result, endMs: performance.now() - fromMs };
}

async function serve(finallyDo: (stop: () => Promise<void>) => void): Promise<TrackingServer> {
  const server = await new TrackingServer().start();
  finallyDo(() => server.stop());
  return server;
}

function expectKept(result: JobResult): void {
  expect(result.code, result.stderr).toBe(0);
  expect(
    result.stderr.match(/records were not delivered before the (exit|stop), and are kept in .*'runspan sync'/g),
  ).toHaveLength(1);
  expect(journalFolders(result.folder)).toHaveLength(1);
}

test.concurrent.for([
  [401, 'exit'],
  [403, 'none'],
  [404, 'stop'],
  [503, 'exit'],
] as const)(
  'answering %i, left by %s: the job does not wait for it to the last',
  async ([status, end], { onTestFinished }) => {
    const server = await serve(onTestFinished);
    server.mood = (endpoint) => (endpoint.startsWith('experiments/') ? 'serve' : status);
    const result = await runOnce(server.url, { end });
    expectKept(result);
    expect(result.endMs).toBeLessThan(LIMIT_MS);
  },
);

test.concurrent.for([
  ['refuses connections', '127.0.0.1', 'none'],
  ['refuses connections', '127.0.0.1', 'stop'],
  ['has no address', 'nobody.invalid', 'exit'],
] as const)('a server that %s (%s), left by %s: the same', async ([, host, end], { onTestFinished }) => {
  const server = await serve(onTestFinished);
  const { port } = new URL(server.url);
  await server.stop();
  const result = await runOnce(`http://${host}:${port}`, { end });
  expectKept(result);
  expect(result.endMs).toBeLessThan(LIMIT_MS);
});

test.concurrent.for(['exit', 'none', 'stop'] as const)(
  'restarted for two seconds while the job ends by %s: all is delivered',
  async (end, { onTestFinished }) => {
    const server = await serve(onTestFinished);
    const restarted: Promise<unknown>[] = [];
    const result = await runOnce(server.url, { end, busyMs: 300 }, () => {
      restarted.push(
        server.stop().then(async () => {
          await new Promise((resolve) => setTimeout(resolve, 2000));
          await server.start();
        }),
      );
    });
    await Promise.all(restarted);
    expect(result.code, result.stderr).toBe(0);
    expect(result.stderr).not.toMatch(/not delivered/);
    expect(server.store.activeRuns().map(({ statuses, metrics }) => [statuses.at(-1), metrics.length])).toEqual([
      ['FINISHED', 20],
    ]);
    expect(journalFolders(result.folder)).toEqual([]);
  },
);
