// Batches of different runs under way at once: which may be, what the watermark passes, what becomes of those beside one that fails.
import { describe, expect, it } from 'vitest';
import type { LogBatchRequest } from '../../../src/stores/contract.ts';
import type { TestDrain } from '../deliveries.ts';
import { openTestDrain } from '../deliveries.ts';
import { settle } from '../fake-system.ts';
import { MemoryStore, unavailable } from '../memory-store.ts';
import { create, end, metric, runKey } from '../writes.ts';

const [one, two, three] = [runKey(1), runKey(2), runKey(3)];

/** A store whose batches are answered when the test says so. */
class GatedStore extends MemoryStore {
  /** The batches under way, in the order in which they were sent: by run and steps. */
  readonly underWay: string[] = [];
  readonly sent: string[] = [];
  readonly #gates = new Map<string, (error?: Error) => void>();

  override async logBatch(request: LogBatchRequest): Promise<void> {
    const what = `${Number.parseInt(request.runId, 16)}: ${request.metrics?.map(({ step }) => step).join()}`;
    this.underWay.push(what);
    this.sent.push(what);
    try {
      await new Promise<void>((resolve, reject) => {
        this.#gates.set(what, (error) => (error === undefined ? resolve() : reject(error)));
      });
    } finally {
      this.underWay.splice(this.underWay.indexOf(what), 1);
    }
    await super.logBatch(request);
  }

  /** Lets one batch be answered, and everything happen that this sets off. */
  async answer(what: string, error?: Error): Promise<void> {
    this.#gates.get(what)?.(error);
    await settle();
  }
}

/** Three runs with two points each, taking turns, delivered as far as it goes. */
async function begin(store: MemoryStore, ...more: Parameters<TestDrain['add']>): Promise<TestDrain> {
  const drain = openTestDrain(store);
  drain.add(create(one), create(two), create(three));
  for (const step of [1, 2]) drain.add(metric(one, step), metric(two, step), metric(three, step));
  drain.add(...more);
  drain.drain.deliverWindow().catch(() => undefined);
  await settle();
  return drain;
}

