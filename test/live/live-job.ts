// Runs a job of test/live/jobs in a plain node child and talks with it while it runs.
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';

export interface LiveJobOptions {
  /** Where the job runs: its journal and its local stores are in here. @default a folder of its own */
  readonly folder?: string;
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

export interface LiveJobResult {
  readonly folder: string;
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly startedAtMs: number;
  readonly endedAtMs: number;
}

/** What a job says; `kind` tells its messages apart. */
export type JobMessage = Readonly<Record<string, unknown>> & { readonly kind: string };

const jobs = join(import.meta.dirname, 'jobs');
const folders: string[] = [];
afterAll(() => folders.forEach((folder) => rmSync(folder, { recursive: true, force: true })));

/** A folder that is removed after the tests of this file. */
export function makeFolder(): string {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'runspan-live-')));
  folders.push(folder);
  return folder;
}

/** The environment without what would steer a job or a service, nor what the machine would say of itself: its settings come from the test alone. */
export function plainEnv(): Record<string, string> {
  const steering = /^(RUNSPAN|MLFLOW|OTEL|AWS|S3)_|^(NODE_OPTIONS|VITEST.*|TEST|NODE_ENV|FORCE_COLOR)$/;
  const kept = Object.entries(process.env).filter(([name]) => !steering.test(name));
  const env = Object.fromEntries(kept.map(([name, value]) => [name, value ?? '']));
  return { ...env, MLFLOW_ENABLE_SYSTEM_METRICS_LOGGING: 'false' };
}

/** A job under way. */
export class LiveJob {
  readonly folder: string;
  /** Settles when the job is gone and its output is read. */
  readonly ended: Promise<LiveJobResult>;
  readonly #child: ChildProcess;
  readonly #messages: JobMessage[] = [];
  #onMessage = Promise.withResolvers<void>();

  constructor(name: string, options: LiveJobOptions) {
    this.folder = options.folder ?? makeFolder();
    const startedAtMs = Date.now();
    this.#child = spawn(process.execPath, [join(jobs, name), ...(options.args ?? [])], {
      cwd: this.folder,
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      env: { ...plainEnv(), ...options.env },
    });
    let stdout = '';
    let stderr = '';
    this.#child.stdout?.setEncoding('utf8').on('data', (chunk: string) => (stdout += chunk));
    this.#child.stderr?.setEncoding('utf8').on('data', (chunk: string) => (stderr += chunk));
    this.#child.on('message', (message) => {
      this.#messages.push(message as JobMessage); // the jobs in this folder send nothing else
      this.#wake();
    });
    this.ended = new Promise((resolve, reject) => {
      this.#child.on('error', reject);
      this.#child.on('close', (code, signal) => {
        resolve({ folder: this.folder, code, signal, stdout, stderr, startedAtMs, endedAtMs: Date.now() });
        this.#wake();
      });
    });
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** The next message of this kind; rejects with what the job wrote where it ends without one. */
  async next(kind: string): Promise<JobMessage> {
    let result: LiveJobResult | undefined;
    void this.ended.then((ended) => (result = ended));
    for (;;) {
      const index = this.#messages.findIndex((message) => message.kind === kind);
      if (index >= 0) return this.#messages.splice(index, 1)[0] as JobMessage; // findIndex found it
      if (result !== undefined) throw new Error(`The job ended (${result.code}) without '${kind}': ${result.stderr}`);
      await Promise.race([this.#onMessage.promise, this.ended]);
    }
  }

  send(kind: string): void {
    this.#child.send({ kind });
  }

  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  #wake(): void {
    this.#onMessage.resolve();
    this.#onMessage = Promise.withResolvers();
  }
}

/** Starts `test/live/jobs/<name>`. */
export function startJob(name: string, options: LiveJobOptions = {}): LiveJob {
  return new LiveJob(name, options);
}

/** Runs a job to its end; throws with what it wrote where it does not exit with 0. */
export async function runJob(name: string, options: LiveJobOptions = {}): Promise<LiveJobResult> {
  const result = await startJob(name, options).ended;
  if (result.code !== 0) throw new Error(`${name} ended with ${result.code ?? result.signal}: ${result.stderr}`);
  return result;
}
