// What does a span inside a run cost with our processors on? Beside it: the same span of the same SDK without them.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { trace } from '@opentelemetry/api';
import type { Tracer } from '@opentelemetry/api';
import { TracerProvider } from '@opentelemetry/sdk-trace';
import { AlertsService, LoggerService, MlflowService } from 'runspan';
import { compare } from './measure.ts';

const COUNT = 1_000;
const ROUNDS = 150;
const folder = mkdtempSync(join(tmpdir(), 'runspan-bench-'));
const logger = new LoggerService({ level: 'ERROR' });
const alerts = new AlertsService({ appName: 'bench' });
const mlflow = new MlflowService({
  trackingUri: `sqlite:///${join(folder, 'mlflow.db')}`,
  directory: join(folder, 'journal'),
  artifactRoot: join(folder, 'artifacts'),
  experimentName: 'bench',
  logSystemMetrics: false,
  suppressRunLines: true,
  logger,
});
await logger.start();
await alerts.start();
await mlflow.start();

const bare = new TracerProvider({
  spanProcessors: [
    {
      onStart: () => undefined,
      onEnd: () => undefined,
      forceFlush: async () => undefined,
      shutdown: async () => undefined,
    },
  ],
});
const attributes = { epoch: 1, loss: 0.5, phase: 'fit' };
const spans = (tracer: Tracer): number => {
  for (let index = 0; index < COUNT; index++) tracer.startActiveSpan('epoch', { attributes }, (span) => span.end());
  return COUNT;
};

await mlflow.runContext('bench', () =>
  compare(
    `A span with three attributes inside a run, ${COUNT} in a burst`,
    [
      { name: 'without our processors', run: () => spans(bare.getTracer('bench')) },
      { name: 'with them', run: () => spans(trace.getTracer('bench')), goal: { timesFirst: 1.15 } },
    ],
    ROUNDS,
  ),
);

await mlflow.stop();
await alerts.stop();
await logger.stop();
await bare.shutdown();
rmSync(folder, { recursive: true });
