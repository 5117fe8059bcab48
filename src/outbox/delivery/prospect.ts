// Whether a job that ends has anything to wait for: how its own folder's operations fare against a destination that may be away.
import { MlflowError } from '../../errors.ts';
import type { Outcome, Patience } from './patience.ts';
import { judgeError } from './patience.ts';
import type { Clock } from '../machine/system.ts';

/** Of what an end may take, so much is waited for a server that is away: it may be restarting. */
const AWAY_SHARE = 1 / 4;
/**
 * For so long an end tries at least, which is two times or more: of a server that has just come back some process may still fail. One
 * that refuses what is sent until the user mends it is not asked for longer.
 */
const TRIES_MS = 1000;
/** A natural end flushes first and exits then: what the flush gave up is not tried again. */
const GIVEN_UP_MS = 1000;
/** Between two looks. */
const LOOK_MS = 50;

/** A patience that remembers how what it was asked for fared. */
export class Prospect implements Pick<Patience, 'attempt' | 'rest' | 'isHeldUp'> {
  readonly #patience: Patience;
  readonly #clock: Pick<Clock, 'monotonicMs' | 'after'>;
  /** Whether a server is at the other end: a database that is locked is not away. */
  readonly #isServer: boolean;
  /** Since when nothing got through, since when all was refused, and when that was seen last, by the monotonic clock. */
  #failing:
    { readonly sinceMs: number; readonly refusedSinceMs: number | undefined; readonly seenAtMs: number } | undefined;
  #givenUpAtMs = Number.NEGATIVE_INFINITY;

  constructor(
    patience: Patience,
    options: { readonly clock: Pick<Clock, 'monotonicMs' | 'after'>; readonly trackingUri: string },
  ) {
    this.#patience = patience;
    this.#clock = options.clock;
    this.#isServer = /^https?:/i.test(options.trackingUri);
  }

  /** As {@link Patience.attempt}. */
  attempt<T>(operation: () => Promise<T>): Promise<Outcome<T>> {
    return this.#patience.attempt(async () => {
      try {
        const value = await operation();
        this.#failing = undefined;
        return value;
      } catch (error) {
        this.#note(error);
        throw error;
      }
    });
  }

  /** As {@link Patience.rest}. */
  rest(untilMs: number): Promise<void> {
    return this.#patience.rest(untilMs);
  }

  /** As {@link Patience.isHeldUp}. */
  get isHeldUp(): boolean {
    return this.#patience.isHeldUp;
  }

  /**
   * Calls back once, where it has failed again from now on and waiting for the rest of the time is not likely to bring anything.
   *
   * @param timeoutMs how long the end may take; undefined where it is no end
   * @returns what ends the watch
   */
  whenHopeless(timeoutMs: number | undefined, callback: () => void): () => void {
    if (timeoutMs === undefined) return () => undefined;
    const fromMs = this.#clock.monotonicMs();
    let cancel: () => void = () => undefined;
    const look = (): void => {
      if (this.#isHopeless(fromMs, timeoutMs)) {
        this.#givenUpAtMs = this.#clock.monotonicMs();
        callback();
      } else cancel = this.#clock.after(LOOK_MS, look);
    };
    cancel = this.#clock.after(LOOK_MS, look);
    return () => cancel();
  }

  #isHopeless(fromMs: number, timeoutMs: number): boolean {
    if (this.#failing === undefined) return false;
    if (fromMs - this.#givenUpAtMs <= GIVEN_UP_MS) return true;
    const { sinceMs, refusedSinceMs = Number.POSITIVE_INFINITY, seenAtMs } = this.#failing;
    if (seenAtMs < fromMs) return false;
    const awayMs = timeoutMs * AWAY_SHARE;
    const triesMs = Math.min(TRIES_MS, awayMs);
    const nowMs = this.#clock.monotonicMs();
    // One refusal is none for good: what was sent after it may be under way.
    const isRefused = seenAtMs > refusedSinceMs && nowMs - refusedSinceMs >= triesMs;
    return nowMs - fromMs >= triesMs && (isRefused || nowMs - sinceMs >= awayMs);
  }

  #note(error: unknown): void {
    const judgement = judgeError(error);
    // One that says 'too many requests' is there.
    const isAway = judgement === 'retry' && this.#isServer && !(error instanceof MlflowError && error.status === 429);
    const isRefused = judgement === 'refused';
    const nowMs = this.#clock.monotonicMs();
    const { sinceMs = nowMs, refusedSinceMs = nowMs } = this.#failing ?? {};
    this.#failing =
      isAway || isRefused
        ? { sinceMs, refusedSinceMs: isRefused ? refusedSinceMs : undefined, seenAtMs: nowMs }
        : undefined;
  }
}
