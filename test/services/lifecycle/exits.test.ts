// Which handlers stand when; what they do is tested on real child processes in test/end-to-end.
import { expect, onTestFinished, test } from 'vitest';
import { joinExits, letSignalsIn, refreshExits } from '../../../src/services/lifecycle/exits.ts';
import type { ExitParticipant } from '../../../src/services/lifecycle/exits.ts';
import { startService } from '../mlflow/mlflow-fixture.ts';

const WATCHED = ['SIGINT', 'SIGTERM', 'SIGHUP', 'uncaughtExceptionMonitor'] as const;
const NEVER = ['unhandledRejection', 'uncaughtException'] as const;

const count = (names: readonly string[]): readonly number[] => names.map((name) => process.listenerCount(name));

test('handlers of signals and crashes stand while a run is open or on its way, and at no other time', async () => {
  const [before, never] = [count(WATCHED), count(NEVER)];
  const { mlflow } = await startService();
  expect(count(WATCHED)).toEqual(before);
  const first = await mlflow.startRun('a');
  const during = before.map((listeners) => listeners + 1);
  expect(count(WATCHED)).toEqual(during);
  const second = await mlflow.startRun({ name: 'b', nested: true });
  await second.end();
  await mlflow.flush();
  expect(count(WATCHED)).toEqual(during);
  await first.end();
  await mlflow.flush();
  // The service hears of its own flush a turn later.
  await new Promise((resolve) => setImmediate(resolve));
  expect([count(WATCHED), count(NEVER)]).toEqual([before, never]);
});

test('the handlers of the end stand from start to stop', async () => {
  const ends = ['beforeExit', 'exit'];
  const before = count(ends);
  const { mlflow } = await startService();
  expect(count(ends)).toEqual(before.map((listeners) => listeners + 1));
  await mlflow.stop();
  expect(count(ends)).toEqual(before);
});

test('exitHooks: false puts up none, and the end of a run is the same', async () => {
  const all = [...WATCHED, 'beforeExit', 'exit'];
  const before = count(all);
  const { mlflow } = await startService({ exitHooks: false });
  const key = await mlflow.runContext('a', (run) => {
    expect(count(all)).toEqual(before);
    return run.key;
  });
  expect((await mlflow.client().getRun(key)).info.status).toBe('FINISHED');
});

function participant(isBusy: () => boolean): ExitParticipant {
  const nothing = (): void => undefined;
  return {
    exitTimeoutMs: 1,
    isBusy,
    endRunsNow: nothing,
    noteUncaught: nothing,
    flush: () => Promise.resolve(),
    drainInExit: nothing,
  };
}

test('the handlers stay while any one of several is busy, and go with the last', () => {
  const before = count(WATCHED);
  const busy = [true, true];
  const leave = busy.map((_, index) => joinExits(participant(() => busy[index] === true)));
  onTestFinished(() => leave.forEach((each) => each()));
  refreshExits();
  const during = count(WATCHED);
  busy[0] = false;
  refreshExits();
  expect(count(WATCHED)).toEqual(during);
  leave[1]?.();
  expect(count(WATCHED)).toEqual(before);
  expect(during).toEqual(before.map((listeners) => listeners + 1));
});

test('the handler is first in the row, so that a once() of the user is still seen', () => {
  const mine = (): void => undefined;
  process.once('SIGTERM', mine);
  onTestFinished(() => void process.off('SIGTERM', mine));
  const leave = joinExits(participant(() => true));
  onTestFinished(leave);
  refreshExits();
  expect(process.listeners('SIGTERM').indexOf(mine)).toBeGreaterThan(0);
});

test('nobody waits for signals where none are watched', async () => {
  const order: string[] = [];
  setImmediate(() => order.push('turn'));
  await letSignalsIn().then(() => order.push('went on'));
  expect(order).toEqual(['went on']);
});

test('a natural end waits once: what its flush has taken is not waited for again in exit', async () => {
  const before = [...process.rawListeners('beforeExit'), ...process.rawListeners('exit')];
  const given: number[] = [];
  const leave = joinExits({
    ...participant(() => false),
    exitTimeoutMs: 60_000,
    flush: () => {
      const until = performance.now() + 50;
      while (performance.now() < until);
      return Promise.resolve();
    },
    drainInExit: (timeoutMs) => given.push(timeoutMs),
  });
  onTestFinished(leave);
  // The handlers of this test alone: a real exit would end the others' too.
  const [atBeforeExit, atExit] = [process.rawListeners('beforeExit'), process.rawListeners('exit')].map((listeners) =>
    listeners.find((listener) => !before.includes(listener)),
  );
  atBeforeExit?.call(process, 0);
  await new Promise((resolve) => setImmediate(resolve));
  await new Promise((resolve) => setImmediate(resolve));
  atExit?.call(process, 0);
  expect(given).toHaveLength(1);
  expect(given[0]).toBeGreaterThan(0);
  expect(given[0]).toBeLessThanOrEqual(59_950);
  atExit?.call(process, 0);
  expect(given).toHaveLength(1);
});
