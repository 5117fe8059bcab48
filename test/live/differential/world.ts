// What the script's author believes is there: enough to make most operations good ones, and to know how to make bad ones.
import type { Ref } from './operation.ts';
import { Random } from './random.ts';

/** An experiment of the script. */
export interface KnownExperiment extends Ref {
  readonly name: string;
}

/** What is there so far. */
export class World {
  readonly random: Random;
  readonly experiments: KnownExperiment[] = [];
  readonly runs: Ref[] = [];
  readonly models: (Ref & { readonly isSure: boolean })[] = [];
  readonly datasets: Ref[] = [];
  readonly webhooks: Ref[] = [];
  readonly #counts = new Map<string, number>();

  constructor(seed: number) {
    this.random = new Random(seed);
  }

  /** The next number of a kind. */
  count(kind: string): number {
    const count = (this.#counts.get(kind) ?? 0) + 1;
    this.#counts.set(kind, count);
    return count;
  }

  /** A name for what the next operation makes. */
  name(kind: string): string {
    return `${kind}:${this.count(kind)}`;
  }

  /** A time of its own, long ago: what servers write by themselves is of today. */
  timeMs(): number {
    return 1_600_000_000_000 + this.count('time') * 1000;
  }
}

/** Where the arguments of an operation refer to what was made. */
export function refTo(name: string): Ref {
  return { ref: name };
}
