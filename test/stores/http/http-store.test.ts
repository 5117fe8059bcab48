// The HTTP store against a scripted server: what goes on the wire, what comes back, what is tried again.
import fc from 'fast-check';
import { describe, expect, it, onTestFinished } from 'vitest';
import { MlflowError } from '../../../src/errors.ts';
import type { Metric, RunStatus } from '../../../src/model/entities.ts';
import type { ConnectionOptions } from '../../../src/rest/transport/connection.ts';
import type { Store } from '../../../src/stores/contract.ts';
import { openHttpStore } from '../../../src/stores/http/http-store.ts';
import { fakePace, type FakePace } from '../../rest/fake-pace.ts';
import {
  closedPort,
  hang,
  json,
  reset,
  startServer,
  text,
  type Answer,
  type ScriptedServer,
} from '../../rest/scripted-server.ts';

interface Opened {
  readonly store: Store;
  readonly server: ScriptedServer;
  readonly pace: FakePace;
}

async function open(...script: readonly Answer[]): Promise<Opened> {
  const server = await startServer(...script);
  return { server, ...openAt(server.url) };
}

function openAt(url: string, connection: ConnectionOptions = { timeoutMs: 5000 }): Pick<Opened, 'store' | 'pace'> {
  const pace = fakePace();
  const store = openHttpStore(url, connection, { pace });
  onTestFinished(() => store.close());
  return { store, pace };
}

async function failureOf(work: Promise<unknown>): Promise<MlflowError> {
  const error = await work.catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(MlflowError);
  return error as MlflowError; // just asserted
}

const bodies = (server: ScriptedServer): unknown[] => server.seen.map((one) => JSON.parse(one.body) as unknown);
const metric = (fields: Partial<Metric> = {}): Metric => ({
  key: 'loss',
  value: 1,
  timestampMs: 1,
  step: 0,
  ...fields,
});
const dataset = { name: 'd', digest: 'x', sourceType: 'local', source: '{}' };
const runJson = {
  run: {
    info: {
      run_id: 'r1',
      run_uuid: 'r1',
      run_name: 'able-fox-1',
      experiment_id: '7',
      user_id: 'ada',
      status: 'FINISHED',
      start_time: 1_795_475_371_335,
      end_time: '1795475371399',
      artifact_uri: 'mlflow-artifacts:/7/r1/artifacts',
      lifecycle_stage: 'active',
      some_future_field: { a: 1 },
    },
    data: {
      metrics: [
        { key: 'loss', value: 0.5, timestamp: 1, step: 3 },
        { key: 'nan', value: 'NaN', timestamp: 1, step: 0 },
        { key: 'inf', value: 1.7976931348623157e308, timestamp: 1 },
        { key: 'minus', value: '-Infinity', timestamp: 1 },
        { key: 'zero' },
      ],
      params: [{ key: '__proto__', value: 'p' }, { key: 'empty' }],
      tags: [{ key: 'mlflow.runName', value: 'able-fox-1' }],
    },
    inputs: {
      dataset_inputs: [
        {
          tags: [{ key: 'mlflow.data.context', value: 'training' }],
          dataset: { name: 'd', digest: 'x', source_type: 'local', source: '{}', profile: '{"num_rows":3}' },
        },
      ],
    },
  },
};
const anExperiment = {
  experiment_id: '7',
  name: 'churn',
  artifact_location: 'mlflow-artifacts:/7',
  lifecycle_stage: 'deleted',
};

