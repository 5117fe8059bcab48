// What does a log line cost at the call site, inside a run, nothing exported? Beside it: raw pino, synchronous, to the same sink.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { LoggerService, MlflowService } from 'runspan';
import { compare } from './measure.ts';

const COUNT = 10_000;
const SINK = '/dev/null';
const folder = mkdtempSync(join(tmpdir(), 'runspan-bench-'));
const withSource = new LoggerService({ sink: SINK });
const withoutSource = new LoggerService({ sink: SINK, source: false });
const mlflow = new MlflowService({
  trackingUri: `sqlite:///${join(folder, 'mlflow.db')}`,
  directory: join(folder, 'journal'),
  artifactRoot: join(folder, 'artifacts'),
  experimentName: 'bench',
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

await mlflow.runContext('bench', () =>
  compare(`Calling thread, ${COUNT} lines with three fields`, [
    { name: 'raw pino', run: () => write(raw) },
    { name: 'LoggerService, source: false', run: () => write(withoutSource.logger()) },
    { name: 'LoggerService', run: () => write(withSource.logger()) },
  ]),
);

await mlflow.stop();
await withSource.stop();
await withoutSource.stop();
rmSync(folder, { recursive: true });
