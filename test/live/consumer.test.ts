// The packed package in jobs of every kind: from any span to the run, from the run to its trace, from a log line to both.
import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, onTestFailed, test } from 'vitest';
import { type Consumer, type Ended, installPacked } from '../package/consumer.ts';
import { readRun, readTraces, type RunReading } from './backends.ts';
import { type PlainAttributes, readWritten, toAttributes, type Written } from './otlp-files.ts';
import { requireBackend } from './require-backend.ts';

const mlflow = requireBackend('mlflow');
const jaeger = requireBackend('jaeger');
const collector = requireBackend('collector', () => ({
  env: {
    COLLECTOR_TRACES: '[file/traces, otlp_http/backend]',
    COLLECTOR_LOGS: '[file/logs]',
    COLLECTOR_BACKEND: jaeger.env.JAEGER_OTLP_HTTP,
  },
}));

let project: Consumer;
beforeAll(() => {
  project = installPacked();
  cpSync(join(import.meta.dirname, 'jobs/consumer'), project.folder, { recursive: true });
});
afterAll(() => project?.remove());

interface Job {
  readonly name: string;
  /** What node is told. */
  readonly args: readonly string[];
  readonly status?: RunReading['info']['status'];
  readonly code?: number;
  /** The run's name. */
  readonly run?: string;
  /** The parts that the job starts: each logs a metric of its name and a line. */
  readonly parts?: readonly string[];
  /** Whether it may be over before its run has an id: its spans have the key alone then. */
  readonly isBrief?: boolean;
  readonly metrics?: Readonly<Record<string, number>>;
  /** What it prints, a log record under register. */
  readonly says?: readonly string[];
}

const REGISTER = ['--import', 'runspan/register'];
// Jest loads ES modules for require() with this flag alone.
const JEST = [
  '--experimental-vm-modules',
  'node_modules/jest/bin/jest.js',
  '--rootDir=.',
  '--runInBand',
  '--testMatch',
];
const VITEST = ['node_modules/vitest/vitest.mjs', 'run', '--globals'];

const jobs: readonly Job[] = [
  { name: 'ESM by register', args: [...REGISTER, 'register.mjs'], run: 'register', says: ['said on stdout'] },
  { name: 'ESM by code', args: ['code.mjs'] },
  {
    name: 'CommonJS by register',
    args: [...REGISTER, 'register.cjs'],
    run: 'register',
    isBrief: true,
    says: ['said on stdout'],
    status: 'FAILED',
    code: 3,
  },
  { name: 'CommonJS by code', args: ['code.cjs'], status: 'FAILED', code: 1 },
  { name: 'Jest by register', args: [...REGISTER, ...JEST, '**/register.test.cjs'], run: 'jest' },
  { name: 'Jest by code', args: [...JEST, '**/code.test.cjs'] },
  { name: 'vitest by register', args: [...REGISTER, ...VITEST, 'register.test.cjs'], run: 'vitest' },
  { name: 'vitest by code', args: [...VITEST, 'code.test.cjs'] },
  {
    name: 'children and a thread by register',
    args: [...REGISTER, 'parts.mjs'],
    run: 'parts',
    parts: ['fork', 'spawn', 'worker'],
  },
  { name: 'children and a thread by code', args: ['parts.mjs', 'code'], parts: ['fork', 'spawn', 'worker'] },
  { name: 'Python by register', args: [...REGISTER, 'python.mjs'], run: 'python', metrics: { from_python: 1 } },
  { name: 'Python by code', args: ['python.mjs', 'code'], status: 'FAILED', code: 1, metrics: { from_python: 1 } },
];

function runJob(job: Job): Ended {
  return project.run(process.execPath, job.args, '.', {
    MLFLOW_TRACKING_URI: mlflow.env.MLFLOW_TRACKING_URI,
    MLFLOW_PYTHON: mlflow.env.MLFLOW_PYTHON,
    MLFLOW_EXPERIMENT_NAME: 'consumer',
    MLFLOW_ENABLE_SYSTEM_METRICS_LOGGING: 'false',
    OTEL_EXPORTER_OTLP_ENDPOINT: collector.env.OTEL_COLLECTOR_HTTP,
    OTEL_SERVICE_NAME: job.name,
    RUNSPAN_ALERTS_ENABLE: 'false',
  });
}

/** What a service sent, once the Collector has nothing left to write or to pass on. */
async function readAll(serviceName: string): Promise<Written> {
  await collector.down();
  const written = readWritten(collector.env.OTEL_COLLECTOR_OUT, serviceName);
  await collector.up();
  return written;
}

interface JaegerSpan {
  readonly spanId: string;
  readonly attributes?: Parameters<typeof toAttributes>[0];
}

/** The spans of a trace as Jaeger's API gives them. */
async function readJaeger(
  traceId: string,
): Promise<{ readonly spanId: string; readonly attributes: PlainAttributes }[]> {
  const response = await fetch(`${jaeger.env.JAEGER_URL}/api/v3/traces/${traceId}`);
  expect(response.status).toBe(200);
  // As its API is described: OTLP in a `result`.
  const { result } = (await response.json()) as {
    readonly result: {
      readonly resourceSpans: readonly { readonly scopeSpans: readonly { readonly spans: readonly JaegerSpan[] }[] }[];
    };
  };
  const spans = result.resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap((scope) => scope.spans));
  return spans.map(({ spanId, attributes }) => ({ spanId, attributes: toAttributes(attributes) }));
}

