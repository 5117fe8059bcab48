// Runs a script by MLflow's own client, and reads a server whole by it.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { findPython } from '../backends.ts';
import type { Json, Operation, Outcome } from './operation.ts';
import type { Places } from './run-ours.ts';

const READERS = join(import.meta.dirname, '..', 'readers');

/** What each operation came to. */
export async function runPython(
  trackingUri: string,
  script: readonly Operation[],
  places: Places,
): Promise<readonly Outcome[]> {
  const lines = await python('run_operations.py', trackingUri, { input: JSON.stringify({ script, ...places }) });
  return lines
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Outcome); // one outcome a line
}

/** Everything that a server holds; `own`: variables for Python, such as MLFLOW_WORKSPACE. */
export async function readServer(trackingUri: string, own: Readonly<Record<string, string>> = {}): Promise<Json> {
  return JSON.parse(await python('read_server.py', trackingUri, { own })) as Json;
}

async function python(
  script: string,
  trackingUri: string,
  { input = '', own = {} }: { readonly input?: string; readonly own?: Readonly<Record<string, string>> },
): Promise<string> {
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(MLFLOW|OTEL)_/.test(name)));
  const child = spawn(await findPython(), [join(READERS, script), trackingUri], { env: { ...env, ...own } });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => (stdout += chunk));
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => (stderr += chunk));
  child.stdin.end(input);
  const code = await new Promise((end, fail) => child.once('error', fail).once('close', end));
  if (code !== 0) throw new Error(`${script} ended with ${String(code)}: ${stderr.slice(-2000)}`);
  return stdout;
}
