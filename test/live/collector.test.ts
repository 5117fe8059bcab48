// Jobs through the real Collector with the project's own otel-collector.yaml: what lies in its files afterwards.
import { createServer } from 'node:net';
import { expect, test } from 'vitest';
import { readExperiment } from './backends.ts';
import { expectSteps } from './expect-steps.ts';
import { type JobMessage, makeFolder, runJob, startJob } from './live-job.ts';
import { readWritten, type Written } from './otlp-files.ts';
import { requireBackend } from './require-backend.ts';

const mlflow = requireBackend('mlflow');
const collector = requireBackend('collector');

interface Made extends JobMessage {
  readonly spans: readonly {
    readonly name: string;
    readonly traceId: string;
    readonly spanId: string;
    readonly runKey: string;
  }[];
  readonly logs: readonly {
    readonly body: string;
    readonly severityNumber: number;
    readonly traceId: string;
    readonly spanId: string;
    readonly runKey: string;
  }[];
  readonly runs: readonly { readonly key: string; readonly runId: string; readonly name: string }[];
}

function env(serviceName: string): Record<string, string> {
  return {
    MLFLOW_TRACKING_URI: mlflow.env.MLFLOW_TRACKING_URI,
    OTEL_EXPORTER_OTLP_ENDPOINT: collector.env.OTEL_COLLECTOR_HTTP,
    OTEL_SERVICE_NAME: serviceName,
  };
}

/** What a service sent, once the Collector has nothing left to write. */
async function readAll(serviceName: string): Promise<Written> {
  await collector.down();
  const written = readWritten(collector.env.OTEL_COLLECTOR_OUT, serviceName);
  await collector.up();
  return written;
}

async function runTelemetry(
  serviceName: string,
  options: { readonly args?: readonly string[]; readonly env?: Record<string, string> } = {},
): Promise<{ readonly made: Made; readonly stdout: string; readonly stderr: string }> {
  const job = startJob('telemetry.ts', {
    args: [serviceName, ...(options.args ?? [])],
    env: { ...env(serviceName), ...options.env },
  });
  const made = (await job.next('made')) as Made; // the job's one message
  const { code, stdout, stderr } = await job.ended;
  expect(code, stderr).toBe(options.args?.includes('dying') === true ? 1 : 0);
  return { made, stdout, stderr };
}

function sortBy<T>(items: readonly T[], key: (item: T) => string): readonly T[] {
  return items.toSorted((a, b) => key(a).localeCompare(key(b)));
}

function expectSpans({ spans }: Written, made: Made, { haveUrl = true } = {}): void {
  const runIds = new Map<unknown, string>(made.runs.map(({ key, runId }) => [key, runId]));
  const seen = spans.map(({ name, traceId, spanId, attributes }) => {
    return { name, traceId, spanId, runKey: attributes['runspan.run_key'], runId: attributes['mlflow.run_id'] };
  });
  const expected = made.spans.map((span) => ({ ...span, runId: runIds.get(span.runKey) }));
  expect(sortBy(seen, ({ spanId }) => spanId)).toEqual(sortBy(expected, ({ spanId }) => spanId));
  const uri = mlflow.env.MLFLOW_TRACKING_URI;
  for (const { key, runId, name } of made.runs) {
    const run = spans.find(
      (span) => span.attributes['runspan.kind'] === 'run' && span.attributes['runspan.run_key'] === key,
    );
    const experimentId = JSON.stringify(run?.attributes['mlflow.experiment_id']).slice(1, -1);
    const url = haveUrl ? `${uri}/#/experiments/${experimentId}/runs/${runId}` : undefined;
    expect(run?.attributes['mlflow.run_url']).toBe(url);
    expect(run).toMatchObject({
      name,
      statusCode: name === 'fails' ? 2 : 0,
      attributes: {
        optimizer: 'adam',
        'mlflow.run.status': name === 'fails' ? 'FAILED' : 'FINISHED',
        'mlflow.metric.loss': 0.25,
      },
    });
  }
}

