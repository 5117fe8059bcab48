// An artifact that the server's proxy answers with 500 for ever, in real processes: what it may cost, and what becomes of it.
import { expect, onTestFinished, test } from 'vitest';
import { journalFolders, runJob } from './run-job.ts';
import type { JobOptions } from './run-job.ts';
import { TrackingServer } from './tracking-server.ts';

/** A server that takes everything but one file, and counts how often that is taken in the end. */
async function serve(): Promise<{ server: TrackingServer; heal: () => void; puts: () => number }> {
  const server = await new TrackingServer().start();
  onTestFinished(() => server.stop());
  server.keepsArtifacts = true;
  server.keepsTraces = true;
  let isWell = false;
  let taken = 0;
  server.mood = (endpoint) => {
    if (!endpoint.endsWith('/bad.txt')) return 'serve';
    if (isWell) taken += 1;
    return isWell ? 'serve' : '500-before';
  };
  return { server, heal: () => (isWell = true), puts: () => taken };
}

const stuckFiles = (server: TrackingServer): readonly string[] =>
  [...server.artifacts].filter(([endpoint]) => endpoint.endsWith('/bad.txt')).map(([, body]) => body);

async function deliverRest(server: TrackingServer, folder: string): Promise<void> {
  const told = JSON.stringify({ points: 1, name: 'next', options: { trackingUri: server.url } });
  const next = await runJob('one-run.mjs', { folder, args: [told] });
  expect([next.code, next.stderr]).toEqual([0, '']);
  expect(journalFolders(folder)).toEqual([]);
}

const stuck = (server: TrackingServer, way: string, options: JobOptions = {}): ReturnType<typeof runJob> =>
  runJob('stuck-artifact.mjs', { args: [server.url, way], ...options });

test('set aside in a job that is killed by kill -9: the next job delivers it, once, and ends the run KILLED', async () => {
  const { server, heal, puts } = await serve();
  let seen: unknown;
  const killed = await stuck(server, 'busy', {
    onMessage: (message, kill) => {
      seen = message;
      kill('SIGKILL');
    },
  });
  expect([killed.signal, seen], killed.stderr).toEqual(['SIGKILL', { behind: 1 }]);
  expect([stuckFiles(server), journalFolders(killed.folder).length]).toEqual([[], 1]);

  heal();
  await deliverRest(server, killed.folder);
  expect([stuckFiles(server), puts()]).toEqual([['poison'], 1]);
  const runs = server.store.activeRuns().map(({ info, metrics }) => [info.runName, info.status, metrics.length]);
  expect(runs).toEqual([
    ['stuck', 'KILLED', 1],
    ['next', 'FINISHED', 1],
  ]);
});

test('at an exit it costs no more than the deadline, is named in the one line, and the next job delivers it', async () => {
  const { server, heal, puts } = await serve();
  const left = await stuck(server, 'exit');
  // The deadline of the job is 3 s; the rest is the end of a process on a busy machine.
  expect(left.endMs).toBeLessThan(8_000);
  expect(left.code, left.stderr).toBe(0);
  expect(left.stderr.match(/not delivered before/g)).toHaveLength(1);
  expect(left.stderr).toMatch(/^runspan: 1 of \d+ records .* the exit.*; artifact 'bad\.txt' did not get through\.$/m);
  expect(server.store.activeRuns()).toMatchObject([{ info: { runName: 'stuck', status: 'FINISHED' } }]);

  heal();
  await deliverRest(server, left.folder);
  expect([stuckFiles(server), puts()]).toEqual([['poison'], 1]);
});
