// The backends themselves: what every other live test stands on.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test, vi } from 'vitest';
import { listRuns, readRun, searchRuns } from './backends.ts';
import { oneSpan, postJson } from './otlp.ts';
import { requireBackend } from './require-backend.ts';

const TRACE_ID = '5b8efff798038103d269b633813fc60c';

interface ApiRun {
  readonly run: { readonly info: { readonly run_id: string } };
}

/** The requests that a Collector wrote to one of its files; throws where there is none yet. */
async function readLines(folder: string, file: string): Promise<unknown[]> {
  const text = await readFile(join(folder, file), 'utf8');
  return text
    .split('\n')
    .slice(0, -1)
    .map((line): unknown => JSON.parse(line));
}

describe.each(['mlflow', 'mlflow-postgres', 'mlflow-s3'] as const)('backend %s', (name) => {
  const mlflow = requireBackend(name);
  const api = (path: string, body: unknown): Promise<Response> =>
    postJson(`${mlflow.env.MLFLOW_TRACKING_URI}/api/2.0/mlflow/${path}`, body);

  async function createRun(experimentName: string): Promise<string> {
    const experiment = (await (await api('experiments/create', { name: experimentName })).json()) as {
      readonly experiment_id: string;
    };
    const created = await api('runs/create', {
      experiment_id: experiment.experiment_id,
      run_name: 'first',
      start_time: 1_000,
    });
    return ((await created.json()) as ApiRun).run.info.run_id;
  }

  test('gives back through the Python client what was sent to its API', async () => {
    const runId = await createRun('read');
    const metrics = [0.5, 'NaN', 0.25].map((value, step) => ({ key: 'loss', value, timestamp: 2_000 + step, step }));
    await api('runs/log-batch', {
      run_id: runId,
      metrics,
      params: [{ key: 'rate', value: '0.1' }],
      tags: [{ key: 'stage', value: 'dév' }],
    });
    await api('runs/log-inputs', {
      run_id: runId,
      datasets: [
        {
          dataset: { name: 'rows', digest: 'abc', source_type: 'local', source: '{"uri": "rows.csv"}' },
          tags: [{ key: 'mlflow.data.context', value: 'training' }],
        },
      ],
    });
    const artifacts = `${mlflow.env.MLFLOW_TRACKING_URI}/api/2.0/mlflow-artifacts/artifacts`;
    const { info } = await readRun(mlflow.env.MLFLOW_TRACKING_URI, runId);
    const path = info.artifact_uri.replace('mlflow-artifacts:', '');
    expect((await fetch(`${artifacts}${path}/plots/a.txt`, { method: 'PUT', body: 'hello' })).status).toBe(200);
    await api('runs/update', { run_id: runId, status: 'FINISHED', end_time: 3_000 });

    const run = await readRun(mlflow.env.MLFLOW_TRACKING_URI, runId);
    expect(run.info).toMatchObject({
      run_name: 'first',
      status: 'FINISHED',
      start_time: 1_000,
      end_time: 3_000,
      experiment_name: 'read',
      lifecycle_stage: 'active',
    });
    expect(run.params).toEqual({ rate: '0.1' });
    expect(run.tags).toMatchObject({ stage: 'dév', 'mlflow.runName': 'first' });
    expect(run.metrics).toEqual({ loss: 0.25 });
    expect(run.history).toEqual({
      loss: [
        { value: 0.5, timestamp: 2_000, step: 0 },
        { value: 'NaN', timestamp: 2_001, step: 1 },
        { value: 0.25, timestamp: 2_002, step: 2 },
      ],
    });
    expect(run.inputs.dataset_inputs).toEqual([
      {
        dataset: {
          name: 'rows',
          digest: 'abc',
          source_type: 'local',
          source: '{"uri": "rows.csv"}',
          schema: null,
          profile: null,
        },
        tags: { 'mlflow.data.context': 'training' },
      },
    ]);
    expect(run.artifacts).toEqual([
      {
        path: 'plots/a.txt',
        size: 5,
        downloaded_size: 5,
        sha256: '2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824',
      },
    ]);
  });

  test('finds and lists runs through the Python client', async () => {
    const runId = await createRun('search');
    await api('runs/set-tag', { run_id: runId, key: 'stage', value: 'dev' });
    const uri = mlflow.env.MLFLOW_TRACKING_URI;
    expect(await searchRuns(uri, 'search', "tags.stage = 'dev'")).toEqual([runId]);
    expect(await searchRuns(uri, 'search', "tags.stage = 'prod'")).toEqual([]);
    expect(await listRuns(uri, 'search')).toMatchObject([{ run_id: runId, run_name: 'first', status: 'RUNNING' }]);
    await expect(listRuns(uri, 'nothing')).rejects.toThrow("No experiment 'nothing'");
  });

  test('is back at its address with its data after an outage', async () => {
    const runId = await createRun('outage');
    const get = (): Promise<Response> =>
      fetch(`${mlflow.env.MLFLOW_TRACKING_URI}/api/2.0/mlflow/runs/get?run_id=${runId}`);
    await mlflow.down();
    await expect(get()).rejects.toThrow('fetch failed');
    await mlflow.up();
    expect((await get()).status).toBe(200);
  });
});

describe('backend collector', () => {
  const collector = requireBackend('collector');

  test('writes the spans and log records it is sent to its files', async () => {
    const record = { timeUnixNano: '1700000000000000000', severityNumber: 9, body: { stringValue: 'loaded' } };
    await postJson(`${collector.env.OTEL_COLLECTOR_HTTP}/v1/traces`, oneSpan(TRACE_ID, { 'mlflow.run_id': 'r1' }));
    await postJson(`${collector.env.OTEL_COLLECTOR_HTTP}/v1/logs`, {
      resourceLogs: [{ scopeLogs: [{ logRecords: [record] }] }],
    });

    const folder = collector.env.OTEL_COLLECTOR_OUT;
    const traces = await vi.waitFor(() => readLines(folder, 'traces.jsonl'), { timeout: 60_000 });
    expect(traces).toMatchObject([
      {
        resourceSpans: [
          {
            resource: { attributes: [{ key: 'service.name', value: { stringValue: 'churn' } }] },
            scopeSpans: [
              {
                spans: [
                  {
                    traceId: TRACE_ID,
                    name: 'train',
                    attributes: [{ key: 'mlflow.run_id', value: { stringValue: 'r1' } }],
                  },
                ],
              },
            ],
          },
        ],
      },
    ]);
    const logs = await vi.waitFor(() => readLines(folder, 'logs.jsonl'), { timeout: 60_000 });
    expect(logs).toMatchObject([{ resourceLogs: [{ scopeLogs: [{ logRecords: [record] }] }] }]);
  });
});
