// How quickly does the drain deliver what the journal holds to a real MLflow, of one run and of a thousand that take turns? Beside it: a bare
// loop of full batches, which knows all that it will send. node bench/drain.ts [rounds] [runs …]
import { mkdtempSync, rmSync } from 'node:fs';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { LoggerService, MlflowService } from 'runspan';
import type { Run } from 'runspan';
import { startBackend } from '../test/live/backends.ts';
import { openBareLoop } from './bare-loop.ts';

const [ROUNDS = 3, ...given] = process.argv.slice(2).map(Number);
const RUN_COUNTS = given.length === 0 ? [1, 1_000] : given;
const COUNT = 30_000;
const GOAL = 0.9;
const FLUSH_TIMEOUT_MS = 400_000;

const backend = await startBackend('mlflow').catch((error: unknown) => {
  console.log(`Skipped: there is no MLflow here. ${error instanceof Error ? error.message : String(error)}`);
  process.exit();
});
const trackingUri = backend.env.MLFLOW_TRACKING_URI;
const folder = mkdtempSync(join(tmpdir(), 'runspan-bench-'));
const bare = await openBareLoop(trackingUri);
const mlflow = new MlflowService({
  trackingUri,
  directory: join(folder, 'journal'),
  experimentName: 'drain',
  logSystemMetrics: false,
  suppressRunLines: true,
  logger: new LoggerService({ level: 'ERROR' }),
});
await mlflow.start();
const open: Run[] = [];
let step = 0;

async function flush(): Promise<void> {
  const { isComplete } = await mlflow.flush({ timeoutMs: FLUSH_TIMEOUT_MS });
  if (!isComplete) throw new Error('Not everything was delivered.');
}

/** The journal has all of it before the drain's first answer is there: the calls take some 20 ms. */
async function deliver(runs: readonly Run[]): Promise<void> {
  for (let at = 0; at < COUNT; at += runs.length)
    for (const run of runs) run.logMetric('loss', Math.random(), { step: step++ });
  await flush();
}

async function time(work: () => Promise<void>): Promise<number> {
  const startMs = performance.now();
  await work();
  return (performance.now() - startMs) / 1_000;
}

const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;

try {
  for (const runCount of RUN_COUNTS) {
    while (open.length < runCount) open.push(await mlflow.startRun({ name: 'drain', nested: true }));
    await flush();
    await bare.runs(runCount);
    const runs = open.slice(0, runCount);
    const seconds: { readonly ours: number; readonly loop: number }[] = [];
    for (let round = 0; round < ROUNDS; round++)
      seconds.push({ loop: await time(() => bare.log(COUNT, runCount)), ours: await time(() => deliver(runs)) });
    const perSecond = (all: readonly number[]): string => (COUNT / median(all)).toFixed(0);
    const ratio = median(seconds.map(({ ours, loop }) => loop / ours));
    console.log(`
${COUNT} metrics of ${runCount} ${runCount === 1 ? 'run' : 'runs'} out of the journal to MLflow on SQLite
${cpus().length} × ${cpus()[0]?.model ?? '?'}, load ${loadavg()[0]?.toFixed(1)}, Node ${process.version}, ${ROUNDS} rounds
bare loop of full batches ${perSecond(seconds.map(({ loop }) => loop)).padStart(8)} metrics/s
the drain                 ${perSecond(seconds.map(({ ours }) => ours)).padStart(8)} metrics/s, ${ratio.toFixed(2)} ×
goal ${GOAL} × the bare loop: ${ratio >= GOAL ? 'met' : 'NOT met'}`);
  }
} finally {
  // The ends of a thousand runs are not asked about.
  await mlflow.stop({ timeoutMs: 1_000 });
  await bare.stop();
  await backend.stop();
  rmSync(folder, { recursive: true });
}
