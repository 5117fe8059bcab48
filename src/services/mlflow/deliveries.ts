// The deliveries that follow each run's end: nobody waits for them, the process neither, but signals are watched until they are over,
// and one line says what did not get through.
import type { Outbox } from '../../outbox/contract.ts';
import type { ActiveRun } from '../../runs/open/active-run.ts';
import type { RunLog } from '../../runs/run.ts';
import { sayUndelivered } from './run-lines.ts';

/** What follows the runs of one service. */
export interface DeliveriesOptions {
  readonly outbox: Pick<Outbox, 'flush' | 'stats'>;
  readonly log: Pick<RunLog, 'warn'>;
  readonly flushTimeoutMs: number;
  /** Nothing gets through, and the stop says so once. */
  readonly isOffline: boolean;
  /** Called when one is over. */
  readonly onOver: () => void;
}

/** The deliveries of one service. */
export class Deliveries {
  readonly #options: DeliveriesOptions;
  #count = 0;
  #isClosed = false;
  #saidDeadCount = 0;

  constructor(options: DeliveriesOptions) {
    this.#options = options;
  }

  get areUnderWay(): boolean {
    return this.#count > 0;
  }

  /** How many dead letters were told of. */
  get saidDeadCount(): number {
    return this.#saidDeadCount;
  }

  /** Follows the end of one run. */
  follow(run: Pick<ActiveRun, 'key' | 'name'>): void {
    const { outbox, log, flushTimeoutMs: timeoutMs, isOffline, onOver } = this.#options;
    this.#count++;
    // It never rejects.
    void outbox.flush({ timeoutMs, isHolding: false }).then(() => {
      this.#count--;
      if (!this.#isClosed && !isOffline) this.#saidDeadCount += sayUndelivered(log, run, outbox.stats());
      onOver();
    });
  }

  /** The service stops, and says by itself what is left. */
  close(): void {
    this.#isClosed = true;
  }
}
