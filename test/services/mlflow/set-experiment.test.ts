// The experiment that runs are filed under, chosen while the service lives.
import { expect, test } from 'vitest';
import * as runspan from '../../../src/index.ts';
import { chooseExperiment } from '../../../src/services/mlflow/choose-experiment.ts';
import { startService } from './mlflow-fixture.ts';

test('runs go where the last call says, those that are open stay where they are', async () => {
  const { mlflow } = await startService();
  const client = mlflow.client();
  const open = await mlflow.startRun('before');
  const chosen = await runspan.setExperiment('chosen');
  expect(chosen).toMatchObject({ name: 'chosen', lifecycleStage: 'active' });
  expect(mlflow.settings.experimentName).toBe('chosen');
  expect(Object.keys(mlflow.settings)).not.toContain('connection');
  expect(mlflow.settings.connection).toBeDefined();
  await open.end();
  const after = await mlflow.runContext('after', (run) => run.key);
  expect((await client.getRun(after)).info.experimentId).toBe(chosen.experimentId);
  const before = (await client.getRun(open.key)).info.experimentId;
  expect((await client.getExperiment(before)).name).toBe('exp');
  expect((await (await runspan.searchRuns()).all()).map(({ info }) => info.runName)).toEqual(['after']);
  expect(await mlflow.setExperiment({ experimentId: before })).toMatchObject({ name: 'exp' });
});

test('an id that nothing has, and an experiment in the bin, are refused, and nothing changes', async () => {
  const { mlflow } = await startService();
  const client = mlflow.client();
  await expect(mlflow.setExperiment({ experimentId: '987654' })).rejects.toMatchObject({
    errorCode: 'RESOURCE_DOES_NOT_EXIST',
  });
  const experimentId = await client.createExperiment('binned');
  await client.deleteExperiment(experimentId);
  await expect(mlflow.setExperiment('binned')).rejects.toMatchObject({ errorCode: 'INVALID_PARAMETER_VALUE' });
  await expect(mlflow.setExperiment('binned')).rejects.toThrow(`restoreExperiment('${experimentId}')`);
  expect(mlflow.settings.experimentName).toBe('exp');
  await client.restoreExperiment(experimentId);
  expect(await mlflow.setExperiment('binned')).toMatchObject({ experimentId });
});

test('of many that make one experiment at once, all have the same', async () => {
  const { mlflow } = await startService();
  const made = await Promise.all([1, 2, 3, 4].map(() => chooseExperiment(mlflow.client(), 'raced')));
  expect(new Set(made.map(({ experimentId }) => experimentId)).size).toBe(1);
});

test('where another made it between the look and the create, theirs is taken', async () => {
  const { mlflow } = await startService();
  const client = mlflow.client();
  let looks = 0;
  const slow = {
    getExperiment: (id: string) => client.getExperiment(id),
    createExperiment: (name: string) => client.createExperiment(name),
    getExperimentByName: async (name: string) => {
      if (++looks > 1) return client.getExperimentByName(name);
      await client.createExperiment(name);
      return undefined;
    },
  };
  expect(await chooseExperiment(slow, 'theirs')).toMatchObject({ name: 'theirs' });
  expect(looks).toBe(2);
});
