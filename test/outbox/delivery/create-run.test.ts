import { mkdirSync, rmSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { folderPaths } from '../../../src/outbox/folder/folder.ts';
import { openTestDrain } from '../deliveries.ts';
import { MemoryStore, unavailable } from '../memory-store.ts';
import { tempFolder } from '../temp-folder.ts';
import { create, end, metric, runKey } from '../writes.ts';

const key = runKey(1);

describe('creates', () => {
  it('happen exactly once when the store commits and answers with an error', async () => {
    let failures = 0;
    const store = new MemoryStore({ chosenRunId: false });
    store.onCall = (method) => {
      if (method !== 'createRun' || failures >= 3) return undefined;
      failures += 1;
      return { when: 'after', error: unavailable(true) };
    };
    const drain = openTestDrain(store);
    drain.add(create(key), metric(key, 1), end(key));
    await drain.deliver();
    expect(store.activeRuns()).toHaveLength(1);
    expect(store.calls.filter((call) => call === 'createRun')).toHaveLength(1);
    expect(store.activeRuns()[0]?.metrics).toHaveLength(1);
    expect(drain.counts()).toEqual({ settled: 3, dead: 0 });
  });

  it('find a twin that a slow server made later, before the end, and delete it with a reason', async () => {
    let isFirst = true;
    const store = new MemoryStore({ chosenRunId: false });
    store.onCall = (method) => {
      if (method !== 'createRun' || !isFirst) return undefined;
      isFirst = false;
      return { when: 'before', error: unavailable(true) };
    };
    const drain = openTestDrain(store);
    drain.add(create(key), metric(key, 1));
    await drain.deliver();
    const late = await store.createRun({ experimentId: '1', startTimeMs: 1_700_000_000_000, tags: create(key).tags });
    drain.add(end(key));
    await drain.deliver();
    const [run] = store.activeRuns();
    expect(store.activeRuns()).toHaveLength(1);
    expect(run?.info).toMatchObject({ status: 'FINISHED' });
    expect(run?.metrics).toHaveLength(1);
    const twin = store.runs.get(late.info.runId);
    expect(twin?.info.lifecycleStage).toBe('deleted');
    expect(twin?.tags.get('runspan.deleted_reason')).toContain(run?.info.runId);
  });

  it('search by key first where an earlier drain may have sent them', async () => {
    const store = new MemoryStore({ chosenRunId: false });
    const first = openTestDrain(store);
    first.add(create(key));
    await first.deliver();
    const second = openTestDrain(store, { replayedThrough: Number.POSITIVE_INFINITY });
    second.add(create(key), metric(key, 1), end(key));
    await second.deliver();
    expect(store.activeRuns()).toHaveLength(1);
    expect(store.activeRuns()[0]?.info.status).toBe('FINISHED');
  });

  it('find a twin that a slow server makes even while the run ends', async () => {
    const store = new MemoryStore({ chosenRunId: false });
    store.onCall = (method) => {
      if (method === 'createRun' && store.runs.size === 0) return { when: 'after', error: unavailable(true) };
      if (method === 'updateRun' && store.runs.size === 1)
        void store.createRun({ experimentId: '1', startTimeMs: 1_700_000_000_000, tags: create(key).tags });
      return undefined;
    };
    const drain = openTestDrain(store);
    drain.add(create(key), end(key));
    await drain.deliver();
    expect(store.runs.size).toBe(2);
    expect(store.activeRuns().map((run) => run.info.status)).toEqual(['FINISHED']);
  });

  it('wait for what an earlier drain has on its way before they make another', async () => {
    const store = new MemoryStore({ chosenRunId: false });
    const drain = openTestDrain(store, { replayedThrough: Number.POSITIVE_INFINITY });
    const { system } = drain;
    const tags = [...create(key).tags, { key: 'runspan.run_key', value: key }];
    system.clock.after(1500, () => void store.createRun({ experimentId: '1', startTimeMs: 1_700_000_000_000, tags }));
    drain.add(create(key), end(key));
    await drain.deliver();
    expect([...store.runs.values()].map((run) => run.info.status)).toEqual(['FINISHED']);
  });

  it('are looked for where the folder is somebody else’s by now, who may have made them', async () => {
    const store = new MemoryStore({ chosenRunId: false });
    const paths = folderPaths(tempFolder(), 'own');
    mkdirSync(paths.spool, { recursive: true });
    let isFirst = true;
    store.onCall = (method) => {
      if (method !== 'createRun' || !isFirst) return undefined;
      isFirst = false;
      rmSync(paths.root, { recursive: true });
      void store.createRun({ experimentId: '1', startTimeMs: 1_700_000_000_000, tags: create(key).tags });
      return { when: 'before', error: unavailable() };
    };
    const drain = openTestDrain(store, { paths });
    drain.add(create(key), metric(key, 1));
    await drain.deliver();
    expect(store.activeRuns().map((run) => run.metrics.length)).toEqual([1]);
  });

  it('use the key as the id where the store takes it', async () => {
    const store = new MemoryStore();
    store.onCall = (method) =>
      method === 'createRun' && store.runs.size === 0 ? { when: 'after', error: unavailable(true) } : undefined;
    const drain = openTestDrain(store);
    drain.add(create(key));
    await drain.deliver();
    expect([...store.runs.keys()]).toEqual([key]);
    expect(drain.events).toContainEqual({
      kind: 'created',
      runKey: key,
      runId: key,
      runName: 'train',
      experimentId: '1',
      artifactUri: `/artifacts/${key}`,
    });
  });

  it('give a child the real id of its parent, by key or by id', async () => {
    const store = new MemoryStore({ chosenRunId: false });
    const drain = openTestDrain(store);
    drain.add(create(key), end(key), create(runKey(2), { parentRun: key }));
    await drain.deliver();
    const parentId = [...store.runs.keys()][0] ?? '';
    expect(store.activeRuns()[1]?.tags.get('mlflow.parentRunId')).toBe(parentId);
    const other = openTestDrain(store);
    other.add(create(runKey(3), { parentRun: key }), create(runKey(4), { parentRun: parentId }));
    await other.deliver();
    expect(store.activeRuns()[2]?.tags.get('mlflow.parentRunId')).toBe(parentId);
    expect(store.activeRuns()[3]?.tags.get('mlflow.parentRunId')).toBe(parentId);
  });

  it('keep a parent that nobody knows as it was said, with a warning', async () => {
    const store = new MemoryStore();
    const drain = openTestDrain(store);
    drain.add(create(key, { parentRun: 'absent' }));
    await drain.deliver();
    expect(store.runs.get(key)?.tags.get('mlflow.parentRunId')).toBe('absent');
    expect(drain.warnings[0]).toMatch(/parent of run 'train'/);
  });

  it('resume a run: running again, tags and name applied, then ended anew', async () => {
    const store = new MemoryStore();
    const drain = openTestDrain(store);
    drain.add(create(key), end(key, 'KILLED'));
    await drain.deliver();
    const again = create(runKey(2), { resumeRunId: key, runName: 'again', tags: [{ key: 'try', value: '2' }] });
    drain.add(again, metric(runKey(2), 1), end(runKey(2)));
    await drain.deliver();
    const run = store.runs.get(key);
    expect(store.runs.size).toBe(1);
    expect(run?.statuses).toEqual(['RUNNING', 'KILLED', 'RUNNING', 'FINISHED']);
    expect(run?.info.runName).toBe('again');
    expect(run?.tags.get('try')).toBe('2');
    expect(run?.metrics).toHaveLength(1);
  });

  it('resume a run by the key that we gave it where the store chose its id, in this folder and in another', async () => {
    const store = new MemoryStore({ chosenRunId: false });
    const first = openTestDrain(store);
    first.add(create(key), end(key), create(runKey(2), { resumeRunId: key }), metric(runKey(2), 1), end(runKey(2)));
    await first.deliver();
    const second = openTestDrain(store);
    second.add(create(runKey(3), { resumeRunId: key }), metric(runKey(3), 2), end(runKey(3)));
    await second.deliver();
    expect([first.counts().dead, second.counts().dead]).toEqual([0, 0]);
    expect(store.activeRuns()).toHaveLength(1);
    expect(store.activeRuns()[0]?.metrics).toHaveLength(2);
    expect(store.activeRuns()[0]?.tags.get('runspan.run_key')).toBe(key);
  });

  it('write off a run that cannot be resumed with all that belongs to it, and nothing else', async () => {
    const store = new MemoryStore();
    const drain = openTestDrain(store);
    drain.add(
      create(key, { resumeRunId: 'absent' }),
      metric(key, 1),
      create(runKey(2)),
      metric(runKey(2), 1),
      end(key),
    );
    await drain.deliver();
    expect(drain.counts()).toEqual({ settled: 5, dead: 3 });
    expect(store.runs.get(runKey(2))?.metrics).toHaveLength(1);
  });

  it('wait for an experiment that is deleted, and go on when it is restored', async () => {
    const store = new MemoryStore();
    const experimentId = await store.createExperiment({ name: 'churn' });
    await store.deleteExperiment(experimentId);
    const drain = openTestDrain(store);
    drain.add(create(key));
    const work = drain.drain.deliverWindow();
    await drain.system.clock.runUntil(() => drain.warnings.length > 0);
    drain.system.clock.advance(60_000);
    expect(drain.counts().settled).toBe(0);
    expect(drain.warnings[0]).toMatch(/Experiment 'churn' \(id 1\) is deleted\. Restore it/);
    await store.restoreExperiment(experimentId);
    await drain.system.clock.runUntil(() => drain.counts().settled === 1);
    await work;
    expect(store.runs.size).toBe(1);
  });

  it('take the experiment that a rival made a moment before', async () => {
    const store = new MemoryStore();
    store.onCall = (method, name) => {
      if (method === 'createExperiment' && store.experiments.size === 0) {
        store.experiments.set('77', {
          experimentId: '77',
          name: (name as { name: string }).name,
          artifactLocation: '/a',
          lifecycleStage: 'active',
          creationTimeMs: 0,
          lastUpdateTimeMs: 0,
          tags: {},
        });
      }
      return undefined;
    };
    const drain = openTestDrain(store);
    drain.add(create(key));
    await drain.deliver();
    expect(store.runs.get(key)?.info.experimentId).toBe('77');
  });
});
