// A job with a forked child, a spawned one and a worker thread; by register, or by code with `code` as its argument.
import { fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { activeRun, log, logMetric, runContext } from 'runspan';

const part = join(import.meta.dirname, 'part.mjs');

async function work() {
  const run = activeRun();
  await run.created();
  const env = { ...process.env, ...run.childEnv() };
  logMetric('loss', 0.25, { step: 1 });
  log.info('from the job');
  const [forked] = await once(fork(part, ['fork'], { env }), 'exit');
  const [spawned] = await once(
    spawn(process.execPath, [...process.execArgv, part, 'spawn'], { env, stdio: 'inherit' }),
    'exit',
  );
  const [threaded] = await once(new Worker(part, { argv: ['worker'], env }), 'exit');
  if (forked + spawned + threaded !== 0) throw new Error(`${forked}, ${spawned}, ${threaded}`);
}

if (process.argv[2] === 'code') await runContext('job', work);
else await work();
