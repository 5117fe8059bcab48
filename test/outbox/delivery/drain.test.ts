import fc from 'fast-check';
import { existsSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Write } from '../../../src/model/write.ts';
import { folderPaths } from '../../../src/outbox/folder/folder.ts';
import { NodeDisk } from '../../../src/outbox/machine/node-system.ts';
import type { TestDrain } from '../deliveries.ts';
import { openTestDrain } from '../deliveries.ts';
import { MemoryStore, unavailable } from '../memory-store.ts';
import { tempFolder } from '../temp-folder.ts';
import { create, end, metric, runKey } from '../writes.ts';

const key = runKey(1);

function ownFolder(): ReturnType<typeof folderPaths> {
  const paths = folderPaths(tempFolder(), 'own');
  new NodeDisk().makeFolder(paths.spool);
  return paths;
}

describe('drain', () => {
  it('backs off while the store is away, says so once, and keeps the order', async () => {
    const store = new MemoryStore();
    let isAway = true;
    store.onCall = () => (isAway ? { when: 'before', error: unavailable() } : undefined);
    const drain = openTestDrain(store);
    drain.add(create(key), metric(key, 1), metric(key, 2), end(key));
    const work = drain.deliver();
    await drain.system.clock.runUntil(() => store.calls.length > 20);
    expect(drain.counts().settled).toBe(0);
    expect(drain.warnings).toHaveLength(1);
    // 0.5 s doubling to 30 s, less jitter: twenty tries take minutes.
    expect(drain.system.clock.monotonicMs()).toBeGreaterThan(180_000);
    isAway = false;
    await work;
    expect(store.runs.get(key)?.metrics.map((each) => each.step)).toEqual([1, 2]);
    expect(drain.counts()).toEqual({ settled: 4, dead: 0 });
    expect(store.opened).toBeGreaterThan(1);
  });

  it('waits as long as Retry-After asks', async () => {
    const store = new MemoryStore();
    const drain = openTestDrain(store);
    const error = Object.assign(unavailable(), { retryAfterMs: 90_000 });
    let isFirst = true;
    store.onCall = () => {
      if (!isFirst) return undefined;
      isFirst = false;
      return { when: 'before', error };
    };
    drain.add(create(key));
    const startMs = drain.system.clock.monotonicMs();
    await drain.deliver();
    expect(drain.system.clock.monotonicMs() - startMs).toBeGreaterThanOrEqual(90_000);
  });

  it('does not bury what a server refuses for its credentials', async () => {
    const store = new MemoryStore();
    let isRefused = true;
    const refusal = Object.assign(unavailable(), { status: 401, isRetryable: false, errorCode: 'UNAUTHENTICATED' });
    store.onCall = () => (isRefused ? { when: 'before', error: refusal } : undefined);
    const drain = openTestDrain(store);
    drain.add(create(key));
    const work = drain.deliver();
    await drain.system.clock.runUntil(() => store.calls.length > 3);
    expect(drain.warnings[0]).toMatch(/refuses what is sent/);
    isRefused = false;
    await work;
    expect(drain.counts()).toEqual({ settled: 1, dead: 0 });
  });

  it('gives up on a step that throws what no store answers, and goes on behind it', async () => {
    const store = new MemoryStore();
    store.onCall = (method) =>
      method === 'logInputs' ? { when: 'before', error: new TypeError('a defect') } : undefined;
    const drain = openTestDrain(store);
    drain.add(create(key), { kind: 'inputs', runKey: key, inputs: [] }, metric(key, 1));
    await drain.deliver();
    expect(drain.counts()).toEqual({ settled: 3, dead: 1 });
    expect(store.runs.get(key)?.metrics).toHaveLength(1);
  });

  it('dead-letters a record of a kind that it does not know', async () => {
    const drain = openTestDrain(new MemoryStore());
    // The cast: what a later version of the package may have journaled.
    drain.add({ kind: 'model', runKey: key } as unknown as Write, create(key));
    await drain.deliver();
    expect(drain.counts()).toEqual({ settled: 2, dead: 1 });
  });

  it('delivers inputs once', async () => {
    const store = new MemoryStore();
    const drain = openTestDrain(store);
    const dataset = { name: 'd', digest: 'abc', sourceType: 'local', source: '{}' };
    const inputs = { kind: 'inputs' as const, runKey: key, inputs: [{ dataset, tags: [] }] };
    drain.add(create(key), inputs, inputs);
    await drain.deliver();
    expect(store.runs.get(key)?.inputs).toEqual([{ dataset, tags: [] }]);
  });

  it('uploads spooled files and deletes them only once that is noted', async () => {
    const paths = ownFolder();
    writeFileSync(join(paths.spool, 'kept'), 'hello');
    const drain = openTestDrain(new MemoryStore(), { paths });
    const source = { kind: 'spool' as const, file: 'kept' };
    drain.add(create(key), { kind: 'artifact', runKey: key, path: 'notes/a.txt', source });
    await drain.deliver();
    expect(drain.uploads.get(`/artifacts/${key}/notes/a.txt`)).toBe('hello');
    expect(existsSync(join(paths.spool, 'kept'))).toBe(false);
    expect(JSON.parse(readFileSync(paths.state, 'utf8'))).toMatchObject({ settledThrough: 2 });
  });

  it('dead-letters an artifact whose file changed or went after it was logged', async () => {
    const folder = tempFolder();
    const [same, changed] = [join(folder, 'same'), join(folder, 'changed')];
    for (const file of [same, changed]) {
      writeFileSync(file, 'v1');
      utimesSync(file, 1000, 1000);
    }
    const drain = openTestDrain(new MemoryStore());
    drain.add(create(key));
    for (const file of [same, changed, join(folder, 'gone')]) {
      const source = { kind: 'file' as const, file, sizeBytes: 2, modifiedMs: 1_000_000 };
      drain.add({ kind: 'artifact', runKey: key, path: file.slice(-4), source });
    }
    writeFileSync(changed, 'v2');
    await drain.deliver();
    expect([...drain.uploads.keys()]).toEqual([`/artifacts/${key}/same`]);
    expect(drain.counts()).toEqual({ settled: 4, dead: 2 });
  });

  it('keeps attributes over a restart and forgets them at a normal end', async () => {
    const paths = ownFolder();
    const store = new MemoryStore();
    const drain = openTestDrain(store, { paths });
    const metrics = [{ key: 'm', value: Number.NaN, timestampMs: 1, step: 0 }];
    const attributes = { kind: 'attributes' as const, runKey: key, params: [], tags: [], metrics };
    drain.add(create(key), { ...attributes, params: [{ key: 'p', value: '1' }] }, attributes);
    drain.add({ ...attributes, params: [{ key: 'p', value: '2' }], metrics: [] });
    await drain.deliver();
    const again = openTestDrain(store, { paths });
    expect(again.state.run(key)?.attributes).toEqual({ params: [{ key: 'p', value: '2' }], tags: [], metrics });
    again.add(end(key));
    await again.deliver();
    expect(store.runs.get(key)?.params.size).toBe(0);
    expect(again.state.openRuns()).toEqual([]);
  });

  it('is not stopped by a state file that cannot be written', async () => {
    const paths = ownFolder();
    const drain = openTestDrain(new MemoryStore(), { paths });
    new NodeDisk().removeFolder(paths.root);
    drain.add(create(key), metric(key, 1));
    await drain.deliver();
    drain.add(metric(key, 2));
    await drain.deliver();
    expect(drain.counts().settled).toBe(3);
    expect(drain.warnings).toEqual([expect.stringMatching(/cannot note what it delivered/)]);
  });

  it('reads the next records while a full window is on its way, and loses and repeats none', async () => {
    const store = new MemoryStore();
    const drain = openTestDrain(store);
    drain.add(create(key));
    for (let first = 0; first < 12_800; first += 64)
      drain.add(...Array.from({ length: 64 }, (_, at) => metric(key, first + at)));
    const reached: number[] = [];
    store.onCall = (method) => {
      if (method !== 'logBatch') return undefined;
      reached.push(drain.source.nextSequence);
      return reached.length === 1 ? { when: 'before', error: unavailable() } : undefined;
    };
    await drain.deliver();
    // The first window is tried twice, and the second was read between.
    expect(reached[1]).toBeGreaterThan((reached[0] ?? 0) + 4_900);
    expect(store.runs.get(key)?.metrics.map(({ step }) => step)).toEqual(Array.from({ length: 12_800 }, (_, at) => at));
    expect(drain.counts()).toEqual({ settled: 12_801, dead: 0 });
  });

  it('asks for whole requests: a full window holds no more than five of them', async () => {
    const store = new MemoryStore();
    const drain = openTestDrain(store);
    drain.add(create(key));
    for (let first = 0; first < 6_400; first += 64)
      drain.add(...Array.from({ length: 64 }, (_, at) => metric(key, first + at)));
    const sizes: number[] = [];
    store.onCall = (method, request) => {
      if (method === 'logBatch') sizes.push((request as { metrics: readonly unknown[] }).metrics.length);
      return undefined;
    };
    await drain.deliver();
    expect(sizes[0]).toBeGreaterThan(4_900);
    expect(sizes[0]).toBeLessThanOrEqual(5_000);
  });

  it('stops at once when it is closed', async () => {
    const store = new MemoryStore();
    store.onCall = () => ({ when: 'before', error: unavailable() });
    const drain = openTestDrain(store);
    drain.add(create(key));
    const work = drain.drain.deliverWindow();
    await drain.system.clock.runUntil(() => store.calls.length > 2);
    drain.patience.close();
    await expect(work).rejects.toThrow('closed');
  });
});

