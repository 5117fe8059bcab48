// How long does a job with 1,000 spans and 1,000 log records take from its last act to its end while the Collector is away?
// Ours against the stock NodeSDK set-up, turn by turn. Takes minutes: the stock one does.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';

const ROUNDS = Number(process.argv[2] ?? 3);
const GOAL_MS = 2_500;
const folder = mkdtempSync(join(tmpdir(), 'exit-bench-'));

const WORK = `
  for (let i = 0; i < 1000; i++) trace.getTracer('job').startSpan('span ' + i).end();
  for (let i = 0; i < 1000; i++) line('line ' + i);
  process.stdout.write('ending\\n');`;
const OURS = `
  import { trace } from '@opentelemetry/api';
  import { LoggerService } from 'runspan';
  const logger = new LoggerService({ sink: ${JSON.stringify(join(folder, 'job.log'))} });
  await logger.start();
  const line = (text) => logger.logger().info(text);`;
// As the SDK's own page has it: exporters from env, and shutdown() at the end of the job.
const STOCK = `
  import { logs, trace } from '@opentelemetry/api';
  import { NodeSDK } from '@opentelemetry/sdk-node';
  const sdk = new NodeSDK();
  sdk.start();
  const line = (body) => logs.getLogger('job').emit({ body });`;

const JOBS: Readonly<Record<string, string>> = {
  'ours, natural end': `${OURS}${WORK}`,
  'ours, stop()': `${OURS}${WORK} await logger.stop();`,
  'ours, process.exit()': `${OURS}${WORK} process.exit(0);`,
  'stock NodeSDK, shutdown()': `${STOCK}${WORK} await sdk.shutdown().catch(() => undefined);`,
};

/** From the job's line `ending` to the end of its process, in milliseconds. */
async function measure(source: string, endpoint: string): Promise<number> {
  const { PATH = '' } = process.env;
  const env = { PATH, OTEL_EXPORTER_OTLP_ENDPOINT: endpoint, RUNSPAN_DIR: mkdtempSync(join(folder, 'journal-')) };
  const child = spawn(process.execPath, ['--input-type=module', '-e', source], {
    cwd: join(import.meta.dirname, '..'),
    env,
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  let endingAt = Number.NaN;
  child.stdout.once('data', () => (endingAt = performance.now()));
  await new Promise((resolve) => child.once('close', resolve));
  return performance.now() - endingAt;
}

// Takes connections and never answers.
const hanging = createServer();
await new Promise<void>((resolve) => hanging.listen(0, '127.0.0.1', resolve));
const { port } = hanging.address() as AddressInfo; // it listens on TCP
const endpoints = { refuses: 'http://127.0.0.1:9', hangs: `http://127.0.0.1:${port}` };
console.log(`Exit with the Collector away, 1,000 spans and 1,000 log records
${cpus().length} × ${cpus()[0]?.model ?? '?'}, Node ${process.version}, ${ROUNDS} rounds`);
for (const [how, endpoint] of Object.entries(endpoints)) {
  const times = new Map<string, number[]>(Object.keys(JOBS).map((name) => [name, []]));
  for (let round = 0; round < ROUNDS; round++)
    for (const [name, source] of Object.entries(JOBS)) times.get(name)?.push(await measure(source, endpoint));
  for (const [name, all] of times) {
    const sorted = all.toSorted((a, b) => a - b);
    const [median = Number.NaN, least = Number.NaN, most = Number.NaN] = [
      sorted[Math.floor(sorted.length / 2)],
      sorted[0],
      sorted.at(-1),
    ];
    const seconds = (ms: number): string => (ms / 1000).toFixed(2);
    const verdict = name.startsWith('ours')
      ? `  goal ${seconds(GOAL_MS)} s: ${median <= GOAL_MS ? 'met' : 'NOT met'}`
      : '';
    console.log(`${how}: ${name.padEnd(28)} ${seconds(median)} s  (${seconds(least)}–${seconds(most)})${verdict}`);
  }
}
hanging.close();
rmSync(folder, { recursive: true, force: true });
