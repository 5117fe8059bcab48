// The table of ways out, row by row: real child processes, what they leave in the store, on the span, as exit code, as alert.
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { journalFolders, makeFolder, readJsonLines, readRuns, runJob } from './run-job.ts';
import type { JobResult } from './run-job.ts';

interface WayOut {
  readonly way: string;
  readonly status: string;
  readonly isError: boolean;
  readonly code?: number;
  readonly killedBy?: NodeJS.Signals;
  readonly signal?: NodeJS.Signals;
  /** Part of the span's status message. */
  readonly message?: string;
  readonly stderr?: string;
}

const rows: readonly WayOut[] = [
  { way: 'returns', status: 'FINISHED', isError: false, code: 0 },
  { way: 'fails', status: 'FAILED', isError: true, code: 0, message: 'score too low' },
  { way: 'span-error', status: 'FAILED', isError: true, code: 0, message: 'by hand' },
  { way: 'throws', status: 'FAILED', isError: true, code: 1, message: 'boom', stderr: 'TypeError: boom' },
  { way: 'throws-undefined', status: 'FAILED', isError: true, code: 1, message: 'undefined' },
  { way: 'uncaught', status: 'FAILED', isError: true, code: 1, message: 'late', stderr: 'RangeError: late' },
  { way: 'rejects', status: 'FAILED', isError: true, code: 1, message: 'nobody waits', stderr: 'nobody waits' },
  { way: 'exit-0', status: 'FINISHED', isError: false, code: 0 },
  { way: 'exit-3', status: 'FAILED', isError: true, code: 3, message: 'code 3' },
  { way: 'ended-killed', status: 'KILLED', isError: true, code: 0 },
  { way: 'sigterm', signal: 'SIGTERM', status: 'KILLED', isError: true, killedBy: 'SIGTERM', message: 'SIGTERM' },
  { way: 'sigint', signal: 'SIGINT', status: 'KILLED', isError: true, killedBy: 'SIGINT', message: 'SIGINT' },
  { way: 'sighup', signal: 'SIGHUP', status: 'KILLED', isError: true, killedBy: 'SIGHUP', message: 'SIGHUP' },
  { way: 'busy-signal', signal: 'SIGTERM', status: 'KILLED', isError: true, killedBy: 'SIGTERM', message: 'SIGTERM' },
  { way: 'handled-signal', signal: 'SIGTERM', status: 'FAILED', isError: true, code: 7, message: 'code 7' },
];

async function leaveBy({ way, signal }: WayOut): Promise<{ result: JobResult; spansFile: string }> {
  const folder = makeFolder();
  const spansFile = join(folder, 'spans.jsonl');
  const result = await runJob('way-out.mjs', {
    folder,
    args: [way, spansFile],
    ...(signal === undefined ? {} : { signal }),
  });
  return { result, spansFile };
}

test.concurrent.each(rows)('$way: run $status, span error $isError, exit as Node has it', async (row) => {
  const { result, spansFile } = await leaveBy(row);
  expect([result.code, result.signal], result.stderr).toEqual([row.code ?? null, row.killedBy ?? null]);
  if (row.stderr !== undefined) expect(result.stderr).toContain(row.stderr);

  const runs = readRuns(result.folder);
  expect(runs).toMatchObject([{ name: 'way', status: row.status, params: { optimizer: 'adam' } }]);
  expect(runs[0]?.metrics).toEqual([{ key: 'loss', value: 0.5, step: 1 }]);
  expect(runs[0]?.endTimeMs).toBeGreaterThan(0);

  const spans = readJsonLines(spansFile);
  expect(spans).toMatchObject([{ name: 'way', status: { code: row.isError ? 2 : 0 } }]);
  if (row.message !== undefined) expect(JSON.stringify(spans[0]?.['status'])).toContain(row.message);
  expect(spans[0]?.['attributes']).toMatchObject({ 'mlflow.run.status': row.status, 'mlflow.metric.loss': 0.5 });

  const alerts = result.stdout.split('\n').filter((line) => line.startsWith('[job] '));
  expect(alerts, result.stdout).toHaveLength(row.isError ? 1 : 0);
  expect(journalFolders(result.folder)).toEqual([]);
});

test('a run whose body never settles FAILED, and Node itself exits 13', async () => {
  const { result } = await leaveBy({ way: 'hangs-idle', status: '', isError: true });
  expect(result.code).toBe(13);
  expect(readRuns(result.folder)).toMatchObject([{ status: 'FAILED' }]);
});
