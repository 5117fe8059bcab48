// What a dead drain had sent is carried out after its folder was taken over: it undoes nothing that is sent since.
import { expect, it } from 'vitest';
import { openTestDrain } from '../deliveries.ts';
import type { TestDrain } from '../deliveries.ts';
import { settle } from '../fake-system.ts';
import { MemoryStore } from '../memory-store.ts';
import { create, end, metric, runKey } from '../writes.ts';
import type { Write } from '../../../src/model/write.ts';

const key = runKey(1);
const tag = (value: string): Write => ({ kind: 'tags', runKey: key, tags: [{ key: 'stage', value }] });

/** A server with the run that the dead drain had made, and the drain of who took over. */
async function takeOver(): Promise<{ store: MemoryStore; drain: TestDrain; runId: string; startMs: number }> {
  const store = new MemoryStore({ chosenRunId: false });
  await store.createExperiment({ name: 'churn' });
  const { info } = await store.createRun({
    experimentId: '1',
    startTimeMs: 1,
    tags: [{ key: 'runspan.run_key', value: key }],
  });
  const drain = openTestDrain(store, { replayedThrough: Number.POSITIVE_INFINITY });
  return { store, drain, runId: info.runId, startMs: drain.system.clock.monotonicMs() };
}

it.each([
  ['in one batch', [tag('first'), tag('last')]],
  [
    'in two batches',
    [
      tag('first'),
      end(runKey(2)),
      { ...tag('x'), runKey: runKey(2) } as Write,
      { kind: 'inputs', runKey: key, inputs: [] } as Write,
      tag('last'),
    ],
  ],
])('an older value of a tag, %s', async (_, writes) => {
  const { store, drain, runId } = await takeOver();
  drain.system.clock.after(1500, () => void store.logBatch({ runId, tags: [{ key: 'stage', value: 'first' }] }));
  drain.add(create(key), ...writes);
  await drain.deliver();
  drain.system.clock.advance(2000);
  await settle();
  expect(store.runs.get(runId)?.tags.get('stage')).toBe('last');
});

it('a resume, of a run that is ended', async () => {
  const { store, drain, runId } = await takeOver();
  drain.system.clock.after(1500, () => void store.updateRun({ runId, status: 'RUNNING' }));
  drain.add(create(key, { resumeRunId: runId }), end(key));
  await drain.deliver();
  drain.system.clock.advance(2000);
  await settle();
  expect(store.runs.get(runId)?.info.status).toBe('FINISHED');
});

it('what undoes nothing is not waited for', async () => {
  const { drain, store, runId, startMs } = await takeOver();
  drain.add(create(key), tag('only'), metric(key, 1), metric(key, 2), end(key));
  await drain.deliver();
  expect(drain.system.clock.monotonicMs() - startMs).toBeLessThan(500);
  expect(store.runs.get(runId)?.info.status).toBe('FINISHED');
});

it('nothing of a file is waited for: its writer is dead', async () => {
  const store = new MemoryStore();
  const drain = openTestDrain(store, { replayedThrough: Number.POSITIVE_INFINITY });
  const startMs = drain.system.clock.monotonicMs();
  drain.add(create(key), tag('first'), tag('last'), end(key));
  await drain.deliver();
  expect(drain.system.clock.monotonicMs() - startMs).toBeLessThan(500);
});
