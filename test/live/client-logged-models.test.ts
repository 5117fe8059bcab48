// Logged models by our client and by Python's, on one server: each reads what the other did, and both are refused alike.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { MlflowClient } from '../../src/index.ts';
import { askPython, expectAlike } from './ask-python.ts';
import { startService } from './in-process.ts';
import { makeFolder } from './live-job.ts';
import { requireBackend } from './require-backend.ts';

const mlflow = requireBackend('mlflow');
const uri = (): string => mlflow.env.MLFLOW_TRACKING_URI;

const POINT = { timestampMs: 1_700_000_000_000, step: 3 };
const ROWS = { datasetName: 'rows', datasetDigest: 'f00d' };

async function start(): Promise<{ client: MlflowClient; experimentId: string; runId: string }> {
  const service = await startService({ trackingUri: uri(), experimentName: 'models' });
  const client = service.client();
  const experiment = await client.getExperimentByName('models');
  const experimentId = experiment?.experimentId ?? '';
  const { info } = await client.createRun(experimentId);
  return { client, experimentId, runId: info.runId };
}

const params = Object.fromEntries(Array.from({ length: 101 }, (_, index) => [`p${index}`, index]));

describe('Python reads what our client did', () => {
  test('a model with more params than one request takes, tags, metrics on data, and its links to a run', async () => {
    const { client, experimentId, runId } = await start();
    const made = await client.createLoggedModel(experimentId, {
      name: 'churn',
      sourceRunId: runId,
      modelType: 'agent',
      params,
      tags: { stage: 'dev', cut: true, umlaut: 'ä' },
    });
    const { modelId } = made;
    expect(made).toMatchObject({ status: 'PENDING', name: 'churn', modelType: 'agent', sourceRunId: runId });
    await client.logModelParams(modelId, { late: 1.5 });
    await client.setLoggedModelTags(modelId, { stage: 'prod', 'a key/with 100%': '' });
    await client.deleteLoggedModelTag(modelId, 'cut');
    await client.logMetric(runId, 'loss', 0.25, { ...POINT, modelId, ...ROWS });
    await client.logMetric(runId, 'loss', 0.5, { ...POINT, step: 4, modelId });
    await client.logInputs(runId, undefined, { models: [{ modelId }] });
    await client.logOutputs(runId, [{ modelId, step: 7 }]);
    expect((await client.finalizeLoggedModel(modelId, 'FAILED')).status).toBe('UPLOAD_FAILED');
    expect((await client.finalizeLoggedModel(modelId, 'READY')).status).toBe('READY');

    const { model, run } = await askPython(
      uri(),
      { model: 'client.get_logged_model(given["modelId"])', run: 'client.get_run(given["runId"])' },
      { modelId, runId },
    );
    const point = { key: 'loss', model_id: modelId, run_id: runId, timestamp: POINT.timestampMs };
    expect(model.value).toMatchObject({
      name: 'churn',
      status: 'READY',
      model_type: 'agent',
      source_run_id: runId,
      params: {
        ...Object.fromEntries(Object.entries(params).map(([key, value]) => [key, String(value)])),
        late: '1.5',
      },
      tags: { stage: 'prod', umlaut: 'ä', 'a key/with 100%': '' },
      metrics: [
        { ...point, value: 0.25, step: 3, dataset_name: 'rows', dataset_digest: 'f00d' },
        { ...point, value: 0.5, step: 4, dataset_name: null, dataset_digest: null },
      ],
    });
    expect(model.value).not.toHaveProperty('tags.cut');
    expect(run.value).toMatchObject({
      inputs: { model_inputs: [{ model_id: modelId }] },
      outputs: { model_outputs: [{ model_id: modelId, step: 7 }] },
    });

    const { metrics, ...whole } = await client.getLoggedModel(modelId);
    expect(whole).toMatchObject({ params: { p100: '100', late: '1.5' }, tags: { stage: 'prod' } });
    expect(metrics).toEqual([
      { ...POINT, key: 'loss', value: 0.25, runId, ...ROWS },
      { ...POINT, key: 'loss', value: 0.5, runId, step: 4 },
    ]);
    await client.deleteLoggedModel(modelId);
    await expect(client.getLoggedModel(modelId)).rejects.toMatchObject({ errorCode: 'RESOURCE_DOES_NOT_EXIST' });
  });
});

