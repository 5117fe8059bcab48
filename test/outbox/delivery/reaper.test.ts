import { describe, expect, it } from 'vitest';
import { reapRuns } from '../../../src/outbox/delivery/reaper.ts';
import type { TestDrain } from '../deliveries.ts';
import { openTestDrain } from '../deliveries.ts';
import { MemoryStore, unavailable } from '../memory-store.ts';
import { create, end, metric, runKey } from '../writes.ts';

const key = runKey(1);
const orphan = { host: 'here', pid: 77, threadId: 0, lastSeenMs: 1_700_000_005_000, wasReleased: false };

async function reap(
  drain: TestDrain,
  isOpenElsewhere: (runId: string) => boolean = () => false,
  isHeard = true,
  known = orphan,
): Promise<void> {
  let isDone = false;
  const tell: Parameters<typeof reapRuns>[1]['tell'] = (event, onHeard) => {
    drain.events.push(event);
    if (isHeard) onHeard();
  };
  const work = reapRuns(drain.delivery, { orphan: known, isOpenElsewhere, tell, save: () => drain.drain.save() }).then(
    () => {
      isDone = true;
    },
  );
  await drain.system.clock.runUntil(() => isDone);
  await work;
}

describe('the reaper', () => {
  it('mirrors what was kept, says why, and ends the run KILLED at its last sign of life', async () => {
    const store = new MemoryStore();
    const drain = openTestDrain(store);
    const metrics = [{ key: 'auc', value: 0.9, timestampMs: 5, step: 0 }];
    const params = [{ key: 'rows', value: '442' }];
    const tags = [{ key: 'host.name', value: 'box' }];
    drain.add(
      create(key),
      { kind: 'attributes', runKey: key, params, tags, metrics },
      create(runKey(2)),
      end(runKey(2)),
    );
    await drain.deliver();
    await reap(drain);
    const run = store.runs.get(key);
    expect(run?.info).toMatchObject({ status: 'KILLED', endTimeMs: orphan.lastSeenMs });
    expect(run?.params.get('rows')).toBe('442');
    expect(run?.tags.get('host.name')).toBe('box');
    expect(run?.metrics).toEqual(metrics);
    expect(run?.tags.get('runspan.end_reason')).toMatch(/process 77 on here.*last seen at 2023-11-14T22:13:25/);
    expect(store.runs.get(runKey(2))?.info.status).toBe('FINISHED');
    expect(drain.events.filter((event) => event.kind === 'reaped')).toHaveLength(1);
    expect(drain.state.openRuns()).toEqual([]);
  });

  it('ends the models that were being made: they are not whole', async () => {
    const store = new MemoryStore();
    const drain = openTestDrain(store);
    const modelKey = 'c'.repeat(32);
    drain.add(create(key), { kind: 'model', runKey: key, modelKey, name: 'model', params: [], tags: [] });
    await drain.deliver();
    await reap(drain);
    expect(store.runs.get(key)?.info.status).toBe('KILLED');
    expect(store.models.get(`m-${modelKey}`)?.status).toBe('UPLOAD_FAILED');
    expect(drain.state.model(modelKey)).toBeUndefined();
  });

  it('says again, and that it does, what nobody may have heard of', async () => {
    const store = new MemoryStore();
    const drain = openTestDrain(store);
    drain.add(create(key));
    await drain.deliver();
    await reap(drain, undefined, false);
    expect(drain.state.openRuns()).toHaveLength(1);
    // The second one knows less of who has died.
    await reap(drain, undefined, true, { ...orphan, host: 'unknown', lastSeenMs: orphan.lastSeenMs + 1 });
    const reasons = drain.events.flatMap((event) => (event.kind === 'reaped' ? [event.reason] : []));
    expect(reasons).toEqual([reasons[0], `${reasons[0]} This may have been said before.`]);
    expect(store.runs.get(key)?.statuses).toEqual(['RUNNING', 'KILLED']);
    expect(drain.state.openRuns()).toEqual([]);
  });

  it('never ends a run before it began, whatever the clock did', async () => {
    const store = new MemoryStore();
    const drain = openTestDrain(store);
    drain.add(create(key, { startTimeMs: orphan.lastSeenMs + 3_600_000 }));
    await drain.deliver();
    await reap(drain);
    expect(store.runs.get(key)?.info.endTimeMs).toBe(orphan.lastSeenMs + 3_600_000);
  });

  it('leaves a run alone that somebody alive has resumed, or that was ended already', async () => {
    const store = new MemoryStore();
    const drain = openTestDrain(store);
    drain.add(create(key), create(runKey(2)));
    await drain.deliver();
    await store.updateRun({ runId: runKey(2), status: 'FAILED' });
    await reap(drain, (runId) => runId === key);
    expect(store.runs.get(key)?.info.status).toBe('RUNNING');
    expect(store.runs.get(runKey(2))?.info.status).toBe('FAILED');
    expect(drain.events.filter((event) => event.kind === 'reaped')).toEqual([]);
  });

  it('goes on behind a run that is not in the store any more, and through an outage', async () => {
    const store = new MemoryStore();
    const drain = openTestDrain(store);
    drain.add(create(key), create(runKey(2)), metric(runKey(2), 1));
    await drain.deliver();
    store.runs.delete(key);
    let failures = 5;
    store.onCall = () => (failures-- > 0 ? { when: 'before', error: unavailable() } : undefined);
    await reap(drain);
    expect(store.runs.get(runKey(2))?.info.status).toBe('KILLED');
    expect(drain.warnings.some((message) => message.includes('not in the store any more'))).toBe(true);
  });

  it.each(['before the run is ended', 'even while it is'])(
    'deletes the twin of a create whose answer was lost, made %s',
    async (when) => {
      const store = new MemoryStore({ chosenRunId: false });
      const makeTwin = (): void =>
        void store.createRun({ experimentId: '1', startTimeMs: 1_700_000_000_001, tags: create(key).tags });
      let isFirst = true;
      store.onCall = (method) => {
        if (method === 'updateRun' && store.runs.size === 1) makeTwin();
        if (method !== 'createRun' || !isFirst) return undefined;
        isFirst = false;
        return { when: 'before', error: unavailable(true) };
      };
      const drain = openTestDrain(store);
      drain.add(create(key));
      await drain.deliver();
      if (when === 'before the run is ended') makeTwin();
      await reap(drain);
      expect(store.runs.size).toBe(2);
      expect(store.activeRuns().map((run) => run.info.status)).toEqual(['KILLED']);
    },
  );
});
