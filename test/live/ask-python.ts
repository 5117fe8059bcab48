// What MLflow's own Python client makes of expressions, each with its value or with MLflow's error.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { expect } from 'vitest';
import { MlflowError } from '../../src/errors.ts';
import { findPython } from './backends.ts';

/** A value as JSON has it (integers beyond ±(2^53 − 1) are texts that end in `n`), or what was refused. */
export interface Outcome {
  readonly value?: unknown;
  readonly errorCode?: string;
  readonly status?: number;
  readonly message?: string;
}

const script = join(import.meta.dirname, 'readers', 'ask_python.py');

/**
 * Evaluates Python expressions one after the other; each sees `client`, `mlflow`, `entities`, `given` and the values before it.
 *
 * @param given values for the expressions, in one start of Python (3 s on two busy cores)
 * @example
 * const { model } = await askPython(uri, { model: 'client.get_logged_model(given["id"])' }, { id });
 */
export async function askPython<Name extends string>(
  trackingUri: string,
  expressions: Readonly<Record<Name, string>>,
  given: Readonly<Record<string, unknown>> = {},
): Promise<Readonly<Record<Name, Outcome>>> {
  const python = await findPython();
  const child = spawn(python, [script, trackingUri], { stdio: ['pipe', 'pipe', 'pipe'] });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => (stdout += chunk));
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => (stderr += chunk));
  child.stdin.end(JSON.stringify({ expressions: Object.entries(expressions), given }));
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject).once('close', resolve);
  });
  if (code !== 0) throw new Error(`ask_python.py ended with ${String(code)}: ${stderr.slice(-2000)}`);
  return JSON.parse(stdout) as Record<Name, Outcome>; // the script's one output
}

/** Expects each of our calls to be refused with the code and status that Python's call of that name was refused with. */
export async function expectAlike(
  ours: Readonly<Record<string, Promise<unknown>>>,
  theirs: Readonly<Record<string, Outcome>>,
): Promise<void> {
  const refusals = Object.entries(ours).map(async ([name, call]) => {
    const error = await call.then(
      () => undefined,
      (reason: unknown) => reason,
    );
    if (error === undefined) return [name, undefined, undefined];
    expect(error).toBeInstanceOf(MlflowError);
    const { errorCode, status } = error as MlflowError; // asserted above
    return [name, errorCode, status];
  });
  const expected = Object.keys(ours).map((name) => [name, theirs[name]?.errorCode, theirs[name]?.status]);
  expect(await Promise.all(refusals)).toEqual(expected);
}
