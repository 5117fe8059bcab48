// The disk fails at every call that the outbox makes, each in turn, with each code, once or for good.
import { expect, it } from 'vitest';
import { DISK_CODES, liveOn } from './hostile-disk.ts';

const failures = DISK_CODES.flatMap((code) => (['once', 'from then on'] as const).map((how) => ({ code, how })));

it.each(failures)('$code, $how, at every call costs nothing that was accepted and throws nothing', async (failure) => {
  const { calls } = await liveOn(undefined);
  expect(calls).toBeGreaterThan(80);
  const problems: string[] = [];
  for (let from = 1; from <= calls; from += 1) problems.push(...(await liveOn({ from, ...failure })).problems);
  expect(problems).toEqual([]);
});
