import { describe, expect, it } from 'vitest';
import type { Write } from '../../../src/model/write.ts';
import { folderPaths } from '../../../src/outbox/folder/folder.ts';
import { NodeDisk } from '../../../src/outbox/machine/node-system.ts';
import { openTestDrain } from '../deliveries.ts';
import { MemoryStore } from '../memory-store.ts';
import { tempFolder } from '../temp-folder.ts';
import { create, end, metric, runKey } from '../writes.ts';

const key = runKey(1);

describe('batches', () => {
  it('merges what belongs to one run into one request, up to the next fence', async () => {
    const store = new MemoryStore();
    const drain = openTestDrain(store);
    drain.add(create(key), metric(key, 1), { kind: 'tags', runKey: key, tags: [{ key: 'a', value: '1' }] });
    drain.add({ kind: 'params', runKey: key, params: [{ key: 'p', value: '1' }] }, metric(key, 2), end(key));
    await drain.deliver();
    expect(store.calls.filter((call) => call === 'logBatch')).toHaveLength(1);
    const run = store.runs.get(key);
    expect(run?.metrics.map((each) => each.step)).toEqual([1, 2]);
    expect(run?.info).toMatchObject({ status: 'FINISHED', endTimeMs: 1_700_000_009_000 });
    expect(drain.counts()).toEqual({ settled: 6, dead: 0 });
  });

  it('costs a bad metric among a thousand itself alone', async () => {
    const folder = tempFolder();
    const paths = folderPaths(folder, 'own');
    new NodeDisk().makeFolder(paths.spool);
    const store = new MemoryStore();
    const drain = openTestDrain(store, { paths });
    drain.add(create(key));
    for (let step = 0; step < 1000; step += 1) drain.add(metric(key, step, step === 617 ? 'bad one' : 'loss'));
    drain.add(end(key));
    await drain.deliver();
    expect(store.runs.get(key)?.metrics).toHaveLength(999);
    expect(drain.counts()).toEqual({ settled: 1002, dead: 1 });
    const letters = new NodeDisk().readText(paths.deadLetters)?.trim().split('\n') ?? [];
    expect(letters).toHaveLength(1);
    expect(JSON.parse(letters[0] ?? '')).toMatchObject({
      sequence: 619,
      reason: "Invalid key 'bad one'.",
      errorCode: 'INVALID_PARAMETER_VALUE',
      status: 400,
      record: metric(key, 617, 'bad one'),
    });
    expect(drain.warnings).toHaveLength(1);
  });

  it('keeps the good half of a write whose other half is refused', async () => {
    const store = new MemoryStore();
    const drain = openTestDrain(store);
    const tags = [
      { key: 'good', value: '1' },
      { key: 'bad', value: '2' },
    ];
    drain.add(create(key), { kind: 'tags', runKey: key, tags });
    await drain.deliver();
    expect(store.runs.get(key)?.tags.get('good')).toBe('1');
    expect(drain.counts()).toEqual({ settled: 2, dead: 1 });
  });

  it('puts a param that exists with another value into tag param.<key>, with one warning and no error', async () => {
    const store = new MemoryStore();
    const drain = openTestDrain(store);
    const param = (value: string): { kind: 'params'; runKey: string; params: { key: string; value: string }[] } => ({
      kind: 'params',
      runKey: key,
      params: [{ key: 'rate', value }],
    });
    drain.add(create(key), param('1'), param('1'));
    await drain.deliver();
    expect(drain.warnings).toEqual([]);
    drain.add(param('2'), param('1'), metric(key, 1));
    await drain.deliver();
    const run = store.runs.get(key);
    expect(run?.params.get('rate')).toBe('1');
    expect(run?.tags.get('param.rate')).toBe('1');
    expect(run?.tags.get('param.rate.history')).toBe('["1","2","1"]');
    expect(run?.metrics).toHaveLength(1);
    expect(drain.counts()).toEqual({ settled: 6, dead: 0 });
    expect(drain.warnings).toHaveLength(1);
  });

  it('resolves a param that changes within one batch in the same way', async () => {
    const store = new MemoryStore();
    const drain = openTestDrain(store);
    const params = ['1', '2', '1'].map((value) => ({ key: 'rate', value }));
    drain.add(create(key), { kind: 'params', runKey: key, params });
    await drain.deliver();
    expect(store.runs.get(key)?.params.get('rate')).toBe('1');
    expect(store.runs.get(key)?.tags.get('param.rate')).toBe('1');
    expect(store.runs.get(key)?.tags.get('param.rate.history')).toBe('["1","2","1"]');
    expect(drain.counts().dead).toBe(0);
  });

  const setRate = (of: string, value: string): Write => ({
    kind: 'params',
    runKey: of,
    params: [{ key: 'rate', value }],
  });

  it('keeps every value of a param that changes over several resumes in its order, its first one again too', async () => {
    const store = new MemoryStore();
    const first = openTestDrain(store);
    first.add(create(key), setRate(key, '1'), end(key));
    await first.deliver();
    let next = 2;
    for (const values of [['2', '3'], ['3'], ['1'], ['2', '2']]) {
      const again = runKey(next++);
      const drain = openTestDrain(store);
      drain.add(create(again, { resumeRunId: key }), ...values.map((value) => setRate(again, value)), end(again));
      await drain.deliver();
      expect(drain.counts().dead).toBe(0);
    }
    const run = store.runs.get(key);
    expect(Object.fromEntries(run?.params ?? [])).toEqual({ rate: '1' });
    expect(run?.tags.get('param.rate')).toBe('2');
    expect(run?.tags.get('param.rate.history')).toBe('["1","2","3","1","2"]');
  });

  it('adds nothing to the history of a param where records are sent once more after a crash', async () => {
    const store = new MemoryStore();
    const writes = [create(key), setRate(key, '1'), setRate(key, '2'), setRate(key, '3'), setRate(key, '2')];
    const first = openTestDrain(store);
    first.add(...writes);
    await first.deliver();
    const second = openTestDrain(store, { replayedThrough: writes.length });
    for (const write of [...writes, setRate(key, '4')]) {
      second.add(write);
      await second.deliver();
    }
    expect(store.runs.get(key)?.tags.get('param.rate.history')).toBe('["1","2","3","2","4"]');
    expect(store.runs.get(key)?.tags.get('param.rate')).toBe('4');
  });

  it('tells long values apart that begin alike', async () => {
    const store = new MemoryStore();
    const drain = openTestDrain(store);
    const long = 'x'.repeat(2000);
    drain.add(create(key), setRate(key, `${long}1`), setRate(key, `${long}2`), setRate(key, `${long}2`));
    await drain.deliver();
    const tags = store.runs.get(key)?.tags;
    expect(tags?.get('param.rate')).toBe(`${long}2`);
    expect(JSON.parse(tags?.get('param.rate.history') ?? '')).toHaveLength(2);
  });

  it('keeps the history of a param within a tag: the first value and the last ones', async () => {
    const store = new MemoryStore();
    const drain = openTestDrain(store);
    drain.add(create(key));
    for (let at = 0; at < 40; at += 1) drain.add(setRate(key, `${at} ${'x'.repeat(300)}`));
    await drain.deliver();
    const history = store.runs.get(key)?.tags.get('param.rate.history') ?? '';
    expect(history.length).toBeLessThanOrEqual(8000);
    const values = (JSON.parse(history) as string[]).map((value) => value.split(' ')[0]);
    expect(values.slice(0, 2)).toEqual(['0', '…']);
    expect(values.at(-1)).toBe('39');
    expect(values.length).toBeGreaterThan(20);
  });

  it('lets the last write of a tag win', async () => {
    const store = new MemoryStore();
    const drain = openTestDrain(store);
    for (const value of ['1', '2', '3']) drain.add({ kind: 'tags', runKey: key, tags: [{ key: 'a', value }] });
    drain.system.clock.advance(1);
    const withRun = openTestDrain(store);
    withRun.add(
      create(key),
      ...['1', '2', '3'].map((value) => ({ kind: 'tags' as const, runKey: key, tags: [{ key: 'a', value }] })),
    );
    await withRun.deliver();
    expect(store.runs.get(key)?.tags.get('a')).toBe('3');
  });

  it('writes off everything for a run that was deleted, with one question to the store', async () => {
    const store = new MemoryStore();
    const drain = openTestDrain(store);
    drain.add(create(key));
    await drain.deliver();
    await store.deleteRun(key);
    store.calls.length = 0;
    for (let step = 0; step < 500; step += 1) drain.add(metric(key, step));
    await drain.deliver();
    expect(store.calls).toEqual(['logBatch', 'getRun']);
    expect(drain.counts()).toEqual({ settled: 501, dead: 500 });
  });

  it('delivers NaN and the infinities as numbers', async () => {
    const store = new MemoryStore();
    const drain = openTestDrain(store);
    drain.add(create(key));
    for (const value of ['NaN', 'Infinity', '-Infinity'] as const) drain.add({ ...metric(key, 1), value });
    await drain.deliver();
    expect(store.runs.get(key)?.metrics.map((each) => each.value)).toEqual([Number.NaN, Infinity, -Infinity]);
  });

  it('delivers what comes after the end without reopening the run', async () => {
    for (const chosenRunId of [true, false]) {
      const store = new MemoryStore({ chosenRunId });
      const drain = openTestDrain(store);
      drain.add(create(key), end(key, 'FAILED'), metric(key, 1));
      await drain.deliver();
      const [run] = store.activeRuns();
      expect(run?.info.status).toBe('FAILED');
      expect(run?.metrics).toHaveLength(1);
    }
  });
});
