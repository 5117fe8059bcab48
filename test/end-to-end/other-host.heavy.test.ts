// A RUNSPAN_DIR that several hosts share: a job of another one is left alone while it may live, and ended once it has been silent for long.
import { utimesSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { writeLease } from '../../src/outbox/folder/lease.ts';
import { nodeMachine, nodeSystem } from '../../src/outbox/machine/node-system.ts';
import { journalFolders, makeFolder, readRuns, runJob } from './run-job.ts';

const MINUTE_MS = 60_000;

test('a dead job of another host, whose process id is alive here: left alone, then ended at its last sign of life, with one alert', async () => {
  const { folder } = await runJob('way-out.mjs', {
    folder: makeFolder(),
    args: ['sigkill', '/dev/null'],
    signal: 'SIGKILL',
  });
  const [name = ''] = journalFolders(folder);
  const lease = join(folder, '.runspan', name, 'lease');
  const machine = { ...nodeMachine(), hostName: 'elsewhere', bootId: 'another-boot' };
  writeLease({ ...nodeSystem(), machine }, lease, { folder: name, isInline: false });
  const returns = { folder, args: ['returns', join(folder, 'spans.jsonl')] };
  const fresh = await runJob('way-out.mjs', returns);
  expect([fresh.code, fresh.stdout]).toEqual([0, '']);
  // It may have died before its run was in the store.
  expect(readRuns(folder).map(({ status }) => status)).not.toContain('KILLED');
  expect(journalFolders(folder)).toEqual([name]);

  const silentSince = Math.trunc(Date.now() - 2 * MINUTE_MS) / 1000;
  utimesSync(lease, silentSince, silentSince);
  // It is looked at twice, some seconds apart: this job lives long enough for that, and until it has heard of the end.
  const later = await runJob('way-out.mjs', {
    folder,
    args: ['stays', join(folder, 'spans.jsonl')],
    onOutput: (stdout, kill) => stdout.includes('was KILLED') && kill('SIGTERM'),
  });
  const alerts = later.stdout.split('\n').filter((line) => line.includes('was KILLED'));
  expect(alerts, later.stdout).toEqual([expect.stringContaining('on elsewhere')]);
  const dead = readRuns(folder).find(({ tags }) => tags['way'] === 'sigkill');
  expect(dead).toMatchObject({ status: 'KILLED', metrics: [{ value: 0.5 }], params: { optimizer: 'adam' } });
  // The clock of the disk said when; a run does not end before it began.
  expect(dead?.endTimeMs).toBe(Math.max(dead?.startTimeMs ?? 0, silentSince * 1000));
  // What its adopter had not tidied up when it was stopped is tidied up, and nobody is told twice.
  expect((await runJob('way-out.mjs', returns)).stdout).toBe('');
  expect(journalFolders(folder)).toEqual([]);
});
