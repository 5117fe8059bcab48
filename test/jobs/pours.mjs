// A job that logs `points` metrics of `keys` keys in turn, `perTurn` of them a turn of the event loop; tells its parent what memory and
// time it took. Wants --expose-gc, and SIGUSR2 once it is ready.
import { setImmediate as nextTurn } from 'node:timers/promises';
import { LoggerService, MlflowService } from 'runspan';

const { points, keys = 1, perTurn = points, options } = JSON.parse(process.argv[2]);
/** How often it looks at itself. */
const LOOKS = 20;

const mlflow = new MlflowService({
  experimentName: 'e2e',
  logger: new LoggerService({ level: 'CRITICAL' }),
  suppressRunLines: true,
  exitTimeoutMs: 200,
  ...options,
});
await mlflow.start();
const run = await mlflow.startRun('pours');
const names = Array.from({ length: keys }, (_, index) => `loss/${index}`);
await mlflow.flush({ timeoutMs: 30_000 });
const told = new Promise((resolve) => process.once('SIGUSR2', resolve));
process.send('ready');
await told;

/** What the heap holds: without what the collector would take. */
function readHeld() {
  globalThis.gc();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

const looks = [];
const rssAtStart = process.memoryUsage.rss();
let held;
let cpu = process.threadCpuUsage();
for (let step = 0; step < points; step++) {
  run.logMetric(names[step % keys], step / 3, { step });
  if ((step + 1) % (points / LOOKS) === 0) {
    const { user, system } = process.threadCpuUsage(cpu);
    const unwritten = step + 1 - mlflow.stats().accepted;
    looks.push({ cpuUs: user + system, rssGrowth: process.memoryUsage.rss() - rssAtStart, unwritten });
    held ??= readHeld();
    cpu = process.threadCpuUsage();
  }
  if ((step + 1) % perTurn === 0) await nextTurn();
}
process.send({ looks, heldGrowth: readHeld() - held, stats: mlflow.stats() });
