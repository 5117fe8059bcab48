// The worker thread's entry: hands messages and wake-ups to the drain host.
import { parentPort, workerData } from 'node:worker_threads';
import { runHostInThread } from './drain-thread.ts';
import type { ThreadData } from './messages.ts';
import { nodeSystem } from '../machine/node-system.ts';
import { openers } from '../delivery/openers.ts';

if (parentPort !== null) {
  // The cast: only DrainLink starts this file, with these.
  runHostInThread({ port: parentPort, ...(workerData as ThreadData), system: nodeSystem(), openers });
}
