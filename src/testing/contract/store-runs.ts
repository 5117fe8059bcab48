// Claims on runs: how they begin, change, go to the bin and come back.
import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import type { Store } from '../../stores/contract.ts';
import { expectRefusal, makeExperiment, makeRun, NOON_MS } from './store-fixtures.ts';

/** Registers the claims on runs. */
export function claimRuns(store: () => Store): void {
  claimBeginnings(store);
  claimChosenIds(store);
  claimChanges(store);
}

function claimBeginnings(store: () => Store): void {
  test('a new run is RUNNING, empty, and under its experiment', async () => {
    const experimentId = await makeExperiment(store());
    const made = await store().createRun({
      experimentId,
      runName: 'träin 🚂',
      userId: 'ada',
      startTimeMs: NOON_MS,
      tags: [{ key: 'stage', value: 'dev' }],
    });
    const run = await store().getRun(made.info.runId);
    expect(run.info).toMatchObject({
      runName: 'träin 🚂',
      experimentId,
      userId: 'ada',
      status: 'RUNNING',
      startTimeMs: NOON_MS,
      endTimeMs: undefined,
      lifecycleStage: 'active',
    });
    expect(made.info).toEqual(run.info);
    const { artifactLocation } = await store().getExperiment(experimentId);
    expect(run.info.artifactUri).toBe(`${artifactLocation}/${run.info.runId}/artifacts`);
    expect(run.data).toEqual({ metrics: {}, params: {}, tags: { stage: 'dev', 'mlflow.runName': 'träin 🚂' } });
    expect(run.inputs.datasetInputs).toEqual([]);
  });

  test('a run without a name is given one of MLflow form, in the tag too', async () => {
    const run = await makeRun(store());
    expect(run.info.runName).toMatch(/^[a-z]+-[a-z]+-\d+$/);
    expect((await store().getRun(run.info.runId)).data.tags).toEqual({ 'mlflow.runName': run.info.runName });
  });

  test('a name tag alone names the run; one that contradicts the name is refused', async () => {
    const tags = [{ key: 'mlflow.runName', value: 'by-tag' }];
    expect((await makeRun(store(), { tags })).info.runName).toBe('by-tag');
    await expectRefusal(makeRun(store(), { tags, runName: 'other' }), 'INVALID_PARAMETER_VALUE', 400);
  });

  test('needs an experiment that exists', async () => {
    await expectRefusal(makeRun(store(), { experimentId: '987654321' }), 'RESOURCE_DOES_NOT_EXIST', 404);
  });

  test('an unknown run is RESOURCE_DOES_NOT_EXIST to every method', async () => {
    const absent = 'f'.repeat(32);
    const calls = [
      () => store().getRun(absent),
      () => store().updateRun({ runId: absent, status: 'FINISHED' }),
      () => store().deleteRun(absent),
      () => store().restoreRun(absent),
      () => store().logBatch({ runId: absent, tags: [{ key: 'a', value: 'b' }] }),
      () => store().deleteTag(absent, 'a'),
      () => store().logInputs(absent, []),
    ];
    for (const call of calls) {
      const error = await expectRefusal(call(), 'RESOURCE_DOES_NOT_EXIST', 404);
      expect(error.message).toContain(`Run with id=${absent} not found`);
    }
  });
}

function claimChosenIds(store: () => Store): void {
  test('where it says so, a store takes the run id it is given, and the same create again is the same run', async () => {
    if (!store().supports.chosenRunId) return;
    const runId = randomBytes(16).toString('hex');
    const request = {
      experimentId: await makeExperiment(store()),
      runId,
      startTimeMs: NOON_MS,
      tags: [{ key: 'runspan.run_key', value: runId }],
    };
    const first = await store().createRun(request);
    expect(first.info.runId).toBe(runId);
    await store().logBatch({ runId, params: [{ key: 'lr', value: '0.1' }] });
    const again = await store().createRun(request);
    expect(again.info).toEqual(first.info);
    expect(again.data.params).toEqual({ lr: '0.1' });
    const other = { ...request, tags: [{ key: 'runspan.run_key', value: 'another' }] };
    await expectRefusal(store().createRun(other), 'RESOURCE_ALREADY_EXISTS', 400);
    await expectRefusal(store().createRun({ ...request, runId: '../escape' }), 'INVALID_PARAMETER_VALUE', 400);
  });

  test('where it does not, the server chooses and two creates are two runs', async () => {
    if (store().supports.chosenRunId) return;
    const runId = randomBytes(16).toString('hex');
    const experimentId = await makeExperiment(store());
    const made = await makeRun(store(), { experimentId, runId });
    expect(made.info.runId).not.toBe(runId);
    expect((await makeRun(store(), { experimentId, runId })).info.runId).not.toBe(made.info.runId);
  });
}

function claimChanges(store: () => Store): void {
  test.each(['FINISHED', 'FAILED', 'KILLED', 'SCHEDULED'] as const)('ends %s at the time given', async (status) => {
    const { info } = await makeRun(store());
    const changed = await store().updateRun({ runId: info.runId, status, endTimeMs: NOON_MS + 5 });
    expect(changed).toEqual({ ...info, status, endTimeMs: NOON_MS + 5 });
    expect((await store().getRun(info.runId)).info).toEqual(changed);
  });

  test('goes back to RUNNING and keeps its end time', async () => {
    const { info } = await makeRun(store());
    await store().updateRun({ runId: info.runId, status: 'FINISHED', endTimeMs: NOON_MS + 5 });
    const resumed = await store().updateRun({ runId: info.runId, status: 'RUNNING' });
    expect(resumed).toMatchObject({ status: 'RUNNING', endTimeMs: NOON_MS + 5 });
  });

  test('its name and its name tag are one', async () => {
    const { info } = await makeRun(store(), { runName: 'first' });
    await store().updateRun({ runId: info.runId, runName: 'second' });
    expect(await store().getRun(info.runId)).toMatchObject({
      info: { runName: 'second' },
      data: { tags: { 'mlflow.runName': 'second' } },
    });
    await store().logBatch({ runId: info.runId, tags: [{ key: 'mlflow.runName', value: 'third' }] });
    expect((await store().getRun(info.runId)).info).toEqual({ ...info, runName: 'third' });
    await store().updateRun({ runId: info.runId, runName: '' });
    expect((await store().getRun(info.runId)).info.runName).toBe('third');
  });

  test('in the bin it can be read and restored, but not written', async () => {
    const run = await makeRun(store(), { tags: [{ key: 'a', value: 'b' }] });
    const { runId } = run.info;
    await store().deleteRun(runId);
    await store().deleteRun(runId); // again is no error
    expect((await store().getRun(runId)).info.lifecycleStage).toBe('deleted');
    const calls = [
      () => store().updateRun({ runId, status: 'FINISHED' }),
      () => store().logBatch({ runId, metrics: [{ key: 'm', value: 1, timestampMs: NOON_MS, step: 0 }] }),
      () => store().logBatch({ runId, params: [{ key: 'p', value: '1' }] }),
      () => store().logBatch({ runId, tags: [{ key: 't', value: '1' }] }),
      () => store().deleteTag(runId, 'a'),
      () => store().logInputs(runId, []),
    ];
    for (const call of calls) {
      const error = await expectRefusal(call(), 'INVALID_PARAMETER_VALUE', 400);
      expect(error.message).toContain(`The run ${runId} must be in the 'active' state. Current state is deleted.`);
    }
    await store().restoreRun(runId);
    await store().restoreRun(runId);
    expect(await store().getRun(runId)).toEqual(run);
  });
}
