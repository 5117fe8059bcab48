// The worker thread that sends spilled telemetry: its entry, which hands messages and wake-ups to the host.
import { parentPort, workerData } from 'node:worker_threads';
import { Counters } from '../delivery/counters.ts';
import { nodeSystem } from '../machine/node-system.ts';
import { TelemetryHost } from './telemetry-host.ts';
import type { TelemetryRequest, TelemetrySettings } from './telemetry-messages.ts';

async function listen(host: TelemetryHost, counters: Counters): Promise<void> {
  for (let seen = counters.wakeCount; ;) {
    seen = await counters.untilWoken(seen);
    host.wake();
  }
}

const port = parentPort;
if (port !== null) {
  // The cast: only TelemetryOutbox starts this file, with these settings.
  const settings = workerData as TelemetrySettings;
  const host = new TelemetryHost({ settings, system: nodeSystem(), post: (reply) => port.postMessage(reply) });
  // The listener also keeps the thread alive, which Atomics.waitAsync alone does not.
  port.on('message', (request: TelemetryRequest) => host.receive(request));
  void listen(host, new Counters(settings.counters));
  host.start();
}
