// What is tried again, how often, and how long the waits are.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MlflowError, RunspanError } from '../../../src/errors.ts';
import type { Effect } from '../../../src/rest/wire/endpoint.ts';
import { REAL_PACE, RETRY, withRetries } from '../../../src/rest/transport/retry.ts';
import { fakePace } from '../fake-pace.ts';

const failure = (options: Partial<ConstructorParameters<typeof MlflowError>[1]> = {}): MlflowError =>
  new MlflowError('no', { errorCode: 'TEMPORARILY_UNAVAILABLE', status: 503, isRetryable: true, ...options });
const signal = new AbortController().signal;

/** Runs attempts that all fail the same; returns how many there were, and the waits. */
async function failing(error: Error, options: { effect: Effect; timeoutMs?: number; random?: number }) {
  const pace = fakePace(options.random);
  let attempts = 0;
  const work = withRetries(
    () => {
      attempts++;
      return Promise.reject(error);
    },
    { effect: options.effect, timeoutMs: options.timeoutMs ?? 120_000, pace, signal },
  );
  await expect(work).rejects.toBe(error);
  return { attempts, waitsMs: pace.waitsMs };
}

describe('withRetries', () => {
  it.each<[string, Effect, Error, number]>([
    ['a read after 503', 'read', failure(), 3],
    ['a repeatable write after 503', 'repeatable', failure({ isAmbiguous: true }), 3],
    ['a repeatable write after a reset', 'repeatable', failure({ status: 0, isAmbiguous: true }), 3],
    ['a create that was never sent', 'once', failure({ status: 0 }), 3],
    ['a create after 503', 'once', failure({ isAmbiguous: true }), 1],
    ['a create after 429, which says that it did not happen', 'once', failure({ status: 429 }), 3],
    ['a create after 408, which does not', 'once', failure({ status: 408, isAmbiguous: true }), 1],
    ['a create after a reset', 'once', failure({ status: 0, isAmbiguous: true }), 1],
    ['a definite refusal', 'read', failure({ status: 400, isRetryable: false }), 1],
    ['an error of our own', 'read', new RunspanError('INVALID_VALUE', 'no'), 1],
    ['a defect', 'read', new TypeError('no'), 1],
  ])('tries %s as often as is right', async (_, effect, error, attempts) => {
    expect((await failing(error, { effect })).attempts).toBe(attempts);
  });

  it('returns what a later attempt brings', async () => {
    let attempts = 0;
    const work = withRetries(() => (++attempts < 3 ? Promise.reject(failure()) : Promise.resolve(attempts)), {
      effect: 'read',
      timeoutMs: 1000,
      pace: fakePace(),
      signal,
    });
    expect(await work).toBe(3);
  });

  it('waits longer each time, within the jitter', async () => {
    expect((await failing(failure(), { effect: 'read', random: 0 })).waitsMs).toEqual([50, 200]);
    expect((await failing(failure(), { effect: 'read', random: 0.999 })).waitsMs).toEqual([100, 400]);
  });

  it('waits as long as the server asks', async () => {
    expect((await failing(failure({ retryAfterMs: 2000 }), { effect: 'read' })).waitsMs).toEqual([2000, 2000]);
  });

  it('leaves a long Retry-After to the caller', async () => {
    const { attempts, waitsMs } = await failing(failure({ retryAfterMs: 60_000 }), { effect: 'read' });
    expect({ attempts, waitsMs }).toEqual({ attempts: 1, waitsMs: [] });
  });

  it('never waits past the deadline, and tells each attempt what is left', async () => {
    const pace = fakePace(0.999);
    const left: number[] = [];
    const work = withRetries(
      (leftMs) => {
        left.push(leftMs);
        return Promise.reject(failure());
      },
      { effect: 'read', timeoutMs: 300, pace, signal },
    );
    await expect(work).rejects.toThrow('no');
    expect(left).toEqual([300, 200]);
    expect(pace.waitsMs).toEqual([100]);
  });

  it('ends a wait when the store is closed, with the failure it waited after', async () => {
    const controller = new AbortController();
    const error = failure({ retryAfterMs: 4000 });
    const work = withRetries(
      () => {
        setImmediate(() => controller.abort());
        return Promise.reject(error);
      },
      { effect: 'read', timeoutMs: 120_000, pace: REAL_PACE, signal: controller.signal },
    );
    await expect(work).rejects.toBe(error);
  });

  it('is bounded whatever the chance, the deadline and the Retry-After', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.double({ min: 0, max: 0.999, noNaN: true }),
        fc.integer({ min: 1, max: 20_000 }),
        fc.option(fc.integer({ min: 0, max: 20_000 }), { nil: undefined }),
        async (random, timeoutMs, retryAfterMs) => {
          const error = failure(retryAfterMs === undefined ? {} : { retryAfterMs });
          const { attempts, waitsMs } = await failing(error, { effect: 'read', timeoutMs, random });
          expect(attempts).toBeLessThanOrEqual(RETRY.maxAttempts);
          expect(waitsMs.reduce((sum, ms) => sum + ms, 0)).toBeLessThan(timeoutMs);
          for (const ms of waitsMs) expect(ms).toBeGreaterThanOrEqual(retryAfterMs ?? 0);
        },
      ),
      { numRuns: 200 },
    );
  });

  it('waits on the real clock', async () => {
    const before = REAL_PACE.now();
    await REAL_PACE.sleep(5, signal);
    expect(REAL_PACE.now() - before).toBeGreaterThanOrEqual(4);
    expect(REAL_PACE.random()).toBeLessThan(1);
  });
});
