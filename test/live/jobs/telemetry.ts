// A job with spans and log lines of every kind in its runs; says what it made, so that a test can look for each of them.
import { setTimeout as sleep } from 'node:timers/promises';
import { trace } from '@opentelemetry/api';
import {
  AlertsService,
  AlertSpanProcessor,
  LoggerService,
  MlflowService,
  RunLogProcessor,
  RunSpanProcessor,
  startServices,
} from 'runspan';
import type { Run } from 'runspan';

interface MadeSpan {
  readonly name: string;
  readonly traceId: string;
  readonly spanId: string;
  readonly runKey: string;
}
interface MadeLog {
  readonly body: string;
  readonly severityNumber: number;
  readonly traceId: string;
  readonly spanId: string;
  readonly runKey: string;
}

const alerts = new AlertsService({ enable: false, appName: 'job' });
const stopOwnSdk = process.argv.includes('own-sdk') ? await startOwnSdk() : undefined;
const logger = new LoggerService({ level: 'TRACE', sink: 'job.log' });
const mlflow = new MlflowService({ experimentName: process.argv[2] ?? 'telemetry', exitHooks: true });
const services = await startServices(logger, alerts, mlflow);
const isDying = process.argv.includes('dying');
const spans: MadeSpan[] = [];
const logs: MadeLog[] = [];
const runs: { readonly key: string; readonly runId: string; readonly name: string }[] = [];

const LEVELS = { trace: 1, debug: 5, info: 9, success: 10, warn: 13, error: 17, fatal: 21 } as const;

function note(run: Run, name: string): void {
  const { traceId, spanId } = trace.getActiveSpan()?.spanContext() ?? { traceId: '', spanId: '' };
  spans.push({ name, traceId, spanId, runKey: run.key });
  for (const [level, severityNumber] of Object.entries(LEVELS)) {
    const body = `${level} in ${name}`;
    run.log[level as keyof typeof LEVELS]({ phase: name }, body); // the keys of LEVELS are its methods
    logs.push({ body, severityNumber, traceId, spanId, runKey: run.key });
  }
}

async function work(run: Run): Promise<void> {
  // A record before it would rightly have no run id, on a machine where the create takes longer than the start waits.
  const runId = await run.created();
  run.span.setAttribute('optimizer', 'adam');
  run.logMetric('loss', 0.25, { step: 1 });
  note(run, run.name);
  await logger.span(`${run.name}-load`, { rows: 442 }, async () => {
    await sleep(5);
    note(run, `${run.name}-load`);
    // A tracer of the user's own, and a line by the logger and not by the run.
    trace.getTracer('user').startActiveSpan(`${run.name}-own`, (span) => {
      note(run, `${run.name}-own`);
      span.end();
    });
  });
  runs.push({ key: run.key, runId, name: run.name });
}

await Promise.all([mlflow.runContext('left', work), mlflow.runContext('right', work)]);
await mlflow.runContext('outer', async (outer) => {
  await work(outer);
  await mlflow.runContext({ name: 'inner', nested: true }, work);
});
const failing = mlflow.runContext('fails', async (run) => {
  await work(run);
  if (isDying) process.send?.({ kind: 'made', spans, logs, runs });
  throw new TypeError('on purpose');
});
// Nobody catches it: the process dies of it, with nothing flushed by the job itself.
if (isDying) await failing;
await failing.catch(() => undefined);
await services.stop();
await stopOwnSdk?.();
process.send?.({ kind: 'made', spans, logs, runs });
process.disconnect();

/** The SDK as a user would have it already, with our processors in it. */
async function startOwnSdk(): Promise<() => Promise<void>> {
  const { NodeSDK } = await import('@opentelemetry/sdk-node');
  const { BatchSpanProcessor } = await import('@opentelemetry/sdk-trace');
  const { BatchLogRecordProcessor } = await import('@opentelemetry/sdk-logs');
  const { OTLPTraceExporter } = await import('@opentelemetry/exporter-trace-otlp-http');
  const { OTLPLogExporter } = await import('@opentelemetry/exporter-logs-otlp-http');
  const sdk = new NodeSDK({
    spanProcessors: [
      new RunSpanProcessor(),
      new AlertSpanProcessor(alerts),
      new BatchSpanProcessor({ exporter: new OTLPTraceExporter() }),
    ],
    logRecordProcessors: [new RunLogProcessor(), new BatchLogRecordProcessor({ exporter: new OTLPLogExporter() })],
    metricReaders: [],
    instrumentations: [],
  });
  sdk.start();
  return () => sdk.shutdown();
}