type Plan = readonly { readonly run: number; readonly act: 'metric' | 'bad' | 'param' | 'tag' | 'end' }[];

const plans: fc.Arbitrary<Plan> = fc.array(
  fc.record({
    run: fc.nat(2),
    act: fc.oneof(
      { weight: 8, arbitrary: fc.constant('metric' as const) },
      { weight: 1, arbitrary: fc.constant('bad' as const) },
      { weight: 2, arbitrary: fc.constant('param' as const) },
      { weight: 2, arbitrary: fc.constant('tag' as const) },
      { weight: 1, arbitrary: fc.constant('end' as const) },
    ),
  }),
  { maxLength: 60 },
);

const faultsOf = fc.array(fc.constantFrom(undefined, undefined, 'away', 'lost answer', 'after' as const), {
  maxLength: 80,
});

function toWrites(plan: Plan): Write[] {
  const seen = new Set<number>();
  return plan.flatMap(({ run, act }, step): Write[] => {
    const id = runKey(run + 1);
    const begin = seen.has(run) ? [] : [create(id)];
    seen.add(run);
    if (act === 'metric') return [...begin, metric(id, step)];
    if (act === 'bad') return [...begin, metric(id, step, 'bad')];
    if (act === 'param') return [...begin, { kind: 'params', runKey: id, params: [{ key: 'p', value: String(step) }] }];
    if (act === 'tag') return [...begin, { kind: 'tags', runKey: id, tags: [{ key: 't', value: String(step) }] }];
    return [...begin, end(id)];
  });
}

