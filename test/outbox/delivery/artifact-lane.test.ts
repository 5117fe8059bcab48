import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { MlflowError } from '../../../src/errors.ts';
import { folderPaths } from '../../../src/outbox/folder/folder.ts';
import type { FolderPaths } from '../../../src/outbox/folder/folder.ts';
import { NodeDisk } from '../../../src/outbox/machine/node-system.ts';
import type { Write } from '../../../src/model/write.ts';
import { openTestDrain } from '../deliveries.ts';
import type { TestDrain } from '../deliveries.ts';
import { MemoryStore, unavailable } from '../memory-store.ts';
import { tempFolder } from '../temp-folder.ts';
import { create, end, metric, runKey } from '../writes.ts';

const key = runKey(1);
const other = runKey(2);

interface Bench {
  readonly paths: FolderPaths;
  readonly store: MemoryStore;
  readonly drain: TestDrain;
  /** Paths whose uploads answer 500, or hang. */
  readonly poisoned: Set<string>;
  readonly hanging: Map<string, () => void>;
}

function ownFolder(): FolderPaths {
  const paths = folderPaths(tempFolder(), 'own');
  new NodeDisk().makeFolder(paths.spool);
  return paths;
}

function open(paths: FolderPaths = ownFolder(), store: MemoryStore = new MemoryStore()): Bench {
  const poisoned = new Set<string>();
  const hanging = new Map<string, () => void>();
  const onPut = async (path: string): Promise<void> => {
    if (hanging.has(path)) await new Promise<void>((resolve) => hanging.set(path, resolve));
    if (poisoned.has(path)) throw failure(500);
  };
  return { paths, store, poisoned, hanging, drain: openTestDrain(store, { paths, onPut }) };
}

function failure(status: number): MlflowError {
  return new MlflowError('No such bucket.', { errorCode: 'INTERNAL_ERROR', status, isRetryable: true });
}

function artifact(paths: FolderPaths, name: string, run: string = key): Write {
  writeFileSync(join(paths.spool, name), name);
  return { kind: 'artifact', runKey: run, path: name, source: { kind: 'spool', file: name } };
}

function taken(drain: TestDrain): readonly string[] {
  return [...drain.uploads.values()];
}

