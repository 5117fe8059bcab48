import { readFileSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { Outbox, OutboxOptions } from '../../../src/outbox/contract.ts';
import { NodeDisk, nodeSystem } from '../../../src/outbox/machine/node-system.ts';
import { openOutbox } from '../../../src/outbox/job/outbox.ts';
import { memoryOpeners } from '../memory-openers.ts';
import { MemoryStore, unavailable } from '../memory-store.ts';
import { tempFolder } from '../temp-folder.ts';
import { create, metric, runKey } from '../writes.ts';

const key = runKey(1);
const SYNC = 'sync journal-000001.log';

class Syncing extends NodeDisk {
  readonly order: string[] = [];

  override sync(file: string): void {
    this.order.push(`sync ${basename(file)}`);
    super.sync(file);
  }
}

interface Bench {
  readonly outbox: Outbox;
  /** Syncs, and what was asked of the store. */
  readonly order: string[];
  readonly store: MemoryStore;
  /** Resolves once the run is in the store. */
  readonly created: Promise<void>;
  readonly warnings: readonly string[];
}

function open(options: Partial<OutboxOptions> = {}, disk = new Syncing()): Bench {
  const warnings: string[] = [];
  const { order } = disk;
  const store = new MemoryStore({ onCall: (method) => void order.push(method) });
  const { promise: created, resolve } = Promise.withResolvers<void>();
  const outbox = openOutbox(
    {
      directory: join(tempFolder(), 'rs'),
      trackingUri: 'memory:',
      experimentName: 'churn',
      connection: {},
      artifactRoot: '/artifacts',
      env: {},
      drain: 'inline',
      durability: 'fsync',
      onEvent: (event) => {
        if (event.kind === 'created') resolve();
        if (event.kind === 'warning') warnings.push(event.message);
      },
      ...options,
    },
    { system: { ...nodeSystem(), disk }, openers: memoryOpeners(store) },
  );
  onTestFinished(async () => void (await outbox.stop({ timeoutMs: 0 })));
  return { outbox, order, store, created, warnings };
}

/** Has the drain wait for a store that is away, so that it reads no further, with one record more in the journal. */
async function openAway({ disk = new Syncing() } = {}): Promise<Bench> {
  const bench = open({}, disk);
  const { outbox, order, store, created } = bench;
  outbox.append(create(key));
  await created;
  const { promise: asked, resolve } = Promise.withResolvers<void>();
  store.onCall = () => {
    resolve();
    return { when: 'before', error: unavailable() };
  };
  outbox.append(metric(key, 1));
  await asked;
  outbox.append(metric(key, 2));
  order.length = 0;
  return bench;
}

it('brings records to the disk before they are sent, also where nobody waits for them', async () => {
  const { outbox, order, created } = open();
  outbox.append(create(key));
  await created;
  expect(order.indexOf(SYNC)).toBeGreaterThanOrEqual(0);
  expect(order.indexOf(SYNC)).toBeLessThan(order.indexOf('createRun'));
});

it.each(['flush', 'stop'] as const)('is what %s() waits for, also where the store is away', async (how) => {
  const { outbox, order } = await openAway();
  await outbox[how]({ timeoutMs: 250 });
  expect(order).toContain(SYNC);
});

it.each(['flush', 'stop'] as const)('is what %s() waits for where nothing is sent', async (how) => {
  const { outbox, order } = open({ isOffline: true });
  outbox.append(create(key));
  await outbox[how]({ timeoutMs: 1000 });
  expect(order).toContain(SYNC);
});

it('is not what the default pays for', async () => {
  const { outbox, order } = open({ durability: 'os' });
  outbox.append(create(key));
  await outbox.flush({ timeoutMs: 20_000 });
  expect(order).toContain('createRun');
  expect(order).not.toContain(SYNC);
});

describe('a sync that fails', () => {
  /** As Linux does it: what could not be written is forgotten, and the next sync has nothing to say of it. */
  class Forgetful extends Syncing {
    failing: string | undefined;

    override sync(file: string): void {
      if (this.failing !== undefined && file.endsWith(this.failing))
        throw Object.assign(new Error('EIO: i/o error, fsync'), { code: 'EIO' });
      super.sync(file);
    }
  }

  it('is told by flush() and stats()', async () => {
    const disk = new Forgetful();
    const { outbox } = await openAway({ disk });
    disk.failing = 'journal-000001.log';
    expect(await outbox.flush({ timeoutMs: 250 })).toMatchObject({ isComplete: false, durability: 'os' });
    expect(outbox.stats().durability).toBe('os');
  });

  it('is healed by writing the segment anew, once the job writes to the next one', async () => {
    const disk = new Forgetful();
    const { outbox } = await openAway({ disk });
    const file = join(outbox.stats().directory, 'journal-000001.log');
    const before = { text: readFileSync(file, 'utf8'), node: statSync(file).ino };
    disk.failing = 'journal-000001.log';
    await outbox.flush({ timeoutMs: 250 });
    disk.failing = undefined;
    expect(await outbox.flush({ timeoutMs: 250 })).toMatchObject({ isComplete: false, durability: 'fsync' });
    expect(outbox.stats().durability).toBe('fsync');
    expect(readFileSync(file, 'utf8')).toBe(before.text);
    expect(statSync(file).ino).not.toBe(before.node);
    expect(disk.order).not.toContain(SYNC);
  });

  it('is not healed by the next one that succeeds, where the segment cannot be written anew', async () => {
    const disk = new Forgetful();
    const { outbox } = await openAway({ disk });
    disk.failing = 'journal-000001.log';
    await outbox.flush({ timeoutMs: 250 });
    disk.replaceText = () => {
      throw Object.assign(new Error('EIO: i/o error, write'), { code: 'EIO' });
    };
    disk.failing = undefined;
    expect(await outbox.flush({ timeoutMs: 250 })).toMatchObject({ durability: 'os' });
  });

  it('is warned of once, and costs no delivery', async () => {
    const disk = new Forgetful();
    disk.failing = '.log';
    const { outbox, created, warnings } = open({}, disk);
    outbox.append(create(key));
    await created;
    outbox.append(metric(key, 1));
    expect(await outbox.flush({ timeoutMs: 20_000 })).toMatchObject({ isComplete: true, delivered: 2 });
    expect(warnings).toEqual([expect.stringMatching(/could not be synced \(EIO.*maybe no power cut/)]);
  });
});
