// Simulated time: one order of events for all processes of a world, and a view of it for each, which ends with the process.
import type { Clock } from '../../../src/outbox/machine/system.ts';

interface Timer {
  readonly atMs: number;
  readonly serial: number;
  readonly callback: () => void;
}

/** Microtasks that one event is given to unfold in; any fixed count gives one order. */
const TICKS = 16;

const SETTLED = Promise.resolve();

/** The time of a world. */
export class SimClock {
  readonly #timers: Timer[] = [];
  #turns: (() => void)[] = [];
  #serial = 0;
  #nowMs = 1000;
  /** What the wall clock shows beyond the monotonic one; it may step. */
  wallOffsetMs = 1_700_000_000_000;

  get monotonicMs(): number {
    return this.#nowMs;
  }

  get wallMs(): number {
    return this.#nowMs + this.wallOffsetMs;
  }

  after(delayMs: number, callback: () => void): () => void {
    const timer: Timer = { atMs: this.#nowMs + Math.max(1, delayMs), serial: (this.#serial += 1), callback };
    this.#insert(timer);
    return () => {
      const index = this.#timers.indexOf(timer);
      if (index !== -1) this.#timers.splice(index, 1);
    };
  }

  nextTurn(callback: () => void): void {
    this.#turns.push(callback);
  }

  /** Lets everything happen that needs no time. */
  async unfold(): Promise<void> {
    for (;;) {
      for (let tick = 0; tick < TICKS; tick += 1) await SETTLED;
      if (this.#turns.length === 0) return;
      const turns = this.#turns;
      this.#turns = [];
      for (const each of turns) each();
    }
  }

  /** Lets time pass, event by event. */
  async advance(ms: number): Promise<void> {
    const endMs = this.#nowMs + ms;
    await this.unfold();
    for (let next = this.#timers[0]; next !== undefined && next.atMs <= endMs; next = this.#timers[0]) {
      this.#timers.shift();
      this.#nowMs = Math.max(this.#nowMs, next.atMs);
      next.callback();
      await this.unfold();
    }
    this.#nowMs = endMs;
  }

  /** Lets time pass until a condition holds; false where it never did. */
  async advanceUntil(isDone: () => boolean, limitMs: number): Promise<boolean> {
    const endMs = this.#nowMs + limitMs;
    await this.unfold();
    while (!isDone()) {
      const next = this.#timers[0];
      if (next === undefined || next.atMs > endMs) return false;
      await this.advance(next.atMs - this.#nowMs);
    }
    return true;
  }

  /** A process's view; what is due after its death never comes. */
  view(isDead: () => boolean): Clock {
    const alive = (callback: () => void) => (): void => {
      if (!isDead()) callback();
    };
    const after = (delayMs: number, callback: () => void): (() => void) =>
      isDead() ? () => undefined : this.after(delayMs, alive(callback));
    return {
      nowMs: () => this.wallMs,
      monotonicMs: () => this.#nowMs,
      after,
      afterHolding: after,
      nextTurn: (callback) => this.nextTurn(alive(callback)),
    };
  }

  #insert(timer: Timer): void {
    let low = 0;
    let high = this.#timers.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const at = this.#timers[middle];
      if (at !== undefined && (at.atMs < timer.atMs || (at.atMs === timer.atMs && at.serial < timer.serial)))
        low = middle + 1;
      else high = middle;
    }
    this.#timers.splice(low, 0, timer);
  }
}
