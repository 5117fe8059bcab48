// The worker thread's entry: hands messages and wake-ups to the drain host.
import { parentPort, workerData } from 'node:worker_threads';
import { runHostInThread } from './drain-thread.ts';
import type { HostSettings } from './messages.ts';
import { nodeSystem } from './node-system.ts';
import { openers } from './openers.ts';

if (parentPort !== null) {
  // The cast: only DrainLink starts this file, with these settings.
  runHostInThread({ port: parentPort, settings: workerData as HostSettings, system: nodeSystem(), openers });
}
