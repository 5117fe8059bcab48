// What a process finds in its environment about the run that it belongs to.
import { expect, onTestFinished, test, vi } from 'vitest';
import { readRunOfEnv } from '../../src/config/run-env.ts';

const PAGE = 'http://host/#/experiments/1/runs/r1';

test.each([
  [{}, undefined],
  [{ RUNSPAN_RUN_KEY: 'short', MLFLOW_RUN_ID: '../r1' }, undefined],
  [{ RUNSPAN_RUN_KEY: 'a'.repeat(32) }, { runKey: 'a'.repeat(32) }],
  [
    { MLFLOW_RUN_ID: 'r1', RUNSPAN_RUN_URL: PAGE },
    { runId: 'r1', runUrl: PAGE },
  ],
  [{ MLFLOW_RUN_ID: 'r2', RUNSPAN_RUN_URL: PAGE }, { runId: 'r2' }],
  [{ MLFLOW_RUN_ID: 'r1', RUNSPAN_RUN_URL: 'javascript:/runs/r1' }, { runId: 'r1' }],
  [{ RUNSPAN_RUN_URL: PAGE }, undefined],
])('%o: %o', (env, found) => {
  for (const name of ['RUNSPAN_RUN_KEY', 'MLFLOW_RUN_ID', 'RUNSPAN_RUN_URL']) vi.stubEnv(name, undefined);
  for (const [name, value] of Object.entries(env)) vi.stubEnv(name, value);
  onTestFinished(() => void vi.unstubAllEnvs());
  expect(readRunOfEnv()).toEqual(found);
});
