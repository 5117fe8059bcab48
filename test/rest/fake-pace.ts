// A pace without waiting: its clock moves only by what is slept.
import type { Pace } from '../../src/rest/transport/retry.ts';

/** A pace that notes each wait instead of waiting. */
export interface FakePace extends Pace {
  readonly waitsMs: number[];
}

/** Makes a pace whose chance is always `random`. */
export function fakePace(random = 0.5): FakePace {
  let nowMs = 1_700_000_000_000;
  const waitsMs: number[] = [];
  return {
    waitsMs,
    now: () => nowMs,
    random: () => random,
    sleep: async (ms, signal) => {
      signal.throwIfAborted();
      waitsMs.push(ms);
      nowMs += ms;
    },
  };
}
