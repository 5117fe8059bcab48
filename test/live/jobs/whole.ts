// A short job with one of everything: params, points, tags, a data set, artifacts, a run inside a run, a run that fails.
import { writeFileSync } from 'node:fs';
import { AlertsService, LoggerService, MlflowService, startServices } from 'runspan';
import { valueAt } from './points.ts';

const POINT_COUNT = 500;
const mlflow = new MlflowService({ experimentName: process.argv[2] ?? 'whole' });
const services = await startServices(
  new LoggerService({ level: 'WARNING' }),
  new AlertsService({ enable: false }),
  mlflow,
);
await mlflow.runContext({ name: 'outer', description: 'one of everything' }, async (run) => {
  run.logParams({ lr: 0.1, layers: [16, 8], model: { name: 'mlp' } });
  run.span.setAttribute('optimizer', 'adam');
  for (let step = 0; step < POINT_COUNT; step++) run.logMetric('loss', valueAt(step), { step });
  run.logInput({ name: 'rows', source: 'rows.csv', digest: 'd1' }, { context: 'training' });
  run.logText('kept', 'notes/a.txt');
  writeFileSync('rows.csv', 'a,b\n1,2\n');
  await run.logArtifact('rows.csv', 'data');
  await mlflow.runContext({ name: 'inner', nested: true }, (inner) => inner.logMetric('score', 1));
});
await mlflow
  .runContext('fails', () => {
    throw new RangeError('on purpose');
  })
  .catch(() => undefined);
process.send?.({ kind: 'stats', stats: mlflow.stats() });
await services.stop({ timeoutMs: Number(process.argv[3] ?? 10_000) });
process.disconnect();
