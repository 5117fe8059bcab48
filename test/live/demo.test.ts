// The demo, read back with MLflow's own Python client from a file, a server on SQLite and one on PostgreSQL: value by value.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type ExperimentReading, readExperiment, type RunReading, startBackend } from './backends.ts';
import { expectSteps } from './expect-steps.ts';
import type { RecordedRun } from './jobs/record-runs.ts';
import { makeFolder, runJob, startJob } from './live-job.ts';
import { requireBackend } from './require-backend.ts';

const jobFile = join(import.meta.dirname, 'jobs/recorded-train.ts');
const dataFile = join(import.meta.dirname, '../../examples/data/diabetes.csv');

const filters = {
  name: "attributes.run_name = 'train'",
  tag: "tags.stage = 'demo'",
  key: "tags.`mlflow.runName` = 'fail-on-purpose'",
  status: "attributes.status = 'FAILED'",
  param: "params.optimizer = 'adam'",
  metric: 'metrics.r2 > -100',
  dataset: "dataset.name = 'diabetes'",
};

function git(...args: readonly string[]): string | undefined {
  try {
    return execFileSync('git', ['-C', dirname(jobFile), ...args], { encoding: 'utf8', stdio: 'pipe' }).trim();
  } catch {
    return undefined; // no repository, as where the source was unpacked from an archive
  }
}

/** MLflow's tags of the source, as its Python client would find them. */
function gitTags(): Record<string, string> {
  const commit = git('rev-parse', 'HEAD');
  const branch = git('rev-parse', '--abbrev-ref', 'HEAD');
  const repoUrl = git('config', '--get', 'remote.origin.url');
  if (commit === undefined) return {};
  return {
    'mlflow.source.git.commit': commit,
    ...(branch === undefined || branch === 'HEAD' ? {} : { 'mlflow.source.git.branch': branch }),
    ...(repoUrl === undefined ? {} : { 'mlflow.source.git.repoURL': repoUrl }),
  };
}

interface Demo {
  readonly recorded: readonly RecordedRun[];
  readonly git: Readonly<Record<string, string>>;
  readonly stdout: string;
  readonly folder: string;
}

async function runDemo(env: Readonly<Record<string, string>> = {}): Promise<Demo> {
  const folder = makeFolder();
  const { stdout } = await runJob('recorded-train.ts', { folder, args: [join(folder, 'recorded.jsonl')], env });
  const lines = readFileSync(join(folder, 'recorded.jsonl'), 'utf8').trim().split('\n');
  return { recorded: lines.map((line) => JSON.parse(line) as RecordedRun), git: gitTags(), stdout, folder };
}

function expectRun(run: RunReading, recorded: RecordedRun, demo: Demo): void {
  const texts = (values: object): object =>
    Object.fromEntries(Object.entries(values).map(([key, value]) => [key, String(value)]));
  expect(run.info).toMatchObject({
    run_name: recorded.name,
    status: recorded.error === undefined ? 'FINISHED' : 'FAILED',
    experiment_name: 'diabetes',
    user_id: userInfo().username,
    lifecycle_stage: 'active',
  });
  expect(run.info.start_time).toBeGreaterThanOrEqual(recorded.fromMs);
  expect(run.info.end_time).toBeGreaterThanOrEqual(run.info.start_time);
  expect(run.info.end_time).toBeLessThanOrEqual(recorded.toMs);
  const [errorType, ...message] = recorded.error?.split(': ') ?? [];
  const errorTags = {
    'error.type': errorType,
    'exception.message': message.join(': '),
    'exception.stacktrace': expect.stringContaining(recorded.error ?? '') as unknown,
  };
  const { description, tags } = recorded.config;
  expect(run.tags).toEqual({
    'mlflow.user': userInfo().username,
    'mlflow.source.name': jobFile,
    'mlflow.source.type': 'LOCAL',
    ...demo.git,
    'mlflow.runName': recorded.name,
    ...(description === undefined ? {} : { 'mlflow.note.content': description }),
    ...texts({ ...tags, ...recorded.tags }),
    'otel.trace_id': recorded.traceId,
    'otel.span_id': recorded.spanId,
    'runspan.run_key': recorded.key,
    ...(recorded.error === undefined ? {} : errorTags),
  });
  expect(run.params).toEqual(texts({ ...recorded.params, ...recorded.attributes }));
  expectPoints(run, recorded);
  expect(run.inputs.dataset_inputs).toEqual(recorded.inputs.map(toInputReading));
  const artifacts = (run.artifacts ?? []).map(({ path, sha256, error }) => [path, sha256 ?? error]);
  const isKept = ([path]: readonly (string | undefined)[]): boolean => path?.startsWith('runspan/') === true;
  expect(Object.fromEntries(artifacts.filter((file) => !isKept(file)))).toEqual(recorded.artifacts);
  // Its own spans and log lines, and what it failed of, which no call of the job's has written.
  expect(artifacts.filter(isKept).map(([path]) => path)).toEqual([
    ...(recorded.error === undefined ? [] : ['runspan/error.txt']),
    'runspan/logs.otlp.jsonl',
    'runspan/trace.otlp.jsonl',
  ]);
}

