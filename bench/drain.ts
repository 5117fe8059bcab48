// How quickly does the drain deliver what the journal holds to a real MLflow, of one run and of a thousand that take turns? Beside it: a bare
// loop of full batches, which knows all that it will send. node bench/drain.ts [rounds] [runs …]
import { cpus, loadavg } from 'node:os';
import type { Run } from 'runspan';
import { openDelivery } from './delivery-service.ts';
import { median } from './measure.ts';

const [ROUNDS = 3, ...given] = process.argv.slice(2).map(Number);
const RUN_COUNTS = given.length === 0 ? [1, 1_000] : given;
const COUNT = 30_000;
const GOAL = 0.9;

const delivery = await openDelivery('drain');
const { bare } = delivery;
let step = 0;

/** The journal has all of it before the drain has answers to many requests: the calls take 20 ms, on a busy machine 500. */
async function deliver(runs: readonly Run[]): Promise<void> {
  for (let at = 0; at < COUNT; at += runs.length)
    for (const run of runs) run.logMetric('loss', Math.random(), { step: step++ });
  await delivery.flush();
}

async function time(work: () => Promise<void>): Promise<number> {
  const startMs = performance.now();
  await work();
  return (performance.now() - startMs) / 1_000;
}

try {
  for (const runCount of RUN_COUNTS) {
    const runs = await delivery.runs(runCount);
    await bare.runs(runCount);
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
  await delivery.stop();
}
