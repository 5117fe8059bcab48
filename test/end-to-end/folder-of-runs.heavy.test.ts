// Jobs whose tracking URI is a folder of runs: whole runs, deaths and adoption, several at once, and the command line on it.
import { execFile } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import type { Metric, RunEntity } from '../../src/model/entities.ts';
import { openFileStore } from '../../src/stores/file/file-store.ts';
import { cleanEnv, journalFolders, makeFolder, runJob } from './run-job.ts';
import type { JobOptions, JobResult } from './run-job.ts';

/** So many records the journal writes at once in a turn that does not end. */
const GROUP_OF_RECORDS = 64;
const BIN = fileURLToPath(new URL('../../bin/runspan.cjs', import.meta.url));

function oneRun(told: object, options: JobOptions = {}): Promise<JobResult> {
  const env = { MLFLOW_TRACKING_URI: './mlruns', ...options.env };
  return runJob('one-run.mjs', { ...options, env, args: [JSON.stringify(told)] });
}

interface Found {
  readonly run: RunEntity;
  readonly loss: readonly Metric[];
}

/** Every run of the jobs in a folder by its name, with its points. */
async function findRuns(folder: string): Promise<ReadonlyMap<string, Found>> {
  const store = openFileStore({ path: join(folder, 'mlruns') });
  const { experimentId } = (await store.getExperimentByName('e2e')) ?? { experimentId: '' };
  const { items } = await store.searchRuns({ experimentIds: [experimentId], viewType: 'ALL' });
  const found = new Map<string, Found>();
  for (const run of items) {
    const loss = await store.getMetricHistory({ runId: run.info.runId, key: 'loss' });
    found.set(run.info.runName, { run, loss: loss.items });
  }
  await store.close();
  return found;
}

/** @param lost what a job that was killed in the middle of a turn may have had in memory: less than a group of its journal */
function expectWhole(
  found: Found | undefined,
  status: string,
  { points, lost = 0 }: { points: number; lost?: number },
): void {
  const count = found?.loss.length ?? 0;
  expect(count).toBeGreaterThanOrEqual(points - lost);
  expect(found?.run.info.status).toBe(status);
  expect(found?.run.data.params).toMatchObject({ points: String(points) });
  expect(found?.loss.map(({ value, step }) => [value, step])).toEqual(
    Array.from({ length: Math.min(count, points) }, (_, step) => [step / 2, step]),
  );
}

test.each([
  ['stop', 0, 'FINISHED'],
  ['exit-inside', 0, 'FINISHED'],
  ['throw-inside', 1, 'FAILED'],
])('a job that ends by %s leaves its run whole in ./mlruns, and no database', async (end, code, status) => {
  const { folder, ...job } = await oneRun({ points: 3000, name: end, end });
  expect(job.code, job.stderr).toBe(code);
  const found = (await findRuns(folder)).get(end);
  expectWhole(found, status, { points: 3000 });
  const artifacts = found?.run.info.artifactUri ?? '';
  expect(artifacts).toBe(
    join(folder, 'mlruns', found?.run.info.experimentId ?? '', found?.run.info.runId ?? '', 'artifacts'),
  );
  expect(readdirSync(join(artifacts, 'runspan'))).toContain('trace.otlp.jsonl');
  expect(existsSync(join(folder, 'mlflow.db'))).toBe(false);
  expect(journalFolders(folder)).toEqual([]);
});

test('a run whose job is killed is delivered and ended KILLED by the next job, each point once', async () => {
  const folder = makeFolder();
  const told = { points: 4000, busyMs: 20_000 };
  for (const name of ['first', 'second']) {
    const killed = await oneRun(
      { ...told, name },
      { folder, onMessage: (message, kill) => message === 'busy' && kill('SIGKILL') },
    );
    expect(killed.signal).toBe('SIGKILL');
  }
  await oneRun({ points: 10, name: 'last' }, { folder });
  const found = await findRuns(folder);
  for (const name of ['first', 'second'])
    expectWhole(found.get(name), 'KILLED', { points: 4000, lost: GROUP_OF_RECORDS - 1 });
  expectWhole(found.get('last'), 'FINISHED', { points: 10 });
  expect(readdirSync(join(folder, 'mlruns', '.runspan.trash'))).toEqual(['lock']);
  expect(journalFolders(folder)).toEqual([]);
});

test('jobs that run at once share the folder, by its path and by its URI', async () => {
  const folder = makeFolder();
  const uri = pathToFileURL(join(folder, 'mlruns')).href;
  const jobs = ['./mlruns', uri, './mlruns'].map((MLFLOW_TRACKING_URI, index) =>
    oneRun({ points: 500, name: `job-${index}` }, { folder, env: { MLFLOW_TRACKING_URI } }),
  );
  for (const job of await Promise.all(jobs)) expect(job.code, job.stderr).toBe(0);
  const found = await findRuns(folder);
  expect([...found.keys()].toSorted()).toEqual(['job-0', 'job-1', 'job-2']);
  for (const each of found.values()) expectWhole(each, 'FINISHED', { points: 500 });
});

test('the command line shows what is there, and makes no folder where there is none', async () => {
  const { folder } = await oneRun({ points: 5, name: 'shown' });
  const runspan = (...args: readonly string[]): Promise<{ stdout: string }> =>
    promisify(execFile)(process.execPath, [BIN, ...args], { cwd: folder, env: cleanEnv() });
  const { stdout } = await runspan('runs', '--experiment', 'e2e', '--tracking-uri', './mlruns');
  expect(stdout).toContain('shown');
  await expect(runspan('runs', '--tracking-uri', './elsewhere')).rejects.toMatchObject({
    stderr: expect.stringContaining(`There is no run store at ${join(folder, 'elsewhere')} yet`) as string,
  });
  expect(existsSync(join(folder, 'elsewhere'))).toBe(false);
});
