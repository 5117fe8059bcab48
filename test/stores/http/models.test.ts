// Logged models, outputs and traces over HTTP: each request as MLflow's server reads it, each answer as the contract says.
import { expect, it, onTestFinished } from 'vitest';
import { RunspanError } from '../../../src/errors.ts';
import type { Store } from '../../../src/stores/contract.ts';
import { openHttpStore } from '../../../src/stores/http/http-store.ts';
import { fakePace } from '../../rest/fake-pace.ts';
import { json, startServer } from '../../rest/scripted-server.ts';
import type { Answer, ScriptedServer } from '../../rest/scripted-server.ts';

const MODEL_API = '/api/2.0/mlflow/logged-models';

async function open(...script: readonly Answer[]): Promise<{ readonly store: Store; readonly server: ScriptedServer }> {
  const server = await startServer(...script);
  const store = openHttpStore(server.url, { timeoutMs: 5_000 }, { pace: fakePace() });
  onTestFinished(() => store.close());
  return { store, server };
}

const sent = ({ seen }: ScriptedServer): unknown[] =>
  seen.map(({ method, url, body }) => [method, url, body === '' ? undefined : (JSON.parse(body) as unknown)]);

const modelJson = (id: string, createdMs: number, status = 'LOGGED_MODEL_PENDING'): object => ({
  info: {
    model_id: id,
    experiment_id: '7',
    name: 'net',
    creation_timestamp_ms: createdMs,
    last_updated_timestamp_ms: createdMs + 1,
    artifact_uri: `mlflow-artifacts:/7/models/${id}/artifacts`,
    status,
    model_type: 'mlp',
    source_run_id: 'r1',
    tags: [{ key: 'runspan.model_key', value: 'k1' }],
  },
  data: {
    params: [{ key: 'depth', value: '3' }],
    metrics: [{ key: 'loss', value: 0.5, timestamp: 9, step: 2, model_id: id, run_id: 'r1' }],
  },
});

const model = {
  modelId: 'm-1',
  experimentId: '7',
  name: 'net',
  artifactUri: 'mlflow-artifacts:/7/models/m-1/artifacts',
  creationTimeMs: 5,
  lastUpdateTimeMs: 6,
  status: 'PENDING',
  modelType: 'mlp',
  sourceRunId: 'r1',
  params: { depth: '3' },
  tags: { 'runspan.model_key': 'k1' },
};

it('makes a model, whose metrics, params and tags come back', async () => {
  const { store, server } = await open(json({ model: modelJson('m-1', 5) }));
  const made = await store.createLoggedModel({
    experimentId: '7',
    name: 'net',
    modelType: 'mlp',
    sourceRunId: 'r1',
    params: [{ key: 'depth', value: '3' }],
    tags: [{ key: 'runspan.model_key', value: 'k1' }],
  });
  expect(made).toMatchObject(model);
  expect(made.metrics).toMatchObject([{ key: 'loss', value: 0.5, step: 2, runId: 'r1' }]);
  expect(sent(server)).toEqual([
    [
      'POST',
      MODEL_API,
      {
        experiment_id: '7',
        name: 'net',
        model_type: 'mlp',
        source_run_id: 'r1',
        params: [{ key: 'depth', value: '3' }],
        tags: [{ key: 'runspan.model_key', value: 'k1' }],
      },
    ],
  ]);
});

it('reads, ends and deletes a model at its own address', async () => {
  const ready = modelJson('m-1', 5, 'LOGGED_MODEL_READY');
  const { store, server } = await open(json({ model: modelJson('m-1', 5) }), json({ model: ready }), json({}));
  expect(await store.getLoggedModel('m-1')).toMatchObject(model);
  expect(await store.finalizeLoggedModel('m-1', 'READY')).toMatchObject({ ...model, status: 'READY' });
  await store.deleteLoggedModel('m-1');
  expect(server.seen.map(({ method, url }) => [method, url])).toEqual([
    ['GET', `${MODEL_API}/m-1`],
    ['PATCH', `${MODEL_API}/m-1`],
    ['DELETE', `${MODEL_API}/m-1`],
  ]);
  expect(JSON.parse(server.seen[1]?.body ?? '')).toMatchObject({ status: 'LOGGED_MODEL_READY' });
});

it('refuses a status that the server would store as unknown', async () => {
  const { store, server } = await open(json({}));
  await expect(store.finalizeLoggedModel('m-1', 'DONE' as 'READY')).rejects.toThrow(RunspanError);
  expect(server.seen).toEqual([]);
});

it('finds models by a tag, the oldest first, and a quote in it breaks out of nothing', async () => {
  const models = [modelJson('m-3', 9), modelJson('m-2', 5), modelJson('m-1', 5)];
  const { store, server } = await open(json({ models }), json({}));
  const found = await store.findLoggedModels('7', { key: 'runspan.model_key', value: 'k1' });
  expect(found.map(({ modelId }) => modelId)).toEqual(['m-1', 'm-2', 'm-3']);
  expect(await store.findLoggedModels('7', { key: 'a`b', value: "' OR 1 = 1" })).toEqual([]);
  const filters = server.seen.map(({ body }) => (JSON.parse(body) as { filter: string }).filter);
  expect(filters).toEqual(["tags.`runspan.model_key` = 'k1'", "tags.`ab` = ' OR 1 = 1'"]);
});