describe('what comes back', () => {
  it('is a run, with what a server leaves out and says twice', async () => {
    const { store, server } = await open(json(runJson));
    const run = await store.getRun('r1');
    expect(server.seen[0]).toMatchObject({ method: 'GET', url: '/api/2.0/mlflow/runs/get?run_id=r1', body: '' });
    expect(run).toEqual({
      info: {
        runId: 'r1',
        runName: 'able-fox-1',
        experimentId: '7',
        userId: 'ada',
        status: 'FINISHED',
        startTimeMs: 1_795_475_371_335,
        endTimeMs: 1_795_475_371_399,
        artifactUri: 'mlflow-artifacts:/7/r1/artifacts',
        lifecycleStage: 'active',
      },
      data: {
        metrics: { loss: 0.5, nan: NaN, inf: 1.7976931348623157e308, minus: -Infinity, zero: 0 },
        params: Object.fromEntries([
          ['__proto__', 'p'],
          ['empty', ''],
        ]),
        tags: { 'mlflow.runName': 'able-fox-1' },
      },
      inputs: {
        datasetInputs: [
          {
            tags: [{ key: 'mlflow.data.context', value: 'training' }],
            dataset: { ...dataset, profile: '{"num_rows":3}' },
          },
        ],
        modelInputs: [],
      },
      outputs: { modelOutputs: [] },
    });
    expect(Object.keys(run.data.params)).toContain('__proto__');
  });

  it('is a run of a server that says only what is needed', async () => {
    const { store } = await open(json({ run: { info: { run_uuid: 'r1' } } }));
    expect(await store.getRun('r1')).toEqual({
      info: {
        runId: 'r1',
        runName: '',
        experimentId: '',
        userId: '',
        status: 'RUNNING',
        startTimeMs: 0,
        endTimeMs: undefined,
        artifactUri: '',
        lifecycleStage: 'active',
      },
      data: { metrics: {}, params: {}, tags: {} },
      inputs: { datasetInputs: [], modelInputs: [] },
      outputs: { modelOutputs: [] },
    });
  });

  it('is an experiment', async () => {
    const from = { ...anExperiment, creation_time: '5', tags: [{ key: 'a', value: 'b' }] };
    const { store } = await open(json({ experiment: from }));
    expect(await store.getExperiment('7')).toEqual({
      experimentId: '7',
      name: 'churn',
      artifactLocation: 'mlflow-artifacts:/7',
      lifecycleStage: 'deleted',
      creationTimeMs: 5,
      lastUpdateTimeMs: undefined,
      tags: { a: 'b' },
    });
  });

  it('is undefined for a name that no experiment has', async () => {
    const answer = json({ error_code: 'RESOURCE_DOES_NOT_EXIST', message: 'Could not find experiment' }, 404);
    const { store, server } = await open(answer);
    expect(await store.getExperimentByName('a b&c')).toBeUndefined();
    expect(server.seen[0]?.url).toBe('/api/2.0/mlflow/experiments/get-by-name?experiment_name=a+b%26c');
  });

  it('is an error for a name where no MLflow answers', async () => {
    const { store } = await open(text('<h1>Not Found</h1>', 404));
    expect(await failureOf(store.getExperimentByName('a'))).toMatchObject({ errorCode: 'ENDPOINT_NOT_FOUND' });
  });

  it('is a page, the last one without a token', async () => {
    const { store } = await open(
      json({ runs: [runJson.run], next_page_token: 'abc' }),
      json({}),
      json({ experiments: [anExperiment], next_page_token: '' }),
      json({ metrics: [{ key: 'loss', value: 'NaN', timestamp: '5', step: '-2' }] }),
    );
    expect(await store.searchRuns({ experimentIds: ['7'] })).toMatchObject({ nextPageToken: 'abc' });
    expect(await store.searchRuns({ experimentIds: ['7'] })).toEqual({ items: [], nextPageToken: undefined });
    const experiments = await store.searchExperiments({});
    expect([experiments.items.length, experiments.nextPageToken]).toEqual([1, undefined]);
    expect(await store.getMetricHistory({ runId: 'r', key: 'loss' })).toEqual({
      items: [{ key: 'loss', value: NaN, timestampMs: 5, step: -2 }],
      nextPageToken: undefined,
    });
  });
});

