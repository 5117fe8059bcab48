import fc from 'fast-check';
import { readFileSync, readdirSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { RunspanError } from '../../../src/errors.ts';
import type { Write } from '../../../src/model/write.ts';
import type { JournalOptions } from '../../../src/outbox/journal/journal.ts';
import { Journal } from '../../../src/outbox/journal/journal.ts';
import type { MemoryBlock } from '../../../src/outbox/journal/memory-queue.ts';
import { NodeDisk } from '../../../src/outbox/machine/node-system.ts';
import { RecordSource } from '../../../src/outbox/journal/record-source.ts';
import { SegmentReader } from '../../../src/outbox/journal/segment-reader.ts';
import type { FakeSystem } from '../fake-system.ts';
import { fakeSystem, settle } from '../fake-system.ts';
import { tempFolder } from '../temp-folder.ts';
import { anyWrite } from '../any-write.ts';
import { metric, runKey } from '../writes.ts';

interface Bench {
  readonly journal: Journal;
  readonly system: FakeSystem;
  readonly folder: string;
  readonly blocks: MemoryBlock[];
  readonly warnings: string[];
  readonly accepted: number[];
  settled: number;
}

function open(options: Partial<JournalOptions> & { disk?: NodeDisk } = {}): Bench {
  const { disk, ...more } = options;
  const bench = {
    system: fakeSystem(disk === undefined ? {} : { disk }),
    folder: tempFolder(),
    blocks: [] as MemoryBlock[],
    warnings: [] as string[],
    accepted: [] as number[],
    settled: 0,
  };
  const journal = new Journal({
    system: bench.system,
    folder: bench.folder,
    onMemory: (block) => bench.blocks.push(block),
    onAccepted: (count) => bench.accepted.push(count),
    settledThrough: () => bench.settled,
    onWarning: (message) => bench.warnings.push(message),
    ...more,
  });
  return Object.assign(bench, { journal });
}

function readAll(folder: string, isLive = false): { writes: Write[]; damage: number; lost: number } {
  const disk = new NodeDisk();
  const reader = new SegmentReader({ disk, folder, isLive });
  const source = new RecordSource({ reader, clock: fakeSystem().clock, isLive, settledThrough: 0 });
  const writes: Write[] = [];
  let damage = 0;
  let lost = 0;
  let last = 0;
  for (;;) {
    const window = source.take({ maxCount: 100 });
    for (const each of window.damage) damage += each.bytes;
    for (const each of window.losses) lost += each.count;
    if (window.lastSequence === 0) break;
    for (const { sequence, write } of window.entries) {
      expect(sequence).toBeGreaterThan(last);
      last = sequence;
      writes.push(write);
    }
  }
  reader.close();
  return { writes, damage, lost };
}

/** A disk that fails when told. */
class FailingDisk extends NodeDisk {
  fault: 'none' | 'short' | 'ENOSPC' = 'none';
  faultsLeft: number = Number.POSITIVE_INFINITY;

  override write(descriptor: number, bytes: Uint8Array): number {
    if (this.fault === 'none' || this.faultsLeft <= 0) return super.write(descriptor, bytes);
    this.faultsLeft -= 1;
    if (this.fault === 'short') return super.write(descriptor, bytes.subarray(0, 20));
    throw Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' });
  }
}

describe('journal', () => {
  it('gives back every list of writes equal and in order', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(anyWrite, { maxLength: 300 }), fc.nat(3000), async (writes, segmentBytes) => {
        const { journal, folder } = open({ segmentBytes: segmentBytes + 200 });
        const sequences = writes.map((write) => journal.append(write));
        journal.close();
        expect(sequences).toEqual(writes.map((_, index) => index + 1));
        expect(journal.accepted).toBe(writes.length);
        expect(readAll(folder).writes).toEqual(writes);
        await settle();
      }),
      { numRuns: 40 },
    );
  });

  it('gives back a prefix when cut off at any byte', () => {
    const { journal, folder } = open();
    const writes = Array.from({ length: 20 }, (_, step) => metric(runKey(1), step));
    for (const write of writes) journal.append(write);
    journal.close();
    const file = join(folder, 'journal-000001.log');
    const whole = readFileSync(file);
    for (let length = whole.byteLength; length >= 0; length -= 17) {
      truncateSync(file, length);
      const { writes: got, damage } = readAll(folder);
      expect(got).toEqual(writes.slice(0, got.length));
      expect(got.length).toBeGreaterThanOrEqual(Math.floor(length / 200) - 1);
      const kept = damage === 0 ? length : length - damage;
      expect(whole.subarray(kept, kept + 6).toString()).toBe(kept === whole.byteLength ? '' : '#RSJ1 ');
    }
  });

  it('loses only the frame whose byte was flipped, and names the loss', () => {
    const { journal, folder } = open();
    const writes = Array.from({ length: 5 }, (_, step) => metric(runKey(1), step));
    for (const write of writes) journal.append(write);
    journal.close();
    const file = join(folder, 'journal-000001.log');
    const whole = readFileSync(file);
    for (let at = 0; at < whole.byteLength; at += 3) {
      const damaged = Buffer.from(whole);
      damaged[at] = (damaged[at] ?? 0) ^ 1;
      writeFileSync(file, damaged);
      const found = readAll(folder);
      const steps = found.writes.map((write) => (write.kind === 'metric' ? write.step : -1));
      const missing = [0, 1, 2, 3, 4].filter((step) => !steps.includes(step));
      expect(missing).toHaveLength(1);
      expect(steps).toEqual([0, 1, 2, 3, 4].filter((step) => step !== missing[0]));
      expect(found.damage).toBeGreaterThan(0);
      // Nothing follows the last frame, so that nobody can know how many records it held.
      expect(found.lost).toBe(missing[0] === 4 ? 0 : 1);
    }
  });

  it('has the first 32 records of a window on disk when append returns, then groups of 64', () => {
    const { journal, accepted } = open();
    for (let step = 1; step <= 32; step += 1) {
      journal.append(metric(runKey(1), step));
      expect(accepted.at(-1)).toBe(step);
    }
    for (let step = 33; step < 96; step += 1) journal.append(metric(runKey(1), step));
    expect(journal.accepted).toBe(32);
    journal.append(metric(runKey(1), 96));
    expect(journal.accepted).toBe(96);
  });

  it('writes what is buffered at the first call after the window', () => {
    const { journal, system } = open();
    for (let step = 1; step <= 40; step += 1) journal.append(metric(runKey(1), step));
    expect(journal.accepted).toBe(32);
    system.clock.advance(10);
    journal.append(metric(runKey(1), 41));
    expect(journal.accepted).toBe(41);
  });

  it('writes what is buffered at the end of the turn', async () => {
    const { journal } = open();
    for (let step = 1; step <= 40; step += 1) journal.append(metric(runKey(1), step));
    await settle();
    expect(journal.accepted).toBe(40);
  });

  it('goes on in a new segment once one is full, so that what is delivered can be deleted', () => {
    const { journal, folder } = open({ segmentBytes: 500 });
    const writes = Array.from({ length: 30 }, (_, step) => metric(runKey(1), step));
    for (const write of writes) journal.append(write);
    journal.close();
    const sizes = readdirSync(folder).map((name) => statSync(join(folder, name)).size);
    expect(sizes.length).toBeGreaterThan(5);
    // The frame that fills it is the last: less than two frames of one metric beyond the limit.
    for (const size of sizes) expect(size).toBeLessThan(1000);
    expect(readAll(folder)).toMatchObject({ writes, lost: 0 });
  });

  it('never appends behind a torn frame: the next one opens a new segment', () => {
    const disk = new FailingDisk();
    const { journal, folder, warnings } = open({ disk });
    journal.append(metric(runKey(1), 1));
    disk.fault = 'short';
    disk.faultsLeft = 1;
    journal.append(metric(runKey(1), 2));
    journal.append(metric(runKey(1), 3));
    journal.close();
    expect(readdirSync(folder)).toEqual(['journal-000001.log', 'journal-000002.log']);
    expect(warnings).toEqual([]);
    expect(readAll(folder)).toMatchObject({ writes: [1, 2, 3].map((step) => metric(runKey(1), step)), lost: 0 });
  });

  it('keeps records in memory while the disk is full, says so once, and goes back to the disk', () => {
    const disk = new FailingDisk();
    const { journal, system, folder, blocks, warnings } = open({ disk });
    journal.append(metric(runKey(1), 1));
    disk.fault = 'ENOSPC';
    journal.append(metric(runKey(1), 2));
    journal.append(metric(runKey(1), 3));
    expect(journal.isOnDisk).toBe(false);
    expect(journal.accepted).toBe(3);
    expect(blocks.map((block) => block.firstSequence)).toEqual([2, 3]);
    expect(journal.memoryBlocks()).toEqual(blocks);
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toMatch(/memory only.*RUNSPAN_DIR/);
    disk.fault = 'none';
    system.clock.advance(5001);
    journal.append(metric(runKey(1), 4));
    expect(journal.isOnDisk).toBe(true);
    journal.close();
    expect(readAll(folder)).toMatchObject({ writes: [1, 4].map((step) => metric(runKey(1), step)), lost: 2 });
  });

  it('refuses with OUTBOX_FULL when memory is full too, counts it, and takes more once the drain has settled some', () => {
    const disk = new FailingDisk();
    disk.fault = 'ENOSPC';
    const bench = open({ disk, memoryBytes: 2000 });
    const { journal } = bench;
    let taken = 0;
    expect(() => {
      for (; taken < 100; taken += 1) journal.append(metric(runKey(1), taken));
    }).toThrow(expect.objectContaining({ code: 'OUTBOX_FULL' }));
    expect(taken).toBeGreaterThan(10);
    expect(taken).toBeLessThan(20);
    expect(journal.refused).toEqual({ full: 1 });
    journal.writeBuffered();
    expect(journal.accepted).toBe(taken);
    bench.settled = taken;
    expect(journal.append(metric(runKey(1), 0))).toBe(taken + 1);
  });

  it('holds 8 MB in memory and no more', () => {
    const disk = new FailingDisk();
    disk.fault = 'ENOSPC';
    const { journal } = open({ disk });
    const write: Write = { kind: 'tags', runKey: runKey(1), tags: [{ key: 'a', value: 'x'.repeat(1024 * 1023) }] };
    const outcomes = Array.from({ length: 12 }, () => {
      try {
        return typeof journal.append(write);
      } catch (error) {
        return (error as RunspanError).code;
      }
    });
    expect(outcomes).toEqual([...Array<string>(8).fill('number'), ...Array<string>(4).fill('OUTBOX_FULL')]);
    expect(journal.memoryBlocks().reduce((sum, { lines }) => sum + lines.length, 0)).toBeLessThanOrEqual(
      8 * 1024 * 1024,
    );
    expect(journal.refused).toEqual({ full: 4 });
  });

  it('works without any folder', () => {
    const { journal, blocks } = open({ folder: undefined });
    journal.append(metric(runKey(1), 1));
    expect(journal.isOnDisk).toBe(false);
    expect(blocks).toHaveLength(1);
  });

  it('stays in memory once its folder was taken away', () => {
    const { journal, system, blocks } = open();
    journal.abandonDisk('gone');
    system.clock.advance(60_000);
    journal.append(metric(runKey(1), 1));
    expect(blocks).toHaveLength(1);
  });
});
