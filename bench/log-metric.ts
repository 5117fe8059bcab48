// What does run.logMetric cost the job's thread, journal on? Beside it: the bare line written to a file, alone and in groups of 64.
import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LoggerService, MlflowService } from 'runspan';
import { compare } from './measure.ts';

const COUNT = 20_000;
const folder = mkdtempSync(join(tmpdir(), 'runspan-bench-'));
const mlflow = new MlflowService({
  trackingUri: `sqlite:///${join(folder, 'mlflow.db')}`,
  directory: join(folder, 'journal'),
  artifactRoot: join(folder, 'artifacts'),
  experimentName: 'bench',
  logger: new LoggerService({ level: 'ERROR' }),
});
await mlflow.start();
const run = await mlflow.startRun('bench');
const file = openSync(join(folder, 'bare.log'), 'a');
let step = 0;

function writeLines(perWrite: number): number {
  for (let index = 0; index < COUNT; index += perWrite) {
    let text = '';
    for (let line = 0; line < perWrite; line++)
      text += `${JSON.stringify({ kind: 'metric', key: 'loss', value: 0.5, timestampMs: Date.now(), step: step++ })}\n`;
    writeSync(file, text);
  }
  return COUNT;
}

await compare(`Calling thread, ${COUNT} metrics in a burst`, [
  { name: 'bare JSON line, one write a group of 64', run: () => writeLines(64) },
  { name: 'bare JSON line, one write each', run: () => writeLines(1) },
  {
    name: 'run.logMetric',
    run: () => {
      for (let index = 0; index < COUNT; index++) run.logMetric('loss', 0.5, { step: step++ });
      return COUNT;
    },
    goal: { us: 2 },
  },
]);

await run.end();
await mlflow.stop({ timeoutMs: 60_000 });
closeSync(file);
rmSync(folder, { recursive: true });
