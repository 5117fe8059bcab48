// A job that trains with TensorFlow.js under register, with no line of ours: as ES module and as CommonJS.
import { readdirSync } from 'node:fs';
import { expect, test } from 'vitest';
import { readRuns } from '../end-to-end/run-job.ts';
import { runRegistered } from './registered.ts';

test.each(['trains.mjs', 'trains.cjs'])(
  '%s: params, each epoch’s metrics and the summary are the run’s',
  async (job) => {
    const { folder, stdout } = await runRegistered('', { job });
    expect(stdout).toMatch(/^3$/m);
    const [run, ...others] = readRuns(folder);
    expect(others).toEqual([]);
    expect(run).toMatchObject({ name: 'trains', status: 'FINISHED', params: { epochs: '3' } });
    const steps = run?.metrics.filter(({ key }) => key === 'loss').map(({ step }) => step);
    expect(steps).toEqual([0, 1, 2]);
    const files = readdirSync(folder, { recursive: true }).map(String);
    expect(files.filter((file) => file.endsWith('model_summary.txt'))).toHaveLength(1);
  },
);

test('RUNSPAN_MLFLOW_AUTOLOG_DISABLE: nothing of the training is logged', async () => {
  const env = { RUNSPAN_MLFLOW_AUTOLOG_DISABLE: 'true' };
  const { folder, stdout } = await runRegistered('', { job: 'trains.mjs', env });
  expect(stdout).toMatch(/^3$/m);
  const [run] = readRuns(folder);
  expect(run).toMatchObject({ name: 'trains', status: 'FINISHED', params: {} });
  expect(run?.metrics.filter(({ key }) => key === 'loss')).toEqual([]);
});
