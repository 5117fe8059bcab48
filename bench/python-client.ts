// MLflow's own Python client as a rival, in a process of its own that waits for its turn; see python-client.py.
import { spawn, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

const MS_PER_S = 1_000;

/** By hand in batches of 1000, a call each, or a call each that does not wait. */
export type PythonMode = 'batch' | 'each' | 'async';

/** The client in its process. */
export interface PythonClient {
  /** Logs so many metrics, in batches a multiple of 1000 a run, and resolves once they are rows: with the milliseconds that the calls took, and all. */
  log(
    count: number,
    options?: { readonly mode?: PythonMode; readonly runs?: number },
  ): Promise<{ readonly callMs: number; readonly wholeMs: number }>;
  stop(): void;
}

/**
 * Starts the client on a tracking URI, by the Python of MLFLOW_PYTHON, else by that of the live tests.
 *
 * @returns undefined, after a line that says why, where there is no Python with MLflow
 */
export async function startPythonClient(trackingUri: string): Promise<PythonClient | undefined> {
  const python = findPython();
  if (python === undefined) {
    console.log('Skipped: the Python client. There is no Python with MLflow; set MLFLOW_PYTHON to one.');
    return undefined;
  }
  const script = join(import.meta.dirname, 'python-client.py');
  const child = spawn(python, [script, trackingUri], { stdio: ['pipe', 'pipe', 'ignore'] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const read = async (expected: string): Promise<readonly number[]> => {
    const { value } = await lines.next();
    const [word, ...numbers] = String(value).split(' ');
    if (word !== expected) throw new Error(`The Python client ended: it could not log to ${trackingUri}.`);
    return numbers.map((seconds) => Number(seconds) * MS_PER_S);
  };
  await read('ready');
  return {
    log: async (count, { mode = 'batch', runs = 1 } = {}) => {
      child.stdin.write(`${mode} ${count} ${runs}\n`);
      const [callMs = Number.NaN, wholeMs = Number.NaN] = await read('done');
      return { callMs, wholeMs };
    },
    stop: () => child.stdin.end(),
  };
}

function findPython(): string | undefined {
  const named = process.env['MLFLOW_PYTHON'];
  if (named !== undefined) return named;
  const script = join(import.meta.dirname, '../test/live/backends/mlflow.sh');
  const { status, stdout } = spawnSync(script, ['python'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  return status === 0 ? stdout.trim() : undefined;
}
