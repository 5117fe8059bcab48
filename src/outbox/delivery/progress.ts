// How far the delivery got, told to the job's counters and to those who wait for it.
import type { Counters } from './counters.ts';
import type { Clock } from '../machine/system.ts';
import { SettledWaits } from './settled-waits.ts';
import type { RunTally } from '../folder/run-tallies.ts';
import type { FolderState } from '../folder/state.ts';

/** What a Progress needs. */
export interface ProgressOptions {
  readonly counters: Counters;
  readonly clock: Pick<Clock, 'monotonicMs'>;
  /** Told what was done of each run, at most every few milliseconds while nobody waits. */
  readonly post: (reply: { readonly kind: 'tallies'; readonly tallies: readonly RunTally[] }) => void;
}

const TELL_MS = 20;

/** Publishes a folder's state and keeps who waits for it. */
export class Progress {
  readonly #options: ProgressOptions;
  #state: FolderState | undefined;
  #toldAtMs = Number.NEGATIVE_INFINITY;
  readonly #complete = new SettledWaits();
  readonly #passed = new SettledWaits();

  constructor(options: ProgressOptions) {
    this.#options = options;
  }

  /** Whether anybody waits. */
  get isAwaited(): boolean {
    return this.#complete.isAny || this.#passed.isAny;
  }

  /** Resolves true once everything up to a number is delivered or dead-lettered, false once given up. */
  untilComplete(id: number, sequence: number): Promise<boolean> {
    this.#tell();
    return this.#complete.reach(id, sequence);
  }

  /** As untilComplete(), but artifacts that were set aside are not waited for. */
  untilPassed(id: number, sequence: number): Promise<boolean> {
    return this.#passed.reach(id, sequence);
  }

  /** Gives one wait up. */
  forget(id: number): void {
    this.#complete.forget(id);
    this.#passed.forget(id);
  }

  /** Says how far a folder is. */
  publish(state: FolderState): void {
    const { completeThrough, settledThrough, doneCount, deadLettered } = state;
    const { counters, clock } = this.#options;
    this.#state = state;
    counters.settle({ settled: completeThrough, done: doneCount, dead: deadLettered });
    const isCaughtUp = doneCount >= counters.accepted;
    // Before those who wait are told: they may ask.
    if (isCaughtUp || this.isAwaited || clock.monotonicMs() - this.#toldAtMs >= TELL_MS) this.#tell();
    this.#complete.settle(completeThrough);
    this.#passed.settle(settledThrough);
  }

  /** Gives all waits up. */
  close(): void {
    this.#tell();
    this.#complete.close();
    this.#passed.close();
  }

  #tell(): void {
    const { clock, post } = this.#options;
    this.#toldAtMs = clock.monotonicMs();
    const { aside, tallies } = this.#state ?? {};
    const waiting = aside?.waiting().filter(({ sequence }) => sequence <= aside.passed) ?? [];
    const changed = tallies?.takeChanged(waiting.map(({ write }) => write.runKey)) ?? [];
    if (changed.length > 0) post({ kind: 'tallies', tallies: changed });
  }
}
