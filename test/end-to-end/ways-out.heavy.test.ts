// The table of ways out, row by row: real child processes, what they leave in the store, on the span, as exit code, as alert.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { journalFolders, makeFolder, readJsonLines, readRuns, runJob } from './run-job.ts';
import type { JobOptions, JobResult, StoredRun } from './run-job.ts';
import { rows } from './ways-out-table.ts';
import type { WayOut } from './ways-out-table.ts';

async function leaveBy(
  { way, signal }: Pick<WayOut, 'way' | 'signal'>,
  options: JobOptions = {},
): Promise<{ result: JobResult; spansFile: string }> {
  const folder = makeFolder();
  const spansFile = join(folder, 'spans.jsonl');
  const result = await runJob('way-out.mjs', {
    ...options,
    folder,
    args: [way, spansFile],
    ...(signal === undefined ? {} : { signal }),
  });
  return { result, spansFile };
}

/** The run itself says why: an error by type, message and stack, whole in a file; anything else by a reason. */
function expectWords({ message, error, isError }: WayOut, run: StoredRun | undefined): void {
  const { tags = {}, artifactFolder = '' } = run ?? {};
  const file = join(artifactFolder, 'runspan/error.txt');
  const said = error === undefined ? tags['runspan.end_reason'] : tags['exception.message'];
  if (isError && message !== undefined) expect(said).toContain(message);
  expect(tags['error.type']).toBe(error);
  expect(existsSync(file)).toBe(error !== undefined);
  if (!isError) expect(said).toBeUndefined();
  if (error === undefined) return;
  expect(readFileSync(file, 'utf8')).toContain(tags['exception.stacktrace'] ?? message);
}

test.concurrent.each(rows)('$way: run $status, span error $isError, exit as Node has it', async (row) => {
  const { result, spansFile } = await leaveBy(row);
  expect([result.code, result.signal], result.stderr).toEqual([row.code ?? null, row.killedBy ?? null]);
  if (row.stderr !== undefined) expect(result.stderr).toContain(row.stderr);

  const runs = readRuns(result.folder);
  expect(runs).toMatchObject([{ name: 'way', status: row.status, params: { optimizer: 'adam' } }]);
  expect(runs[0]?.metrics).toEqual([{ key: 'loss', value: 0.5, step: 1 }]);
  expect(runs[0]?.endTimeMs).toBeGreaterThan(0);
  expectWords(row, runs[0]);

  const spans = readJsonLines(spansFile);
  expect(spans).toMatchObject([{ name: 'way', status: { code: row.isError ? 2 : 0 } }]);
  if (row.message !== undefined) expect(JSON.stringify(spans[0]?.['status'])).toContain(row.message);
  expect(spans[0]?.['attributes']).toMatchObject({ 'mlflow.run.status': row.status, 'mlflow.metric.loss': 0.5 });

  const alerts = result.stdout.split('\n').filter((line) => line.startsWith('[job] '));
  expect(alerts, result.stdout).toHaveLength(row.isError ? 1 : 0);
  expect(journalFolders(result.folder)).toEqual([]);
});

test('a run whose body never settles FAILED, and Node itself exits 13', async () => {
  const { result } = await leaveBy({ way: 'hangs-idle' });
  expect(result.code).toBe(13);
  expect(readRuns(result.folder)).toMatchObject([{ status: 'FAILED' }]);
});

const deaths = [
  { claim: 'kill -9', way: 'sigkill', signal: 'SIGKILL', by: ['SIGKILL'], nodeArgs: [] },
  // V8 ends the process by abort(); a build may trap instead.
  {
    claim: 'out of memory',
    way: 'out-of-memory',
    by: ['SIGABRT', 'SIGTRAP', 'SIGILL'],
    nodeArgs: ['--max-old-space-size=64'],
  },
] as const;

test.concurrent.each(deaths)(
  '$claim: the next job delivers all of it, ends the run KILLED at its last sign of life, and alerts',
  async ({ by, nodeArgs, ...death }) => {
    const beganMs = Date.now();
    const { result, spansFile } = await leaveBy(death, { nodeArgs });
    const diedMs = Date.now();
    expect(by, result.stderr).toContain(result.signal);
    expect([readJsonLines(spansFile), journalFolders(result.folder).length]).toEqual([[], 1]);

    const next = await runJob('way-out.mjs', { folder: result.folder, args: ['returns', join(result.folder, 'next')] });
    expect(next.code, next.stderr).toBe(0);
    const runs = readRuns(result.folder);
    expect(runs.map(({ status }) => status)).toEqual(['KILLED', 'FINISHED']);
    const metrics = runs[0]?.metrics ?? [];
    const hoard = metrics.filter(({ key }) => key === 'hoard');
    expect(metrics.filter(({ key }) => key !== 'hoard')).toEqual([{ key: 'loss', value: 0.5, step: 1 }]);
    expect(hoard).toEqual(hoard.map((_, step) => ({ key: 'hoard', value: step, step })));
    if (death.way === 'out-of-memory') {
      const accepted = Number(readFileSync(`${spansFile}.accepted`, 'utf8'));
      expect(accepted).toBeGreaterThan(20);
      expect(hoard.length).toBeGreaterThanOrEqual(accepted);
    }
    expect(runs[0]?.params).toEqual({ optimizer: 'adam' });
    expect(runs[0]?.tags['runspan.end_reason']).toMatch(/ended without closing the run/);
    expect(runs[0]?.endTimeMs).toBeGreaterThanOrEqual(beganMs);
    expect(runs[0]?.endTimeMs).toBeLessThanOrEqual(diedMs);
    expect(next.stdout.match(/^\[job\] .*was KILLED/gm), next.stdout).toHaveLength(1);
    expect(journalFolders(result.folder)).toEqual([]);
  },
);

const canBeFirst = spawnSync('unshare', ['-rpf', '--mount-proc', 'true']).status === 0;
if (!canBeFirst) console.warn('SKIPPED: the first process of a container, because namespaces are not permitted here');

test
  .skipIf(!canBeFirst)
  .concurrent(
    'as the first process of a container, where a re-raised signal does nothing, it exits 128 + n',
    async () => {
      const wrapper = ['unshare', '-rpf', '--mount-proc'];
      const { result } = await leaveBy({ way: 'signals-itself' }, { wrapper });
      expect([result.code, result.signal], result.stderr).toEqual([143, null]);
      expect(readRuns(result.folder)).toMatchObject([{ status: 'KILLED', metrics: [{ value: 0.5 }] }]);
      expect(result.stdout.match(/^\[job\] /gm)).toHaveLength(1);
      expect(journalFolders(result.folder)).toEqual([]);
    },
  );