describe('what goes on the wire', () => {
  it('is what MLflow wants, call by call', async () => {
    const answers: Answer[] = [
      json({ experiment_id: 7 }),
      json({ experiments: [] }),
      json({}),
      json({}),
      json({}),
      json({}),
      json(runJson),
      json({ run_info: runJson.run.info }),
      json({}),
      json({}),
      json({ runs: [] }),
      json({}),
      json({}),
      json({}),
    ];
    const { store, server } = await open(...answers);
    const tags = [{ key: 'mlflow.user', value: 'ada' }];
    expect(await store.createExperiment({ name: 'churn', artifactLocation: 's3://b/c', tags })).toBe('7');
    await store.searchExperiments({ filter: "name = 'a'", viewType: 'ALL', orderBy: ['name ASC'], pageToken: 't' });
    await store.renameExperiment('7', 'new');
    await store.deleteExperiment('7');
    await store.restoreExperiment('7');
    await store.setExperimentTag('7', { key: 'a', value: 'b' });
    await store.createRun({ experimentId: '7', runId: 'ours', runName: '', startTimeMs: 5, tags });
    await store.updateRun({ runId: 'r1', status: 'KILLED', endTimeMs: 9, runName: 'n' });
    await store.deleteRun('r1');
    await store.restoreRun('r1');
    await store.searchRuns({
      experimentIds: ['7'],
      filter: 'metrics.loss < 1',
      maxResults: 5,
      orderBy: ['metrics.loss'],
    });
    await store.deleteTag('r1', 'a');
    await store.logInputs('r1', [{ dataset, tags: [] }]);
    await store.logBatch({ runId: 'r1', params: [{ key: 'lr', value: '0.1' }] });
    expect(server.seen.map((one) => one.url.replace('/api/2.0/mlflow/', ''))).toEqual([
      'experiments/create',
      'experiments/search',
      'experiments/update',
      'experiments/delete',
      'experiments/restore',
      'experiments/set-experiment-tag',
      'runs/create',
      'runs/update',
      'runs/delete',
      'runs/restore',
      'runs/search',
      'runs/delete-tag',
      'runs/log-inputs',
      'runs/log-batch',
    ]);
    expect(bodies(server)).toEqual([
      { name: 'churn', artifact_location: 's3://b/c', tags },
      { filter: "name = 'a'", view_type: 'ALL', max_results: 1000, order_by: ['name ASC'], page_token: 't' },
      { experiment_id: '7', new_name: 'new' },
      { experiment_id: '7' },
      { experiment_id: '7' },
      { experiment_id: '7', key: 'a', value: 'b' },
      { experiment_id: '7', user_id: 'ada', start_time: 5, tags },
      { run_id: 'r1', status: 'KILLED', end_time: 9, run_name: 'n' },
      { run_id: 'r1' },
      { run_id: 'r1' },
      {
        experiment_ids: ['7'],
        filter: 'metrics.loss < 1',
        run_view_type: 'ACTIVE_ONLY',
        max_results: 5,
        order_by: ['metrics.loss'],
      },
      { run_id: 'r1', key: 'a' },
      {
        run_id: 'r1',
        datasets: [{ tags: [], dataset: { name: 'd', digest: 'x', source_type: 'local', source: '{}' } }],
      },
      { run_id: 'r1', metrics: [], params: [{ key: 'lr', value: '0.1' }], tags: [] },
    ]);
  });

  it('is a large log-batch in pieces, in order, the rest unsent after a failure', async () => {
    const { store, server } = await open(json({}), text('', 400));
    const metrics = Array.from({ length: 3000 }, (_, step) => metric({ step }));
    expect(await failureOf(store.logBatch({ runId: 'r1', metrics }))).toMatchObject({ status: 400 });
    const sent = bodies(server) as { metrics: { step: number }[] }[];
    expect(sent.map((one) => [one.metrics.length, one.metrics[0]?.step])).toEqual([
      [1000, 0],
      [1000, 1000],
    ]);
  });

  it('is a large log-batch checked whole, and encoded once', async () => {
    const { store, server } = await open(json({}));
    let readCount = 0;
    const step = (at: number): Metric => ({
      ...metric({}),
      get step() {
        readCount++;
        return at;
      },
    });
    await store.logBatch({ runId: 'r1', metrics: Array.from({ length: 2500 }, (_, at) => step(at)) });
    expect(server.seen).toHaveLength(3);
    expect(readCount).toBe(2500);
    const bad = metric({ step: 0.5 });
    const metrics = [...Array.from({ length: 2500 }, (_, at) => step(at)), bad];
    await expect(store.logBatch({ runId: 'r1', metrics })).rejects.toMatchObject({ code: 'INVALID_VALUE' });
    expect(server.seen).toHaveLength(3);
  });

  it('is nothing for an empty log-batch', async () => {
    const { store, server } = await open(json({}));
    await store.logBatch({ runId: 'r1' });
    expect(server.seen).toEqual([]);
  });

  it('is no JSON that loses: numbers as they are, the others as texts, half surrogates mended', async () => {
    const value = fc.double();
    const safe = fc.record({ value, step: fc.maxSafeInteger(), text: fc.string({ unit: 'binary' }) });
    const { store, server } = await open(json({}));
    await fc.assert(
      fc.asyncProperty(safe, async (given) => {
        const params = [{ key: 'p', value: given.text }];
        await store.logBatch({ runId: 'r1', metrics: [metric(given)], params });
        const body = server.seen.at(-1)?.body ?? '';
        const sent = JSON.parse(body) as {
          metrics: { value: number | string; step: number }[];
          params: { value: string }[];
        };
        expect(Object.is(Number(sent.metrics[0]?.value), given.value) || given.value === 0).toBe(true);
        expect(typeof sent.metrics[0]?.value).toBe(Number.isFinite(given.value) ? 'number' : 'string');
        expect(sent.metrics[0]?.step).toBe(given.step);
        expect(sent.params[0]?.value).toBe(Buffer.from(given.text, 'utf8').toString('utf8'));
      }),
      { numRuns: 40 },
    );
  });

  const nothing = undefined as unknown;
  it.each<[string, (store: Store) => Promise<unknown>]>([
    ['a fractional step', (store) => store.logBatch({ runId: 'r', metrics: [metric({ step: 1.5 })] })],
    ['an unsafe step', (store) => store.logBatch({ runId: 'r', metrics: [metric({ step: 2 ** 53 })] })],
    ['a fractional timestamp', (store) => store.logBatch({ runId: 'r', metrics: [metric({ timestampMs: 0.5 })] })],
    ['a negative timestamp', (store) => store.logBatch({ runId: 'r', metrics: [metric({ timestampMs: -1 })] })],
    ['a NaN timestamp', (store) => store.logBatch({ runId: 'r', metrics: [metric({ timestampMs: NaN })] })],
    [
      'a text as value',
      (store) => store.logBatch({ runId: 'r', metrics: [metric({ value: 'abc' as unknown as number })] }),
    ],
    ['no value', (store) => store.logBatch({ runId: 'r', metrics: [metric({ value: nothing as number })] })],
    ['a number as key', (store) => store.logBatch({ runId: 'r', metrics: [metric({ key: 1 as unknown as string })] })],
    [
      'a number as param',
      (store) => store.logBatch({ runId: 'r', params: [{ key: 'a', value: 1 as unknown as string }] }),
    ],
    ['null as tag', (store) => store.logBatch({ runId: 'r', tags: [{ key: 'a', value: null as unknown as string }] })],
    ['no run id', (store) => store.logBatch({ runId: nothing as string, metrics: [metric()] })],
    ['an unknown status', (store) => store.updateRun({ runId: 'r', status: 'BOGUS' as RunStatus })],
    ['a fractional end', (store) => store.updateRun({ runId: 'r', endTimeMs: 1.5 })],
    ['a fractional start', (store) => store.createRun({ experimentId: '0', startTimeMs: 0.1, tags: [] })],
    ['a number of results that is none', (store) => store.searchRuns({ experimentIds: ['0'], maxResults: NaN })],
    [
      'a bad value behind 2,000 good ones',
      (store) =>
        store.logBatch({
          runId: 'r',
          metrics: [...Array.from({ length: 2000 }, () => metric()), metric({ step: 0.1 })],
        }),
    ],
  ])('is never %s', async (_, call) => {
    const { store, server } = await open(json({}));
    await expect(call(store)).rejects.toMatchObject({ code: 'INVALID_VALUE' });
    expect(server.seen).toEqual([]);
  });
});

