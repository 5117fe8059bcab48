// Does memory stay flat while the server is away, and does the job still end? An hour of 1,000 metrics a second, a second of it in 10 ms, into
// nothing; then the time from the last call to the end of the process. The server is there when the job starts, so that all that every job
// needs is loaded by then. node bench/outage.ts [seconds of the hour] [ms a second] [rounds]
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { TrackingServer } from '../test/end-to-end/tracking-server.ts';
import { median } from './measure.ts';

const SECONDS = Number(process.argv[2] ?? 3_600);
/** 1,000 is the pace of a real hour. */
const MS_A_SECOND = Number(process.argv[3] ?? 10);
const ROUNDS = Number(process.argv[4] ?? 3);
const GOAL_MB = 30;
/** The job's own exitTimeoutMs is 2 s. */
const GOAL_EXIT_S = 2.5;

interface Seen {
  /** RSS in MB: with services and run started, after a tenth, a half and all of the hour, and at most. */
  readonly started: number;
  readonly tenth: number;
  readonly half: number;
  readonly whole: number;
  readonly most: number;
  readonly callUs: number;
  readonly accepted: number;
  readonly delivered: number;
  readonly pending: number;
  /** From the last call to the end of the process. */
  readonly exitS: number;
}

const folder = mkdtempSync(join(tmpdir(), 'runspan-bench-'));

const JOB = `
  import { LoggerService, MlflowService } from 'runspan';
  import { setTimeout as sleep } from 'node:timers/promises';
  const [trackingUri, directory, seconds, msASecond] = process.argv.slice(1);
  const mlflow = new MlflowService({
    trackingUri, directory, experimentName: 'bench', logSystemMetrics: false, suppressRunLines: true,
    exitTimeoutMs: 2_000, maxJournalBytes: 10_000_000_000, logger: new LoggerService({ level: 'CRITICAL' }),
  });
  await mlflow.start();
  const run = await mlflow.startRun('outage');
  await run.created();
  await mlflow.flush();
  const isAway = new Promise((resolve) => process.once('message', resolve));
  process.send('ready');
  await isAway;
  const rss = () => process.memoryUsage.rss() / 1e6;
  const started = rss();
  const seen = [];
  let calls = 0;
  for (let second = 0; second < seconds; second++) {
    const startMs = performance.now();
    for (let at = 0; at < 1_000; at++) run.logMetric('loss', Math.random(), { step: second * 1_000 + at });
    calls += performance.now() - startMs;
    seen.push(rss());
    await sleep(Number(msASecond));
  }
  const { accepted, delivered, pending } = mlflow.stats();
  const at = (part) => seen[Math.ceil(seconds * part) - 1];
  process.send({ started, tenth: at(0.1), half: at(0.5), whole: at(1), most: Math.max(...seen),
    callUs: (calls * 1_000) / (seconds * 1_000), accepted, delivered, pending });
`;

async function runJob(): Promise<Seen> {
  const server = await new TrackingServer().start();
  const directory = mkdtempSync(join(folder, 'journal-'));
  const args = ['--input-type=module', '-e', JOB, server.url, directory, String(SECONDS), String(MS_A_SECOND)];
  const cwd = join(import.meta.dirname, '..');
  const child = spawn(process.execPath, args, { cwd, stdio: ['ignore', 'ignore', 'ignore', 'ipc'] });
  let seen: Omit<Seen, 'exitS'> | undefined;
  let lastAtMs = Number.NaN;
  child.on('message', (message) => {
    if (message === 'ready') void server.stop().then(() => child.send('away'));
    else {
      lastAtMs = performance.now();
      seen = message as Omit<Seen, 'exitS'>; // the job above sends it
    }
  });
  const code = await new Promise((resolve) => child.once('close', resolve));
  rmSync(directory, { recursive: true });
  if (seen === undefined) throw new Error(`The job ended with ${String(code)}.`);
  return { ...seen, exitS: (performance.now() - lastAtMs) / 1_000 };
}

console.log(`${SECONDS} s of 1,000 metrics a second with the server away, a second in ${MS_A_SECOND} ms, ${ROUNDS} rounds
${cpus().length} × ${cpus()[0]?.model ?? '?'}, load ${loadavg()[0]?.toFixed(1)}, Node ${process.version}`);
const all: Seen[] = [];
for (let round = 0; round < ROUNDS; round++) {
  const seen = await runJob();
  all.push(seen);
  const { started, tenth, half, whole, callUs, accepted, delivered, pending, exitS } = seen;
  const mb = [tenth, half, whole].map((rss) => (rss - started).toFixed(1)).join(', ');
  console.log(`RSS ${started.toFixed(0)} MB with services and run started, more by ${mb} MB after a tenth, a half and all of it
  ${callUs.toFixed(2)} µs a call; accepted ${accepted}, delivered ${delivered}, pending ${pending}; ${exitS.toFixed(2)} s to the end of the process`);
}
const growth = median(all.map(({ most, started }) => most - started));
console.log(
  `goal ≤ ${GOAL_MB} MB above the start, median of the rounds' most: ${growth.toFixed(1)} MB, ${growth <= GOAL_MB ? 'met' : 'NOT met'}`,
);
const exitS = median(all.map((seen) => seen.exitS));
console.log(
  `goal ≤ ${GOAL_EXIT_S} s from the last call to the end, exitTimeoutMs 2 s: ${exitS.toFixed(2)} s, ${exitS <= GOAL_EXIT_S ? 'met' : 'NOT met'}`,
);
rmSync(folder, { recursive: true });
