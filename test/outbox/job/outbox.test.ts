import { existsSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';
import { MlflowError } from '../../../src/errors.ts';
import type { Outbox, OutboxEvent, OutboxOptions } from '../../../src/outbox/contract.ts';
import { NodeDisk, nodeSystem } from '../../../src/outbox/machine/node-system.ts';
import type { OutboxInternals } from '../../../src/outbox/job/outbox.ts';
import { openOutbox } from '../../../src/outbox/job/outbox.ts';
import type { System } from '../../../src/outbox/machine/system.ts';
import { memoryOpeners } from '../memory-openers.ts';
import { MemoryStore, unavailable } from '../memory-store.ts';
import { tempFolder } from '../temp-folder.ts';
import { create, end, metric, runKey } from '../writes.ts';

const key = runKey(1);

interface Bench {
  readonly outbox: Outbox;
  readonly directory: string;
  readonly events: OutboxEvent[];
  readonly said: string[];
  /** Resolves once an event of this kind is there. */
  readonly seen: <K extends OutboxEvent['kind']>(kind: K) => Promise<Extract<OutboxEvent, { kind: K }>>;
}

function open(options: Partial<OutboxOptions> & OutboxInternals = {}): Bench {
  const folder = tempFolder();
  const events: OutboxEvent[] = [];
  const said: string[] = [];
  const waiting = new Set<() => void>();
  const { system, openers, workerUrl, ...rest } = options;
  const outbox = openOutbox(
    {
      directory: join(folder, 'rs'),
      trackingUri: `sqlite:///${join(folder, 'mlflow.db')}`,
      experimentName: 'churn',
      connection: {},
      artifactRoot: join(folder, 'artifacts'),
      env: {},
      onEvent: (event) => {
        events.push(event);
        for (const check of waiting) check();
      },
      ...rest,
    },
    {
      system: { ...(system ?? nodeSystem()), say: (line) => said.push(line) },
      ...(openers === undefined ? {} : { openers }),
      ...(workerUrl === undefined ? {} : { workerUrl }),
    },
  );
  onTestFinished(async () => void (await outbox.stop({ timeoutMs: 0 })));
  return {
    outbox,
    events,
    said,
    directory: rest.directory ?? join(folder, 'rs'),
    seen: (kind) =>
      new Promise((resolve) => {
        const check = (): void => {
          const event = events.find((each) => each.kind === kind);
          if (event === undefined) return;
          waiting.delete(check);
          // The cast: found by its kind.
          resolve(event as Extract<OutboxEvent, { kind: typeof kind }>);
        };
        waiting.add(check);
        check();
      }),
  };
}

function inline(store: MemoryStore, more: Partial<OutboxOptions> & OutboxInternals = {}): Bench {
  return open({ drain: 'inline', trackingUri: 'memory:', openers: memoryOpeners(store), ...more });
}

/** Both drains keep the same promises. */
describe.each(['worker', 'inline'] as const)('an outbox with its drain %s', (drain) => {
  it('delivers, tells the truth in stats, and leaves no folder', async () => {
    const { outbox, directory, events, seen } = open({ drain });
    outbox.append(create(key));
    for (let step = 0; step < 1000; step += 1) outbox.append(metric(key, step));
    const source = outbox.spoolBytes(Buffer.from('hello'));
    outbox.append({ kind: 'artifact', runKey: key, path: 'a.txt', source });
    outbox.append(end(key));
    expect(outbox.stats().pending).toBeGreaterThan(0);
    expect(await outbox.flush({ timeoutMs: 10_000 })).toEqual({
      isComplete: true,
      delivered: 1003,
      pending: 0,
      deadLettered: 0,
      durability: 'os',
    });
    expect(outbox.stats()).toMatchObject({
      accepted: 1003,
      delivered: 1003,
      pending: 0,
      refused: {},
      durability: 'os',
    });
    const { artifactUri } = await seen('created');
    expect(readFileSync(join(artifactUri, 'a.txt'), 'utf8')).toBe('hello');
    const run = await outbox.call('getRun', [key], { timeoutMs: 20_000 });
    expect(run.info).toMatchObject({ runId: key, status: 'FINISHED' });
    expect((await seen('ready')).experimentId).toBe(run.info.experimentId);
    expect(await outbox.stop({ timeoutMs: 20_000 })).toEqual({
      isComplete: true,
      delivered: 1003,
      pending: 0,
      deadLettered: 0,
      durability: 'os',
    });
    expect(readdirSync(directory)).toEqual(['.gitignore']);
    expect(events.filter((event) => event.kind === 'warning')).toEqual([]);
  });

  it('brings a store’s error back whole, and does calls behind what was accepted', async () => {
    const { outbox } = open({ drain });
    const error: unknown = await outbox.call('getRun', ['f'.repeat(32)], { timeoutMs: 20_000 }).catch((each) => each);
    expect(error).toBeInstanceOf(MlflowError);
    expect(error).toMatchObject({ errorCode: 'RESOURCE_DOES_NOT_EXIST', status: 404, isRetryable: false });
    outbox.append(create(key));
    outbox.append(metric(key, 7));
    const history = await outbox.call('getMetricHistory', [{ runId: key, key: 'loss' }], { timeoutMs: 20_000 });
    expect(history.items.map((each) => each.step)).toEqual([7]);
  });

  it('refuses after stop, with the reason counted', async () => {
    const { outbox } = open({ drain });
    const first = outbox.stop({ timeoutMs: 20_000 });
    expect(outbox.stop({ timeoutMs: 1 })).toBe(first);
    await first;
    expect(() => outbox.append(metric(key, 1))).toThrow(expect.objectContaining({ code: 'SERVICE_STOPPED' }));
    expect(outbox.stats().refused).toEqual({ stopped: 1 });
    await expect(outbox.call('getRun', [key], { timeoutMs: 1 })).rejects.toMatchObject({ code: 'SERVICE_STOPPED' });
    expect(await outbox.flush({ timeoutMs: 1 })).toMatchObject({ isComplete: true });
    outbox.drainInExit(10);
  });

  it('syncs first where asked to', async () => {
    const { outbox } = open({ drain, durability: 'fsync' });
    outbox.append(create(key));
    expect(await outbox.flush({ timeoutMs: 20_000 })).toMatchObject({ isComplete: true });
    expect(outbox.stats().durability).toBe('fsync');
  });
});

describe('an outbox whose store is away', () => {
  function away(): MemoryStore {
    return new MemoryStore({ onCall: () => ({ when: 'before', error: unavailable() }) });
  }

  it('ends flush, call and stop at their deadlines and keeps everything for the next start', async () => {
    const store = away();
    const { outbox, directory } = inline(store);
    outbox.append(create(key));
    outbox.append(metric(key, 1));
    expect(await outbox.flush({ timeoutMs: 20 })).toEqual({
      isComplete: false,
      delivered: 0,
      pending: 2,
      deadLettered: 0,
      durability: 'os',
    });
    await expect(outbox.call('getRun', [key], { timeoutMs: 20 })).rejects.toMatchObject({
      code: 'DEADLINE_EXCEEDED',
      message: expect.stringContaining('2 records before it'),
    });
    expect(await outbox.stop({ timeoutMs: 20 })).toEqual({
      isComplete: false,
      delivered: 0,
      pending: 2,
      deadLettered: 0,
      durability: 'os',
    });
    store.onCall = () => undefined;
    const next = inline(store, { directory });
    const reaped = await next.seen('reaped');
    expect(reaped).toMatchObject({ runKey: key, status: 'KILLED', reason: expect.stringContaining('stopped before') });
    expect(store.runs.get(key)?.metrics).toHaveLength(1);
    expect(await next.outbox.stop({ timeoutMs: 20_000 })).toMatchObject({ isComplete: true });
    expect(readdirSync(directory)).toEqual(['.gitignore']);
  });

  it('says in exit how much is left, where, and what delivers it', () => {
    const { outbox, directory, said } = inline(away());
    outbox.append(create(key));
    outbox.drainInExit(10);
    expect(said).toEqual([
      `runspan: 1 of 1 records were not delivered before the exit, and are kept in ${outbox.stats().directory}: the next start with RUNSPAN_DIR=${directory}, or 'runspan sync', delivers them.`,
    ]);
  });

  it('says that it was refused for good', async () => {
    const store = new MemoryStore();
    await store.createExperiment({ name: 'churn' });
    await store.deleteExperiment('1');
    const { seen } = inline(store);
    expect((await seen('refused')).error).toMatchObject({
      code: 'INVALID_CONFIG',
      message: expect.stringContaining("Experiment 'churn' (id 1) is deleted"),
    });
  });
});

describe('an outbox without a disk', () => {
  class FullDisk extends NodeDisk {
    isFull = false;

    override write(descriptor: number, bytes: Uint8Array): number {
      if (this.isFull) throw Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC' });
      return super.write(descriptor, bytes);
    }
  }

  it('delivers from memory when the disk is full, warns once, and says so in stats', async () => {
    const disk = new FullDisk();
    const system: System = { ...nodeSystem(), disk };
    const { outbox, events } = open({ system });
    outbox.append(create(key));
    disk.isFull = true;
    for (let step = 0; step < 300; step += 1) outbox.append(metric(key, step));
    expect(outbox.stats().durability).toBe('memory');
    expect(() => outbox.spoolBytes(Buffer.from('x'))).toThrow(expect.objectContaining({ code: 'OUTBOX_FULL' }));
    expect(await outbox.flush({ timeoutMs: 10_000 })).toMatchObject({ isComplete: true });
    const history = await outbox.call('getMetricHistory', [{ runId: key, key: 'loss' }], { timeoutMs: 20_000 });
    expect(history.items).toHaveLength(300);
    expect(outbox.stats()).toMatchObject({ accepted: 301, delivered: 301, refused: { spool: 1 } });
    expect(events.filter((event) => event.kind === 'warning')).toHaveLength(1);
  });

  it('works in memory where RUNSPAN_DIR cannot be made', async () => {
    const store = new MemoryStore();
    const folder = tempFolder();
    writeFileSync(join(folder, 'a file'), '');
    const { outbox, events, seen } = inline(store, { directory: join(folder, 'a file') });
    const file = join(folder, 'artifact');
    writeFileSync(file, 'x');
    expect(await outbox.spoolFile(file)).toMatchObject({ kind: 'file', file });
    outbox.append(create(key));
    outbox.append(metric(key, 1));
    expect(await outbox.flush({ timeoutMs: 20_000 })).toMatchObject({ isComplete: true });
    expect(outbox.stats()).toMatchObject({ durability: 'memory', delivered: 2 });
    await seen('warning');
    expect(events.filter((event) => event.kind === 'warning')).toHaveLength(1);
    expect(await outbox.stop({ timeoutMs: 20_000 })).toMatchObject({ isComplete: true });
  });

  it('works in memory on a read-only file system', async () => {
    class ReadOnly extends NodeDisk {
      override makeFolder(): void {
        throw Object.assign(new Error('EROFS: read-only file system, mkdir'), { code: 'EROFS' });
      }
    }
    const { outbox, seen } = inline(new MemoryStore(), { system: { ...nodeSystem(), disk: new ReadOnly() } });
    outbox.append(create(key));
    expect(await outbox.flush({ timeoutMs: 20_000 })).toMatchObject({ isComplete: true });
    expect(outbox.stats().durability).toBe('memory');
    expect((await seen('warning')).message).toMatch(/EROFS.*Set RUNSPAN_DIR/);
  });

  it('goes on in memory when its folder is deleted under it', async () => {
    const store = new MemoryStore();
    const { outbox, directory, seen } = inline(store);
    outbox.append(create(key));
    await outbox.flush({ timeoutMs: 20_000 });
    rmSync(directory, { recursive: true });
    expect((await seen('warning')).message).toMatch(/memory only/);
    outbox.append(metric(key, 1));
    expect(await outbox.flush({ timeoutMs: 20_000 })).toMatchObject({ isComplete: true });
    expect(store.runs.get(key)?.metrics).toHaveLength(1);
  });
});

describe('an outbox whose folder is deleted before the drain has read it', () => {
  it('counts what was lost with its folder as dead, and goes on', async () => {
    class Hidden extends NodeDisk {
      override openFile(): undefined {
        return undefined;
      }
    }
    const store = new MemoryStore();
    const { outbox, directory, seen, events } = inline(store, { system: { ...nodeSystem(), disk: new Hidden() } });
    outbox.append(create(key));
    rmSync(directory, { recursive: true });
    await seen('warning');
    outbox.append(create(runKey(2)));
    expect(await outbox.flush({ timeoutMs: 8000 })).toEqual({
      isComplete: true,
      delivered: 1,
      pending: 0,
      deadLettered: 1,
      durability: 'os',
    });
    expect(outbox.stats()).toMatchObject({ accepted: 2, delivered: 1, deadLettered: 1, pending: 0 });
    expect([...store.runs.keys()]).toEqual([runKey(2)]);
    expect(events.some((event) => event.kind === 'warning' && event.message.includes('are lost'))).toBe(true);
  });
});

describe('an outbox whose thread fails', () => {
  it('drains inline and says so once where the worker’s file is not there', async () => {
    const { outbox, seen, events } = open({ workerUrl: pathToFileURL('/absent/drain-worker.js') });
    outbox.append(create(key));
    expect(await outbox.flush({ timeoutMs: 20_000 })).toMatchObject({ isComplete: true });
    expect((await seen('warning')).message).toMatch(/bundled/);
    expect(events.filter((event) => event.kind === 'warning')).toHaveLength(1);
  });

  it('restarts a worker that dies, and what was accepted is delivered once', async () => {
    const folder = tempFolder();
    const mark = join(folder, 'died');
    const entry = join(folder, 'dies-once.ts');
    const real = new URL('../../../src/outbox/worker/drain-worker.ts', import.meta.url).href;
    writeFileSync(
      entry,
      `import fs from 'node:fs';
       if (!fs.existsSync(${JSON.stringify(mark)})) { fs.writeFileSync(${JSON.stringify(mark)}, ''); throw new Error('an early death'); }
       await import(${JSON.stringify(real)});`,
    );
    const { outbox, seen } = open({ workerUrl: pathToFileURL(entry) });
    outbox.append(create(key));
    for (let step = 0; step < 100; step += 1) outbox.append(metric(key, step));
    expect(await outbox.flush({ timeoutMs: 10_000 })).toMatchObject({ isComplete: true });
    expect(existsSync(mark)).toBe(true);
    expect((await seen('warning')).message).toMatch(/worker thread died \(an early death\)\. A new one goes on/);
    const history = await outbox.call('getMetricHistory', [{ runId: key, key: 'loss' }], { timeoutMs: 20_000 });
    expect(history.items).toHaveLength(100);
  });

  it('drains inline once its folder can be read again, where the worker keeps dying on a disk that fails', async () => {
    class Unreadable extends NodeDisk {
      failures = 2;

      override readText(file: string): string | undefined {
        if (!file.endsWith('state.json') || this.failures === 0) return super.readText(file);
        this.failures -= 1;
        throw Object.assign(new Error('EMFILE: too many open files'), { code: 'EMFILE' });
      }
    }
    const entry = join(tempFolder(), 'dies.mjs');
    writeFileSync(entry, `throw new Error('no way');`);
    const disk = new Unreadable();
    const { outbox, events } = open({ workerUrl: pathToFileURL(entry), system: { ...nodeSystem(), disk } });
    outbox.append(create(key));
    expect(await outbox.flush({ timeoutMs: 10_000 })).toMatchObject({ isComplete: true });
    expect(disk.failures).toBe(0);
    const warnings = events.flatMap((event) => (event.kind === 'warning' ? [event.message] : []));
    expect(warnings.filter((message) => message.includes('EMFILE'))).toEqual([
      expect.stringMatching(/cannot read its folder: EMFILE.* sent once that is mended/),
    ]);
  });

  it('fails calls under way and drains inline when the worker keeps dying', async () => {
    const entry = join(tempFolder(), 'dies.mjs');
    writeFileSync(entry, `throw new Error('no way');`);
    const { outbox, events } = open({ workerUrl: pathToFileURL(entry) });
    outbox.append(create(key));
    const call = outbox.call('getRun', [key], { timeoutMs: 10_000 });
    await expect(call).rejects.toMatchObject({ isAmbiguous: true });
    expect(await outbox.flush({ timeoutMs: 10_000 })).toMatchObject({ isComplete: true });
    const warnings = events.flatMap((event) => (event.kind === 'warning' ? [event.message] : []));
    expect(warnings).toEqual([
      expect.stringMatching(/died \(no way\)/),
      expect.stringMatching(/died \(no way\)/),
      expect.stringMatching(/died 3 times, at last of: no way/),
    ]);
  });
});

describe('spooling', () => {
  it('keeps a copy, so that the job may change its file', async () => {
    const { outbox } = inline(new MemoryStore());
    const file = join(tempFolder(), 'model.bin');
    writeFileSync(file, 'v1');
    const source = await outbox.spoolFile(file);
    writeFileSync(file, 'v2');
    expect(source.kind).toBe('spool');
    expect(readFileSync(join(outbox.stats().directory, 'spool', source.file), 'utf8')).toBe('v1');
  });

  it('takes a file that is too large to copy by reference', async () => {
    class NoClones extends NodeDisk {
      override async copy(source: string, target: string, how: 'clone' | 'bytes'): Promise<void> {
        if (how === 'clone') throw new Error('ENOTSUP');
        await super.copy(source, target, how);
      }
      override stat(path: string): ReturnType<NodeDisk['stat']> {
        const stat = super.stat(path);
        return stat === undefined || !path.endsWith('huge') ? stat : { ...stat, sizeBytes: 65 * 1024 * 1024 };
      }
    }
    const { outbox } = inline(new MemoryStore(), { system: { ...nodeSystem(), disk: new NoClones() } });
    const folder = tempFolder();
    for (const name of ['huge', 'small']) writeFileSync(join(folder, name), 'x');
    expect(await outbox.spoolFile(join(folder, 'huge'))).toMatchObject({ kind: 'file', sizeBytes: 65 * 1024 * 1024 });
    expect(await outbox.spoolFile(join(folder, 'small'))).toMatchObject({ kind: 'spool' });
  });

  it('rejects what cannot be read', async () => {
    const { outbox } = inline(new MemoryStore());
    for (const file of ['/absent/file', tempFolder()]) {
      await expect(outbox.spoolFile(file)).rejects.toMatchObject({ code: 'FILE_NOT_READABLE' });
    }
  });
});