describe('our client reads what Python did', () => {
  test('models, found by filter, data and order, page by page, and their files', async () => {
    const { client, experimentId, runId } = await start();
    const folder = makeFolder();
    mkdirSync(join(folder, 'sub'));
    writeFileSync(join(folder, 'model.bin'), 'weights');
    writeFileSync(join(folder, 'sub', 'part.txt'), 'x');
    const make = `[client.create_logged_model(given["experimentId"], name=f"m{i}", source_run_id=given["runId"], params={"i": str(i)},
      tags={"set": given["runId"]}, model_type="llm") for i in range(3)]`;
    const log = `[client.log_metric(given["runId"], "acc", 0.1 * i, timestamp=1700000000000, step=i, model_id=m.model_id,
      dataset_name="rows", dataset_digest="f00d") for i, m in enumerate(made)]`;
    const { made, logged, files } = await askPython(
      uri(),
      { made: make, logged: log, files: 'client.log_model_artifacts(made[0].model_id, given["folder"])' },
      { experimentId, runId, folder },
    );
    expect([logged.errorCode, files.errorCode]).toEqual([undefined, undefined]);
    const ids = (made.value as readonly { readonly model_id: string }[]).map(({ model_id: id }) => id);
    const mine = `tags.set = '${runId}'`;
    const search = client.searchLoggedModels([experimentId], {
      filterString: mine,
      maxResults: 2,
      orderBy: [{ fieldName: 'metrics.acc', ascending: false, ...ROWS }],
    });
    const found = await search.all();
    expect(found.map(({ modelId }) => modelId)).toEqual(ids.toReversed());
    expect((await search.firstPage()).items).toHaveLength(2);
    expect(found[0]).toMatchObject({
      experimentId,
      name: 'm2',
      params: { i: '2' },
      modelType: 'llm',
      status: 'PENDING',
      metrics: [{ key: 'acc', value: 0.2, runId, step: 2, timestampMs: 1_700_000_000_000, ...ROWS }],
    });
    const filtered = client.searchLoggedModels([experimentId], {
      filterString: `${mine} AND metrics.acc > 0.15`,
      datasets: [{ datasetName: 'rows', datasetDigest: 'f00d' }],
    });
    expect((await filtered.all()).map(({ modelId }) => modelId)).toEqual([ids[2]]);
    expect(await client.listLoggedModelArtifacts(ids[0] ?? '')).toEqual([
      { path: 'model.bin', isDir: false, fileSize: 7 },
      { path: 'sub', isDir: true, fileSize: undefined },
    ]);
    expect(await client.listLoggedModelArtifacts(ids[0] ?? '', { path: 'sub' })).toEqual([
      { path: 'sub/part.txt', isDir: false, fileSize: 1 },
    ]);
  });
});

test('both are refused with the same code and status', async () => {
  const { client, experimentId, runId } = await start();
  const absent = `m-${'0'.repeat(32)}`;
  const { modelId } = await client.createLoggedModel(experimentId, { params: { once: 1 } });
  const theirs = await askPython(
    uri(),
    {
      get: 'client.get_logged_model(given["absent"])',
      empty: 'client.get_logged_model("")',
      remove: 'client.delete_logged_model(given["absent"])',
      finalize: 'client.finalize_logged_model(given["absent"], "READY")',
      params: 'client.log_model_params(given["absent"], {"a": "1"})',
      twice: 'client.log_model_params(given["modelId"], {"once": "2"})',
      tags: 'client.set_logged_model_tags(given["absent"], {"a": "1"})',
      untag: 'client.delete_logged_model_tag(given["modelId"], "none")',
      name: 'client.create_logged_model(given["experimentId"], name="a.b")',
      experiment: 'client.create_logged_model("987654321")',
      filter: 'client.search_logged_models([given["experimentId"]], "nonsense !")',
      order: 'client.search_logged_models([given["experimentId"]], order_by=[{"field_name": "bogus"}])',
      files: 'client.list_logged_model_artifacts(given["absent"])',
      digest: 'client.log_metric(given["runId"], "a", 1.0, dataset_name="x")',
    },
    { absent, modelId, experimentId, runId },
  );
  const ours = {
    get: client.getLoggedModel(absent),
    empty: client.getLoggedModel(''),
    remove: client.deleteLoggedModel(absent),
    finalize: client.finalizeLoggedModel(absent, 'READY'),
    params: client.logModelParams(absent, { a: '1' }),
    twice: client.logModelParams(modelId, { once: '2' }),
    tags: client.setLoggedModelTags(absent, { a: '1' }),
    untag: client.deleteLoggedModelTag(modelId, 'none'),
    name: client.createLoggedModel(experimentId, { name: 'a.b' }),
    experiment: client.createLoggedModel('987654321'),
    filter: client.searchLoggedModels([experimentId], { filterString: 'nonsense !' }).all(),
    order: client.searchLoggedModels([experimentId], { orderBy: [{ fieldName: 'bogus' }] }).all(),
    files: client.listLoggedModelArtifacts(absent),
    digest: client.logMetric(runId, 'a', 1, { datasetName: 'x' }),
  };
  await expectAlike(ours, theirs);
});
