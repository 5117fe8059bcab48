// Does memory stay flat while the server is away, and does the job still end? An hour of 1,000 metrics a second, a second of it in 10 ms, into
// nothing; then the time from the last call to the end of the process. V8 lets its young generation grow in any job that makes much garbage:
// held small by a flag, or at the pace of a real hour, RSS says what the package holds. node bench/outage.ts [seconds of the hour] [ms a second]
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';

const SECONDS = Number(process.argv[2] ?? 3_600);
/** 1,000 is the pace of a real hour. */
const MS_A_SECOND = Number(process.argv[3] ?? 10);
const GOAL_MB = 30;
/** Nobody listens there. */
const CLOSED_PORT = '9';

type Count = 'accepted' | 'delivered' | 'pending';

const folder = mkdtempSync(join(tmpdir(), 'runspan-bench-'));

const JOB = `
  import { LoggerService, MlflowService } from 'runspan';
  import { setTimeout as sleep } from 'node:timers/promises';
  const [port, directory, seconds, msASecond] = process.argv.slice(1);
  const mlflow = new MlflowService({
    trackingUri: 'http://127.0.0.1:' + port, directory, experimentName: 'bench', logSystemMetrics: false, suppressRunLines: true,
    exitTimeoutMs: 2_000, maxJournalBytes: 10_000_000_000, logger: new LoggerService({ level: 'CRITICAL' }),
  });
  await mlflow.start();
  const run = await mlflow.startRun('outage');
  const rss = () => process.memoryUsage.rss() / 1e6;
  const started = rss();
  let most = 0;
  let calls = 0;
  for (let second = 0; second < seconds; second++) {
    const startMs = performance.now();
    for (let at = 0; at < 1_000; at++) run.logMetric('loss', 0.5, { step: second * 1_000 + at });
    calls += performance.now() - startMs;
    most = Math.max(most, rss());
    await sleep(Number(msASecond));
  }
  const { accepted, delivered, pending } = mlflow.stats();
  console.log(JSON.stringify({ started, most, heapUsed: process.memoryUsage().heapUsed / 1e6, callUs: (calls * 1_000) / (seconds * 1_000), accepted, delivered, pending }));
`;

async function measure(name: string, flags: readonly string[]): Promise<void> {
  const directory = mkdtempSync(join(folder, 'journal-'));
  const args = [
    ...flags,
    '--input-type=module',
    '-e',
    JOB,
    CLOSED_PORT,
    directory,
    String(SECONDS),
    String(MS_A_SECOND),
  ];
  const cwd = join(import.meta.dirname, '..');
  const child = spawn(process.execPath, args, { cwd, stdio: ['ignore', 'pipe', 'ignore'] });
  let lastAtMs = Number.NaN;
  let text = '';
  child.stdout.on('data', (data: Buffer) => {
    lastAtMs = performance.now();
    text += String(data);
  });
  const code = await new Promise((resolve) => child.once('close', resolve));
  const exitMs = performance.now() - lastAtMs;
  if (code !== 0) throw new Error(`The job ended with ${String(code)}.`);
  // The cast: the job above prints it.
  const seen = JSON.parse(text) as Readonly<Record<'started' | 'most' | 'callUs' | 'heapUsed' | Count, number>>;
  const { started, most, heapUsed, callUs, accepted, delivered, pending } = seen;
  const growth = most - started;
  console.log(`
${name}
RSS ${started.toFixed(0)} MB with services and run started, ${most.toFixed(0)} MB at most; heap in use at the end ${heapUsed.toFixed(0)} MB
goal ≤ ${GOAL_MB} MB above the start: ${growth.toFixed(0)} MB, ${growth <= GOAL_MB ? 'met' : 'NOT met'}
${callUs.toFixed(2)} µs a call; accepted ${accepted}, delivered ${delivered}, pending ${pending}
${(exitMs / 1_000).toFixed(2)} s from the last call to the end of the process, exitTimeoutMs 2 s`);
}

console.log(`${SECONDS} s of 1,000 metrics a second with the server away, a second in ${MS_A_SECOND} ms
${cpus().length} × ${cpus()[0]?.model ?? '?'}, load ${loadavg()[0]?.toFixed(1)}, Node ${process.version}`);
await measure('a young generation of 4 MB, so that RSS is what is held', ['--max-semi-space-size=4']);
await measure("V8's own young generation", []);
rmSync(folder, { recursive: true });
