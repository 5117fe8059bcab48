// Runs a job of test/jobs under the built package's register.
import { fileURLToPath } from 'node:url';
import { expect } from 'vitest';
import { makeFolder, runJob } from '../end-to-end/run-job.ts';
import type { JobOptions, JobResult } from '../end-to-end/run-job.ts';

export const REGISTER: string = new URL('../../dist/register.js', import.meta.url).href;
export const FILE_SDK: string = new URL('../jobs/file-sdk.mjs', import.meta.url).href;
export const JOB: string = fileURLToPath(new URL('../jobs/registered.mjs', import.meta.url));

export interface Registered extends JobResult {
  readonly messages: readonly unknown[];
}

/** Runs `registered.mjs`, or another job, under `--import runspan/register`, in a folder of its own. */
export async function runRegistered(
  way: string,
  options: JobOptions & { readonly job?: string; readonly code?: number | null } = {},
): Promise<Registered> {
  const { job = 'registered.mjs', code = 0, args = [], nodeArgs = [], folder = makeFolder() } = options;
  const messages: unknown[] = [];
  const result = await runJob(job, {
    ...options,
    folder,
    args: [way, ...args],
    nodeArgs: [...nodeArgs, '--import', REGISTER],
    env: { RUNSPAN_ALERTS_ENABLE: 'false', MLFLOW_EXPERIMENT_NAME: 'registered', ...options.env },
    onMessage: (message) => messages.push(message),
  });
  expect(result.code, result.stderr).toBe(code);
  return { ...result, messages };
}
