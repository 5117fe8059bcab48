// The logged model that is active: what is measured and traced belongs to it, until it is not.
import { afterEach, expect, test, vi } from 'vitest';
import * as runspan from '../../../src/index.ts';
import type { LoggedModel } from '../../../src/model/entities.ts';
import { activeModelState } from '../../../src/runs/open/active-model.ts';
import { makeService, shareService } from './mlflow-fixture.ts';

const service = shareService();
const pointsOf = (model: LoggedModel): readonly (readonly [string, number, string])[] =>
  model.metrics.map(({ key, value, runId }) => [key, value, runId]);

afterEach(() => void Object.assign(activeModelState(), { activeId: undefined, isDecided: false, lastId: undefined }));

test('points of a run are those of the active model too, and of no other', async () => {
  const { mlflow } = service;
  const [active, named] = [
    await runspan.createExternalModel({ name: 'active' }),
    await runspan.createExternalModel({ name: 'named' }),
  ];
  const runId = await mlflow.runContext('measured', async (run) => {
    runspan.logMetric('before', 1);
    {
      using model = await runspan.setActiveModel({ name: 'active' });
      expect(model.modelId).toBe(active.modelId);
      expect(runspan.getActiveModelId()).toBe(active.modelId);
      run.logMetric('auc', 0.9);
      runspan.logMetrics({ loss: 0.1 }, { step: 1 });
      runspan.logMetric('auc', 0.5, { modelId: named.modelId });
    }
    runspan.logMetric('after', 1);
    return run.key;
  });
  expect(pointsOf(await runspan.getLoggedModel(active.modelId))).toEqual([
    ['auc', 0.9, runId],
    ['loss', 0.1, runId],
  ]);
  expect(pointsOf(await runspan.getLoggedModel(named.modelId))).toEqual([['auc', 0.5, runId]]);
  expect(Object.keys((await runspan.getRun(runId)).data.metrics).toSorted()).toEqual([
    'after',
    'auc',
    'before',
    'loss',
  ]);
  expect(runspan.getActiveModelId()).toBeUndefined();
});

test('points for a model that is not there are kept by the run, and no word of it is lost', async () => {
  const { mlflow } = service;
  const runId = await mlflow.runContext('lost', (run) => {
    run.logMetric('auc', 0.9, { modelId: `m-${'0'.repeat(32)}` });
    run.logMetric('auc', 0.8, { step: 1, modelId: 7 as unknown as string });
    return run.key;
  });
  const history = await mlflow.client().getMetricHistory(runId, 'auc').all();
  expect(new Set(history.map(({ value }) => value))).toEqual(new Set([0.8, 0.9]));
  expect(mlflow.stats().mended).toMatchObject({ options: 1 });
});

test('a name that nothing has becomes a model without files, and the newest of several is taken', async () => {
  const made = await runspan.setActiveModel({ name: 'agent' });
  expect(made).toMatchObject({ name: 'agent', status: 'READY', tags: { 'mlflow.model.isExternal': 'true' } });
  const files = await service.mlflow.client().listLoggedModelArtifacts(made.modelId);
  expect(files.map(({ path }) => path)).toEqual(['MLmodel']);
  await vi.waitUntil(() => Date.now() > made.creationTimeMs);
  const newer = await runspan.createExternalModel({ name: 'agent', modelType: 'agent', params: { temperature: 0.2 } });
  expect((await runspan.setActiveModel({ name: 'agent' })).modelId).toBe(newer.modelId);
  expect((await runspan.lastLoggedModel())?.modelId).toBe(newer.modelId);
  runspan.clearActiveModel();
  expect(runspan.getActiveModelId()).toBeUndefined();
});

test('what names no model is refused, and the active one stays', async () => {
  const { modelId } = await runspan.setActiveModel({ name: 'stays' });
  await expect(runspan.setActiveModel({ modelId: `m-${'0'.repeat(32)}` })).rejects.toMatchObject({
    errorCode: 'RESOURCE_DOES_NOT_EXIST',
  });
  await expect(runspan.setActiveModel({ modelId, name: 'other' })).rejects.toMatchObject({
    errorCode: 'INVALID_PARAMETER_VALUE',
  });
  await expect(runspan.setActiveModel({} as runspan.ActiveModelChoice)).rejects.toMatchObject({
    errorCode: 'INVALID_PARAMETER_VALUE',
  });
  expect(runspan.getActiveModelId()).toBe(modelId);
});

test('the environment names one until another is set or cleared', async () => {
  const { modelId } = await runspan.createExternalModel({ name: 'of env' });
  vi.stubEnv('MLFLOW_ACTIVE_MODEL_ID', modelId);
  const { mlflow } = makeService({ trackingUri: service.mlflow.trackingUri });
  await mlflow.start();
  expect(runspan.getActiveModelId()).toBe(modelId);
  const runId = await mlflow.runContext('of env', (run) => {
    run.logMetric('auc', 0.7);
    runspan.clearActiveModel();
    run.logMetric('auc', 0.8);
    return run.key;
  });
  await mlflow.flush();
  expect(pointsOf(await runspan.getLoggedModel(modelId))).toEqual([['auc', 0.7, runId]]);
  expect(runspan.getActiveModelId()).toBeUndefined();
});

test('a trace made by hand leads to the model that was active when it began', async () => {
  const { modelId } = await runspan.setActiveModel({ name: 'traced' });
  const { openTraces } = await import('../../../src/runs/client/live-trace.ts');
  const { traceId } = await service.mlflow.client().startTrace('answer');
  runspan.clearActiveModel();
  const trace = openTraces().get(traceId);
  trace?.root.end({});
  expect(trace?.info().traceMetadata).toMatchObject({ 'mlflow.modelId': modelId });
  openTraces().delete(traceId);
});
