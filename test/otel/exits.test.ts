// The ways out of a job and what a Collector has of it afterwards: every span and log record, now or by the next job, and no long wait.
// One row of each; exits.heavy.test.ts has the whole table, exits-moods.heavy.test.ts what is beside it.
import { expect, test } from 'vitest';
import { Folder, expectArrival, expectKept, run } from './exit-jobs.ts';

test.each([
  ['natural', 'run'],
  ['exit-3', 'logger'],
  ['SIGTERM', 'run'],
])('%s, %s: 1000 of 1000 spans and lines arrive, once, before the process is gone', expectArrival);

test.each([
  ['refuses', 'exit-0'],
  ['hangs', 'throw'],
])('with a Collector that %s, %s: ends soon, says what is kept, and the next job sends it, once', expectKept);

test('without an endpoint no folder is made and nothing waits', async () => {
  using folder = new Folder();
  const { exitMs } = await run({ folder, endpoint: '', args: ['exit-0', 'logger'] });
  expect(folder.telemetry).toEqual([]);
  expect(exitMs).toBeLessThan(1_000);
});