function expectLogs({ logs }: Written, made: Made): void {
  const runIds = new Map<unknown, string>(made.runs.map(({ key, runId }) => [key, runId]));
  const wanted = new Set(made.logs.map(({ body }) => body));
  const seen = logs
    .filter(({ body }) => wanted.has(body))
    .map(({ body, severityNumber, traceId, spanId, attributes }) => {
      const ids = { runKey: attributes['runspan.run_key'], runId: attributes['mlflow.run_id'] };
      return { body, severityNumber, traceId, spanId, ...ids };
    });
  const expected = made.logs.map((log) => ({ ...log, runId: runIds.get(log.runKey) }));
  expect(sortBy(seen, ({ body }) => body)).toEqual(sortBy(expected, ({ body }) => body));
  expect(logs.filter(({ attributes }) => attributes['phase'] !== undefined)).toHaveLength(expected.length);
  // The lines of our own, one at the start and one at the end of each run, know their run too.
  const own = logs.filter(({ body }) => /^Run '\w+' (started|FINISHED|FAILED)/.test(body));
  expect(own).toHaveLength(2 * made.runs.length);
  for (const { attributes } of own) {
    expect(attributes['mlflow.run_id']).toBe(runIds.get(attributes['runspan.run_key']) ?? 'the id of a known run');
  }
}

async function expectRuns(experimentName: string, made: Made, stdout: string): Promise<void> {
  const { runs } = await readExperiment(mlflow.env.MLFLOW_TRACKING_URI, experimentName, { artifacts: false });
  expect(runs).toHaveLength(made.runs.length);
  for (const { key, runId, name } of made.runs) {
    const run = runs.find(({ info }) => info.run_id === runId);
    const traceId = made.spans.find((span) => span.runKey === key)?.traceId;
    expect(run?.info).toMatchObject({ run_name: name, status: name === 'fails' ? 'FAILED' : 'FINISHED' });
    expect(run?.params).toEqual({ optimizer: 'adam' });
    expect(run?.metrics).toEqual({ loss: 0.25 });
    expect(run?.tags).toMatchObject({ 'runspan.run_key': key, 'otel.trace_id': traceId });
  }
  const alerts = stdout.split('\n').filter((line) => line.startsWith('[job] '));
  expect(alerts).toEqual([expect.stringContaining('Run fails failed: TypeError: on purpose')]);
}

test('every span and every log record of a job, once, with key, run id, trace, severity and body', async () => {
  const { made, stdout } = await runTelemetry('stock');
  const written = await readAll('stock');
  expectSpans(written, made);
  expectLogs(written, made);
  await expectRuns('stock', made, stdout);
});

/** By gRPC, to a port that says nothing of HTTP. */
const grpcOf = (signal: '' | 'TRACES_'): Record<string, string> => ({
  [`OTEL_EXPORTER_OTLP_${signal}PROTOCOL`]: 'grpc',
  [`OTEL_EXPORTER_OTLP_${signal}ENDPOINT`]: collector.env.OTEL_COLLECTOR_GRPC,
  RUNSPAN_OTLP_HTTP_ENDPOINT: collector.env.OTEL_COLLECTOR_HTTP,
});

test.each([
  ['protobuf', (): Record<string, string> => ({ OTEL_EXPORTER_OTLP_PROTOCOL: 'http/protobuf' })],
  ['grpc', () => grpcOf('')],
  ['mixed', () => grpcOf('TRACES_')],
])('the same by another protocol: %s', async (name, protocol) => {
  const { made } = await runTelemetry(name, { env: protocol() });
  const written = await readAll(name);
  expectSpans(written, made);
  expectLogs(written, made);
});

test('the same of a job that writes mlflow.db: its run ids are known, its runs have no page', async () => {
  const { made } = await runTelemetry('embedded', { env: { MLFLOW_TRACKING_URI: 'sqlite:///mlflow.db' } });
  const written = await readAll('embedded');
  expectLogs(written, made);
  expectSpans(written, made, { haveUrl: false });
});

test('the same of a job that dies of what its run threw', async () => {
  const { made, stdout } = await runTelemetry('dying', { args: ['dying'] });
  const written = await readAll('dying');
  expectSpans(written, made);
  expectLogs(written, made);
  await expectRuns('dying', made, stdout);
});

