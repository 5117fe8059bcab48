// The way out of an unchanged job decides how its run ends: the README's table, in real processes.
import { join } from 'node:path';
import { SpanStatusCode } from '@opentelemetry/api';
import { expect, test } from 'vitest';
import { journalFolders, makeFolder, readJsonLines, readRuns } from '../end-to-end/run-job.ts';
import { FILE_SDK, runRegistered } from './registered.ts';

interface WayOut {
  readonly way: string;
  readonly sent?: NodeJS.Signals;
  readonly code: number | null;
  readonly status: 'FINISHED' | 'FAILED' | 'KILLED';
  readonly said?: string;
}

const waysOut: readonly WayOut[] = [
  { way: 'natural', code: 0, status: 'FINISHED' },
  { way: 'stuck-part', code: 0, status: 'FINISHED' },
  { way: 'exit-0', code: 0, status: 'FINISHED' },
  { way: 'exit-3', code: 3, status: 'FAILED', said: 'The process exited with code 3.' },
  { way: 'exit-code', code: 5, status: 'FAILED', said: 'The process exited with code 5.' },
  { way: 'stuck', code: 13, status: 'FAILED', said: 'The process exited with code 13.' },
  { way: 'throws', code: 1, status: 'FAILED', said: 'late' },
  { way: 'rejects', code: 1, status: 'FAILED', said: 'nobody waits' },
  { way: 'signal', sent: 'SIGTERM', code: null, status: 'KILLED', said: 'The process received SIGTERM.' },
  { way: 'signal', sent: 'SIGHUP', code: null, status: 'KILLED', said: 'The process received SIGHUP.' },
  { way: 'signal', sent: 'SIGINT', code: null, status: 'KILLED', said: 'The process received SIGINT.' },
];

const titled = waysOut.map((row) => ({
  ...row,
  title: [row.way, row.sent].filter((part) => part !== undefined).join(' '),
}));

test.each(titled)('$title: run $status, span and exit code alike', async (row) => {
  const { way, sent, code, status, said } = row;
  const folder = makeFolder();
  const result = await runRegistered(way, {
    folder,
    code,
    nodeArgs: ['--import', FILE_SDK],
    env: { SPANS: join(folder, 'spans.jsonl') },
    ...(sent === undefined ? {} : { signal: sent }),
  });
  expect(result.signal).toBe(sent ?? null);
  expect(readRuns(folder)).toMatchObject([{ name: 'registered', status }]);
  const spans = readJsonLines(join(folder, 'spans.jsonl'));
  const expected =
    status === 'FINISHED' ? { code: SpanStatusCode.UNSET } : { code: SpanStatusCode.ERROR, message: said };
  expect(spans).toMatchObject([{ name: 'registered', status: expected, attributes: { 'runspan.kind': 'run' } }]);
  const alert = /^\[.*\] Run registered (?:failed|was killed)/gm;
  expect(result.stderr.match(alert)?.length ?? 0).toBe(status === 'FINISHED' ? 0 : 1);
  expect(result.stdout).not.toMatch(alert);
  expect(journalFolders(folder)).toEqual([]);
});
