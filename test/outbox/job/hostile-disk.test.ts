// The disk fails at calls that the outbox makes, each in turn; hostile-disk.heavy.test.ts has all of them with every code.
import { expect, it } from 'vitest';
import { DISK_CODES, liveOn } from './hostile-disk.ts';

it.each([
  { how: 'once', first: 1 },
  { how: 'from then on', first: 2 },
] as const)('a disk that fails $how costs nothing that was accepted and throws nothing', async ({ how, first }) => {
  const { calls } = await liveOn(undefined);
  expect(calls).toBeGreaterThan(80);
  const problems: string[] = [];
  for (let from = first; from <= calls; from += 3) {
    const end = await liveOn({ from, how, code: DISK_CODES[from % DISK_CODES.length] ?? 'EIO' });
    problems.push(...end.problems);
  }
  expect(problems).toEqual([]);
});
