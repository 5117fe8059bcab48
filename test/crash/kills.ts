// Kills busy jobs, ends others right after a burst, and adopts what they leave.
import { join } from 'node:path';
import { expect } from 'vitest';
import type { OutboxEvent } from '../../src/outbox/contract.ts';
import { openOutbox } from '../../src/outbox/job/outbox.ts';
import type { ChildOptions } from './child.ts';
import type { Job } from './jobs.ts';
import { acceptedBy, jobFolder, leftFolders, readRun, startJob, upTo } from './jobs.ts';

/** Opens an outbox in this process, which adopts what it finds, and stops it. */
export async function adopt(folder: string): Promise<OutboxEvent[]> {
  const events: OutboxEvent[] = [];
  const outbox = openOutbox({
    directory: join(folder, 'outbox'),
    trackingUri: `sqlite:///${join(folder, 'mlflow.db')}`,
    experimentName: 'crash',
    connection: {},
    artifactRoot: join(folder, 'artifacts'),
    env: {},
    onEvent: (event) => events.push(event),
  });
  await outbox.stop({ timeoutMs: 60_000 });
  return events;
}

/** The key of a numbered run. */
export function key(index: number): string {
  return (index + 1).toString(16).padStart(32, '0');
}

/** Kills a busy job once it has reported so many records; no clock decides. */
export async function killAfter(job: Job, accepted: number, signal?: AbortSignal): Promise<void> {
  await job.seen(/^\d+$/);
  while (acceptedBy(job) < accepted) {
    signal?.throwIfAborted();
    await new Promise((resolve) => job.process.stdio[3]?.once('data', resolve));
  }
  job.process.kill('SIGKILL');
  expect(await job.ended).toBe('SIGKILL');
}

/** Kills jobs at so many random moments, two at a time: nothing accepted is lost or doubled, and each run ends KILLED. */
export async function killAtRandom(rounds: number, signal: AbortSignal): Promise<void> {
  const folder = jobFolder();
  const jobs: Job[] = [];
  const killedAtMs: number[] = [];
  for (let round = 0; round < rounds; round += 2) {
    // A test that is over starts no more jobs: its folder is gone, and what it started is killed.
    signal.throwIfAborted();
    const pair = [round, round + 1].map((index) => startJob({ folder, mode: 'busy', runKey: key(index), count: 0 }));
    jobs.push(...pair);
    // Squared, so that many deaths come early, while the drain is still starting.
    await Promise.all(pair.map((job) => killAfter(job, Math.floor(Math.random() ** 2 * 15_000), signal)));
    killedAtMs.push(Date.now(), Date.now());
  }
  const events = await adopt(folder);
  for (const [round, job] of jobs.entries()) {
    const run = readRun(folder, key(round));
    const accepted = acceptedBy(job);
    expect(run?.steps.length).toBeGreaterThanOrEqual(accepted);
    expect(run?.steps).toEqual(upTo(run?.steps.length ?? 0));
    expect(run?.status).toBe('KILLED');
    expect(run?.tags['runspan.end_reason']).toMatch(/ended without closing the run/);
    expect(Math.abs((killedAtMs[round] ?? 0) - (run?.endTimeMs ?? 0))).toBeLessThan(120_000);
  }
  // Those that an earlier child had adopted were reaped by it.
  const reaped = new Set(
    [
      ...jobs.flatMap((job) => job.lines.filter((line) => line.includes('"reaped"'))),
      ...events.map((each) => JSON.stringify(each)),
    ]
      .filter((line) => line.includes('"reaped"'))
      .map((line) => (JSON.parse(line) as { runKey: string }).runKey),
  );
  expect(reaped.size).toBeGreaterThan(0);
  expect(leftFolders(folder)).toEqual([]);
}

/** A way to end right after a burst, and what is left then. */
export interface BurstEnd {
  readonly mode: ChildOptions['mode'];
  readonly code: number;
  readonly status: string;
  readonly drain?: 'inline';
}

/** Ends a job right after 20,000 metrics: all of them are in the store, and the exit code is its own. */
export async function expectDelivered({ mode, code, status, drain }: BurstEnd): Promise<void> {
  const folder = jobFolder();
  const job = startJob({ folder, mode, runKey: key(0), count: 20_000, ...(drain === undefined ? {} : { drain }) });
  expect(await job.ended, job.stderr()).toBe(code);
  expect(readRun(folder, key(0))?.steps).toEqual(upTo(20_000));
  expect(readRun(folder, key(0))?.status).toBe(status);
  expect(job.stderr()).not.toContain('not delivered');
  if (mode === 'throw') {
    // Nobody ended the run, as exit hooks would: the folder stays for the reaper.
    expect(job.stderr()).toContain('a bug in the job');
    await adopt(folder);
    expect(readRun(folder, key(0))?.status).toBe('KILLED');
  }
  expect(leftFolders(folder)).toEqual([]);
}
