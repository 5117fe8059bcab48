// The drain's thread of a job that dies: the package's own host, on a disk that ends the process.
import { parentPort, workerData } from 'node:worker_threads';
import { runHostInThread } from '../../../src/outbox/worker/drain-thread.ts';
import type { ThreadData } from '../../../src/outbox/worker/messages.ts';
import { nodeSystem } from '../../../src/outbox/machine/node-system.ts';
import { openers } from '../../../src/outbox/delivery/openers.ts';
import { DyingDisk } from './dying-disk.ts';
import type { Death } from './dying-disk.ts';

if (parentPort !== null) {
  // The casts: only job.ts starts this file, with these.
  const death = JSON.parse(process.env['CRASH_DEATH'] ?? 'null') as Death | null;
  const system = { ...nodeSystem(), disk: new DyingDisk(death ?? undefined) };
  runHostInThread({ port: parentPort, ...(workerData as ThreadData), system, openers });
}
