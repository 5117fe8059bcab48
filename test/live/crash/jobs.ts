// Starts jobs that die, some at once, and knows of each what it had said by then.
import { spawn } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { expect } from 'vitest';
import { openOutbox } from '../../../src/outbox/job/outbox.ts';
import type { JobOptions } from './job.ts';

/** When a job that does not die by itself is killed: so long after its start, or once it has said so much. */
export type KillAt = { readonly afterMs: number } | { readonly afterRecords: number };

/** A job that is over. */
export interface EndedJob {
  readonly options: JobOptions;
  /** Exit code, or the signal that ended it. */
  readonly end: number | NodeJS.Signals | null;
  /** As it said last: at most one record more was appended. */
  readonly appended: number;
  /** As it said last: so many must arrive. */
  readonly accepted: number;
  readonly stdout: string;
  readonly stderr: string;
}

const REPORT = /^(\d+) (\d+)$/gm;

/** Runs one job to its end. */
export function runJob(script: string, options: JobOptions, killAt?: KillAt): Promise<EndedJob> {
  const child = spawn(process.execPath, [script, JSON.stringify(options)], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {},
  });
  let stdout = '';
  let stderr = '';
  const kill = (): void => void child.kill('SIGKILL');
  const timer = killAt !== undefined && 'afterMs' in killAt ? setTimeout(kill, killAt.afterMs) : undefined;
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    stdout += chunk;
    if (killAt === undefined || 'afterMs' in killAt) return;
    if (Number(/(\d+) \d+\n[^\n]*$/.exec(stdout)?.[1] ?? -1) >= killAt.afterRecords) kill();
  });
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => (stderr += chunk));
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => {
      clearTimeout(timer);
      const last = Array.from(stdout.matchAll(REPORT)).at(-1);
      const [appended = 0, accepted = 0] = (last ?? []).slice(1).map(Number);
      resolve({ options, end: signal ?? code, appended, accepted, stdout, stderr });
    });
  });
}

/** Takes over what the jobs of a directory left: nothing is left, and nothing was refused. */
export async function adoptAll(
  directory: string,
  trackingUri: string,
  drain: 'worker' | 'inline' = 'worker',
): Promise<void> {
  const outbox = openOutbox({
    directory,
    trackingUri,
    experimentName: 'Default',
    connection: {},
    artifactRoot: '/nowhere',
    drain,
    env: {},
    onEvent: () => undefined,
  });
  await outbox.stop({ timeoutMs: 280_000 });
  expect(readdirSync(directory).filter((name) => !name.startsWith('.'))).toEqual([]);
}