function expectPoints(run: RunReading, recorded: RecordedRun): void {
  const logged: Record<string, RecordedRun['points'][number][]> = {};
  for (const point of recorded.points) (logged[point.key] ??= []).push(point);
  const values = (points: readonly { readonly step: number; readonly value: unknown }[] = []): unknown =>
    points.map(({ step, value }) => ({ step, value })).toSorted((a, b) => a.step - b.step);
  expect(Object.keys(run.history).toSorted()).toEqual(Object.keys(logged).toSorted());
  for (const [key, points] of Object.entries(logged)) {
    expect(values(run.history[key]), key).toEqual(values(points));
    for (const { step, fromMs, toMs } of points) {
      const time = run.history[key]?.find((point) => point.step === step)?.timestamp;
      expect(time).toBeGreaterThanOrEqual(fromMs);
      expect(time).toBeLessThanOrEqual(toMs);
    }
    expect(run.metrics[key]).toBe(points.at(-1)?.value);
  }
}

function toInputReading([dataset, options]: RecordedRun['inputs'][number]): unknown {
  const { name, digest, source, schema, profile } = dataset;
  return {
    dataset: {
      name,
      digest,
      source_type: 'local',
      source: JSON.stringify({ uri: source }),
      schema: JSON.stringify(schema),
      profile: JSON.stringify(profile),
    },
    tags: { 'mlflow.data.context': options['context'] },
  };
}

function expectDemo(read: ExperimentReading, demo: Demo): void {
  const [train, fails] = read.runs;
  if (train === undefined || fails === undefined) throw new Error(`${read.runs.length} runs, not two.`);
  expect(read.runs).toHaveLength(2);
  expectRun(train, demo.recorded[0] as RecordedRun, demo); // recorded when the job ended, which it did
  expectRun(fails, demo.recorded[1] as RecordedRun, demo);
  const trainId = train.info.run_id;
  const failsId = fails.info.run_id;
  expect(read.found).toEqual({
    [filters.name]: [trainId],
    [filters.tag]: [trainId, failsId],
    [filters.key]: [failsId],
    [filters.status]: [failsId],
    [filters.param]: [trainId],
    [filters.metric]: [trainId],
    [filters.dataset]: [trainId],
  });
}

