// What a run tells the processes that it starts.
import { expect, test } from 'vitest';
import { joinRun } from '../../../src/runs/open/open-run.ts';
import { openTestRun } from '../test-run.ts';

const KEY = 'a'.repeat(32);

test('the key, the experiment and the place at once, the id once it is known', () => {
  const { run } = openTestRun({}, { childPlace: { trackingUri: 'http://host:5000' } });
  const known = { RUNSPAN_RUN_KEY: run.key, MLFLOW_EXPERIMENT_NAME: 'exp', MLFLOW_TRACKING_URI: 'http://host:5000' };
  expect(run.childEnv()).toEqual(known);
  run.setCreated({ runId: 'r1', experimentId: '1', runUrl: 'http://host/runs/r1' });
  expect(run.childEnv()).toEqual({ ...known, MLFLOW_RUN_ID: 'r1', RUNSPAN_RUN_URL: 'http://host/runs/r1' });
});

test('the registry, where it is apart', () => {
  const place = { trackingUri: 'http://host:5000', registryUri: 'http://models:5000' };
  const { run } = openTestRun({}, { childPlace: place });
  expect(run.childEnv()).toMatchObject({ MLFLOW_REGISTRY_URI: 'http://models:5000' });
});

test('nothing where nothing is written', () => {
  expect(openTestRun({}, { childPlace: undefined }).run.childEnv()).toEqual({});
});

test('a run that is joined by its id alone has no key to tell', () => {
  const { surroundings } = openTestRun({}, { childPlace: { trackingUri: undefined } });
  expect(joinRun(surroundings, 'part', { runId: 'r1' }).childEnv()).toEqual({
    MLFLOW_RUN_ID: 'r1',
    MLFLOW_EXPERIMENT_NAME: 'exp',
  });
  expect(joinRun(surroundings, 'part', { runKey: KEY }).childEnv()).toMatchObject({ RUNSPAN_RUN_KEY: KEY });
});

test('a run that is joined has its page from the first span on where that is told, else once the store has said it', () => {
  const { surroundings } = openTestRun();
  const told = joinRun(surroundings, 'part', { runId: 'r1', runUrl: 'http://host/runs/r1' });
  expect(told.started.span.attributes).toMatchObject({ 'mlflow.run_url': 'http://host/runs/r1' });
  expect(told.started.identity).toMatchObject({ runUrl: 'http://host/runs/r1', isPageDue: false });
  const untold = joinRun(surroundings, 'part', { runId: 'r1' });
  expect(untold.started.identity.isPageDue).toBe(true);
  untold.setCreated({ runId: 'r1', experimentId: '1', runUrl: 'http://host/runs/r1' });
  expect(untold.started.identity).toMatchObject({ runUrl: 'http://host/runs/r1', isPageDue: false });
  expect(untold.started.span.attributes).toMatchObject({ 'mlflow.run_url': 'http://host/runs/r1' });
});
