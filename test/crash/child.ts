// A job in plain node, to be killed: appends through the real outbox and reports on descriptor 3 what was accepted.
import { writeSync } from 'node:fs';
import { join } from 'node:path';
import { isMainThread, threadId, Worker, workerData } from 'node:worker_threads';
import type { Outbox } from '../../src/outbox/contract.ts';
import { openOutbox } from '../../src/outbox/job/outbox.ts';

/** What a child is told. */
export interface ChildOptions {
  readonly folder: string;
  readonly mode: 'busy' | 'exit' | 'stop-exit' | 'throw' | 'end' | 'stop' | 'adopt' | 'threads';
  readonly runKey: string;
  readonly count: number;
  readonly drain?: 'worker' | 'inline';
  readonly exitTimeoutMs?: number;
}

const options = (isMainThread ? JSON.parse(process.argv[2] ?? '{}') : workerData) as ChildOptions;

function report(text: string): void {
  if (isMainThread) writeSync(3, `${text}\n`);
}

function open(): Outbox {
  return openOutbox({
    directory: join(options.folder, 'outbox'),
    trackingUri: `sqlite:///${join(options.folder, 'mlflow.db')}`,
    experimentName: 'crash',
    connection: {},
    artifactRoot: join(options.folder, 'artifacts'),
    env: {},
    ...(options.drain === undefined ? {} : { drain: options.drain }),
    onEvent: (event) => report(JSON.stringify(event)),
  });
}

function begin(outbox: Outbox): void {
  outbox.append({
    kind: 'create',
    runKey: options.runKey,
    experimentName: 'crash',
    runName: options.mode,
    userId: 'test',
    startTimeMs: Date.now(),
    tags: [
      { key: 'mlflow.runName', value: options.mode },
      { key: 'runspan.run_key', value: options.runKey },
    ],
  });
}

function append(outbox: Outbox, step: number): void {
  outbox.append({
    kind: 'metric',
    runKey: options.runKey,
    key: 'loss',
    value: step / 7,
    timestampMs: 1_700_000_000_000 + step,
    step,
  });
}

/** Never yields: what is reported was accepted, without the create. */
function runBusy(outbox: Outbox): void {
  for (let step = 0; ; step += 1) {
    append(outbox, step);
    if (step % 50 === 0) report(String(outbox.stats().accepted - 1));
  }
}

function runBurst(outbox: Outbox): void {
  for (let step = 0; step < options.count; step += 1) append(outbox, step);
  process.on('exit', () => outbox.drainInExit(options.exitTimeoutMs ?? 10_000));
  if (options.mode === 'throw') throw new Error('a bug in the job');
  outbox.append({ kind: 'end', runKey: options.runKey, status: 'FINISHED', endTimeMs: Date.now() });
  if (options.mode === 'stop-exit') void outbox.stop({ timeoutMs: 10_000 });
  if (options.mode === 'exit' || options.mode === 'stop-exit') process.exit(3);
}

async function main(): Promise<void> {
  if (options.mode === 'threads' && isMainThread) {
    for (const digit of ['a', 'b']) {
      const worker = new Worker(new URL(import.meta.url), { workerData: { ...options, runKey: digit.repeat(32) } });
      await new Promise((resolve) => worker.on('exit', resolve));
    }
    return;
  }
  const outbox = open();
  report(`opened ${process.pid} ${threadId}`);
  if (options.mode === 'adopt') {
    await new Promise((resolve) => process.stdin.on('end', resolve).resume());
    await outbox.stop({ timeoutMs: 20_000 });
    return;
  }
  begin(outbox);
  if (options.mode === 'busy') runBusy(outbox);
  runBurst(outbox);
  if (options.mode === 'stop' || options.mode === 'threads') {
    const result = await outbox.stop({ timeoutMs: 10_000 });
    report(JSON.stringify(result));
  }
}

await main();
