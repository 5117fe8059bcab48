// The wait for a run's id: what it holds, and that nobody need listen.
import { expect, test } from 'vitest';
import { Creation } from '../../../src/runs/open/creation.ts';

/** How many timers keep this process alive. */
function timerCount(): number {
  return process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
}

test('a wait for the id holds the process until the id is known', async () => {
  const before = timerCount();
  const creation = new Creation();
  const waiting = creation.hold(60_000);
  expect(timerCount()).toBe(before + 1);
  creation.resolve('r1');
  expect(await waiting).toBe('r1');
  expect(timerCount()).toBe(before);
});

test('an id that cannot come lets the process go, and is no unhandled rejection', async () => {
  const before = timerCount();
  const creation = new Creation();
  void creation.hold(60_000);
  creation.reject(new Error('stopped'));
  await expect(creation.promise).rejects.toThrow('stopped');
  expect(timerCount()).toBe(before);
});
