// A run's spans on an MLflow server: sent with its ids, linked from the first moment, and never in the way of the run.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { context } from '@opentelemetry/api';
import { expect, onTestFinished, test } from 'vitest';
import type { MlflowOptions } from '../../src/config/settings/mlflow-options.ts';
import { LoggerService } from '../../src/services/logger/logger-service.ts';
import { MlflowService } from '../../src/services/mlflow/mlflow-service.ts';
import { TrackingServer } from './tracking-server.ts';

interface Started {
  readonly server: TrackingServer;
  readonly mlflow: MlflowService;
  readonly logger: LoggerService;
  readonly said: string[];
}

async function start(options: MlflowOptions = {}): Promise<Started> {
  const server = await new TrackingServer().start();
  server.keepsTraces = true;
  server.keepsArtifacts = true;
  const folder = mkdtempSync(join(tmpdir(), 'runspan-traces-'));
  const said: string[] = [];
  const logger = new LoggerService({ level: 'WARNING', otel: 'off' }, { write: (line) => void said.push(line) });
  const mlflow = new MlflowService({
    trackingUri: server.url,
    experimentName: 'e2e',
    directory: join(folder, '.runspan'),
    logSystemMetrics: false,
    startTimeoutMs: 10_000,
    logger,
    alerts: { notify: () => undefined },
    ...options,
  });
  onTestFinished(async () => {
    await mlflow.stop({ timeoutMs: 1000 });
    await server.stop();
    rmSync(folder, { recursive: true });
  });
  await mlflow.start();
  return { server, mlflow, logger, said };
}

interface Span {
  readonly name: string;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly attributes: readonly { readonly key: string; readonly value: { readonly stringValue?: string } }[];
}

function spansIn(body: string): Span[] {
  const { resourceSpans } = JSON.parse(body) as {
    resourceSpans: { scopeSpans: { spans: Span[] }[] }[];
  };
  return resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap(({ spans }) => spans));
}

async function train({ mlflow, logger }: Started): Promise<{ key: string; runId: string; traceId: string }> {
  return mlflow.runContext('train', async (run) => {
    logger.span('load', () => logger.span('read', () => context.active()));
    return { key: run.key, runId: await run.created(), traceId: run.span.spanContext().traceId };
  });
}

test('the spans of a run are its trace: with its ids, its name, and the tree they make', async () => {
  const started = await start();
  const { server, mlflow } = started;
  const { runId, traceId } = await train(started);
  expect(await mlflow.flush()).toMatchObject({ isComplete: true, deadLettered: 0 });
  expect(server.spans.map(({ runId: id }) => id)).toEqual([runId]);
  expect(server.spans[0]?.experimentId).toBe((await server.store.getRun(runId)).info.experimentId);
  const spans = spansIn(server.spans[0]?.body ?? '');
  const ids = new Map(spans.map((span) => [span.name, span.spanId]));
  const parents = Object.fromEntries(spans.map(({ name, parentSpanId }) => [name, parentSpanId]));
  expect(parents).toEqual({ load: ids.get('train'), read: ids.get('load'), train: undefined });
  expect(spans).toHaveLength(3);
  expect(new Set(spans.map((span) => span.traceId))).toEqual(new Set([traceId]));
  const root = spans.find(({ name }) => name === 'train');
  expect(root?.attributes.find(({ key }) => key === 'mlflow.traceTag.mlflow.traceName')?.value.stringValue).toBe(
    'train',
  );
  expect(server.links.get(runId)).toEqual([`tr-${traceId}`]);
});

test('a run is linked to its trace as soon as it is made', async () => {
  const { server, mlflow } = await start();
  const run = await mlflow.startRun('open');
  const runId = await run.created();
  await expect
    .poll(() => server.links.get(runId), { timeout: 15_000 })
    .toEqual([`tr-${run.span.spanContext().traceId}`]);
  expect(server.spans).toEqual([]);
  await run.end();
});

test('a server without traces is told nothing twice, and no run is worse for it', async () => {
  const started = await start();
  const { server, mlflow, said } = started;
  server.keepsTraces = false;
  for (let count = 0; count < 2; count++) await train(started);
  expect(await mlflow.flush()).toMatchObject({ isComplete: true, deadLettered: 0 });
  expect(server.store.activeRuns().map(({ info }) => info.status)).toEqual(['FINISHED', 'FINISHED']);
  expect([...server.artifacts.keys()].filter((path) => path.endsWith('/runspan/trace.otlp.jsonl'))).toHaveLength(2);
  expect(said.filter((line) => line.includes('takes no traces'))).toHaveLength(1);
});

test('spans that the server cannot take for now hold nothing up, and come when it can', async () => {
  const started = await start();
  const { server, mlflow } = started;
  let isBroken = true;
  server.mood = (endpoint) => (isBroken && endpoint === '/v1/traces' ? '500-before' : 'serve');
  const { runId } = await train(started);
  await expect.poll(async () => (await server.store.getRun(runId)).info.status, { timeout: 15_000 }).toBe('FINISHED');
  expect(server.spans).toEqual([]);
  isBroken = false;
  expect(await mlflow.flush()).toMatchObject({ isComplete: true, deadLettered: 0 });
  expect(server.spans).toHaveLength(1);
});

test.each([{ logTraces: false }, { keepTelemetry: false }])('no spans are sent with %o', async (options) => {
  const started = await start(options);
  const { runId } = await train(started);
  await started.mlflow.flush();
  expect(started.server.spans).toEqual([]);
  expect((await started.server.store.getRun(runId)).info.status).toBe('FINISHED');
});
