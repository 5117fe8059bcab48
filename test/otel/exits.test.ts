// The ways out of a job and what a Collector has of it afterwards: every span and log record, now or by the next job, and no long wait.
// One row; exits.heavy.test.ts has the whole table, exits-moods.heavy.test.ts what is beside it.
import { expect, test } from 'vitest';
import { Folder, expectArrival, run } from './exit-jobs.ts';

test.each([['natural', 'run']])(
  '%s, %s: 1000 of 1000 spans and lines arrive, once, before the process is gone',
  expectArrival,
);

test('without an endpoint no folder is made and nothing waits', async () => {
  using folder = new Folder();
  const { exitMs } = await run({ folder, endpoint: '', args: ['exit-0', 'logger'] });
  expect(folder.telemetry).toEqual([]);
  expect(exitMs).toBeLessThan(1_000);
});
