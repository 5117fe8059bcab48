// Claims on logged models: how they begin, what is measured of them, how they end, and which runs they belong to.
import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import type { CreateLoggedModelRequest, Store } from '../../stores/contract.ts';
import { expectRefusal, makeExperiment, makeRun, NOON_MS } from './store-fixtures.ts';

/** Registers the claims on logged models. */
export function claimModels(store: () => Store): void {
  claimMaking(store);
  claimModelMetrics(store);
  claimDatasets(store);
  claimLinks(store);
}

async function requestFor(store: Store): Promise<CreateLoggedModelRequest & { readonly sourceRunId: string }> {
  const { info } = await makeRun(store);
  return {
    experimentId: info.experimentId,
    modelId: `m-${randomBytes(16).toString('hex')}`,
    name: 'model',
    sourceRunId: info.runId,
    params: [{ key: 'epochs', value: '3' }],
    tags: [{ key: 'runspan.model_key', value: randomBytes(16).toString('hex') }],
  };
}

function claimMaking(store: () => Store): void {
  test('a new model is PENDING, with its params and tags, and its files lie under its experiment', async () => {
    const request = await requestFor(store());
    const made = await store().createLoggedModel(request);
    expect(made.modelId).toMatch(/^m-[0-9a-f]{32}$/);
    if (store().supports.chosenRunId) expect(made.modelId).toBe(request.modelId);
    const { artifactLocation } = await store().getExperiment(request.experimentId);
    expect(made).toMatchObject({
      experimentId: request.experimentId,
      name: 'model',
      artifactUri: `${artifactLocation}/models/${made.modelId}/artifacts`,
      status: 'PENDING',
      modelType: '',
      sourceRunId: request.sourceRunId,
      params: { epochs: '3' },
      metrics: [],
    });
    for (const { key, value } of request.tags) expect(made.tags[key]).toBe(value);
    expect(await store().getLoggedModel(made.modelId)).toEqual(made);
  });

  test('a model needs neither a name nor a run', async () => {
    const experimentId = await makeExperiment(store());
    const made = await store().createLoggedModel({ experimentId, params: [], tags: [] });
    expect(made).toMatchObject({ name: expect.stringMatching(/^[a-z]+-[a-z]+-\d+$/), sourceRunId: '', modelType: '' });
  });

  test.each(['READY', 'UPLOAD_FAILED'] as const)('a model ends as %s, and saying so twice is fine', async (status) => {
    const { modelId } = await store().createLoggedModel(await requestFor(store()));
    for (const _ of [1, 2]) expect(await store().finalizeLoggedModel(modelId, status)).toMatchObject({ status });
    expect((await store().getLoggedModel(modelId)).status).toBe(status);
  });

  test('a model is found by a tag, the oldest first, until it is in the bin', async () => {
    const request = await requestFor(store());
    const tag = request.tags[0] ?? { key: '', value: '' };
    const { modelId: _, ...another } = request;
    const first = await store().createLoggedModel(request);
    const second = await store().createLoggedModel(another);
    const ids = async (): Promise<readonly string[]> =>
      (await store().findLoggedModels(request.experimentId, tag)).map(({ modelId }) => modelId);
    expect([...(await ids())].toSorted()).toEqual([first.modelId, second.modelId].toSorted());
    expect(await store().findLoggedModels(request.experimentId, { ...tag, value: 'other' })).toEqual([]);
    const untagged = await store().createLoggedModel({ ...another, tags: [] });
    const all = (await store().findLoggedModels(request.experimentId)).map(({ modelId }) => modelId);
    expect(all).toEqual(expect.arrayContaining([first.modelId, second.modelId, untagged.modelId]));
    await store().deleteLoggedModel(first.modelId);
    expect(await ids()).toEqual([second.modelId]);
    await expectRefusal(store().getLoggedModel(first.modelId), 'RESOURCE_DOES_NOT_EXIST', 404);
  });

  test('a store that takes our ids makes a model once, however often it is asked', async () => {
    if (!store().supports.chosenRunId) return;
    const request = await requestFor(store());
    const made = await store().createLoggedModel(request);
    expect(await store().createLoggedModel(request)).toEqual(made);
    const other = { ...request, tags: [{ key: 'runspan.model_key', value: 'another' }] };
    await expectRefusal(store().createLoggedModel(other), 'RESOURCE_ALREADY_EXISTS', 400);
    await expectRefusal(store().createLoggedModel({ ...request, modelId: 'mine' }), 'INVALID_PARAMETER_VALUE', 400);
  });

  test('what is not there, or has a bad name, is refused as MLflow does', async () => {
    const absent = `m-${'0'.repeat(32)}`;
    await expectRefusal(store().getLoggedModel(absent), 'RESOURCE_DOES_NOT_EXIST', 404);
    await expectRefusal(store().finalizeLoggedModel(absent, 'READY'), 'RESOURCE_DOES_NOT_EXIST', 404);
    await expectRefusal(store().deleteLoggedModel(absent), 'RESOURCE_DOES_NOT_EXIST', 404);
    const request = await requestFor(store());
    await expectRefusal(store().createLoggedModel({ ...request, name: 'a.b' }), 'INVALID_PARAMETER_VALUE', 400);
    const lost = { ...request, experimentId: '987654321' };
    await expectRefusal(store().createLoggedModel(lost), 'RESOURCE_DOES_NOT_EXIST', 404);
  });
}

