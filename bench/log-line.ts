// What does a log line cost inside a run, OTel export on? At the call site and with what follows on the same thread. Beside it: raw pino,
// synchronous, the same fields to the same sink.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { LoggerService, MlflowService } from 'runspan';
import { compare } from './measure.ts';
import { startOtlpEndpoint } from './otlp-endpoint.ts';

const COUNT = 1_000;
const ROUNDS = 150;
const SINK = '/dev/null';
const folder = mkdtempSync(join(tmpdir(), 'runspan-bench-'));
const endpoint = await startOtlpEndpoint();
process.env['OTEL_EXPORTER_OTLP_ENDPOINT'] = endpoint.url;
const withSource = new LoggerService({ sink: SINK }, { directory: folder });
const withoutSource = new LoggerService({ sink: SINK, source: false }, { directory: folder });
const mlflow = new MlflowService({
  trackingUri: `sqlite:///${join(folder, 'mlflow.db')}`,
  directory: join(folder, 'journal'),
  artifactRoot: join(folder, 'artifacts'),
  experimentName: 'bench',
  logSystemMetrics: false,
  suppressRunLines: true,
  logger: withSource,
});
await withSource.start();
await withoutSource.start();
await mlflow.start();

const raw = pino({ base: null }, pino.destination({ dest: SINK, sync: true }));
const write = (logger: { info(fields: object, message: string): void }): number => {
  for (let index = 0; index < COUNT; index++) logger.info({ epoch: index, loss: 0.5, phase: 'fit' }, 'epoch');
  return COUNT;
};
// Lines of their own for each: one function for three loggers would make the calls of all three megamorphic.
const writeWithout = (): number => {
  const logger = withoutSource.logger();
  for (let index = 0; index < COUNT; index++) logger.info({ epoch: index, loss: 0.5, phase: 'fit' }, 'epoch');
  return COUNT;
};
const writeWith = (): number => {
  const logger = withSource.logger();
  for (let index = 0; index < COUNT; index++) logger.info({ epoch: index, loss: 0.5, phase: 'fit' }, 'epoch');
  return COUNT;
};
const settle = (service: LoggerService) => async (): Promise<void> => {
  if (!(await service.flush({ timeoutMs: 10_000 }))) throw new Error('Not everything was sent.');
};

await mlflow.runContext('bench', () =>
  compare(
    `A log line with three fields inside a run, OTLP over HTTP on, ${COUNT} in a burst`,
    [
      { name: 'raw pino', run: () => write(raw) },
      {
        name: 'LoggerService, source: false',
        run: writeWithout,
        settle: settle(withoutSource),
        goal: { timesFirst: 1.2, wholeUs: 9 },
      },
      { name: 'LoggerService', run: writeWith, settle: settle(withSource), goal: { timesFirst: 2.5 } },
    ],
    ROUNDS,
  ),
);
const { emittedCount, exportLostCount, exportDroppedCount } = withoutSource.stats();
if (emittedCount === 0 || exportLostCount + exportDroppedCount > 0) throw new Error('The bench does not export.');

await mlflow.stop();
await withSource.stop();
await withoutSource.stop();
endpoint.stop();
rmSync(folder, { recursive: true });
