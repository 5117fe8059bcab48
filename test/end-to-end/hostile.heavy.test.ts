// A machine that does not help: a locked database, folders that cannot be written, a full disk, a broken pipe, a blocked thread.
import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { openSqliteStore } from '../../src/stores/sqlite/sqlite-store.ts';
import { cleanEnv, journalFolders, makeFolder, readJsonLines, readRuns, runJob } from './run-job.ts';
import type { JobOptions, JobResult } from './run-job.ts';

const oneRun = (told: object, options: JobOptions = {}): Promise<JobResult> =>
  runJob('one-run.mjs', { ...options, args: [JSON.stringify(told)] });

/** The points of a run of one-run.mjs, each as its step says. */
function expectPoints(
  run: { readonly metrics: readonly { value: number; step: number }[] } | undefined,
  count: number,
): void {
  expect(run?.metrics.length).toBe(count);
  expect(run?.metrics.filter(({ value, step }, index) => step !== index || value !== step / 2)).toEqual([]);
}

/** Makes a job's database in a folder of its own and locks it as another program would, until `unlock` is called. */
async function makeLocked(): Promise<{ folder: string; unlock: () => void }> {
  const folder = makeFolder();
  await openSqliteStore({ path: join(folder, 'mlflow.db'), artifactRoot: join(folder, 'mlruns') }).close();
  const database = new DatabaseSync(join(folder, 'mlflow.db'), { timeout: 10_000 });
  database.exec('PRAGMA busy_timeout = 5000; BEGIN EXCLUSIVE');
  const unlock = (): void => {
    database.exec('ROLLBACK');
    database.close();
  };
  return { folder, unlock };
}

interface Told {
  readonly key?: string;
  readonly stats?: { readonly accepted: number; readonly pending: number; readonly durability: string };
  readonly flushed?: { readonly isComplete: boolean };
}

test.concurrent('a database that is locked holds up nobody; what was logged arrives when it is free', async () => {
  const { folder, unlock } = await makeLocked();
  let seen: Told = {};
  const result = await oneRun(
    { points: 500, name: 'second', end: 'none', options: { startTimeoutMs: 100 } },
    {
      folder,
      onMessage: (message) => {
        // The job sends this when its run has ended: until then, and longer, the database was locked.
        seen = message as Told;
        unlock();
      },
    },
  );
  expect(result.code, result.stderr).toBe(0);
  expect(seen.stats?.pending).toBe(seen.stats?.accepted);
  const second = readRuns(folder).find(({ name }) => name === 'second');
  expect(second?.status).toBe('FINISHED');
  expectPoints(second, 500);
  expect(journalFolders(folder)).toEqual([]);
});

test.concurrent('a database that stays locked costs the job its deadline, no more, and nothing is lost', async () => {
  const { folder, unlock } = await makeLocked();
  const options = { startTimeoutMs: 100, exitTimeoutMs: 300 };
  const result = await oneRun({ points: 50, name: 'second', end: 'none', options }, { folder });
  unlock();
  expect([result.code, result.stderr.match(/not delivered before the exit/g)?.length]).toEqual([0, 1]);
  expect(result.endMs).toBeLessThan(8_000);
  await oneRun({ points: 1, name: 'third' }, { folder });
  const runs = readRuns(folder);
  expect(runs.map(({ name, status }) => `${name} ${status}`).sort()).toEqual(['second FINISHED', 'third FINISHED']);
  expectPoints(
    runs.find(({ name }) => name === 'second'),
    50,
  );
});

test.concurrent('where the journal has no folder, the job is told once and all is delivered from memory', async () => {
  const folder = makeFolder();
  writeFileSync(join(folder, 'in-the-way'), '');
  let stats: Told['stats'];
  const result = await oneRun(
    { points: 2_000, options: { directory: join(folder, 'in-the-way') } },
    { folder, onMessage: (message) => (stats = (message as Told).stats) },
  );
  expect(result.code, result.stderr).toBe(0);
  expect(stats?.durability).toBe('memory');
  expect(result.stderr.match(/kept in memory only/g)).toHaveLength(1);
  const [run] = readRuns(folder);
  expect(run?.status).toBe('FINISHED');
  expectPoints(run, 2_000);
});