function claimModelMetrics(store: () => Store): void {
  test('a metric of a model is a point of the run and of the model, and a resend changes nothing', async () => {
    const request = await requestFor(store());
    const { modelId } = await store().createLoggedModel(request);
    const runId = request.sourceRunId;
    const points = [0, 1].map((step) => ({ key: 'loss', value: 1 / (step + 1), timestampMs: NOON_MS + step, step }));
    const metrics = [
      ...points.map((point) => ({ ...point, modelId })),
      { key: 'loss', value: 9, timestampMs: NOON_MS + 2, step: 2 },
      { key: 'bad', value: NaN, timestampMs: NOON_MS, step: 0, modelId },
    ];
    await store().logBatch({ runId, metrics });
    await store().logBatch({ runId, metrics });
    expect((await store().getMetricHistory({ runId, key: 'loss' })).items.map(({ value }) => value)).toEqual([
      1, 0.5, 9,
    ]);
    const model = await store().getLoggedModel(modelId);
    const inOrder = model.metrics.toSorted((a, b) => (a.key < b.key ? -1 : 1) || a.step - b.step);
    // of NaN MLflow keeps a 0 here, and no mark
    expect(inOrder).toEqual([
      { key: 'bad', value: 0, timestampMs: NOON_MS, step: 0, runId },
      ...points.map((point) => ({ ...point, runId })),
    ]);
  });
}

function claimDatasets(store: () => Store): void {
  test('a metric of a model says what data it was measured on', async () => {
    const request = await requestFor(store());
    const { modelId } = await store().createLoggedModel(request);
    const measured = { datasetName: 'rows', datasetDigest: 'f00d' };
    const point = { key: 'loss', value: 0.5, timestampMs: NOON_MS, step: 0 };
    await store().logBatch({ runId: request.sourceRunId, metrics: [{ ...point, modelId, ...measured }] });
    const { metrics } = await store().getLoggedModel(modelId);
    expect(metrics).toEqual([{ ...point, runId: request.sourceRunId, ...measured }]);
  });
}

function claimLinks(store: () => Store): void {
  test('a run knows the models that it worked on and made, and a resend changes nothing', async () => {
    const request = await requestFor(store());
    const { modelId } = await store().createLoggedModel(request);
    const runId = request.sourceRunId;
    const dataset = { name: 'rows', digest: 'd', sourceType: 'code', source: '{}' };
    for (const _ of [1, 2]) {
      await store().logInputs(runId, [{ dataset, tags: [] }], [modelId]);
      await store().logOutputs(runId, [{ modelId, step: 3 }]);
    }
    const run = await store().getRun(runId);
    expect(run.inputs).toEqual({ datasetInputs: [{ dataset, tags: [] }], modelInputs: [{ modelId }] });
    expect(run.outputs).toEqual({ modelOutputs: [{ modelId, step: 3 }] });
  });

  test('outputs need a run that exists', async () => {
    const { modelId } = await store().createLoggedModel(await requestFor(store()));
    const lost = store().logOutputs('0'.repeat(32), [{ modelId, step: 0 }]);
    await expectRefusal(lost, 'RESOURCE_DOES_NOT_EXIST', 404);
  });
}
