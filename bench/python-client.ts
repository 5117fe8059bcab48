// MLflow's own Python client as a rival: log_batch by hand in batches of 1000, in a process of its own that waits for its turn.
import { spawn, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

const CLIENT = `
import sys, time
from mlflow import MlflowClient
from mlflow.entities import Metric
client = MlflowClient(tracking_uri=sys.argv[1])
run = client.create_run(client.create_experiment("python")).info.run_id
step = 0
print("ready", flush=True)
for line in sys.stdin:
    for _ in range(int(line) // 1000):
        now = int(time.time() * 1000)
        client.log_batch(run, metrics=[Metric("loss", 0.5, now, step + at) for at in range(1000)])
        step += 1000
    print("done", flush=True)
`;

/** The client in its process. */
export interface PythonClient {
  /** Logs so many metrics, a multiple of 1000, and resolves once they are rows. */
  log(count: number): Promise<void>;
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
  const child = spawn(python, ['-c', CLIENT, trackingUri], { stdio: ['pipe', 'pipe', 'ignore'] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const read = async (expected: string): Promise<void> => {
    const { value } = await lines.next();
    if (value !== expected) throw new Error(`The Python client ended: it could not log to ${trackingUri}.`);
  };
  await read('ready');
  return {
    log: (count) => {
      child.stdin.write(`${count}\n`);
      return read('done');
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
