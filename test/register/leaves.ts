// An unchanged job under register that leaves by a way, and what a local OTLP endpoint has of it.
import { expect } from 'vitest';
import { makeFolder, readRuns, runJob } from '../end-to-end/run-job.ts';
import type { StoredRun } from '../end-to-end/run-job.ts';
import { expectAll } from '../otel/exit-jobs.ts';
import { startOtlpEndpoint } from '../otel/otlp-endpoint.ts';
import type { OtlpEndpoint } from '../otel/otlp-endpoint.ts';
import { REGISTER } from './registered.ts';

/** Each way out with the exit code or the signal that it leaves. */
export const WAYS: Readonly<Record<string, number | string>> = {
  natural: 0,
  'exit-0': 0,
  'exit-3': 3,
  throw: 1,
  reject: 1,
  stuck: 13,
  SIGTERM: 'SIGTERM',
  SIGINT: 'SIGINT',
  SIGHUP: 'SIGHUP',
};

/** Runs `leaves.mjs` under register with an endpoint; it has left when this resolves. */
export async function leave(
  way: string,
  count: number,
): Promise<{
  readonly endpoint: OtlpEndpoint;
  readonly run: StoredRun | undefined;
  readonly ended: string | number | null;
}> {
  const endpoint = await startOtlpEndpoint();
  const { folder, code, signal } = await runJob('leaves.mjs', {
    folder: makeFolder(),
    args: [way, String(count)],
    nodeArgs: ['--import', REGISTER],
    env: {
      OTEL_EXPORTER_OTLP_ENDPOINT: endpoint.url,
      RUNSPAN_ALERTS_ENABLE: 'false',
      MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT: 'true',
    },
  });
  await endpoint[Symbol.asyncDispose]();
  return { endpoint, run: readRuns(folder)[0], ended: code ?? signal };
}

/** 1000 of 1000 spans and lines arrive, once, all of the run, before the process is gone. */
export async function expectLeft(way: string): Promise<void> {
  const { endpoint, run, ended } = await leave(way, 1_000);
  expect(ended).toBe(WAYS[way]);
  expectAll(endpoint, 1_000);
  const keys = new Set([...endpoint.spans, ...endpoint.logs].map(({ attributes }) => attributes['runspan.run_key']));
  expect(keys).toEqual(new Set([run?.runId]));
}
