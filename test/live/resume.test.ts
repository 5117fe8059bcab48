// A training that is killed twice and goes on each time on the real server, read by Python.
import { expect, test } from 'vitest';
import { makeFolder, runJob } from '../end-to-end/run-job.ts';
import { readExperiment } from './backends.ts';
import { requireBackend } from './require-backend.ts';

const mlflow = requireBackend('mlflow');

test('a killed run is continued by MLFLOW_RUN_ID and by runId, and Python reads one run with everything in it', async () => {
  const env = { MLFLOW_TRACKING_URI: mlflow.env.MLFLOW_TRACKING_URI };
  const first = await runJob('preempted.mjs', { folder: makeFolder(), args: ['0', '99', '0.1', 'kill'], env });
  const runId = /^[0-9a-f]{32}$/m.exec(first.stdout)?.[0] ?? '';
  expect(first, first.stderr).toMatchObject({ signal: 'SIGKILL' });
  // Each time on another machine, which knows the run by its id alone.
  const resumed = { folder: makeFolder(), env: { ...env, MLFLOW_RUN_ID: runId } };
  const second = await runJob('preempted.mjs', { ...resumed, args: ['100', '199', '0.2', 'kill'] });
  expect(second.stdout, second.stderr).toContain(runId);
  const third = await runJob('preempted.mjs', { folder: makeFolder(), args: ['200', '299', '0.3', 'end', runId], env });
  expect(third, third.stderr).toMatchObject({ code: 0 });

  const { runs } = await readExperiment(env.MLFLOW_TRACKING_URI, 'preempted', { artifacts: false });
  expect(runs.map(({ info }) => [info.run_id, info.status])).toEqual([[runId, 'FINISHED']]);
  const steps = runs[0]?.history['loss']?.map(({ step }) => step) ?? [];
  expect(steps.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 300 }, (_, at) => at));
  expect(runs[0]).toMatchObject({
    params: { rate: '0.1' },
    tags: { 'param.rate': '0.3', 'param.rate.history': '["0.1","0.2","0.3"]' },
  });
});