test('no span but every log record where the sampler is always_off; status, mirror and alert as ever', async () => {
  const { made, stdout } = await runTelemetry('unsampled', { env: { OTEL_TRACES_SAMPLER: 'always_off' } });
  const written = await readAll('unsampled');
  expect(written.spans).toEqual([]);
  expectLogs(written, made);
  await expectRuns('unsampled', made, stdout);
});

test("the same through the user's own NodeSDK with our processors in it", async () => {
  const { made, stdout } = await runTelemetry('own', { args: ['own-sdk'] });
  const written = await readAll('own');
  expectSpans(written, made);
  expectLogs(written, made);
  await expectRuns('own', made, stdout);
});

test.each(['main', 'worker'])('a burst of 20,000 lines, otel: %s: each of them, once', async (otel) => {
  const name = `burst-${otel}`;
  const { stderr } = await runJob('burst.ts', {
    args: [name, '20000'],
    env: { ...env(name), RUNSPAN_LOGGER_OTEL: otel },
  });
  expect(stderr).toBe('');
  const { logs } = await readAll(name);
  const lines = logs.filter(({ body }) => body === 'burst').map(({ attributes }) => Number(attributes['line']));
  expect(lines.length).toBe(20_000);
  expect(new Set(lines).size).toBe(20_000);
});

test('20,000 lines and process.exit() in the same turn: each of them, from the job or from the next one in its folder', async () => {
  const name = 'burst-exit';
  const folder = makeFolder();
  const { stderr } = await runJob('burst.ts', { folder, args: [name, '20000', '0', 'exit'], env: env(name) });
  const left = /(\d+) spans and log records did not reach the Collector and are kept in/.exec(stderr)?.[1];
  expect(stderr.trim().split('\n').length).toBe(1);
  if (left !== undefined) await runJob('burst.ts', { folder, args: [name], env: env(name) });
  const { logs, spans } = await readAll(name);
  const lines = logs.filter(({ body }) => body === 'burst').map(({ attributes }) => Number(attributes['line']));
  expect(new Set(lines).size).toBe(20_000);
  // At least once: of what was on its way as the process ended, one batch at most comes twice.
  expect(lines.length).toBeLessThanOrEqual(20_000 + 1_024);
  expect(spans[0]).toMatchObject({ name: 'burst', attributes: { 'mlflow.run.status': 'FINISHED' } });
});

test('a Collector that is away, or takes and never answers, costs an exit its own short deadline, and MLflow nothing', async () => {
  const uri = { MLFLOW_TRACKING_URI: mlflow.env.MLFLOW_TRACKING_URI };
  const seconds = async (name: string, more: Readonly<Record<string, string>>): Promise<number> => {
    const job = startJob('burst.ts', { args: [name, '5000', '1000'], env: { ...uri, ...more } });
    await job.next('ending');
    const endingAtMs = Date.now();
    const { code, endedAtMs } = await job.ended;
    expect(code).toBe(0);
    return (endedAtMs - endingAtMs) / 1000;
  };
  const hanging = createServer().listen(0, '127.0.0.1');
  await collector.down();
  try {
    const without = await seconds('no-collector', {});
    const away = await seconds('away', { OTEL_EXPORTER_OTLP_ENDPOINT: collector.env.OTEL_COLLECTOR_HTTP });
    const address = hanging.address();
    const port = typeof address === 'object' ? address?.port : undefined;
    const hangs = await seconds('hangs', { OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${port}` });
    // The deadline is 1.5 s, and an exporter's own ten; how long MLflow takes differs by a second or two from job to job.
    expect(away - without, `${away} s, without ${without} s`).toBeLessThan(5);
    expect(hangs - without, `${hangs} s, without ${without} s`).toBeLessThan(5);
  } finally {
    hanging.close();
    await collector.up();
  }
  for (const name of ['no-collector', 'away', 'hangs']) {
    const { runs } = await readExperiment(mlflow.env.MLFLOW_TRACKING_URI, name, { artifacts: false });
    expect(runs.map(({ info }) => info.status)).toEqual(['FINISHED']);
    expectSteps(runs[0], 1000);
  }
});
