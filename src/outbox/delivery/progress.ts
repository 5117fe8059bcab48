// How far the delivery got, told to the job's counters and to those who wait for it.
import type { Counters } from './counters.ts';
import { SettledWaits } from './settled-waits.ts';
import type { FolderState } from '../folder/state.ts';

/** Publishes a folder's state and keeps who waits for it. */
export class Progress {
  readonly #counters: Counters;
  readonly #complete = new SettledWaits();
  readonly #passed = new SettledWaits();

  constructor(counters: Counters) {
    this.#counters = counters;
  }

  /** Whether anybody waits. */
  get isAwaited(): boolean {
    return this.#complete.isAny || this.#passed.isAny;
  }

  /** Resolves true once everything up to a number is delivered or dead-lettered, false once given up. */
  untilComplete(id: number, sequence: number): Promise<boolean> {
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
  publish({ completeThrough, settledThrough, doneCount, deadLettered }: FolderState): void {
    this.#counters.settle({ settled: completeThrough, done: doneCount, dead: deadLettered });
    this.#complete.settle(completeThrough);
    this.#passed.settle(settledThrough);
  }

  /** Gives all waits up. */
  close(): void {
    this.#complete.close();
    this.#passed.close();
  }
}
