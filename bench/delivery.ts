// How many metrics a second reach a real MLflow, and how long does the caller wait for a call? Ours beside MLflow's Python client in its
// three ways, npm's `mlflow`, and a bare loop of full batches. node bench/delivery.ts [rounds] [runs at once …]
import { createRequire } from 'node:module';
import { cpus, loadavg } from 'node:os';
import { openDelivery } from './delivery-service.ts';
import { median } from './measure.ts';
import { startPythonClient } from './python-client.ts';
import type { PythonMode } from './python-client.ts';
import { findRival } from './rival-package.ts';

const [ROUNDS = 3, ...given] = process.argv.slice(2).map(Number);
const RUNS_AT_ONCE = given.length === 0 ? [1, 8] : given;
const COUNT = 16_000;
/** For those that take 20 ms a call or more; with more than a few runs they do not take part. */
const SLOW_COUNT = 64;
const ASYNC_COUNT = 1_600;
const FEW_RUNS = 8;
const [BARE, OURS] = ['bare loop of full batches', 'run.logMetric, then flush'];
const PYTHON: Readonly<Record<PythonMode, string>> = {
  batch: 'Python, log_batch(1000)',
  async: 'Python, log_metric, async',
  each: 'Python, log_metric',
};

interface Turn {
  /** What the calls took, in milliseconds. */
  readonly callMs: number;
  /** Until all was delivered. */
  readonly wholeMs: number;
}

interface Contestant {
  readonly name: string;
  readonly count: number;
  readonly run: (runs: number) => Promise<Turn>;
}

/** The part of npm's client that is used. */
interface NpmClient {
  readonly Runs: { logMetric(metric: object): Promise<unknown> };
}

const delivery = await openDelivery('bench');
const { trackingUri, bare } = delivery;
process.env['MLFLOW_PYTHON'] ??= delivery.python;
const python = await startPythonClient(trackingUri);
let step = 0;

async function timed(call: () => unknown, settle: () => unknown = () => undefined): Promise<Turn> {
  const startMs = performance.now();
  await call();
  const callMs = performance.now() - startMs;
  await settle();
  return { callMs, wholeMs: performance.now() - startMs };
}

async function runOurs(runs: number): Promise<Turn> {
  const open = await delivery.runs(runs);
  return timed(
    () => {
      for (let at = 0; at < COUNT; at += runs) for (const run of open) run.logMetric('loss', 0.5, { step: step++ });
    },
    () => delivery.flush(),
  );
}

/** Its client prints each request. */
async function runNpm(client: NpmClient, runs: number): Promise<Turn> {
  const ids = await bare.runs(runs);
  const { log } = console;
  console.log = () => undefined;
  try {
    return await timed(() =>
      Promise.all(
        ids.map(async (runId) => {
          for (let at = 0; at < SLOW_COUNT / runs; at++)
            await client.Runs.logMetric({ run_id: runId, key: 'npm', value: 0.5, timestamp: Date.now(), step: step++ });
        }),
      ),
    );
  } finally {
    console.log = log;
  }
}

function contestants(): readonly Contestant[] {
  const bareOne = { name: BARE, count: COUNT, run: (runs: number) => timed(() => bare.log(COUNT, runs)) };
  const fast: Contestant[] = [bareOne, { name: OURS, count: COUNT, run: runOurs }];
  const slow: Contestant[] = [];
  for (const [mode, count] of [
    ['batch', COUNT],
    ['async', ASYNC_COUNT],
    ['each', SLOW_COUNT],
  ] as const)
    if (python !== undefined)
      slow.push({ name: PYTHON[mode], count, run: (runs) => python.log(count, { mode, runs }) });
  const entry = findRival({
    what: "npm's mlflow",
    name: 'mlflow',
    packages: { mlflow: '2.0.7' },
    entry: 'mlflow/index.js',
  });
  if (entry !== undefined) {
    // The cast: what its page documents.
    const Client = createRequire(import.meta.url)(entry) as new (options: { endpoint: string }) => NpmClient;
    const client = new Client({ endpoint: trackingUri });
    slow.push({ name: "npm's mlflow, logMetric", count: SLOW_COUNT, run: (runs) => runNpm(client, runs) });
  }
  return [...fast, ...slow];
}

const perSecond = (count: number, { wholeMs }: Turn): number => (count / wholeMs) * 1_000;

async function compareAll(runs: number): Promise<void> {
  const taking = contestants().filter(({ name }) => runs <= FEW_RUNS || name === BARE || name === OURS);
  const turns = new Map<Contestant, Turn[]>(taking.map((one) => [one, []]));
  // The first turn of each makes its runs and warms up.
  for (let round = 0; round <= ROUNDS; round++)
    for (const [one, all] of turns) {
      const turn = await one.run(runs);
      if (round > 0) all.push(turn);
    }
  const load = loadavg()[0]?.toFixed(1) ?? '?';
  console.log(`\nMetrics to MLflow on SQLite over HTTP, one a call, ${runs} ${runs === 1 ? 'run' : 'runs'} at once`);
  console.log(`${cpus().length} × ${cpus()[0]?.model ?? '?'}, load ${load}, Node ${process.version}, ${ROUNDS} rounds`);
  console.log(`${''.padEnd(28)}  metrics/s       least        most   µs a call   ours is`);
  const ratios = new Map<string, number>();
  const [, ours] = [...turns].find(([{ name }]) => name === OURS) ?? [];
  for (const [{ name, count }, all] of turns) {
    const rates = all.map((turn) => perSecond(count, turn));
    const ratio = median(
      rates.map((rate, round) => perSecond(COUNT, ours?.[round] ?? { callMs: 0, wholeMs: Number.NaN }) / rate),
    );
    ratios.set(name, ratio);
    const call = median(all.map(({ callMs }) => (callMs / count) * 1_000));
    const cells = [
      median(rates).toFixed(0),
      Math.min(...rates).toFixed(0),
      Math.max(...rates).toFixed(0),
      call.toFixed(1),
    ];
    console.log(
      `${name.padEnd(28)}${cells.map((cell) => cell.padStart(12)).join('')}  ${ratio.toFixed(2).padStart(8)} ×`,
    );
  }
  const judge = (rival: string, least: number): void => {
    const ratio = ratios.get(rival);
    if (ratio !== undefined) console.log(`goal ${least} × ${rival}: ${ratio >= least ? 'met' : 'NOT met'}`);
  };
  judge(BARE, 0.9);
  judge(PYTHON.batch, 1);
  judge(PYTHON.async, 1);
  if (runs === 1) judge(PYTHON.each, 100);
}

try {
  for (const runs of RUNS_AT_ONCE) await compareAll(runs);
} finally {
  python?.stop();
  await delivery.stop();
}
