// When a job that ends stops waiting for its destination.
import { expect, test } from 'vitest';
import { MlflowError, mlflowError } from '../../../src/errors.ts';
import { DestinationRefused, Patience } from '../../../src/outbox/delivery/patience.ts';
import { Prospect } from '../../../src/outbox/delivery/prospect.ts';
import { fakeSystem, settle } from '../fake-system.ts';

const TIMEOUT_MS = 10_000;
const away = new MlflowError('connect ECONNREFUSED', { errorCode: 'UNAVAILABLE', status: 0, isRetryable: true });
const answered = (status: number, isRetryable: boolean): MlflowError =>
  new MlflowError('said so', { errorCode: 'X', status, isRetryable });

/** How long after the end began a destination that meets every try with this is given up; undefined where it is waited for to the last. */
async function givenUpAfter(
  answer: (nowMs: number) => Error | undefined,
  { trackingUri = 'http://host', awayBeforeMs = 0 } = {},
): Promise<number | undefined> {
  const system = fakeSystem();
  const { clock } = system;
  const patience = new Patience({ system, reopen: () => Promise.resolve(), onWarning: () => undefined });
  const prospect = new Prospect(patience, { clock, trackingUri });
  const startMs = clock.monotonicMs();
  const work = async (): Promise<void> => {
    while (clock.monotonicMs() < startMs + awayBeforeMs + TIMEOUT_MS) {
      await prospect.attempt(() => {
        const error = answer(clock.monotonicMs() - startMs);
        return error === undefined ? Promise.resolve() : Promise.reject(error);
      });
      await new Promise<void>((resolve) => clock.after(100, resolve));
    }
  };
  void work();
  for (let leftMs = awayBeforeMs; leftMs > 0; leftMs -= 50) {
    await settle();
    clock.advance(50);
  }
  const fromMs = clock.monotonicMs();
  let seenMs: number | undefined;
  prospect.whenHopeless(TIMEOUT_MS, () => (seenMs = clock.monotonicMs() - fromMs));
  patience.hurry();
  for (let leftMs = TIMEOUT_MS; leftMs > 0 && seenMs === undefined; leftMs -= 50) {
    await settle();
    clock.advance(50);
  }
  return seenMs;
}

test.each([
  ['a server that is away', away],
  ['a server that answers 503', answered(503, true)],
  [
    'a server that asks for a minute',
    new MlflowError('x', { errorCode: 'X', status: 503, isRetryable: true, retryAfterMs: 60_000 }),
  ],
])('%s is given up after a quarter of the time', async (_, error) => {
  expect(await givenUpAfter(() => error)).toBe(2500);
});

test('one that was away long before is asked for a second more', async () => {
  expect(await givenUpAfter(() => away, { awayBeforeMs: 60_000 })).toBe(1000);
});

test('one that was away for long and is back is waited for', async () => {
  expect(await givenUpAfter((nowMs) => (nowMs < 60_000 ? away : undefined), { awayBeforeMs: 60_000 })).toBeUndefined();
});

test('one that is back, and fails once more, is waited for', async () => {
  let failures = 1;
  const answer = (nowMs: number): Error | undefined => (nowMs < 60_000 || failures-- > 0 ? away : undefined);
  expect(await givenUpAfter(answer, { awayBeforeMs: 60_000 })).toBeUndefined();
});

test('one that is back before a quarter is over is waited for', async () => {
  expect(await givenUpAfter((nowMs) => (nowMs < 2000 ? away : undefined))).toBeUndefined();
});

test.each([
  ['wrong credentials', answered(401, false)],
  ['no permission', answered(403, false)],
  ['a deleted experiment', new DestinationRefused(new Error('deleted'))],
])('%s, which only the user mends, are given up after a second', async (_, error) => {
  expect(await givenUpAfter(() => error)).toBe(1000);
  expect(await givenUpAfter(() => error, { trackingUri: 'sqlite:///a.db' })).toBe(1000);
});

test('a refusal between failures of another kind, as of a gateway whose server restarts, is none for good', async () => {
  let tries = 0;
  expect(await givenUpAfter(() => (++tries === 3 ? answered(401, false) : away))).toBe(2500);
  expect(tries).toBeGreaterThan(3);
});

test('one refusal, and then an answer that takes long, is none for good', async () => {
  const system = fakeSystem();
  const patience = new Patience({ system, reopen: () => Promise.resolve(), onWarning: () => undefined });
  const prospect = new Prospect(patience, { clock: system.clock, trackingUri: 'http://host' });
  let tries = 0;
  const answered401 = (): Promise<void> => Promise.reject(answered(401, false));
  const slow = (): Promise<void> => new Promise((resolve) => system.clock.after(3000, resolve));
  let isHopeless = false;
  prospect.whenHopeless(TIMEOUT_MS, () => (isHopeless = true));
  patience.hurry();
  const work = prospect.attempt(() => (++tries === 1 ? answered401() : slow()));
  await system.clock.runUntil(() => tries === 2 || isHopeless);
  for (let leftMs = 1500; leftMs > 0; leftMs -= 50) {
    await settle();
    system.clock.advance(50);
  }
  expect([tries, isHopeless]).toEqual([2, false]);
  await system.clock.runUntil(() => system.clock.monotonicMs() > 6000);
  await work;
});

test('a server that says it has too much to do is waited for', async () => {
  expect(await givenUpAfter(() => answered(429, true))).toBeUndefined();
});

test('a locked database is waited for', async () => {
  const locked = mlflowError('TEMPORARILY_UNAVAILABLE', 'database is locked');
  expect(await givenUpAfter(() => locked, { trackingUri: 'sqlite:///a.db' })).toBeUndefined();
});

test('one that answers in between is waited for', async () => {
  let tries = 0;
  expect(await givenUpAfter(() => (++tries % 2 === 0 ? undefined : answered(401, false)))).toBeUndefined();
});

test('what an end has just given up is not tried again by the next', async () => {
  const system = fakeSystem();
  const { clock } = system;
  const patience = new Patience({ system, reopen: () => Promise.resolve(), onWarning: () => undefined });
  const prospect = new Prospect(patience, { clock, trackingUri: 'http://host' });
  void prospect.attempt(() => Promise.reject(away));
  patience.hurry();
  const giveUp = async (): Promise<number> => {
    const fromMs = clock.monotonicMs();
    let isHopeless = false;
    prospect.whenHopeless(TIMEOUT_MS, () => (isHopeless = true));
    await clock.runUntil(() => isHopeless);
    return clock.monotonicMs() - fromMs;
  };
  expect(await giveUp()).toBe(2500);
  expect(await giveUp()).toBe(50);
});

test('one that hangs is waited for: it may be carrying out what it was sent', async () => {
  const system = fakeSystem();
  const patience = new Patience({ system, reopen: () => Promise.resolve(), onWarning: () => undefined });
  const prospect = new Prospect(patience, { clock: system.clock, trackingUri: 'http://host' });
  let isHopeless = false;
  prospect.whenHopeless(TIMEOUT_MS, () => (isHopeless = true));
  void prospect.attempt(() => new Promise(() => undefined));
  await settle();
  system.clock.advance(TIMEOUT_MS);
  expect(isHopeless).toBe(false);
});
