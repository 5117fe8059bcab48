// Two copies of the built package in one process: neither takes the other's handlers for the user's, and both tell the truth.
import { cpSync, mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, test } from 'vitest';
import { journalFolders, makeFolder, readRuns, runJob } from './run-job.ts';

const root = join(import.meta.dirname, '../..');

/** Puts copies of the built package side by side, with the dependencies they share. */
function copyPackage(count: number): string[] {
  const folder = makeFolder();
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
  return Array.from({ length: count }, (_, index) => {
    const home = join(folder, `copy-${index}`);
    mkdirSync(home);
    cpSync(join(root, 'dist'), join(home, 'dist'), { recursive: true });
    cpSync(join(root, 'package.json'), join(home, 'package.json'));
    return pathToFileURL(join(home, 'dist/index.js')).href;
  });
}

interface Ending {
  readonly way: string;
  readonly sent?: NodeJS.Signals;
  readonly code: number | null;
  readonly status: string;
}

const copies = copyPackage(2);

const endings: readonly Ending[] = [
  { way: 'signal', sent: 'SIGTERM', code: null, status: 'KILLED' },
  { way: 'signal', sent: 'SIGINT', code: null, status: 'KILLED' },
  { way: 'exit-0', code: 0, status: 'FINISHED' },
  { way: 'exit-3', code: 3, status: 'FAILED' },
  { way: 'throws', code: 1, status: 'FAILED' },
  { way: 'natural', code: 0, status: 'FINISHED' },
];

// One after the other: each is a process with two workers.
test.each(endings)(
  'two copies end by $way $sent with $status twice, one alert each',
  async ({ way, sent, code, status }) => {
    const folder = makeFolder();
    const args = [way, ...copies];
    const result = await runJob('two-copies.mjs', { folder, args, ...(sent === undefined ? {} : { signal: sent }) });
    expect([result.code, result.signal], result.stderr).toEqual([code, sent ?? null]);
    const runs = readRuns(folder).map(
      ({ name, status: found, metrics }) => [name, [found, metrics[0]?.value]] as const,
    );
    expect(runs).toHaveLength(2);
    expect(Object.fromEntries(runs)).toEqual({ 'copy-0': [status, 0], 'copy-1': [status, 1] });
    const alerts = ['copy-0', 'copy-1'].map((name) =>
      result.stdout.match(new RegExp(`^\\[job\\d\\] Run ${name} `, 'gm')),
    );
    expect(alerts.map((lines) => lines?.length ?? 0)).toEqual(status === 'FINISHED' ? [0, 0] : [1, 1]);
    expect(journalFolders(folder)).toEqual([]);
  },
);
