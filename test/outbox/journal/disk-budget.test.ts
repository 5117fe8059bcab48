// How much of the disk a journal may take, and what becomes of what has no room.
import { describe, expect, it, onTestFinished } from 'vitest';
import { openOutbox } from '../../../src/outbox/job/outbox.ts';
import type { Outbox, OutboxEvent } from '../../../src/outbox/contract.ts';
import { DiskBudget, type DiskBudgetOptions } from '../../../src/outbox/journal/disk-budget.ts';
import { fakeSystem } from '../fake-system.ts';
import { memoryOpeners } from '../memory-openers.ts';
import { MemoryStore, unavailable } from '../memory-store.ts';
import { tempFolder } from '../temp-folder.ts';
import { create, end, metric, runKey } from '../writes.ts';

const key = runKey(1);

function makeBudget(more: Partial<DiskBudgetOptions> = {}): { budget: DiskBudget; warnings: string[] } {
  const warnings: string[] = [];
  const budget = new DiskBudget({
    maxBytes: 1000,
    policy: 'refuse',
    blockTimeoutMs: 100,
    settledThrough: () => 0,
    awaitSettled: () => false,
    nowMs: () => 0,
    onWarning: (message) => warnings.push(message),
    ...more,
  });
  budget.openSegment();
  return { budget, warnings };
}

describe('a budget', () => {
  it('takes what fits, warns once well before the end, and then takes no more', () => {
    const { budget, warnings } = makeBudget();
    budget.note(700, 1);
    expect(warnings).toEqual([]);
    budget.note(150, 2);
    budget.note(50, 3);
    expect(warnings).toEqual([expect.stringMatching(/beyond that, what is logged is refused and counted\. Bring/)]);
    expect([budget.hasRoomFor(100), budget.hasRoomFor(101), budget.usedBytes]).toEqual([true, false, 900]);
  });

  it('has the room of files that are settled, but for the one that is written to', () => {
    let settled = 0;
    const { budget } = makeBudget({ settledThrough: () => settled });
    budget.note(600, 10);
    budget.openSegment();
    budget.note(400, 20);
    settled = 9;
    expect(budget.hasRoomFor(1)).toBe(false);
    settled = 20;
    expect(budget.hasRoomFor(600)).toBe(true);
    expect(budget.hasRoomFor(601)).toBe(false);
  });

  it('waits for the drain where it may, until there is room or the time is over', () => {
    let settled = 0;
    let nowMs = 0;
    const waits: number[] = [];
    const awaitSettled = (timeoutMs: number): boolean => {
      waits.push(timeoutMs);
      nowMs += 30;
      settled += 5;
      return true;
    };
    const { budget } = makeBudget({ policy: 'block', settledThrough: () => settled, awaitSettled, nowMs: () => nowMs });
    budget.note(1000, 10);
    budget.openSegment();
    expect(budget.hasRoomFor(10)).toBe(true);
    expect(waits).toEqual([100, 70]);
    budget.note(995, 1000);
    expect(budget.hasRoomFor(10)).toBe(false);
    expect(waits).toHaveLength(6);
  });
});

it('waits in vain once, and again when the drain has settled something', () => {
  let settled = 0;
  let nowMs = 0;
  let waits = 0;
  const awaitSettled = (timeoutMs: number): boolean => {
    waits += 1;
    nowMs += timeoutMs;
    return false;
  };
  const { budget } = makeBudget({ policy: 'block', settledThrough: () => settled, awaitSettled, nowMs: () => nowMs });
  budget.note(1000, 10);
  for (let calls = 0; calls < 3; calls += 1) expect(budget.hasRoomFor(10)).toBe(false);
  expect({ waits, nowMs }).toEqual({ waits: 1, nowMs: 100 });
  settled = 5;
  for (let calls = 0; calls < 3; calls += 1) expect(budget.hasRoomFor(10)).toBe(false);
  expect({ waits, nowMs }).toEqual({ waits: 2, nowMs: 200 });
});

describe('an outbox with a budget', () => {
  function open(maxBytes: number): { outbox: Outbox; store: MemoryStore; events: OutboxEvent[] } {
    const store = new MemoryStore({ onCall: () => ({ when: 'before', error: unavailable() }) });
    const events: OutboxEvent[] = [];
    const outbox = openOutbox(
      {
        directory: tempFolder(),
        trackingUri: 'http://127.0.0.1:9',
        experimentName: 'churn',
        connection: {},
        artifactRoot: '/artifacts',
        drain: 'inline',
        budget: { maxBytes, policy: 'block', blockTimeoutMs: 60_000 },
        env: {},
        onEvent: (event) => events.push(event),
      },
      { system: fakeSystem(), openers: memoryOpeners(store), segmentBytes: 500 },
    );
    onTestFinished(() => void outbox.stop({ timeoutMs: 0 }));
    return { outbox, store, events };
  }

  it('refuses what has no room, counts it, and takes the end of the run all the same', () => {
    const { outbox } = open(2000);
    outbox.append(create(key));
    let taken = 1;
    // An inline drain delivers nothing while its thread waits, so that nobody waits for it.
    expect(() => {
      for (; taken < 100; taken += 1) outbox.append(metric(key, taken));
    }).toThrow(
      expect.objectContaining({
        code: 'OUTBOX_FULL',
        message: expect.stringMatching(/raise maxJournalBytes/) as string,
      }),
    );
    outbox.append(end(key));
    expect(taken).toBeGreaterThan(3);
    expect(outbox.stats()).toMatchObject({ accepted: taken + 1, refused: { 'journal-full': 1 } });
  });
});
