// How long does an unchanged job wait for its first line under register, and how long does it take as a whole? Beside bare node and the
// stock register: `node bench/register.ts [rounds] [folder of @opentelemetry/auto-instrumentations-node]`, turn by turn.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { findStockRegister } from './stock-register.ts';

const [rounds = '15', stockFolder] = process.argv.slice(2);
const register = new URL('../dist/register.js', import.meta.url).href;
const stock = findStockRegister(stockFolder);
const folder = mkdtempSync(join(tmpdir(), 'runspan-bench-'));
const job = join(folder, 'job.mjs');
writeFileSync(
  job,
  'const { user, system } = process.threadCpuUsage();\nconsole.log(`${performance.now()} ${(user + system) / 1000}`);\n',
);

// Nobody listens there: what is measured is the start, not an export.
const endpoint = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:9' };
const quiet = { RUNSPAN_LOGGER_LEVEL: 'ERROR', MLFLOW_ENABLE_SYSTEM_METRICS_LOGGING: 'false' };

interface Rival {
  readonly name: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

const BARE: Rival = { name: 'bare node', args: [], env: {} };
const ALONE: Rival = { name: 'runspan/register, no endpoint', args: ['--import', register], env: quiet };
const EXPORTING: Rival = {
  name: 'runspan/register, endpoint',
  args: ['--import', register],
  env: { ...quiet, ...endpoint },
};
const STOCK: Rival = { name: 'stock register', args: ['--import', stock ?? ''], env: endpoint };
const rivals = [BARE, ALONE, EXPORTING, ...(stock === undefined ? [] : [STOCK])];

/** One job, in milliseconds. */
interface Turn {
  readonly firstLine: number;
  /** Of the job's own thread, until its first line. */
  readonly cpu: number;
  readonly whole: number;
}

function measure({ args, env }: Rival): Turn {
  const startMs = performance.now();
  const { stdout, status, stderr } = spawnSync(process.execPath, [...args, job], {
    cwd: folder,
    env: { PATH: process.env['PATH'] ?? '', ...env },
    encoding: 'utf8',
    timeout: 60_000,
  });
  const whole = performance.now() - startMs;
  const [, firstLine, cpu] = /^([\d.]+) ([\d.]+)$/m.exec(stdout) ?? [];
  if (status !== 0 || firstLine === undefined) throw new Error(stderr);
  return { firstLine: Number(firstLine), cpu: Number(cpu), whole };
}

const turns = new Map<Rival, Turn[]>(rivals.map((rival) => [rival, []]));
for (let round = -1; round < Number(rounds); round++)
  for (const [rival, all] of turns) {
    const turn = measure(rival);
    if (round >= 0) all.push(turn); // the first warms the disk's cache
  }
rmSync(folder, { recursive: true, force: true });

const at = (values: readonly number[], part: number): number =>
  values.toSorted((a, b) => a - b)[Math.floor((values.length - 1) * part)] ?? Number.NaN;
const of = (rival: Rival, what: keyof Turn): readonly number[] => (turns.get(rival) ?? []).map((turn) => turn[what]);
const spread = (rival: Rival, what: keyof Turn): string =>
  [0, 0.5, 0.9].map((part) => at(of(rival, what), part).toFixed(0).padStart(6)).join('');
/** What a rival costs beside bare node: by the least, since whatever else runs on the machine only adds. */
const costOf = (rival: Rival, what: keyof Turn): number => at(of(rival, what), 0) - at(of(BARE, what), 0);
const judge = (goal: string, is: string, isMet: boolean): void =>
  console.log(`${goal}: ${is}, ${isMet ? 'met' : 'NOT met'}`);

console.log(
  `node ${process.version}, ${cpus().length} cores, load ${loadavg()[0]?.toFixed(1)}, ${rounds} rounds; ms: least, median, p90`,
);
console.log(`${''.padEnd(32)}        first line      CPU until then        whole process`);
for (const rival of rivals)
  console.log(
    `${rival.name.padEnd(32)}${spread(rival, 'firstLine')}   ${spread(rival, 'cpu')}   ${spread(rival, 'whole')}`,
  );
for (const [rival, goalMs] of [[ALONE, 100] as const, [EXPORTING, 300] as const]) {
  const cost = costOf(rival, 'firstLine');
  judge(`${rival.name}, goal ≤ ${goalMs} ms over bare node`, `${cost.toFixed(0)} ms`, cost <= goalMs);
}
if (stock !== undefined) {
  const [times, cpuTimes] = (['firstLine', 'cpu'] as const).map(
    (what) => costOf(STOCK, what) / costOf(EXPORTING, what),
  );
  const is = `${times?.toFixed(1)} × by first line, ${cpuTimes?.toFixed(1)} × by CPU`;
  judge('beside the stock register, goal ≥ 2.5 × quicker', is, (times ?? 0) >= 2.5);
}
