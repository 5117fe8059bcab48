// Chance that a seed decides, so that a failing script can be made again.

/** A source of chance. */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** From 0 up to 1 (mulberry32). */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = this.#state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }

  /** A whole number from 0 up to `bound`. */
  below(bound: number): number {
    return Math.floor(this.next() * bound);
  }

  /** True so often. */
  chance(probability: number): boolean {
    return this.next() < probability;
  }

  /** One of a list that is not empty. */
  pick<T>(from: readonly T[]): T {
    const one = from[this.below(from.length)];
    if (one === undefined) throw new Error('Nothing to pick from.');
    return one;
  }

  /** One of the last few: what was made lately is worked on most. */
  recent<T>(from: readonly T[]): T {
    return this.pick(this.chance(0.8) ? from.slice(-6) : from);
  }

  /** One by its weight. */
  weighted<T>(from: readonly (readonly [number, T])[]): T {
    const total = from.reduce((sum, [weight]) => sum + weight, 0);
    let left = this.next() * total;
    for (const [weight, one] of from) {
      left -= weight;
      if (left < 0) return one;
    }
    throw new Error('Nothing to weigh.');
  }
}