describe('an artifact that does not get through', () => {
  it('holds up neither what is behind it nor the end of its run, and is delivered once it can be', async () => {
    const { drain, store, paths, poisoned } = open();
    poisoned.add('a');
    drain.add(create(key), artifact(paths, 'a'), metric(key, 1), create(other), artifact(paths, 'b', other));
    drain.add(metric(other, 1), end(other), end(key));
    await drain.deliver();
    expect(store.runs.get(key)?.info.status).toBe('FINISHED');
    expect(store.runs.get(other)?.info.status).toBe('FINISHED');
    expect(taken(drain)).toEqual(['b']);
    expect(drain.state).toMatchObject({ settledThrough: 8, completeThrough: 1, doneCount: 7, deadLettered: 0 });
    expect(drain.warnings).toEqual([expect.stringMatching(/'a' does not get through for now: No such bucket/)]);
    expect(existsSync(join(paths.spool, 'a'))).toBe(true);
    poisoned.clear();
    await drain.system.clock.runUntil(() => drain.state.completeThrough === 8);
    expect(taken(drain)).toEqual(['b', 'a']);
    expect(drain.state).toMatchObject({ doneCount: 8, deadLettered: 0 });
    expect(existsSync(join(paths.spool, 'a'))).toBe(false);
  });

  it('keeps the order, artifact before status, while the store itself is away', async () => {
    const { drain, store, paths, poisoned } = open();
    drain.add(create(key), artifact(paths, 'a'));
    let isAway = false;
    store.onCall = () => (isAway ? { when: 'before', error: unavailable() } : undefined);
    poisoned.add('a');
    drain.add(end(key));
    isAway = true;
    const work = drain.deliver();
    await drain.system.clock.runUntil(() => store.calls.length > 6);
    expect(drain.state.aside.lowest).toBeUndefined();
    isAway = false;
    poisoned.clear();
    await work;
    expect(taken(drain)).toEqual(['a']);
    expect(drain.state.completeThrough).toBe(3);
  });

  it('survives a kill: the next drain of the folder delivers it, and counts it once', async () => {
    const { drain, store, paths, poisoned } = open();
    poisoned.add('a').add('b');
    drain.add(create(key), artifact(paths, 'a'), artifact(paths, 'b'), end(key));
    await drain.deliver();
    drain.lane.close();
    const again = open(paths, store);
    again.poisoned.add('b');
    expect(again.drain.state).toMatchObject({ settledThrough: 4, completeThrough: 1, doneCount: 2 });
    again.drain.lane.start();
    await again.drain.system.clock.runUntil(() => again.drain.state.completeThrough === 2);
    again.drain.lane.close();
    const third = open(paths, store).drain;
    expect(third.state).toMatchObject({ settledThrough: 4, completeThrough: 2, doneCount: 3 });
    third.lane.start();
    await third.system.clock.runUntil(() => third.state.completeThrough === 4);
    expect(taken(third)).toEqual(['b']);
  });

  it('is not asked for again where the crash came before its end was passed by the watermark', async () => {
    const { drain, store, paths, poisoned } = open();
    poisoned.add('a').add('c');
    drain.add(create(key), artifact(paths, 'a'), artifact(paths, 'c'));
    await drain.deliver();
    poisoned.clear();
    await drain.system.clock.runUntil(() => drain.state.completeThrough === 3);
    // The state as it was saved before all that; the journal is read again from there.
    for (const file of [paths.state, paths.stateCopy]) new NodeDisk().removeFile(file);
    const again = open(paths, store).drain;
    again.add(create(key), artifact(paths, 'a'), artifact(paths, 'c'));
    new NodeDisk().removeFile(join(paths.spool, 'a'));
    await again.deliver();
    expect(again.state).toMatchObject({ completeThrough: 3, doneCount: 3, deadLettered: 0 });
    expect(taken(again)).toEqual([]);
  });

  it('goes on beside the others when it takes long', async () => {
    const { drain, store, paths, hanging } = open();
    hanging.set('big', () => undefined);
    drain.add(create(key), artifact(paths, 'big'), metric(key, 1));
    await drain.deliver();
    expect(store.runs.get(key)?.metrics).toHaveLength(1);
    expect(drain.lane.isBusy).toBe(true);
    expect(drain.state).toMatchObject({ settledThrough: 3, completeThrough: 1, doneCount: 2 });
    hanging.get('big')?.();
    await drain.system.clock.runUntil(() => drain.state.completeThrough === 3);
    expect(taken(drain)).toEqual(['big']);
    expect(drain.lane.isBusy).toBe(false);
  });

  it('is dead-lettered when the server refuses it later, and counts so, also after a restart', async () => {
    const { drain, paths, poisoned, store } = open();
    poisoned.add('a');
    drain.add(create(key), artifact(paths, 'a'), metric(key, 1));
    await drain.deliver();
    new NodeDisk().removeFile(join(paths.spool, 'a'));
    await drain.system.clock.runUntil(() => drain.state.completeThrough === 3);
    expect(drain.state).toMatchObject({ doneCount: 3, deadLettered: 1 });
    expect(readFileSync(paths.deadLetters, 'utf8')).toMatch(/^\{"sequence":2,.*kept copy of artifact 'a' is gone/);
    expect(open(paths, store).drain.state).toMatchObject({ completeThrough: 3, doneCount: 3, deadLettered: 1 });
  });

  it('does not make each of a thousand wait: once two in a row fail, the next go straight to the lane', async () => {
    const { drain, paths, poisoned } = open();
    const names = Array.from({ length: 1000 }, (_, index) => `f${index}`);
    for (const name of names) poisoned.add(name);
    drain.add(create(key), ...names.map((name) => artifact(paths, name)), metric(key, 1));
    const beforeMs = drain.system.clock.monotonicMs();
    await drain.deliver();
    expect(drain.system.clock.monotonicMs() - beforeMs).toBeLessThan(30_000);
    expect(drain.state).toMatchObject({ settledThrough: 1002, doneCount: 2 });
    poisoned.clear();
    await drain.system.clock.runUntil(() => drain.state.completeThrough === 1002);
    expect(taken(drain)).toHaveLength(1000);
    // All of it is noted as done: nothing is left for the next one.
    expect(open(paths).drain.state.completeThrough).toBe(1002);
  });

  it('stays in its place where the disk cannot note that it was set aside', async () => {
    const { drain, paths, poisoned } = open();
    poisoned.add('a');
    new NodeDisk().makeFolder(paths.setAside);
    drain.add(create(key), artifact(paths, 'a'), metric(key, 1));
    const work = drain.deliver();
    await drain.system.clock.runUntil(() => drain.system.clock.monotonicMs() > 60_000);
    expect(drain.state.settledThrough).toBe(1);
    poisoned.clear();
    await work;
    expect(drain.state.completeThrough).toBe(3);
  });

  it('is tried once more when somebody waits for the end, and then no longer waited for', async () => {
    const { drain, paths, poisoned } = open();
    poisoned.add('a');
    drain.add(create(key), artifact(paths, 'a'));
    await drain.deliver();
    await drain.system.clock.runUntil(() => !drain.lane.isBusy);
    drain.lane.hurry();
    expect(drain.lane.isBusy).toBe(true);
    await drain.system.clock.runUntil(() => !drain.lane.isBusy);
    expect(drain.state.completeThrough).toBe(1);
  });
});
