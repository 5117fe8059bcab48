// How long does an unchanged job wait for its first line under register, and how long does it take as a whole? Beside bare node and the
// stock register: `node bench/register.ts [rounds] [folder with @opentelemetry/auto-instrumentations-node]`, turn by turn.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';

const [rounds = '15', stockFolder = ''] = process.argv.slice(2);
const register = new URL('../dist/register.js', import.meta.url).href;
const stock = join(stockFolder, 'node_modules/@opentelemetry/auto-instrumentations-node/dist/register.mjs');
const folder = mkdtempSync(join(tmpdir(), 'runspan-bench-'));
const job = join(folder, 'job.mjs');
writeFileSync(job, 'console.log(performance.now());\n');

// Nobody listens there: what is measured is the start, not an export.
const endpoint = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:9' };
const quiet = { RUNSPAN_LOGGER_LEVEL: 'ERROR', MLFLOW_ENABLE_SYSTEM_METRICS_LOGGING: 'false' };

interface Rival {
  readonly name: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

const rivals: readonly Rival[] = [
  { name: 'bare node', args: [], env: {} },
  { name: 'runspan/register, no endpoint', args: ['--import', register], env: quiet },
  { name: 'runspan/register, endpoint', args: ['--import', register], env: { ...quiet, ...endpoint } },
  ...(existsSync(stock) ? [{ name: 'stock register', args: ['--import', stock], env: endpoint }] : []),
];

interface Times {
  readonly firstLineMs: number[];
  readonly wholeMs: number[];
}

function measure({ args, env }: Rival): { firstLineMs: number; wholeMs: number } {
  const startMs = performance.now();
  const { stdout, status, stderr } = spawnSync(process.execPath, [...args, job], {
    cwd: folder,
    env: { PATH: process.env['PATH'] ?? '', ...env },
    encoding: 'utf8',
    timeout: 60_000,
  });
  const wholeMs = performance.now() - startMs;
  if (status !== 0) throw new Error(stderr);
  return { firstLineMs: Number(/^[\d.]+$/m.exec(stdout)?.[0]), wholeMs };
}

const times = new Map<string, Times>(rivals.map(({ name }) => [name, { firstLineMs: [], wholeMs: [] }]));
for (let round = -1; round < Number(rounds); round++) {
  for (const rival of rivals) {
    const { firstLineMs, wholeMs } = measure(rival);
    if (round < 0) continue; // warms the disk's cache
    times.get(rival.name)?.firstLineMs.push(firstLineMs);
    times.get(rival.name)?.wholeMs.push(wholeMs);
  }
}
rmSync(folder, { recursive: true, force: true });

const at = (values: readonly number[], part: number): string =>
  (values.toSorted((a, b) => a - b)[Math.floor((values.length - 1) * part)] ?? Number.NaN).toFixed(0).padStart(5);
const spread = (values: readonly number[]): string => `${at(values, 0)}${at(values, 0.5)}${at(values, 0.9)}`;

console.log(
  `node ${process.version}, ${cpus().length} cores, load ${loadavg()[0]?.toFixed(1)}, ${rounds} rounds; ms: least, median, p90`,
);
console.log(`${''.padEnd(32)}   first line     whole process`);
for (const [name, { firstLineMs, wholeMs }] of times)
  console.log(`${name.padEnd(32)}${spread(firstLineMs)}   ${spread(wholeMs)}`);
