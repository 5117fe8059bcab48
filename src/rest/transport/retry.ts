// The store's own short retrying, as data: which failures, how often, how long; the drain does the long one.
import { setTimeout as sleepMs } from 'node:timers/promises';
import { MlflowError } from '../../errors.ts';
import type { Effect } from '../wire/endpoint.ts';

/** Time and chance, so that tests own them. */
export interface Pace {
  /** Milliseconds since the epoch. */
  now(): number;
  /** From 0 up to 1. */
  random(): number;
  /** Waits; rejects where the signal is aborted. */
  sleep(ms: number, signal: AbortSignal): Promise<void>;
}

/** The real clock and chance. */
export const REAL_PACE: Pace = {
  now: () => Date.now(),
  random: () => Math.random(),
  // not unref'ed: it is a request under way, and ends within RETRY.maxDelayMs
  sleep: async (ms, signal) => {
    await sleepMs(ms, undefined, { signal });
  },
};

/** How the store retries by itself: short, for a hiccup; an outage is the drain's to wait out. */
export const RETRY = {
  maxAttempts: 3,
  firstDelayMs: 100,
  /** Each wait is this many times the one before; of each, a random half to whole is waited. */
  factor: 4,
  /** A longer Retry-After is not waited for here: the error carries it. */
  maxDelayMs: 5_000,
} as const;

/** What one call allows. */
export interface RetryOptions {
  readonly effect: Effect;
  /** For all attempts and waits together, in milliseconds. */
  readonly timeoutMs: number;
  readonly pace: Pace;
  /** Ends a wait early. */
  readonly signal: AbortSignal;
}

/**
 * Runs an attempt up to three times within one deadline. What cannot be repeated (`once`) is tried again only where the failed
 * attempt is known not to have happened: it was never sent, or answered 429.
 *
 * @param attempt gets what is left of the deadline, in milliseconds, above 0
 * @throws the last attempt's error
 */
export async function withRetries<T>(attempt: (leftMs: number) => Promise<T>, options: RetryOptions): Promise<T> {
  const endsAt = options.pace.now() + options.timeoutMs;
  for (let attempts = 1; ; attempts++) {
    try {
      return await attempt(Math.max(1, endsAt - options.pace.now()));
    } catch (error) {
      if (!canRetry(error, options.effect) || attempts >= RETRY.maxAttempts) throw error;
      const delayMs = delayAfter(error, attempts, options.pace.random());
      if (delayMs > RETRY.maxDelayMs || options.pace.now() + delayMs >= endsAt) throw error;
      await options.pace.sleep(delayMs, options.signal).catch(() => {
        // closed while waiting: what failed last is the answer
        throw error;
      });
    }
  }
}

function canRetry(error: unknown, effect: Effect): error is MlflowError {
  if (!(error instanceof MlflowError) || !error.isRetryable) return false;
  return effect !== 'once' || !error.isAmbiguous;
}

function delayAfter(error: MlflowError, attempts: number, random: number): number {
  const backoffMs = RETRY.firstDelayMs * RETRY.factor ** (attempts - 1) * (0.5 + random / 2);
  return Math.max(Math.round(backoffMs), error.retryAfterMs ?? 0);
}