test.concurrent('where the store has no folder, start() rejects and names the file', async () => {
  const folder = makeFolder();
  writeFileSync(join(folder, 'in-the-way'), '');
  const trackingUri = `sqlite:///${join(folder, 'in-the-way', 'mlflow.db')}`;
  // It is not waited for: a definite no comes before any deadline.
  const result = await oneRun({ options: { trackingUri, startTimeoutMs: 60_000 } }, { folder });
  expect(result.code).toBe(1);
  expect(result.stderr).toContain('in-the-way');
});

const canMount = spawnSync('unshare', ['-rm', 'true']).status === 0;
if (!canMount) console.warn('SKIPPED: full and read-only disks, because mount namespaces are not permitted here');

/** Runs one-run.mjs with a small or read-only file system mounted on its folder `disk`. */
function onDisk(
  told: object,
  mount: string,
  onMessage: (message: unknown) => void = () => undefined,
): Promise<JobResult> {
  const folder = makeFolder();
  const script = `mkdir disk && ${mount} && exec "$0" "$@"`;
  return runJob('one-run.mjs', {
    folder,
    args: [JSON.stringify(told)],
    wrapper: ['unshare', '-rm', 'sh', '-c', script],
    onMessage,
  });
}

test
  .skipIf(!canMount)
  .concurrent('a disk that is full under the journal: told once, all delivered from memory', async () => {
    const messages: Told[] = [];
    const result = await onDisk(
      { points: 20_000, end: 'flush', options: { directory: 'disk' } },
      'mount -t tmpfs -o size=256k tmpfs disk',
      (message) => messages.push(message as Told),
    );
    expect(result.code, result.stderr).toBe(0);
    expect(result.stderr.match(/cannot write to .*kept in memory only/g)).toHaveLength(1);
    expect(messages.at(-1)).toMatchObject({ flushed: { isComplete: true }, stats: { pending: 0, refused: {} } });
    const [run] = readRuns(result.folder);
    expect(run?.status).toBe('FINISHED');
    expectPoints(run, 20_000);
  });

test
  .skipIf(!canMount)
  .concurrent('a disk that is read-only under the journal: told once, all delivered from memory', async () => {
    const result = await onDisk({ points: 100, options: { directory: 'disk' } }, 'mount -t tmpfs -o ro tmpfs disk');
    expect(result.code, result.stderr).toBe(0);
    expect(result.stderr.match(/kept in memory only/g)).toHaveLength(1);
    expectPoints(readRuns(result.folder)[0], 100);
  });

test
  .skipIf(!canMount)
  .concurrent('a disk that is full under everything: the job ends in time, unharmed, and is told', async () => {
    const uri = 'sqlite:///disk/mlflow.db';
    const options = { directory: 'disk/.runspan', trackingUri: uri, startTimeoutMs: 500, exitTimeoutMs: 500 };
    const result = await onDisk({ points: 20_000, end: 'none', options }, 'mount -t tmpfs -o size=700k tmpfs disk');
    expect([result.code, result.signal], result.stderr).toEqual([0, null]);
    expect(result.stderr).toMatch(/cannot write to/);
    expect(result.stderr).toMatch(/not delivered before the exit/);
    expect(result.endMs).toBeLessThan(8_000);
  });

const clockBack = (folder: string, ...args: readonly string[]): Promise<JobResult> => {
  const preload = new URL('../jobs/steps-back.mjs', import.meta.url).href;
  return runJob('clock-back.mjs', { folder, args, nodeArgs: ['--import', preload] });
};

test.concurrent('a clock that steps back by an hour loses no point, and no run ends before it began', async () => {
  const result = await clockBack(makeFolder());
  expect(result.code, result.stderr).toBe(0);
  const [inner, run] = readRuns(result.folder).toSorted((a, b) => a.startTimeMs - b.startTimeMs);
  expect([run?.name, run?.status, run?.params]).toEqual(['clock', 'FINISHED', { late: 'true' }]);
  expect(run?.metrics.map(({ step, value }) => [step, value])).toEqual(
    Array.from({ length: 100 }, (_, at) => [at, at]),
  );
  expect(run?.endTimeMs).toBe(run?.startTimeMs);
  // The inner one lived by the other clock, an hour before.
  expect([inner?.name, inner?.status, inner?.metrics.length]).toEqual(['inner', 'FINISHED', 1]);
  expect((run?.startTimeMs ?? 0) - (inner?.startTimeMs ?? 0)).toBeGreaterThan(3_500_000);
  expect(inner?.endTimeMs).toBeGreaterThanOrEqual(inner?.startTimeMs ?? Number.NaN);
  const lines = readJsonLines(join(result.folder, 'job.log')).map(
    ({ record }) => (record as { message: string }).message,
  );
  expect(lines.filter((message) => /^(?:before|after)$/.test(message))).toEqual(['before', 'after']);
  expect(journalFolders(result.folder)).toEqual([]);
});

