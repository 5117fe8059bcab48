// A job that logs point after point until it is told to end, and says what it did.
import { setTimeout as sleep } from 'node:timers/promises';
import { AlertsService, LoggerService, MlflowService, startServices } from 'runspan';
import { valueAt } from './points.ts';

const POINTS_A_TURN = 5;
const PAUSE_MS = 10;

let isEnding = false;
let stepCount = 0;
process.on('message', ({ kind }: { readonly kind: string }) => {
  if (kind === 'end') isEnding = true;
  else process.send?.({ kind: 'report', stepCount });
});

const mlflow = new MlflowService({ experimentName: process.argv[2] ?? 'steady' });
const services = await startServices(
  new LoggerService({ level: 'WARNING' }),
  new AlertsService({ enable: false }),
  mlflow,
);
await mlflow.runContext({ name: 'steady', tags: { stage: 'live' } }, async (run) => {
  run.logParam('pid', process.pid);
  process.send?.({ kind: 'started', key: run.key, runId: run.runId });
  run.created().then(
    (runId) => process.send?.({ kind: 'created', runId }),
    (error: unknown) => process.send?.({ kind: 'abandoned', error: String(error) }),
  );
  while (!isEnding) {
    for (let i = 0; i < POINTS_A_TURN; i++, stepCount++) run.logMetric('loss', valueAt(stepCount), { step: stepCount });
    await sleep(PAUSE_MS);
  }
  process.send?.({ kind: 'ended', stepCount });
});
const flushed = await mlflow.flush({ timeoutMs: 60_000 });
process.send?.({ kind: 'flushed', ...flushed, stats: mlflow.stats() });
await services.stop();
process.disconnect();
