// Who waits for the watermark: flushes, calls and the stop.

interface Wait {
  readonly sequence: number;
  readonly resolve: (isReached: boolean) => void;
}

/** Waits for a watermark, each with an id by which it can be given up. */
export class SettledWaits {
  readonly #waits = new Map<number, Wait>();
  #settled = 0;

  /** Whether anybody waits. */
  get isAny(): boolean {
    return this.#waits.size > 0;
  }

  /** Resolves true once the watermark has reached a number, false once given up. */
  reach(id: number, sequence: number): Promise<boolean> {
    if (this.#settled >= sequence) return Promise.resolve(true);
    return new Promise((resolve) => this.#waits.set(id, { sequence, resolve }));
  }

  /** Gives one wait up. */
  forget(id: number): void {
    const wait = this.#waits.get(id);
    this.#waits.delete(id);
    wait?.resolve(false);
  }

  /** Moves the watermark. */
  settle(settled: number): void {
    this.#settled = settled;
    for (const [id, wait] of this.#waits) {
      if (wait.sequence > settled) continue;
      this.#waits.delete(id);
      wait.resolve(true);
    }
  }

  /** Gives all waits up. */
  close(): void {
    for (const id of this.#waits.keys()) this.forget(id);
  }
}