/** Asks MLflow's REST API. */
async function askMlflow(path: string, body?: unknown): Promise<unknown> {
  const init = body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) };
  const headers = { 'content-type': 'application/json' };
  const response = await fetch(`${mlflow.env.MLFLOW_TRACKING_URI}/api/2.0/mlflow/${path}`, { ...init, headers });
  expect(response.status, path).toBe(200);
  return response.json();
}

/** The id of the one run that has a key. */
async function findRun(runKey: string): Promise<string> {
  const { experiment } = (await askMlflow('experiments/get-by-name?experiment_name=consumer')) as {
    readonly experiment: { readonly experiment_id: string };
  };
  const filter = `tags.\`runspan.run_key\` = '${runKey}'`;
  const { runs = [] } = (await askMlflow('runs/search', { experiment_ids: [experiment.experiment_id], filter })) as {
    readonly runs?: readonly { readonly info: { readonly run_id: string } }[];
  };
  expect(runs, runKey).toHaveLength(1);
  return runs[0]?.info.run_id ?? '';
}

function textOf(attributes: PlainAttributes, name: string): string | undefined {
  const value = attributes[name];
  return typeof value === 'string' ? value : undefined;
}

/** The run that a span leads to: by its key always, by its id and its link where they were known in time. */
async function followSpan(attributes: PlainAttributes, isBrief: boolean): Promise<string> {
  const runId = await findRun(textOf(attributes, 'runspan.run_key') ?? '');
  const id = textOf(attributes, 'mlflow.run_id');
  const url = textOf(attributes, 'mlflow.run_url');
  if (!isBrief || id !== undefined) expect(id).toBe(runId);
  if (!isBrief) expect(url).toBeDefined();
  if (url !== undefined) {
    expect(url).toMatch(new RegExp(`#/experiments/\\d+/runs/${runId}$`));
    expect((await fetch(url)).status, url).toBe(200);
  }
  return runId;
}

function onlyOne<T>(values: readonly T[]): T {
  const distinct = [...new Set(values)];
  expect(distinct).toHaveLength(1);
  return distinct[0] as T; // there is exactly one
}

/** From any span the run, in the Collector's file and in Jaeger. */
async function expectSpansToLead(
  job: Job,
  spans: Written['spans'],
): Promise<{ readonly runId: string; readonly traceId: string }> {
  expect(spans.length).toBeGreaterThan(0);
  const runIds: string[] = [];
  for (const { attributes } of spans) runIds.push(await followSpan(attributes, job.isBrief ?? false));
  const runId = onlyOne(runIds);
  const traceId = onlyOne(spans.map((span) => span.traceId));
  const idsOf = (each: readonly { readonly spanId: string; readonly attributes: PlainAttributes }[]): unknown =>
    Object.fromEntries(
      each.map(({ spanId, attributes }) => [spanId, [attributes['runspan.run_key'], attributes['mlflow.run_id']]]),
    );
  expect(idsOf(await readJaeger(traceId))).toEqual(idsOf(spans));
  return { runId, traceId };
}

/** From the run the trace: by its tag, and MLflow's own. */
async function expectRunToLead(job: Job, run: RunReading, traceId: string): Promise<void> {
  const { run: name = 'job', status = 'FINISHED', parts = [], metrics = {} } = job;
  expect(run.info).toMatchObject({ run_name: name, status });
  expect(run.tags).toMatchObject({ 'otel.trace_id': traceId });
  const traces = await readTraces(mlflow.env.MLFLOW_TRACKING_URI, run.info.run_id);
  expect(traces.map((trace) => trace.traceId)).toEqual([`tr-${traceId}`]);
  expect(traces[0]?.spans).toContainEqual([name, null, status === 'FINISHED' ? 'UNSET' : 'ERROR']);
  const points = Object.entries(run.history).map(([key, all]) => [key, all.map(({ value, step }) => [value, step])]);
  const expected = { loss: 0.25, ...metrics, ...Object.fromEntries(parts.map((part) => [part, 1])) };
  expect(Object.fromEntries(points)).toEqual(
    Object.fromEntries(Object.entries(expected).map(([key, value]) => [key, [[value, 1]]])),
  );
}

/** From each line the job said the trace and the run. */
function expectLinesToLead(
  job: Job,
  logs: Written['logs'],
  ids: { readonly traceId: string; readonly runKey: unknown },
): void {
  const bodies = [...['job', ...(job.parts ?? [])].map((who) => `from the ${who}`), ...(job.says ?? [])];
  const said = logs.filter(({ body }) => body.startsWith('from the ') || body === 'said on stdout');
  expect(said.map(({ body }) => body).toSorted()).toEqual(bodies.toSorted());
  for (const { body, traceId, attributes } of said)
    expect({ traceId, runKey: attributes['runspan.run_key'] }, body).toEqual(ids);
}

test.each(jobs)('$name', async (job) => {
  const ended = runJob(job);
  onTestFailed(() => console.error(ended.stdout, ended.stderr));
  expect(ended.code).toBe(job.code ?? 0);
  const { spans, logs } = await readAll(job.name);
  const { runId, traceId } = await expectSpansToLead(job, spans);
  const run = await readRun(mlflow.env.MLFLOW_TRACKING_URI, runId, { artifacts: false });
  await expectRunToLead(job, run, traceId);
  expectLinesToLead(job, logs, { traceId, runKey: run.tags['runspan.run_key'] });
});
