// A job that exports nothing leaves at once, and nothing behind.
import { expect, test } from 'vitest';
import { Folder, quickest, run } from '../exit-jobs.ts';

test('without an endpoint no folder is made and nothing waits', async () => {
  using folder = new Folder();
  const exitMs = await quickest(() => run({ folder, endpoint: '', args: ['exit-0', 'logger'] }));
  expect(folder.telemetry).toEqual([]);
  expect(exitMs).toBeLessThan(1_000);
});
