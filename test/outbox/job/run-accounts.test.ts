// stats().runs: what became of each run's records, equal to the whole, whatever the store refuses and whichever drain dies.
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { OutboxStats, RunAccount } from '../../../src/outbox/contract.ts';
import { openOutbox } from '../../../src/outbox/job/outbox.ts';
import type { Outbox } from '../../../src/outbox/contract.ts';
import { memoryOpeners } from '../memory-openers.ts';
import { MemoryStore } from '../memory-store.ts';
import { tempFolder } from '../temp-folder.ts';
import { create, end, metric, runKey } from '../writes.ts';

const [first, second, third] = [runKey(1), runKey(2), runKey(3)];

function open(store: MemoryStore, isOffline = false): Outbox {
  const folder = tempFolder();
  return openOutbox(
    {
      directory: join(folder, '.runspan'),
      trackingUri: 'memory:',
      experimentName: 'churn',
      connection: {},
      artifactRoot: folder,
      drain: 'inline',
      isOffline,
      env: {},
      onEvent: () => undefined,
    },
    { openers: memoryOpeners(store, new Map()) },
  );
}

/** The runs' rows added up, and whether each adds up in itself. */
function sumOf({ runs }: Pick<OutboxStats, 'runs'>): RunAccount {
  const total = { accepted: 0, delivered: 0, pending: 0, deadLettered: 0 };
  for (const { accepted, delivered, pending, deadLettered } of Object.values(runs)) {
    expect(accepted).toBe(delivered + pending + deadLettered);
    total.accepted += accepted;
    total.delivered += delivered;
    total.pending += pending;
    total.deadLettered += deadLettered;
  }
  return total;
}

describe('the accounts of runs', () => {
  it('add up to the whole, with what the store refused of one and what is pending of another', async () => {
    const store = new MemoryStore();
    const outbox = open(store);
    const refused = { ...metric(second, 1), key: 'bad one' };
    for (const write of [create(first), create(second), create(third)]) outbox.append(write);
    for (let step = 0; step < 400; step += 1) {
      outbox.append(metric(first, step));
      if (step % 4 === 0) outbox.append(metric(second, step));
    }
    outbox.append(refused);
    outbox.append(end(first));
    const result = await outbox.flush({ timeoutMs: 20_000 });
    const stats = outbox.stats();
    expect(result).toEqual({ isComplete: true, delivered: 504, pending: 0, deadLettered: 1, durability: 'os' });
    expect(stats.runs).toEqual({
      [first]: { accepted: 402, delivered: 402, pending: 0, deadLettered: 0 },
      [second]: { accepted: 102, delivered: 101, pending: 0, deadLettered: 1 },
      [third]: { accepted: 1, delivered: 1, pending: 0, deadLettered: 0 },
    });
    expect(sumOf(stats)).toEqual({ accepted: 505, delivered: 504, pending: 0, deadLettered: 1 });
    outbox.append(metric(first, 401));
    await outbox.flush({ timeoutMs: 20_000 });
    expect(outbox.stats().runs[first]).toEqual({ accepted: 403, delivered: 403, pending: 0, deadLettered: 0 });
    await outbox.stop({ timeoutMs: 20_000 });
    expect(sumOf(outbox.stats())).toMatchObject({ accepted: 506, delivered: 505, pending: 0, deadLettered: 1 });
  });

  it('say what waits where nothing is sent', async () => {
    const outbox = open(new MemoryStore(), true);
    for (const write of [create(first), metric(first, 1), create(second), end(second)]) outbox.append(write);
    expect(await outbox.stop({ timeoutMs: 20_000 })).toEqual({
      isComplete: false,
      delivered: 0,
      pending: 4,
      deadLettered: 0,
      durability: 'os',
    });
    expect(outbox.stats().runs).toEqual({
      [first]: { accepted: 2, delivered: 0, pending: 2, deadLettered: 0 },
      [second]: { accepted: 2, delivered: 0, pending: 2, deadLettered: 0 },
    });
  });

  it('forget runs that have ended and are delivered, and none that is open or has something pending', async () => {
    const store = new MemoryStore();
    const outbox = open(store);
    outbox.append(create(first));
    for (let at = 10; at < 400; at += 1)
      for (const write of [create(runKey(at)), end(runKey(at))]) outbox.append(write);
    await outbox.flush({ timeoutMs: 10_000 });
    outbox.append(metric(first, 1));
    await outbox.flush({ timeoutMs: 10_000 });
    const { runs } = outbox.stats();
    expect(runs[first]).toEqual({ accepted: 2, delivered: 2, pending: 0, deadLettered: 0 });
    expect(Object.keys(runs).length).toBeLessThanOrEqual(102);
    await outbox.stop({ timeoutMs: 20_000 });
  });
});