describe('batches of different runs', () => {
  it('are under way as many at a time as the store takes', async () => {
    const store = new GatedStore({ batchesAtOnce: 2 });
    await begin(store);
    expect(store.underWay).toEqual(['1: 1,2', '2: 1,2']);
    await store.answer('2: 1,2');
    expect(store.underWay).toEqual(['1: 1,2', '3: 1,2']);
  });

  it('go one after the other where the store does not say that it takes more', async () => {
    const store = new GatedStore();
    await begin(store);
    expect(store.underWay).toEqual(['1: 1,2']);
  });

  it('are settled in their order, whichever is answered first', async () => {
    const store = new GatedStore({ batchesAtOnce: 2 });
    const drain = await begin(store);
    await store.answer('2: 1,2');
    await store.answer('3: 1,2');
    expect(drain.counts().settled).toBe(3);
    await store.answer('1: 1,2');
    expect(drain.counts()).toEqual({ settled: 9, dead: 0 });
  });

  it("are never beside another batch of the same run, by whichever key, nor beside a run's end", async () => {
    const store = new GatedStore({ batchesAtOnce: 4 });
    const again = runKey(4);
    const resumed = [create(again, { resumeRunId: one, tags: [] }), metric(again, 3), metric(one, 4), end(two)];
    await begin(store, ...resumed);
    expect(store.underWay).toEqual(['1: 1,2', '2: 1,2', '3: 1,2']);
    await store.answer('3: 1,2');
    await store.answer('2: 1,2');
    expect(store.runs.get(two)?.statuses).toEqual(['RUNNING']);
    await store.answer('1: 1,2');
    expect(store.runs.get(two)?.statuses).toEqual(['RUNNING', 'FINISHED']);
    expect(store.underWay).toEqual(['1: 3']);
    await store.answer('1: 3');
    expect(store.underWay).toEqual(['1: 4']);
  });

  it('wait while one is tried again: a server that asks for rest gets it', async () => {
    const store = new GatedStore({ batchesAtOnce: 2 });
    const drain = await begin(store);
    await store.answer('1: 1,2', Object.assign(unavailable(), { retryAfterMs: 90_000 }));
    await store.answer('2: 1,2');
    drain.system.clock.advance(89_000);
    await settle();
    expect(store.underWay).toEqual([]);
    drain.system.clock.advance(2_000);
    await settle();
    expect(store.underWay).toEqual(['1: 1,2']);
    await store.answer('1: 1,2');
    expect(store.underWay).toEqual(['3: 1,2']);
    expect(drain.warnings).toHaveLength(1);
  });

  it('cost what the store refuses of them, and no more', async () => {
    const store = new MemoryStore({ batchesAtOnce: 2 });
    const drain = openTestDrain(store);
    drain.add(create(one), create(two), metric(one, 1), metric(two, 1), metric(one, 2, 'bad'), metric(two, 2));
    await drain.deliver();
    expect(drain.counts()).toEqual({ settled: 6, dead: 1 });
    expect([one, two].map((key) => store.runs.get(key)?.metrics.map(({ step }) => step))).toEqual([[1], [1, 2]]);
  });

  it('are not sent twice where the one beside them meets a defect', async () => {
    const store = new GatedStore({ batchesAtOnce: 2 });
    const drain = openTestDrain(store);
    drain.add(create(one), create(two));
    await drain.deliver();
    drain.add(metric(one, 1), metric(two, 1));
    const { state } = drain;
    const runIdOf = state.runIdOf.bind(state);
    let asked = 0;
    state.runIdOf = (key) => {
      if (key === one && (asked += 1) === 2) throw new TypeError('a defect');
      return runIdOf(key);
    };
    const first = expect(drain.drain.deliverWindow()).rejects.toThrow('a defect');
    await settle();
    expect(store.underWay).toEqual(['2: 1']);
    await store.answer('2: 1');
    await first;
    const second = drain.drain.deliverWindow();
    await settle();
    await store.answer('1: 1');
    await second;
    expect(store.sent).toEqual(['2: 1', '1: 1']);
    expect(drain.counts()).toEqual({ settled: 4, dead: 0 });
  });

  it('are joined by what comes while they wait', async () => {
    const store = new GatedStore();
    const drain = await begin(store);
    drain.add(metric(one, 3), metric(two, 3), end(two), metric(three, 3));
    drain.system.clock.advance(60);
    await store.answer('1: 1,2');
    await store.answer('2: 1,2,3');
    await store.answer('3: 1,2,3');
    await store.answer('1: 3');
    expect(store.sent).toEqual(['1: 1,2', '2: 1,2,3', '3: 1,2,3', '1: 3']);
    expect(drain.counts()).toEqual({ settled: 13, dead: 0 });
  });

  it('are all delivered and once where a thousand runs take turns while they are sent', async () => {
    const store = new MemoryStore({ batchesAtOnce: 2 });
    const drain = openTestDrain(store);
    const keys = Array.from({ length: 1_000 }, (_, at) => runKey(at + 1));
    drain.add(...keys.map((key) => create(key)));
    await drain.deliver();
    let step = 0;
    const log = (): void => drain.add(...keys.map((key) => metric(key, step)));
    log();
    const sizes: number[] = [];
    store.onCall = (method, request) => {
      if (method !== 'logBatch') return undefined;
      sizes.push((request as LogBatchRequest).metrics?.length ?? 0);
      drain.system.clock.advance(10);
      if (sizes.length % 10 === 0 && (step += 1) < 10) log();
      return undefined;
    };
    await drain.deliver();
    expect(sizes.length).toBeLessThan(1_200);
    const steps = Array.from({ length: 10 }, (_, at) => at);
    expect(
      keys.every(
        (key) =>
          store.runs
            .get(key)
            ?.metrics.map((each) => each.step)
            .join() === steps.join(),
      ),
    ).toBe(true);
    expect(drain.counts()).toEqual({ settled: 11_000, dead: 0 });
  });
});
