// What the end of the process means for spans and log records: sent within a short budget, kept on disk where that is not enough.
import type { Providers } from '../../otel/setup/providers.ts';
import { joinExits, watchExits } from './exits.ts';

/** How long an exit may be held up for telemetry, in milliseconds: nothing is lost after it, the next job sends what is left. */
export const TELEMETRY_EXIT_MS = 1_500;

const joined = new WeakSet<Providers>();

/**
 * Lets the process's one OpenTelemetry set-up take part in exits, for as long as the process lives: what the job's own spans
 * leave in it after the services have stopped goes the same way. Idempotent.
 */
export function joinTelemetryExits(providers: Providers): void {
  if (providers.kind !== 'exporting' || joined.has(providers)) return;
  joined.add(providers);
  joinExits({
    exitTimeoutMs: TELEMETRY_EXIT_MS,
    isBusy: () => providers.isBusy,
    endRunsNow: () => undefined,
    noteUncaught: () => undefined,
    flush: async (timeoutMs) => void (await providers.flush({ timeoutMs })),
    beginDrain: () => providers.beginExit(),
    drainInExit: (timeoutMs) => providers.waitInExit(timeoutMs),
  });
  providers.onBusy(watchExits);
}