/** That the comparison above compares something: what the demo must have logged, whatever else it logs. */
function expectFullRecord({ recorded }: Demo): void {
  const [train, fails] = recorded;
  expect(recorded.map(({ name }) => name)).toEqual(['train', 'fail-on-purpose']);
  expect(train?.params).toMatchObject({ epochs: 25, learningRate: 0.01 });
  expect(train?.points.filter(({ key }) => key === 'loss').map(({ step }) => step)).toEqual(
    Array.from({ length: 25 }, (_, step) => step),
  );
  expect(train?.inputs).toHaveLength(1);
  expect(train?.traceId).toMatch(/^(?!0+$)[0-9a-f]{32}$/);
  expect(fails?.error).toContain('RangeError');
  const csv = createHash('sha256').update(readFileSync(dataFile)).digest('hex');
  expect(Object.keys(train?.artifacts ?? {}).toSorted()).toEqual([
    'data/diabetes.csv',
    'model_summary.txt',
    'report/evaluation.json',
  ]);
  expect(train?.artifacts['data/diabetes.csv']).toBe(csv);
}

async function expectWhole(demo: Demo, uri: string): Promise<void> {
  // A server has its own pages; only a file needs one.
  expect(demo.stdout).toContain(
    uri.startsWith('http') ? `your browser at ${uri}` : 'mlflow ui --backend-store-uri sqlite:',
  );
  expectFullRecord(demo);
  expectDemo(await readExperiment(uri, 'diabetes', { filters: Object.values(filters) }), demo);
  const alerts = demo.stdout.split('\n').filter((line) => line.startsWith('['));
  expect(alerts).toEqual([expect.stringContaining('Run fail-on-purpose failed: RangeError')]);
}

test('the demo in an empty folder writes mlflow.db as MLflow itself would have', async () => {
  const demo = await runDemo();
  await expectWhole(demo, `sqlite:///${join(demo.folder, 'mlflow.db')}`);
});

describe('a server on SQLite', () => {
  const mlflow = requireBackend('mlflow');

  test('holds the same', async () => {
    const uri = mlflow.env.MLFLOW_TRACKING_URI;
    await expectWhole(await runDemo({ MLFLOW_TRACKING_URI: uri }), uri);
  });
});

describe('a server on PostgreSQL', () => {
  const mlflow = requireBackend('mlflow-postgres');

  test('holds the same', async () => {
    const uri = mlflow.env.MLFLOW_TRACKING_URI;
    await expectWhole(await runDemo({ MLFLOW_TRACKING_URI: uri }), uri);
  });
});

test('MLflow opens the file while a job writes it: every search is answered, no point is lost', async () => {
  const job = startJob('steady.ts', { args: ['steady'] });
  const { runId } = await job.next('created');
  const database = `sqlite:///${join(job.folder, 'mlflow.db')}`;
  // It brings the file to its own schema while the job writes.
  const mlflow = await startBackend('mlflow', { env: { MLFLOW_BACKEND_STORE: database } });
  try {
    const statuses = new Set<number>();
    const found = new Set<unknown>();
    for (let i = 0; i < 20; i++) {
      const { status, runs } = await searchRuns(mlflow.env.MLFLOW_TRACKING_URI);
      statuses.add(status);
      for (const run of runs) found.add(run);
    }
    expect([...statuses]).toEqual([200]);
    expect([...found]).toEqual([runId]);
    job.send('end');
    const { stepCount } = await job.next('ended');
    expect(await job.ended).toMatchObject({ code: 0, stderr: '' });
    const { runs } = await readExperiment(mlflow.env.MLFLOW_TRACKING_URI, 'steady', { artifacts: false });
    expect(runs.map(({ info }) => [info.run_id, info.status])).toEqual([[runId, 'FINISHED']]);
    expectSteps(runs[0], stepCount as number); // the job's own count
  } finally {
    await mlflow.stop();
  }
});

async function searchRuns(uri: string): Promise<{ readonly status: number; readonly runs: readonly unknown[] }> {
  const response = await fetch(`${uri}/api/2.0/mlflow/runs/search`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ experiment_ids: ['1'], filter: "tags.stage = 'live'", order_by: ['metrics.loss DESC'] }),
  });
  const { runs = [] } = (await response.json()) as { readonly runs?: readonly { readonly info: { run_id: string } }[] };
  return { status: response.status, runs: runs.map(({ info }) => info.run_id) };
}