const runWith = (...modelIds: readonly string[]): Answer =>
  json({
    run: {
      info: { run_id: 'r1', experiment_id: '7', status: 'RUNNING' },
      outputs: { model_outputs: modelIds.map((id) => ({ model_id: id, step: 3 })) },
    },
  });
const refused = json({ error_code: 'INTERNAL_ERROR', message: 'UNIQUE constraint failed' }, 500);

it('logs outputs one by one, each with its step', async () => {
  const { store, server } = await open(json({}));
  await store.logOutputs('r1', [
    { modelId: 'm-1', step: 3 },
    { modelId: 'm-2', step: 4 },
  ]);
  expect(sent(server)).toEqual(
    [
      ['m-1', 3],
      ['m-2', 4],
    ].map(([id, step]) => ['POST', '/api/2.0/mlflow/runs/outputs', { run_id: 'r1', models: [{ model_id: id, step }] }]),
  );
});

it('takes an output that is there already as logged, and one that is not as refused', async () => {
  const there = await open(refused, runWith('m-1'));
  await expect(there.store.logOutputs('r1', [{ modelId: 'm-1', step: 3 }])).resolves.toBeUndefined();
  const absent = await open(refused, runWith('m-2'));
  await expect(absent.store.logOutputs('r1', [{ modelId: 'm-1', step: 3 }])).rejects.toThrow('UNIQUE constraint');
});

it('says which models a run works on, with its data sets', async () => {
  const { store, server } = await open(json({}));
  await store.logInputs('r1', [], ['m-1']);
  expect(JSON.parse(server.seen[0]?.body ?? '')).toEqual({ run_id: 'r1', datasets: [], models: [{ model_id: 'm-1' }] });
});

const first = '1'.repeat(32);

it('sends spans as they are, to their run, and links and lists traces by MLflow’s ids', async () => {
  const { store, server } = await open(
    json({}),
    json({}),
    json({}),
    json({ traces: [{ trace_id: `tr-${first}` }, { trace_id: 'other' }] }),
  );
  const line = { resourceSpans: [{ scopeSpans: [] }] };
  await store.traces?.log({ experimentId: '7', runId: 'r1', line: JSON.stringify(line) });
  const many = Array.from({ length: 101 }, (_, at) => at.toString(16).padStart(32, '0'));
  await store.traces?.link('r1', many);
  expect(await store.traces?.list('7', 'r1')).toEqual([first, 'other']);
  const [spans, firstLinks, lastLinks, search] = server.seen;
  expect(spans).toMatchObject({
    url: '/v1/traces',
    headers: { 'x-mlflow-experiment-id': '7', 'x-mlflow-run-id': 'r1' },
  });
  expect(JSON.parse(spans?.body ?? '')).toEqual(line);
  const linked = [firstLinks, lastLinks].map((one) => JSON.parse(one?.body ?? '') as { trace_ids: string[] });
  expect(linked.map(({ trace_ids: ids }) => ids.length)).toEqual([100, 1]);
  expect(linked.flatMap(({ trace_ids: ids }) => ids)).toEqual(many.map((id) => `tr-${id}`));
  expect(JSON.parse(search?.body ?? '')).toEqual({
    locations: [{ type: 'MLFLOW_EXPERIMENT', mlflow_experiment: { experiment_id: '7' } }],
    filter: "attributes.run_id = 'r1'",
    max_results: 500,
  });
});

it.each([
  ['no JSON', '{"resourceSpans":[', 'not JSON'],
  ['no OTLP', '{"spans":[]}', 'no resourceSpans'],
  ['no object', 'null', 'no resourceSpans'],
])('sends no line of spans that is %s: the server would take a part of it', async (_what, line, message) => {
  const { store, server } = await open(json({}));
  await expect(store.traces?.log({ experimentId: '7', runId: 'r1', line })).rejects.toThrow(message);
  expect(server.seen).toEqual([]);
});

it('sends a lone point of a model by itself: a batch would leave half of it where the model is not there', async () => {
  const { store, server } = await open(json({}), json({}));
  const metric = {
    key: 'auc',
    value: 0.9,
    timestampMs: 1,
    step: 0,
    modelId: 'm-1',
    datasetName: 'd',
    datasetDigest: 'f',
  };
  await store.logBatch({ runId: 'r1', metrics: [metric] });
  await store.logBatch({ runId: 'r1', metrics: [metric, { ...metric, step: 1 }] });
  const fields = {
    key: 'auc',
    value: 0.9,
    timestamp: 1,
    step: 0,
    model_id: 'm-1',
    dataset_name: 'd',
    dataset_digest: 'f',
  };
  expect(sent(server)).toEqual([
    ['POST', '/api/2.0/mlflow/runs/log-metric', { run_id: 'r1', ...fields }],
    ['POST', '/api/2.0/mlflow/runs/log-batch', expect.objectContaining({ metrics: [fields, { ...fields, step: 1 }] })],
  ]);
});
