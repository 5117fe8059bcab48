// Starts and watches jobs in children of plain node, and reads what they left with SQLite alone.
import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';
import type { ChildOptions } from './child.ts';

/** A job under way. */
export interface Job {
  readonly process: ChildProcess;
  /** What it reported, line by line. */
  readonly lines: string[];
  readonly stderr: () => string;
  /** Resolves once a reported line matches. */
  readonly seen: (pattern: RegExp) => Promise<string>;
  /** Resolves with exit code or signal. */
  readonly ended: Promise<number | NodeJS.Signals | null>;
}

/** A folder of the test's own, with a database and an outbox in it. */
export function jobFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'crash-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Starts one job. */
export function startJob(options: ChildOptions): Job {
  const child = spawn(
    process.execPath,
    [fileURLToPath(new URL('./child.ts', import.meta.url)), JSON.stringify(options)],
    {
      stdio: ['pipe', 'ignore', 'pipe', 'pipe'],
      env: {},
    },
  );
  const lines: string[] = [];
  const waiting = new Set<() => void>();
  // The cast: descriptor 3 was asked for as a pipe.
  const reports = createInterface({ input: child.stdio[3] as Readable });
  reports.on('line', (line) => {
    lines.push(line);
    for (const check of waiting) check();
  });
  let stderr = '';
  child.stderr?.on('data', (data: Buffer) => (stderr += data.toString()));
  const ended = new Promise<number | NodeJS.Signals | null>((resolve) => {
    child.on('close', (code, signal) => resolve(signal ?? code));
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  return {
    process: child,
    lines,
    stderr: () => stderr,
    ended,
    seen: (pattern) =>
      new Promise((resolve, reject) => {
        const check = (): void => {
          const line = lines.find((each) => pattern.test(each));
          if (line === undefined) return;
          waiting.delete(check);
          resolve(line);
        };
        waiting.add(check);
        void ended.then(() => reject(new Error(`the job ended without ${String(pattern)}: ${stderr}`)));
        check();
      }),
  };
}

/** The last number that a busy job reported: so many metrics were accepted for certain. */
export function acceptedBy(job: Job): number {
  return Number(job.lines.findLast((line) => /^\d+$/.test(line)) ?? 0);
}

/** A run as the database holds it. */
export interface StoredRun {
  readonly status: string;
  readonly endTimeMs: number | null;
  readonly steps: readonly number[];
  readonly tags: Readonly<Record<string, string>>;
}

/** Reads one run; undefined where there is none. */
export function readRun(folder: string, runKey: string): StoredRun | undefined {
  const database = new DatabaseSync(join(folder, 'mlflow.db'), { readOnly: true, timeout: 10_000 });
  try {
    const run = database.prepare('select status, end_time from runs where run_uuid = ?').get(runKey);
    if (run === undefined) return undefined;
    const steps = database.prepare('select step from metrics where run_uuid = ? order by step').all(runKey);
    const tags = database.prepare('select key, value from tags where run_uuid = ?').all(runKey);
    return {
      status: String(run['status']),
      endTimeMs: run['end_time'] === null ? null : Number(run['end_time']),
      steps: steps.map((row) => Number(row['step'])),
      tags: Object.fromEntries(tags.map((row) => [String(row['key']), String(row['value'])])),
    };
  } finally {
    database.close();
  }
}

/** The outbox folders that are left. */
export function leftFolders(folder: string): readonly string[] {
  return readdirSync(join(folder, 'outbox')).filter((name) => !name.startsWith('.'));
}

/** The numbers from 0 on. */
export function upTo(count: number): readonly number[] {
  return Array.from({ length: count }, (_, index) => index);
}