test.concurrent(
  'a job whose clock stepped back and that was killed is delivered whole by the next, and KILLED',
  async () => {
    const { folder, signal } = await clockBack(makeFolder(), 'dies');
    expect(signal).toBe('SIGKILL');
    const next = await runJob('one-run.mjs', { folder });
    expect(next.code, next.stderr).toBe(0);
    const run = readRuns(folder).find(({ name }) => name === 'clock');
    expect([run?.status, run?.metrics.length, run?.params]).toEqual(['KILLED', 100, { late: 'true' }]);
    expect(run?.endTimeMs).toBeGreaterThanOrEqual(run?.startTimeMs ?? Number.NaN);
    expect(journalFolders(folder)).toEqual([]);
  },
);

test.concurrent('a reader of stdout that leaves early does not harm the run', async () => {
  const folder = makeFolder();
  const job = fileURLToPath(new URL('../jobs/talkative.mjs', import.meta.url));
  const child = spawn('bash', ['-c', '"$0" "$1" | head -1; exit "${PIPESTATUS[0]}"', process.execPath, job], {
    cwd: folder,
    env: cleanEnv(),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (chunk) => (stdout += String(chunk)));
  child.stderr.on('data', (chunk) => (stderr += String(chunk)));
  const code = await new Promise((resolve) => child.on('close', resolve));
  expect([code, stdout.trim().split('\n').length], stderr).toEqual([0, 1]);
  expect(readRuns(folder)).toMatchObject([{ status: 'FINISHED', metrics: [{ value: 1 }] }]);
});

test.concurrent('while the job blocks its thread, the worker delivers what was logged before', async () => {
  const folder = makeFolder();
  const holdUntil = join(folder, 'seen');
  // The thread is blocked until it has been seen; the last group of less than 64 is written when the turn ends.
  const watch = async (): Promise<void> => {
    while ((readRuns(folder)[0]?.metrics.length ?? 0) < 500 - 64) await pause(10);
    expect(readRuns(folder)).toMatchObject([{ status: 'RUNNING' }]);
  };
  let watching: Promise<void> | undefined;
  const onMessage = (message: unknown): void => {
    if (message === 'busy') watching = watch().finally(() => writeFileSync(holdUntil, ''));
  };
  const result = await oneRun({ points: 500, busyMs: 1, holdUntil }, { folder, onMessage });
  await watching;
  expect(result.code, result.stderr).toBe(0);
  expectPoints(readRuns(folder)[0], 500);
});

test.concurrent("runs of MLflow's file store are left alone, and the first job beside them says so, once", async () => {
  const folder = makeFolder();
  mkdirSync(join(folder, 'mlruns', '0'), { recursive: true });
  writeFileSync(join(folder, 'mlruns', '0', 'meta.yaml'), 'name: Default\n');
  const told = /mlruns holds runs of MLflow's file store/g;
  const chosen = await oneRun({}, { folder, env: { MLFLOW_TRACKING_URI: 'sqlite:///chosen.db' } });
  const first = await oneRun({}, { folder });
  const second = await oneRun({}, { folder });
  expect([chosen, first, second].map(({ stderr }) => stderr.match(told)?.length ?? 0)).toEqual([0, 1, 0]);
  expect(readRuns(folder).map(({ status }) => status)).toEqual(['FINISHED', 'FINISHED']);
  expect(readdirSync(join(folder, 'mlruns', '0'))).toEqual(['meta.yaml']);
});

test.concurrent('what the job preloads is loaded once, not again in the thread that delivers', async () => {
  const folder = makeFolder();
  const preload = (mark: string): string =>
    `data:text/javascript,import{appendFileSync}from'node:fs';appendFileSync('loaded','${mark}')`;
  const result = await oneRun(
    {},
    { folder, nodeArgs: ['--import', preload('a')], env: { NODE_OPTIONS: `--import=${preload('b')}` } },
  );
  expect(result.code, result.stderr).toBe(0);
  expect(readFileSync(join(folder, 'loaded'), 'utf8').match(/./g)?.sort()).toEqual(['a', 'b']);
  expect(readRuns(folder)).toMatchObject([{ status: 'FINISHED' }]);
});