interface Expected {
  readonly metrics: number[];
  param: string | undefined;
  changed: string | undefined;
  tag: string | undefined;
  status: string;
}

function model(writes: readonly Write[]): Map<string, Expected> {
  const runs = new Map<string, Expected>();
  for (const write of writes) {
    const run = runs.get(write.runKey) ?? {
      metrics: [],
      param: undefined,
      changed: undefined,
      tag: undefined,
      status: 'RUNNING',
    };
    runs.set(write.runKey, run);
    if (write.kind === 'metric' && write.key !== 'bad') run.metrics.push(write.step);
    if (write.kind === 'params') {
      const value = write.params[0]?.value;
      if (run.param === undefined) run.param = value;
      else if (value !== run.param) run.changed = value;
    }
    if (write.kind === 'tags') run.tag = write.tags[0]?.value;
    if (write.kind === 'end') run.status = write.status;
  }
  return runs;
}

function seen(store: MemoryStore): Map<string, Expected> {
  return new Map(
    store.activeRuns().map((run) => [
      run.tags.get('runspan.run_key') ?? '',
      {
        metrics: run.metrics.map((each) => each.step),
        param: run.params.get('p'),
        changed: run.tags.get('param.p'),
        tag: run.tags.get('t'),
        status: run.info.status,
      },
    ]),
  );
}

describe('drain, whatever happens', () => {
  it('leaves in the store what a plain model holds, and every record is delivered, pending or dead', async () => {
    await fc.assert(
      fc.asyncProperty(
        plans,
        faultsOf,
        fc.record({ chosenRunId: fc.boolean(), batchesAtOnce: fc.integer({ min: 1, max: 3 }) }),
        fc.array(fc.nat(30), { maxLength: 4 }),
        async (plan, faults, supports, restarts) => {
          const writes = toWrites(plan);
          const paths = ownFolder();
          const queue = [...faults];
          const store = new MemoryStore(supports);
          store.onCall = (method) => {
            const fault = queue.shift();
            if (fault === undefined) return undefined;
            if (fault === 'away') return { when: 'before', error: unavailable() };
            const isCreate = method === 'createRun';
            return { when: fault === 'after' ? 'after' : 'before', error: unavailable(isCreate) };
          };
          let drain: TestDrain = openTestDrain(store, { paths });
          let sent = 0;
          for (const count of [...restarts, writes.length]) {
            const upTo = Math.min(writes.length, sent + count);
            if (upTo > sent) drain.add(...writes.slice(sent, upTo));
            sent = upTo;
            await drain.deliver();
            const { settled, dead } = drain.counts();
            expect(settled).toBe(sent);
            expect(dead).toBe(
              writes.slice(0, sent).filter((write) => write.kind === 'metric' && write.key === 'bad').length,
            );
            drain = openTestDrain(store, { paths, replayedThrough: sent });
            expect(drain.counts()).toEqual({ settled, dead });
          }
          expect(seen(store)).toEqual(model(writes));
        },
      ),
      { numRuns: 60 },
    );
  });
});