describe('what is tried again', () => {
  const busy = text('', 503);

  it.each<[string, Answer]>([
    ['503', busy],
    ['429', text('', 429)],
    ['an HTML 500', text('<h1>oops</h1>', 500)],
    ['a reset', reset],
    ['a login page', text('<h1>Sign in</h1>')],
  ])('is a log-batch after %s, until it is taken', async (_, answer) => {
    const { store, server, pace } = await open(answer, answer, json({}));
    await store.logBatch({ runId: 'r1', metrics: [metric()] });
    expect(server.seen).toHaveLength(3);
    expect(new Set(server.seen.map((one) => one.body)).size).toBe(1);
    expect(pace.waitsMs).toEqual([75, 300]);
  });

  it("is nothing more after three attempts; what is left is the caller's", async () => {
    const { store, server } = await open(text('', 503, { 'retry-after': '1' }));
    const error = await failureOf(store.logBatch({ runId: 'r1', metrics: [metric()] }));
    expect(error).toMatchObject({ status: 503, isRetryable: true, isAmbiguous: true, retryAfterMs: 1000 });
    expect(server.seen).toHaveLength(3);
  });

  it.each<[string, (store: Store) => Promise<unknown>]>([
    ['createRun', (store) => store.createRun({ experimentId: '0', startTimeMs: 1, tags: [] })],
    ['createExperiment', (store) => store.createExperiment({ name: 'a' })],
    ['deleteTag', (store) => store.deleteTag('r', 'a')],
  ])('is never %s once it was sent: it may have happened', async (_, call) => {
    for (const answer of [busy, text('<h1>oops</h1>', 500), reset, text(''), text('{"run": ')]) {
      const { store, server } = await open(answer);
      expect(await failureOf(call(store))).toMatchObject({ isRetryable: true, isAmbiguous: true });
      expect(server.seen).toHaveLength(1);
    }
  });

  it('is a create after 429: it did not happen', async () => {
    const created = json({ run: { info: { run_id: 'r1' } } });
    const { store, server, pace } = await open(text('slow down', 429, { 'retry-after': '2' }), created);
    const run = await store.createRun({ experimentId: '0', startTimeMs: 1, tags: [] });
    expect(run.info.runId).toBe('r1');
    expect(server.seen).toHaveLength(2);
    expect(pace.waitsMs).toEqual([2000]);
  });

  it('is no create that hangs', async () => {
    const server = await startServer(hang);
    const { store } = openAt(server.url, { timeoutMs: 800 });
    const error = await failureOf(store.createRun({ experimentId: '0', startTimeMs: 1, tags: [] }));
    expect(error).toMatchObject({ errorCode: 'DEADLINE_EXCEEDED', isRetryable: true, isAmbiguous: true });
    expect(server.seen).toHaveLength(1);
  });

  it('is a create where nobody listened, which cannot have happened', async () => {
    const { store, pace } = openAt(`http://127.0.0.1:${await closedPort()}`);
    const error = await failureOf(store.createRun({ experimentId: '0', startTimeMs: 1, tags: [] }));
    expect(error).toMatchObject({ status: 0, isRetryable: true, isAmbiguous: false });
    expect(pace.waitsMs).toHaveLength(2);
  });

  it('is no refusal', async () => {
    const { store, server } = await open(json({ error_code: 'RESOURCE_ALREADY_EXISTS', message: 'exists' }, 400));
    const error = await failureOf(store.createExperiment({ name: 'a' }));
    expect(error).toMatchObject({
      errorCode: 'RESOURCE_ALREADY_EXISTS',
      status: 400,
      isRetryable: false,
      isAmbiguous: false,
    });
    expect(server.seen).toHaveLength(1);
  });
});

describe('the store', () => {
  it('shows its address without credentials, and makes no run ids', () => {
    const { store } = openAt('http://ada:hunter2@127.0.0.1:9/mlflow/');
    expect(store.uri).toBe('http://127.0.0.1:9/mlflow');
    expect(store.supports).toEqual({ chosenRunId: false, batchesAtOnce: 2 });
  });

  it('is refused for another scheme', () => {
    expect(() => openHttpStore('sqlite:///x.db', {})).toThrow(expect.objectContaining({ code: 'UNKNOWN_SCHEME' }));
  });

  it('is not usable after close', async () => {
    const { store } = await open(json({}));
    await store.close();
    await expect(store.getRun('r')).rejects.toMatchObject({ code: 'SERVICE_STOPPED' });
  });
});
