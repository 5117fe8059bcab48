// What the end of the process means for one service's runs.
import type { Outbox } from '../../outbox/contract.ts';
import type { Deliveries } from './deliveries.ts';
import { joinExits } from '../lifecycle/exits.ts';
import type { RunBook } from './run-book.ts';
import type { Telemetry } from '../logger/telemetry.ts';
import { TELEMETRY_EXIT_MS } from '../lifecycle/telemetry-exits.ts';

/** What {@link joinRunExits} stands on. */
export interface RunExitsOptions {
  readonly exitTimeoutMs: number;
  readonly outbox: Outbox;
  readonly telemetry: Pick<Telemetry, 'flush'>;
  readonly book: RunBook;
  /** Whether what ended runs wrote is still on its way. */
  readonly deliveries: Pick<Deliveries, 'areUnderWay'>;
}

/** Lets a service's runs take part in exits until the returned function is called. */
export function joinRunExits({ exitTimeoutMs, outbox, telemetry, book, deliveries }: RunExitsOptions): () => void {
  return joinExits({
    exitTimeoutMs,
    isBusy: () => book.openCount > 0 || deliveries.areUnderWay,
    endRunsNow: (outcome) => book.endAllNow(outcome),
    noteUncaught: (error) => book.noteUncaught(error),
    flush: async (timeoutMs) => {
      const telemetryMs = Math.min(timeoutMs, TELEMETRY_EXIT_MS);
      await Promise.all([outbox.flush({ timeoutMs, isLast: true }), telemetry.flush({ timeoutMs: telemetryMs })]);
    },
    drainInExit: (timeoutMs) => outbox.drainInExit(timeoutMs),
  });
}
