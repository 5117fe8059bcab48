// A bounded number at once; after a failure no more, and nothing left under way.
import { expect, it } from 'vitest';
import { inParallel } from '../../../src/artifacts/transfer/parallel.ts';

it('keeps the order of the items, and its bound', async () => {
  let underWay = 0;
  let most = 0;
  const results = await inParallel([3, 1, 2, 5, 4], 2, async (item) => {
    most = Math.max(most, ++underWay);
    await Promise.resolve();
    underWay -= 1;
    return item * 10;
  });
  expect(results).toEqual([30, 10, 20, 50, 40]);
  expect(most).toBe(2);
  expect(await inParallel([], 4, () => Promise.resolve())).toEqual([]);
});

it('begins no more after a failure, and waits for those that were begun', async () => {
  const begun: number[] = [];
  const ended: number[] = [];
  const work = inParallel([1, 2, 3, 4, 5], 2, async (item) => {
    begun.push(item);
    if (item === 1) throw new Error('one');
    await new Promise((resolve) => setImmediate(resolve));
    ended.push(item);
  });
  await expect(work).rejects.toThrow('one');
  expect(begun).toEqual([1, 2]);
  expect(ended).toEqual([2]);
});
