// Whose silence is a death: by the file system's clock, which may jump, and our own, which does not.
import { expect, test } from 'vitest';
import { CONFIRM_MS, Suspects } from '../../../src/outbox/folder/suspects.ts';

const LIMIT_MS = 60_000;
const HOUR_MS = 3_600_000;

/** Looks each three seconds at a lease that beats as told, until it is condemned; when that was, undefined where it never is. */
function watch(options: {
  readonly beatsAt: (ms: number) => number;
  readonly jumpsAtMs?: number;
  readonly firstLookMs?: number;
  readonly lastLookMs?: number;
}): number | undefined {
  const { beatsAt, jumpsAtMs = Number.POSITIVE_INFINITY, firstLookMs = 0, lastLookMs = 600_000 } = options;
  const wallAt = (ms: number): number => 1_700_000_000_000 + ms + (ms >= jumpsAtMs ? HOUR_MS : 0);
  const suspects = new Suspects();
  for (let ms = firstLookMs; ms <= lastLookMs; ms += CONFIRM_MS) {
    suspects.noteClock(wallAt(ms), ms);
    const look = {
      name: 'a',
      limitMs: LIMIT_MS,
      heartbeatMs: wallAt(beatsAt(ms)),
      fileSystemNowMs: wallAt(ms),
      monotonicMs: ms,
    };
    if (suspects.isCondemned(look)) return ms;
  }
  return undefined;
}

const deadSince = (atMs: number) => (): number => atMs;

test('one that is silent is condemned once the limit is over, at the second look', () => {
  expect(watch({ beatsAt: deadSince(0) })).toBe(LIMIT_MS + 2 * CONFIRM_MS);
});

test('one that was silent for long is condemned by an observer that lives a few seconds', () => {
  expect(watch({ beatsAt: deadSince(-120_000), lastLookMs: CONFIRM_MS })).toBe(CONFIRM_MS);
});

test('one that beats is left alone, also where the clock jumps', () => {
  expect(watch({ beatsAt: (ms) => ms })).toBeUndefined();
  expect(watch({ beatsAt: (ms) => ms, jumpsAtMs: 100_000 })).toBeUndefined();
});

test('one whose beats are refused for some seconds while the clock jumps is left alone', () => {
  const beatsAt = (ms: number): number => (ms > 99_000 && ms < 130_000 ? 99_000 : ms);
  expect(watch({ beatsAt, jumpsAtMs: 100_000 })).toBeUndefined();
});

test('one that falls silent as the clock jumps is condemned after all of the limit', () => {
  expect(watch({ beatsAt: (ms) => Math.min(ms, 99_000), jumpsAtMs: 100_000 })).toBe(102_000 + LIMIT_MS);
});

test('one that was silent before the jump is condemned after all of the limit too', () => {
  expect(watch({ beatsAt: deadSince(0), jumpsAtMs: 30_000 })).toBe(30_000 + LIMIT_MS);
});

test('one that falls silent after the jump is condemned as ever', () => {
  expect(watch({ beatsAt: (ms) => Math.min(ms, 200_000), jumpsAtMs: 100_000 })).toBe(264_000);
});
