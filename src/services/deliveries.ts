// The deliveries that follow each run's end: nobody waits for them, the process neither, but signals are watched until they are over.
import type { Outbox } from '../outbox/contract.ts';

/** Counts those of one service that are under way. */
export class Deliveries {
  #count = 0;

  get areUnderWay(): boolean {
    return this.#count > 0;
  }

  /** Follows one; `onOver` is called when it is over, delivered or not. */
  follow(outbox: Pick<Outbox, 'flush'>, timeoutMs: number, onOver: () => void): void {
    this.#count++;
    // It never rejects.
    void outbox.flush({ timeoutMs, isHolding: false }).then(() => {
      this.#count--;
      onOver();
    });
  }
}
