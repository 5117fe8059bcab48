// How a drain waits for records: asleep until woken, briefly for what is on its way, and not for ever for what is gone.
import type { Counters } from './counters.ts';
import { Pause } from '../machine/pause.ts';
import type { RecordSource } from '../journal/record-source.ts';
import type { Clock } from '../machine/system.ts';

/** The longest sleep without a wake-up, a safeguard: frames are looked for anyway. */
const IDLE_MS = 1000;
/** A wait for what is on its way: a block from memory, a frame that is being written, an artifact while the job exits. */
const RECHECK_MS = 20;
/** After a wake-up, so that a slow stream of records becomes fewer, larger batches. */
const LINGER_MS = 20;
/** What stays unreadable for so long in a folder that is gone is lost. */
const UNREADABLE_MS = 2000;

/** What a doze needs. */
export interface DozeOptions {
  readonly clock: Clock;
  readonly counters: Counters;
  readonly source: RecordSource;
  /** Whether the folder was taken away. */
  readonly isLost: () => boolean;
  /** Whether somebody waits for the end of what was accepted. */
  readonly isUrgent: () => boolean;
}

/** Waits between two looks at a source. */
export class Doze {
  readonly #options: DozeOptions;
  readonly #pause: Pause;
  #unreadableSinceMs: number | undefined;

  constructor(options: DozeOptions) {
    this.#options = options;
    this.#pause = new Pause(options.clock);
  }

  /** Ends the wait under way. */
  wake(): void {
    this.#pause.wake();
  }

  /** Waits until another look is worth it. */
  async wait(): Promise<void> {
    const { counters, isUrgent } = this.#options;
    if (this.#isBehind()) return this.#awaitReadable();
    this.#unreadableSinceMs = undefined;
    counters.setIdle(true);
    // Accepted between the look and the word: the job saw no sleeper and woke nobody.
    if (!this.#isBehind()) await this.#pause.wait(counters.isExitRequested ? RECHECK_MS : IDLE_MS);
    counters.setIdle(false);
    if (!isUrgent()) await this.#pause.wait(LINGER_MS);
  }

  /** Waits after an error of our own, so that a defect does not spin. */
  waitAfterError(): Promise<void> {
    return this.#pause.wait(IDLE_MS);
  }

  #isBehind(): boolean {
    return this.#options.source.nextSequence <= this.#options.counters.accepted;
  }

  /** Something was accepted and is not readable yet; in a folder that was deleted it never will be. */
  async #awaitReadable(): Promise<void> {
    const { clock, counters, source, isLost } = this.#options;
    const nowMs = clock.monotonicMs();
    this.#unreadableSinceMs ??= nowMs;
    if (isLost() && nowMs - this.#unreadableSinceMs > UNREADABLE_MS) source.loseThrough(counters.accepted);
    await this.#pause.wait(RECHECK_MS);
  }
}
