// Runs a job of test/jobs in a plain node child, in a folder of its own, and reads what it left there.
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, readdirSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { fileURLToPath } from 'node:url';
import { afterAll } from 'vitest';

const JOBS = fileURLToPath(new URL('../jobs/', import.meta.url));

export interface JobOptions {
  readonly folder?: string;
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly nodeArgs?: readonly string[];
  /** A command that runs the job as its own last arguments. */
  readonly wrapper?: readonly string[];
  /** Sent once the job has said that it is ready. */
  readonly signal?: NodeJS.Signals;
  /** Called with each message of the job. */
  readonly onMessage?: (message: unknown, kill: (signal: NodeJS.Signals) => void) => void;
  /** Called with all of stdout so far, whenever there is more. */
  readonly onOutput?: (stdout: string, kill: (signal: NodeJS.Signals) => void) => void;
}

export interface JobResult {
  readonly folder: string;
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
  /** How long it lived after its last message, in milliseconds: how soon a process starts is no part of a deadline. */
  readonly endMs: number;
}

const folders: string[] = [];
afterAll(() => folders.forEach((folder) => rmSync(folder, { recursive: true, force: true })));

/** A folder that goes when the test file ends. */
export function makeFolder(): string {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'runspan-job-')));
  folders.push(folder);
  return folder;
}

/** Runs `test/jobs/<name>` to its end; its working folder, stores and journal are `folder`. */
export function runJob(name: string, options: JobOptions = {}): Promise<JobResult> {
  const folder = options.folder ?? makeFolder();
  let toldAtMs = performance.now();
  const { wrapper = [], nodeArgs = [], args = [] } = options;
  const [command = '', ...rest] = [...wrapper, process.execPath, ...nodeArgs, join(JOBS, name), ...args];
  const child = spawn(command, rest, {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    env: { ...cleanEnv(), ...options.env },
  });
  let stdout = '';
  let stderr = '';
  child.stdout?.on('data', (chunk) => {
    stdout += String(chunk);
    options.onOutput?.(stdout, (signal) => child.kill(signal));
  });
  child.stderr?.on('data', (chunk) => (stderr += String(chunk)));
  child.on('message', (message) => {
    toldAtMs = performance.now();
    options.onMessage?.(message, (signal) => child.kill(signal));
    if (message === 'ready' && options.signal !== undefined) child.kill(options.signal);
  });
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => {
      resolve({ folder, code, signal, stdout, stderr, endMs: performance.now() - toldAtMs });
    });
  });
}

/** The environment without what would steer the job, nor what the machine would say of itself: its settings come from the test alone. */
export function cleanEnv(): Record<string, string> {
  const steering = /^(RUNSPAN|MLFLOW|OTEL|AWS)_|^(NODE_OPTIONS|VITEST.*|TEST|NODE_ENV|FORCE_COLOR)$/;
  const kept = Object.entries(process.env).filter(
    (entry): entry is [string, string] => !steering.test(entry[0]) && entry[1] !== undefined,
  );
  return { ...Object.fromEntries(kept), MLFLOW_ENABLE_SYSTEM_METRICS_LOGGING: 'false' };
}

export interface StoredRun {
  readonly runId: string;
  readonly name: string;
  readonly status: string;
  readonly startTimeMs: number;
  readonly endTimeMs: number | null;
  readonly params: Readonly<Record<string, string>>;
  readonly tags: Readonly<Record<string, string>>;
  /** Where its artifacts lie. */
  readonly artifactFolder: string;
  readonly metrics: readonly { readonly key: string; readonly value: number; readonly step: number }[];
}

/** Reads every run of a job's `mlflow.db`, by plain SQL. */
export function readRuns(folder: string, file = 'mlflow.db'): readonly StoredRun[] {
  const database = new DatabaseSync(join(folder, file), { readOnly: true, timeout: 10_000 });
  try {
    const all = (sql: string, ...args: string[]): Record<string, unknown>[] => database.prepare(sql).all(...args);
    const pairs = (table: string, runId: string): Record<string, string> =>
      Object.fromEntries(
        all(`SELECT key, value FROM ${table} WHERE run_uuid = ?`, runId).map((row) => [row['key'], row['value']]),
      );
    return all(
      'SELECT run_uuid, name, status, start_time, end_time, artifact_uri FROM runs ORDER BY start_time, rowid',
    ).map((row) => {
      const runId = String(row['run_uuid']);
      return {
        runId,
        name: String(row['name']),
        status: String(row['status']),
        startTimeMs: Number(row['start_time']),
        endTimeMs: row['end_time'] as number | null,
        params: pairs('params', runId),
        tags: pairs('tags', runId),
        artifactFolder: resolve(folder, String(row['artifact_uri']).replace(/^file:\/\//, '')),
        metrics: all(
          'SELECT key, value, step FROM metrics WHERE run_uuid = ? ORDER BY key, step, timestamp',
          runId,
        ) as unknown as StoredRun['metrics'],
      };
    });
  } finally {
    database.close();
  }
}

/** The folders of the journal that are still there. */
export function journalFolders(folder: string): readonly string[] {
  const directory = join(folder, '.runspan');
  if (!existsSync(directory)) return [];
  return readdirSync(directory, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name);
}

/** Reads a file of JSON lines. */
export function readJsonLines(file: string): readonly Record<string, unknown>[] {
  if (!existsSync(file)) return [];
  return readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}
