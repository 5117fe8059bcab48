// What does run.logMetric cost its caller under each durability, in a burst and one a millisecond? How many records a second does the journal
// take, beside bare writes and SQLite? Does a metric cost the same at the first and at the ten millionth? node bench/durability.ts [metrics]
import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';
import { LoggerService, MlflowService } from 'runspan';
import type { Run } from 'runspan';
import { Journal } from '../src/outbox/journal/journal.ts';
import { nodeSystem } from '../src/outbox/machine/node-system.ts';
import { compare, readCpuUs } from './measure.ts';

const MOST = Number(process.argv[2] ?? 10_000_000);
const BURST = 20_000;
const CALM_COUNT = 500;
const GROUP = 64;
const GOAL_US = 2;
const folder = mkdtempSync(join(tmpdir(), 'runspan-bench-'));
let step = 0;

interface Kind {
  readonly name: string;
  readonly mlflow: MlflowService;
  readonly run: Run;
}

async function open(name: string, options: ConstructorParameters<typeof MlflowService>[0]): Promise<Kind> {
  const mlflow = new MlflowService({
    trackingUri: `sqlite:///${join(folder, `${name}.db`)}`,
    directory: join(folder, name),
    experimentName: 'bench',
    logSystemMetrics: false,
    suppressRunLines: true,
    logger: new LoggerService({ level: 'CRITICAL' }),
    ...options,
  });
  await mlflow.start();
  return { name, mlflow, run: await mlflow.startRun({ name: 'bench', nested: true }) };
}

const kinds = [
  await open('os', { durability: 'os' }),
  await open('fsync', { durability: 'fsync' }),
  await open('memory', { directory: '/dev/null/no-folder' }),
];

await compare(
  `run.logMetric on the calling thread, ${BURST} in a burst`,
  kinds.map(({ name, mlflow, run }) => ({
    name: `durability ${name}`,
    run: () => {
      for (let index = 0; index < BURST; index++) run.logMetric('loss', 0.5, { step: step++ });
      return BURST;
    },
    settle: async () => {
      if (!(await mlflow.flush({ timeoutMs: 60_000 })).isComplete) throw new Error('Not everything was delivered.');
    },
    goal: { us: GOAL_US },
  })),
);

console.log('\nrun.logMetric, one a millisecond; wall time of the call in µs: median, 99th percentile');
for (const { name, run } of kinds) {
  const took: number[] = [];
  for (let index = 0; index < CALM_COUNT; index++) {
    await sleep(1);
    const startMs = performance.now();
    run.logMetric('loss', 0.5, { step: step++ });
    took.push((performance.now() - startMs) * 1_000);
  }
  took.sort((a, b) => a - b);
  const at = (part: number): string => (took[Math.floor(took.length * part)] ?? Number.NaN).toFixed(1).padStart(8);
  console.log(`${`durability ${name}`.padEnd(42)}${at(0.5)}${at(0.99)}`);
}
for (const { mlflow, run } of kinds) {
  await run.end();
  await mlflow.stop({ timeoutMs: 60_000 });
}

const system = nodeSystem();
const journalFolder = join(folder, 'bare-journal');
system.disk.makeFolder(journalFolder);
const nothing = (): void => undefined;
const journal = new Journal({
  system,
  folder: journalFolder,
  onMemory: nothing,
  onAccepted: nothing,
  settledThrough: () => 0,
  onWarning: (message) => console.log(message),
});
const file = openSync(join(folder, 'bare.log'), 'a');
const database = new DatabaseSync(join(folder, 'bare.db'));
database.exec('pragma journal_mode = wal; pragma synchronous = normal; create table records (line text)');
const insert = database.prepare('insert into records values (?)');
const metric = () =>
  ({ kind: 'metric', runKey: 'a'.repeat(32), key: 'loss', value: 0.5, timestampMs: Date.now(), step: step++ }) as const;
const line = (): string => `${JSON.stringify(metric())}\n`;

/** In groups, as the journal writes a burst. */
const inGroups = (write: (lines: readonly string[]) => void) => (): number => {
  for (let index = 0; index < BURST; index += GROUP) write(Array.from({ length: GROUP }, line));
  return BURST;
};

await compare(`Records appended in a burst, in groups of ${GROUP}`, [
  { name: 'fs.writeSync', run: inGroups((lines) => void writeSync(file, lines.join(''))) },
  {
    name: 'the journal, framed and with CRC',
    run: () => {
      for (let index = 0; index < BURST; index++) journal.append(metric());
      return BURST;
    },
  },
  {
    name: 'node:sqlite, WAL, a transaction a group',
    run: inGroups((lines) => {
      database.exec('begin');
      for (const one of lines) insert.run(one);
      database.exec('commit');
    }),
  },
]);
closeSync(file);
database.close();

console.log('\nrun.logMetric by how many are logged in one synchronous loop, nothing being sent; µs of CPU a call');
for (let count = 10; count <= MOST; count *= 10) {
  const { mlflow, run } = await open(`loop-${count}`, { isOffline: true, maxJournalBytes: 100_000_000_000 });
  const before = readCpuUs();
  for (let index = 0; index < count; index++) run.logMetric('loss', 0.5, { step: index });
  const us = (readCpuUs() - before) / count;
  const rss = Math.round(process.memoryUsage.rss() / 1e6);
  console.log(`${String(count).padStart(12)} metrics ${us.toFixed(2).padStart(8)} µs   RSS ${rss} MB`);
  await run.end();
  await mlflow.stop();
  rmSync(join(folder, `loop-${count}`), { recursive: true });
}
rmSync(folder, { recursive: true });
