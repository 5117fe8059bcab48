// A run that another process has open: found by its id or key, waited for, written to, and never ended or made from here.
import { expect, it } from 'vitest';
import type { JoinWrite } from '../../../src/model/write.ts';
import { openTestDrain } from '../deliveries.ts';
import { MemoryStore, unavailable } from '../memory-store.ts';
import { create, metric, runKey } from '../writes.ts';

const key = runKey(1);
const join = (more: Partial<JoinWrite> = {}): JoinWrite => ({ kind: 'join', runKey: key, ...more });

/** A run as the other process makes it. */
async function makeRun(store: MemoryStore): Promise<string> {
  const experimentId = await store.createExperiment({ name: 'churn' });
  const { tags } = create(key);
  return (await store.createRun({ experimentId, runId: key, startTimeMs: 1, runName: 'train', tags })).info.runId;
}

it.each([
  ['by key where the store takes our keys', true, {}],
  ['by the key’s tag where the store chose the id', false, {}],
])('is found %s, and what follows is written to it', async (_how, chosenRunId, more) => {
  const store = new MemoryStore({ chosenRunId });
  const runId = await makeRun(store);
  const drain = openTestDrain(store);
  drain.add(join(more), metric(key, 1), metric(key, 2));
  await drain.deliver();
  expect(store.activeRuns()).toHaveLength(1);
  expect(store.runs.get(runId)?.metrics.map(({ step }) => step)).toEqual([1, 2]);
  expect(store.runs.get(runId)?.statuses).toEqual(['RUNNING']);
  expect(drain.counts()).toEqual({ settled: 3, dead: 0 });
  expect(drain.events).toContainEqual(
    expect.objectContaining({ kind: 'created', runKey: key, runId, runName: 'train', experimentId: '1' }),
  );
});

it('is found by its id where that is known, whatever its key', async () => {
  const store = new MemoryStore({ chosenRunId: false });
  const runId = await makeRun(store);
  const [other] = [runKey(2)];
  const drain = openTestDrain(store);
  drain.add(join({ runKey: other, runId }), metric(other, 5));
  await drain.deliver();
  expect(store.runs.get(runId)?.metrics.map(({ step }) => step)).toEqual([5]);
  expect(store.calls).not.toContain('searchRuns');
});

it('is waited for: the other process makes it by a drain of its own', async () => {
  const store = new MemoryStore();
  let looks = 0;
  store.onCall = (method) => {
    if (method === 'getRun' && ++looks === 30) void makeRun(store);
    return undefined;
  };
  const drain = openTestDrain(store);
  drain.add(join(), metric(key, 1));
  await drain.deliver();
  expect(looks).toBeGreaterThan(30);
  expect(store.runs.get(key)?.metrics).toHaveLength(1);
  expect(drain.counts()).toEqual({ settled: 2, dead: 0 });
});

it('waits out a server that is away', async () => {
  const store = new MemoryStore();
  await makeRun(store);
  let failures = 0;
  store.onCall = (method) =>
    method === 'getRun' && failures++ < 3 ? { when: 'before', error: unavailable(false) } : undefined;
  const drain = openTestDrain(store);
  drain.add(join(), metric(key, 1));
  await drain.deliver();
  expect(failures).toBeGreaterThan(3);
  expect(store.runs.get(key)?.metrics).toHaveLength(1);
});

it.each([
  ['an id that the store does not know', { runId: 'gone' }, 10_000],
  ['a key that does not come for a minute', {}, 600_000],
])('%s: what follows is dead-lettered and counted, the job is told, and no run is made', async (_what, more, maxMs) => {
  const store = new MemoryStore({ chosenRunId: false });
  const drain = openTestDrain(store);
  const startMs = drain.system.clock.monotonicMs();
  drain.add(join(more), metric(key, 1), metric(key, 2));
  await drain.deliver();
  expect(drain.system.clock.monotonicMs() - startMs).toBeLessThan(maxMs);
  expect(store.runs.size).toBe(0);
  expect(drain.counts()).toEqual({ settled: 3, dead: 3 });
  expect(drain.warnings.join('\n')).toMatch(/could not be joined: Run .* is not in the store/);
  expect(drain.events).toContainEqual(
    expect.objectContaining({
      kind: 'create-refused',
      runKey: key,
      error: expect.objectContaining({ code: 'RUN_ENDED' }) as Error,
    }),
  );
});

it('is joined once: a second join of the same key asks nobody', async () => {
  const store = new MemoryStore({ chosenRunId: false });
  await makeRun(store);
  const drain = openTestDrain(store);
  drain.add(join());
  await drain.deliver();
  const asked = store.calls.length;
  drain.add(join());
  await drain.deliver();
  expect(store.calls.slice(asked)).toEqual([]);
  expect(drain.counts()).toEqual({ settled: 2, dead: 0 });
});
