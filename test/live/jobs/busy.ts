// A job that logs without ever yielding, until it is killed; the file that argv names holds what it has logged so far.
import { openSync, writeSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { LoggerService, MlflowService, startServices } from 'runspan';
import { valueAt } from './points.ts';

const [experimentName = 'busy', progressFile = 'progress', pointsASecond = '4000'] = process.argv.slice(2);
const SAY_EVERY = 50;
const progress = openSync(progressFile, 'w');
const pauseMs = (SAY_EVERY / Number(pointsASecond)) * 1000;

const mlflow = new MlflowService({ experimentName });
await startServices(new LoggerService({ level: 'WARNING' }), mlflow);
await mlflow.runContext('busy', async (run) => {
  run.span.setAttribute('optimizer', 'adam');
  await sleep(10); // what is not a point is accepted now
  const before = mlflow.stats().accepted;
  await new Promise<void>((resolve) =>
    process.send?.({ kind: 'started', runId: run.runId, key: run.key }, () => resolve()),
  );
  for (let step = 0; ; step++) {
    run.logMetric('loss', valueAt(step), { step });
    if (step % SAY_EVERY !== SAY_EVERY - 1) continue;
    // Numbers of fixed width over the last ones: the file holds one whole pair at any moment.
    const pair = [step + 1, mlflow.stats().accepted - before].map((count) => String(count).padStart(12));
    writeSync(progress, pair.join(''), 0);
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, pauseMs);
  }
});
