// A token that runs out while a job runs: nothing is lost, nothing is buried, and nobody gets to see it.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { journalFolders, makeFolder, runJob } from './run-job.ts';
import type { JobResult } from './run-job.ts';
import { TrackingServer } from './tracking-server.ts';

async function serve(): Promise<TrackingServer> {
  const server = await new TrackingServer().start();
  onTestFinished(() => server.stop());
  return server;
}

const stepsOf = (server: TrackingServer): readonly number[] =>
  server.store.activeRuns().flatMap(({ metrics }) => metrics.map(({ step }) => step).toSorted((a, b) => a - b));
const upTo = (end: number): readonly number[] => Array.from({ length: end }, (_, step) => step);

/** Everything that the job left on disk and said. */
function traces({ folder, stdout, stderr }: JobResult): string {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return [stdout, stderr, ...files.map((file) => readFileSync(join(file.parentPath, file.name), 'latin1'))].join('\n');
}

test('a job whose token runs out goes on with a fresh one, also while it computes and at its exit', async () => {
  const server = await serve();
  server.accepts = (authorization) =>
    authorization === (stepsOf(server).length < 500 ? 'Bearer hunter-1' : 'Bearer hunter-2');
  let deliveredBeforeYield = 0;
  const result = await runJob('rotating-token.mjs', {
    args: [JSON.stringify({ rotates: true, trackingUri: server.url })],
    onMessage: () => (deliveredBeforeYield = stepsOf(server).length),
  });
  expect(result.code, result.stderr).toBe(0);
  expect(deliveredBeforeYield, 'with the last token, while the thread could not be asked').toBeGreaterThan(1000);
  expect(stepsOf(server)).toEqual(upTo(1500));
  expect(server.store.activeRuns().map(({ statuses }) => statuses.at(-1))).toEqual(['FINISHED']);
  expect(journalFolders(result.folder)).toEqual([]);
  expect(traces(result)).not.toContain('hunter');
});

test('what a server refuses for its credentials stays in the journal, and the next job delivers it', async () => {
  const server = await serve();
  const folder = makeFolder();
  const job = { trackingUri: server.url, exitTimeoutMs: 500 };
  server.accepts = () => stepsOf(server).length < 500;
  const refused = await runJob('rotating-token.mjs', { folder, args: [JSON.stringify(job)] });
  expect(refused.code, refused.stderr).toBe(0);
  expect(refused.stderr).toMatch(/The tracking store refuses what is sent: .*401 UNAUTHENTICATED/);
  expect(stepsOf(server)).toEqual(upTo(500));
  expect(journalFolders(folder)).toHaveLength(1);
  expect(traces(refused)).not.toContain('hunter');
  const names = readdirSync(folder, { recursive: true }).map(String);
  expect(names.filter((name) => /dead/.test(name))).toEqual([]);

  server.accepts = () => true;
  const next = await runJob('rotating-token.mjs', {
    folder,
    args: [JSON.stringify({ ...job, rotates: true, exitTimeoutMs: 10_000 })],
  });
  expect(next.code, next.stderr).toBe(0);
  expect(stepsOf(server)).toEqual([...upTo(1000), ...upTo(1500)]);
  expect(journalFolders(folder)).toEqual([]);
});
