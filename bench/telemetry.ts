// What does it cost that a run keeps its spans and log lines, its end included? Beside it: the same run with keepTelemetry off.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LoggerService, MlflowService } from 'runspan';
import type { Run } from 'runspan';
import { compare } from './measure.ts';

const COUNT = 10_000;
const folder = mkdtempSync(join(tmpdir(), 'runspan-bench-'));
const logger = new LoggerService({ sink: '/dev/null', source: false });
const open = (keepTelemetry: boolean): MlflowService =>
  new MlflowService({
    trackingUri: `sqlite:///${join(folder, 'mlflow.db')}`,
    directory: join(folder, `journal-${keepTelemetry}`),
    artifactRoot: join(folder, 'artifacts'),
    experimentName: 'bench',
    logSystemMetrics: false,
    suppressRunLines: true,
    logger,
    keepTelemetry,
  });
const [off, on] = [open(false), open(true)];
await logger.start();
for (const mlflow of [off, on]) await mlflow.start();

const contestant = (name: string, mlflow: MlflowService, work: (run: Run) => void) => ({
  name,
  run: async (): Promise<number> => {
    await mlflow.runContext('bench', work);
    return COUNT;
  },
});
const lines = (run: Run): void => {
  for (let at = 0; at < COUNT; at++) run.log.info({ epoch: at, loss: 0.5, phase: 'fit' }, 'epoch');
};
const spans = (): void => {
  for (let at = 0; at < COUNT; at++) logger.span('epoch', { epoch: at, loss: 0.5, phase: 'fit' }, () => undefined);
};

await compare(`A run of ${COUNT} log lines, its end included`, [
  contestant('keepTelemetry: false', off, lines),
  contestant('keepTelemetry: true', on, lines),
]);
await compare(`A run of ${COUNT} spans, its end included`, [
  contestant('keepTelemetry: false', off, spans),
  contestant('keepTelemetry: true', on, spans),
]);

for (const mlflow of [off, on]) await mlflow.stop();
await logger.stop();
rmSync(folder, { recursive: true });
