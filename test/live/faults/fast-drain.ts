// A drain's thread in which time goes a hundred times as fast: ten minutes of an outage, with all their waits, are six seconds.
import { parentPort, workerData } from 'node:worker_threads';
import { openers } from '../../../src/outbox/delivery/openers.ts';
import { nodeSystem } from '../../../src/outbox/machine/node-system.ts';
import type { Clock } from '../../../src/outbox/machine/system.ts';
import { runHostInThread } from '../../../src/outbox/worker/drain-thread.ts';
import type { ThreadData } from '../../../src/outbox/worker/messages.ts';

const SPEED = 100;

function fastClock(real: Clock): Clock {
  const wallMs = real.nowMs();
  const startMs = real.monotonicMs();
  const elapsedMs = (): number => (real.monotonicMs() - startMs) * SPEED;
  return {
    nowMs: () => wallMs + Math.round(elapsedMs()),
    monotonicMs: () => startMs + elapsedMs(),
    after: (delayMs, callback) => real.after(delayMs / SPEED, callback),
    afterHolding: (delayMs, callback) => real.afterHolding(delayMs / SPEED, callback),
    nextTurn: (callback) => real.nextTurn(callback),
  };
}

if (parentPort !== null) {
  const system = nodeSystem();
  // The cast: only outages.test.ts starts this file, through a link that gives it these.
  const data = workerData as ThreadData;
  runHostInThread({ port: parentPort, ...data, system: { ...system, clock: fastClock(system.clock) }, openers });
}
