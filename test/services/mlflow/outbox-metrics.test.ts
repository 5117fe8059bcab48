// `runspan.outbox.*` through a real MeterProvider: what is collected is what stats() says, over services that stopped too.
import { metrics } from '@opentelemetry/api';
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics';
import { expect, onTestFinished, test } from 'vitest';
import { optionsIn, makeFolder } from './mlflow-fixture.ts';
import { MlflowService } from '../../../src/services/mlflow/mlflow-service.ts';
import { LoggerService } from '../../../src/services/logger/logger-service.ts';

test('are what stats() says, of every service that goes to the same place, and go on after a stop', async () => {
  const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
  const provider = new MeterProvider({
    readers: [new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 3_600_000 })],
  });
  metrics.setGlobalMeterProvider(provider);
  onTestFinished(async () => {
    metrics.disable();
    await provider.shutdown();
  });
  const options = {
    ...optionsIn(makeFolder()),
    logger: new LoggerService({ level: 'CRITICAL' }),
    keepTelemetry: false,
  };
  const collect = async (): Promise<unknown> => {
    exporter.reset();
    await provider.forceFlush();
    const [scope, ...others] = exporter.getMetrics().flatMap(({ scopeMetrics }) => scopeMetrics);
    expect(others).toEqual([]);
    return Object.fromEntries(
      (scope?.metrics ?? []).map(({ descriptor, dataPoints }) => [
        `${descriptor.name} ${descriptor.unit}`,
        dataPoints.map(({ value, attributes }) => [value, attributes]),
      ]),
    );
  };
  const place = { 'runspan.tracking_uri': options.trackingUri };
  let eachAccepted = 0;
  const expected = (accepted: number): unknown => ({
    'runspan.outbox.accepted {record}': [[accepted, place]],
    'runspan.outbox.delivered {record}': [[accepted, place]],
    'runspan.outbox.dead_lettered {record}': [[0, place]],
    'runspan.outbox.pending {record}': [[0, place]],
    'runspan.outbox.drain_deaths {death}': [[0, place]],
    'runspan.outbox.refused {record}': [[accepted / eachAccepted, { ...place, 'error.type': 'invalid' }]],
  });

  let accepted = 0;
  for (let count = 1; count <= 2; count += 1) {
    const mlflow = new MlflowService(options);
    await mlflow.start();
    const run = await mlflow.startRun('train');
    for (let step = 0; step < 50; step += 1) run.logMetric('loss', step, { step });
    run.logMetric('loss', Symbol('no number') as unknown as number);
    await run.end();
    await mlflow.flush();
    const stats = mlflow.stats();
    accepted += stats.accepted;
    eachAccepted = accepted / count;
    expect(await collect()).toEqual(expected(accepted));
    await mlflow.stop();
    expect(await collect()).toEqual(expected(accepted));
  }
});
