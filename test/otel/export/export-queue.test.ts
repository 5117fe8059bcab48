// The queue in front of a Collector: nothing is dropped while there is a disk, everything is counted, an exit takes all at once.
import { DiagLogLevel, diag } from '@opentelemetry/api';
import fc from 'fast-check';
import { afterEach, expect, test } from 'vitest';
import { settlesWithin } from '../../../src/otel/deadline.ts';
import { ExportQueue } from '../../../src/otel/export/export-queue.ts';
import type { ExportOutcome, ExportQueueOptions } from '../../../src/otel/export/export-queue.ts';

interface SetUp {
  readonly queue: ExportQueue<string>;
  readonly sent: (readonly string[])[];
  readonly spilled: (readonly string[])[];
  readonly clock: { nowMs: number };
  /** Answers the batch that is on its way. */
  readonly answer: (outcome: ExportOutcome) => Promise<void>;
}

function setUp(options: Partial<ExportQueueOptions<string>> & { readonly hasDisk?: boolean } = {}): SetUp {
  const sent: (readonly string[])[] = [];
  const spilled: (readonly string[])[] = [];
  const clock = { nowMs: 1_000 };
  let resolve: (outcome: ExportOutcome) => void = () => undefined;
  const { hasDisk = true, ...rest } = options;
  const queue = new ExportQueue<string>({
    items: 'spans',
    send: (batch) => {
      sent.push(batch);
      return new Promise((settle) => (resolve = settle));
    },
    spill: hasDisk ? (batch) => spilled.push(batch) > 0 : undefined,
    maxQueueSize: 8,
    batchSize: 4,
    delayMs: 60_000,
    coolDownMs: 100,
    now: () => clock.nowMs,
    ...rest,
  });
  const answer = async (outcome: ExportOutcome): Promise<void> => {
    resolve(outcome);
    await turn();
  };
  return { queue, sent, spilled, clock, answer };
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const add = (queue: ExportQueue<string>, names: string): void => names.split('').forEach((name) => queue.add(name));
const SENT: ExportOutcome = { status: 'sent', refusedCount: 0 };
const FAILED: ExportOutcome = { status: 'failed', reason: 'connect ECONNREFUSED' };

afterEach(() => diag.disable());

test('sends a full batch in the next turn, one at a time', async () => {
  const { queue, sent, answer } = setUp();
  add(queue, 'abcdefgh');
  expect(sent).toEqual([]);
  await turn();
  expect(sent).toEqual([['a', 'b', 'c', 'd']]);
  await answer(SENT);
  await turn();
  expect(sent).toEqual([
    ['a', 'b', 'c', 'd'],
    ['e', 'f', 'g', 'h'],
  ]);
  expect(queue.counts).toMatchObject({ sentCount: 4, pendingCount: 4 });
});

test('spills the oldest batch where too many wait, and drops nothing', () => {
  const { queue, spilled } = setUp();
  add(queue, 'abcdefghi');
  expect(spilled).toEqual([['a', 'b', 'c', 'd']]);
  expect(queue.counts).toMatchObject({ spilledCount: 4, droppedCount: 0, pendingCount: 5 });
});

test('spills a batch that failed, and what comes while the endpoint is away; then tries again', async () => {
  const { queue, sent, spilled, clock, answer } = setUp();
  add(queue, 'ab');
  const flushed = queue.flush();
  await answer(FAILED);
  await flushed;
  add(queue, 'cd');
  await queue.flush();
  expect(spilled).toEqual([
    ['a', 'b'],
    ['c', 'd'],
  ]);
  expect(sent).toHaveLength(1);
  clock.nowMs += 101;
  add(queue, 'e');
  const again = queue.flush();
  await answer(SENT);
  await again;
  expect(queue.counts).toMatchObject({ sentCount: 1, spilledCount: 4, pendingCount: 0 });
});

test('a batch that the Collector refuses is spilled with its words to come, and the endpoint is not away', async () => {
  const { queue, spilled, answer } = setUp();
  add(queue, 'a');
  const flushed = queue.flush();
  await answer({ status: 'refused', reason: 'HTTP 400' });
  await flushed;
  expect(spilled).toEqual([['a']]);
  expect(queue.isAway).toBe(false);
});

test('an exit spills what is on its way and what waits, once, and what comes after it', async () => {
  const { queue, spilled, answer } = setUp();
  add(queue, 'abcde');
  await turn();
  queue.spillNow();
  await answer(SENT);
  add(queue, 'f');
  expect(spilled).toEqual([['a', 'b', 'c', 'd'], ['e'], ['f']]);
  expect(queue.counts).toEqual({
    sentCount: 0,
    refusedCount: 0,
    spilledCount: 6,
    lostCount: 0,
    droppedCount: 0,
    pendingCount: 0,
  });
});

test('without a disk what fails is lost, what does not fit dropped, what is refused counted as such', async () => {
  const { queue, answer } = setUp({ hasDisk: false });
  add(queue, 'abcdefghi');
  await turn();
  await answer(FAILED);
  const flushed = queue.flush();
  expect(queue.counts).toMatchObject({ lostCount: 8, droppedCount: 1 });
  await flushed;
});

test('without a disk a flush tries once more, but not within a second of a failure', async () => {
  const { queue, sent, clock, answer } = setUp({ hasDisk: false, coolDownMs: 5_000 });
  add(queue, 'a');
  let flushed = queue.flush();
  await answer(FAILED);
  await flushed;
  add(queue, 'b');
  await queue.flush();
  expect(sent).toHaveLength(1);
  clock.nowMs += 1_000;
  add(queue, 'c');
  flushed = queue.flush();
  await answer(SENT);
  await flushed;
  expect(sent).toHaveLength(2);
});

test('says when it becomes busy and when it is so no more', async () => {
  let calls = 0;
  const { queue, answer } = setUp({ onBusy: () => calls++ });
  add(queue, 'ab');
  expect([calls, queue.isBusy]).toEqual([1, true]);
  const flushed = queue.flush();
  await answer(SENT);
  await flushed;
  expect([calls, queue.isBusy]).toEqual([2, false]);
});

test('a partial success counts what was refused, and says why once', async () => {
  const said: string[] = [];
  const warn = (message: string): void => void said.push(message);
  diag.setLogger({ error: warn, warn, info: warn, debug: warn, verbose: warn }, DiagLogLevel.WARN);
  const { queue, answer } = setUp();
  for (const names of ['ab', 'cd']) {
    add(queue, names);
    const flushed = queue.flush();
    await answer({ status: 'sent', refusedCount: 1, reason: 'too old' });
    await flushed;
  }
  expect(queue.counts).toMatchObject({ sentCount: 2, refusedCount: 2 });
  expect(said).toEqual(['runspan: The Collector refused spans: too old']);
});

test('whatever happens, everything that came is somewhere, once', async () => {
  const step = fc.oneof(
    fc.record({ add: fc.integer({ min: 1, max: 12 }) }),
    fc.constantFrom<ExportOutcome>(
      SENT,
      FAILED,
      { status: 'refused', reason: 'no' },
      { status: 'sent', refusedCount: 1 },
    ),
    fc.constantFrom('turn', 'later', 'exit'),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 30 }), fc.boolean(), async (steps, hasDisk) => {
      const { queue, spilled, clock, answer } = setUp({ hasDisk });
      let came = 0;
      for (const each of steps) {
        if (each === 'turn') await turn();
        else if (each === 'later') clock.nowMs += 101;
        else if (each === 'exit') queue.spillNow();
        else if ('add' in each) for (let index = 0; index < each.add; index++) queue.add(`item ${came++}`);
        else await answer(each);
      }
      const { sentCount, refusedCount, spilledCount, lostCount, droppedCount, pendingCount } = queue.counts;
      expect(sentCount + refusedCount + spilledCount + lostCount + droppedCount + pendingCount).toBe(came);
      expect(pendingCount).toBeLessThanOrEqual(8);
      expect(spilled.flat()).toHaveLength(spilledCount);
      expect(new Set(spilled.flat()).size).toBe(spilledCount);
      if (hasDisk) expect(lostCount + droppedCount).toBe(0);
    }),
    { numRuns: 200 },
  );
});

test('a rejection counts as settled, and no time means no waiting', async () => {
  expect(await settlesWithin(Promise.reject(new Error('x')), 1_000)).toBe(true);
  expect(await settlesWithin(Promise.resolve(), 0)).toBe(false);
});
