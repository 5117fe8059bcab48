// A wait that can be cut short.
import type { Clock } from './system.ts';

/** Sleeps by a clock, until the time is over or somebody wakes it. */
export class Pause {
  readonly #clock: Clock;
  readonly #sleepers = new Set<() => void>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Resolves after `delayMs`, or earlier by wake(). */
  wait(delayMs: number): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        cancel();
        this.#sleepers.delete(done);
        resolve();
      };
      const cancel = this.#clock.after(delayMs, done);
      this.#sleepers.add(done);
    });
  }

  /** Ends all waits under way. */
  wake(): void {
    for (const done of this.#sleepers) done();
  }
}
