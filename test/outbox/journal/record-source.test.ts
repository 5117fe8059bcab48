import { appendFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { encodeWrite } from '../../../src/outbox/journal/encode-write.ts';
import { FrameEncoder } from '../../../src/outbox/journal/frame.ts';
import { NodeDisk } from '../../../src/outbox/machine/node-system.ts';
import { RecordSource } from '../../../src/outbox/journal/record-source.ts';
import { SegmentReader } from '../../../src/outbox/journal/segment-reader.ts';
import { FakeClock } from '../fake-system.ts';
import { tempFolder } from '../temp-folder.ts';
import { metric, runKey } from '../writes.ts';

function frame(...steps: number[]): Buffer {
  const lines = steps.map((step) => `${encodeWrite(metric(runKey(1), step))}\n`).join('');
  return Buffer.from(new FrameEncoder().encode(steps[0] ?? 1, steps.length, lines));
}

function block(...steps: number[]): { firstSequence: number; count: number; lines: string } {
  const lines = steps.map((step) => `${encodeWrite(metric(runKey(1), step))}\n`).join('');
  return { firstSequence: steps[0] ?? 1, count: steps.length, lines };
}

function open(options: { isLive?: boolean; settledThrough?: number } = {}): {
  folder: string;
  clock: FakeClock;
  reader: SegmentReader;
  source: RecordSource;
  steps: () => number[];
} {
  const { isLive = true, settledThrough = 0 } = options;
  const folder = tempFolder();
  const clock = new FakeClock();
  const reader = new SegmentReader({ disk: new NodeDisk(), folder, isLive });
  const source = new RecordSource({ reader, clock, isLive, settledThrough });
  return {
    folder,
    clock,
    reader,
    source,
    steps: () => source.take({ maxCount: 1000 }).entries.map((entry) => entry.sequence),
  };
}

describe('record source', () => {
  it('waits for the rest of a frame that is being written', () => {
    const { folder, steps } = open();
    const bytes = frame(1, 2);
    writeFileSync(join(folder, 'journal-000001.log'), bytes.subarray(0, 70));
    expect(steps()).toEqual([]);
    appendFileSync(join(folder, 'journal-000001.log'), bytes.subarray(70));
    expect(steps()).toEqual([1, 2]);
  });

  it('passes a torn tail once a newer segment is there, without loss where the frame was written again', () => {
    const { folder, source } = open();
    writeFileSync(join(folder, 'journal-000001.log'), Buffer.concat([frame(1), frame(2).subarray(0, 60)]));
    writeFileSync(join(folder, 'journal-000002.log'), Buffer.concat([frame(2), frame(3)]));
    const window = source.take({ maxCount: 10 });
    expect(window.entries.map((entry) => entry.sequence)).toEqual([1, 2, 3]);
    expect(window.losses).toEqual([]);
    expect(window.damage).toEqual([{ segment: 'journal-000001.log', bytes: 60 }]);
  });

  it('delivers a record once when its frame is there twice', () => {
    const { folder, steps } = open();
    writeFileSync(join(folder, 'journal-000001.log'), Buffer.concat([frame(1, 2), frame(2, 3), frame(1, 2)]));
    expect(steps()).toEqual([1, 2, 3]);
  });

  it('skips what is settled', () => {
    const { folder, steps } = open({ settledThrough: 3 });
    writeFileSync(join(folder, 'journal-000001.log'), Buffer.concat([frame(1, 2), frame(3, 4), frame(5)]));
    expect(steps()).toEqual([4, 5]);
  });

  it('puts records from memory between those on disk', () => {
    const { folder, source, steps } = open();
    writeFileSync(join(folder, 'journal-000001.log'), Buffer.concat([frame(1), frame(4)]));
    expect(steps()).toEqual([1]);
    source.addMemory(block(2, 3));
    expect(steps()).toEqual([2, 3, 4]);
  });

  it('gives a gap up after a while and names it', () => {
    const { folder, source, clock } = open();
    writeFileSync(join(folder, 'journal-000001.log'), Buffer.concat([frame(1), frame(4)]));
    expect(source.take({ maxCount: 10 }).lastSequence).toBe(1);
    expect(source.take({ maxCount: 10 }).lastSequence).toBe(0);
    clock.advance(2001);
    const window = source.take({ maxCount: 10 });
    expect(window.losses).toEqual([{ firstSequence: 2, count: 2 }]);
    expect(window.entries.map((entry) => entry.sequence)).toEqual([4]);
  });

  it('names a gap at once in a dead folder', () => {
    const { folder, source } = open({ isLive: false });
    writeFileSync(join(folder, 'journal-000002.log'), frame(3));
    expect(source.take({ maxCount: 10 }).losses).toEqual([{ firstSequence: 1, count: 2 }]);
  });

  it('names a record that it cannot read and goes on', () => {
    const { folder, source } = open();
    const odd = Buffer.from(new FrameEncoder().encode(1, 2, 'not json\n{"kind":"tags"}\n'));
    writeFileSync(join(folder, 'journal-000001.log'), odd);
    expect(source.take({ maxCount: 10 })).toMatchObject({
      losses: [{ firstSequence: 1, count: 1 }],
      entries: [{ sequence: 2 }],
    });
  });

  it('names what was lost with a deleted folder, up to what memory holds', () => {
    const { source } = open();
    source.addMemory(block(4, 5));
    expect(source.take({ maxCount: 10 }).lastSequence).toBe(0);
    source.loseThrough(6);
    const window = source.take({ maxCount: 10 });
    expect(window.losses).toEqual([
      { firstSequence: 1, count: 3 },
      { firstSequence: 6, count: 1 },
    ]);
    expect(window.entries.map((entry) => entry.sequence)).toEqual([4, 5]);
    expect(window.lastSequence).toBe(6);
  });

  it('ends a window early where its records are long', () => {
    const { source, steps } = open();
    for (const first of [1, 2, 3]) {
      const line = `${JSON.stringify({ kind: 'tags', value: 'x'.repeat(9_000_000) })}\n`;
      source.addMemory({ firstSequence: first, count: 1, lines: line });
    }
    expect(steps()).toEqual([1, 2]);
    expect(steps()).toEqual([3]);
  });

  it.for([
    { name: 'of one run it ends at its count', runs: 1, count: 5_000, countOfAll: 40_000 },
    { name: 'of many runs it has so many of each', runs: 20, count: 20_000, countOfAll: 40_000 },
    { name: 'of a thousand runs it ends at its bound', runs: 1_000, count: 30_000, countOfAll: 40_000 },
    { name: 'of more runs than that it is no larger', runs: 4_000, count: 5_000, countOfAll: 40_000 },
    { name: 'it ends where there is no more', runs: 20, count: 10_000, countOfAll: 10_000 },
  ])('takes a window: $name', ({ runs, count, countOfAll }) => {
    const { folder, source } = open();
    const lineOf = (step: number): string => `${encodeWrite(metric(runKey(step % runs), step))}\n`;
    const encoder = new FrameEncoder();
    for (let at = 0; at < countOfAll; at += 50) {
      const lines = Array.from({ length: 50 }, (_, index) => lineOf(at + index)).join('');
      appendFileSync(join(folder, 'journal-000001.log'), encoder.encode(at + 1, 50, lines));
    }
    const window = source.take({ maxCount: 4_950, countPerRun: 1_000 });
    expect(Math.abs(window.entries.length - count)).toBeLessThanOrEqual(64);
    expect(window.isFull).toBe(countOfAll > count);
    expect(window.lastSequence).toBe(window.entries.length);
    expect(source.take({ maxCount: 1 }).entries[0]?.sequence).toBe(
      countOfAll > count ? window.lastSequence + 1 : undefined,
    );
  });

  it('reads on in a window that had ended for want of records, as far as one look would have gone', () => {
    const { source } = open();
    let next = 1;
    const add = (count: number): void => {
      const lines = Array.from({ length: count }, (_, at) => `${encodeWrite(metric(runKey(at % 1_000), next + at))}\n`);
      source.addMemory({ firstSequence: next, count, lines: lines.join('') });
      next += count;
    };
    const limits = { maxCount: 4_950, countPerRun: 1_000 };
    add(2_000);
    expect(source.take(limits)).toMatchObject({ lastSequence: 2_000, isFull: false });
    expect(source.takeMore(limits)).toMatchObject({ lastSequence: 0, isFull: false });
    for (let at = 0; at < 400; at++) add(100);
    const more = source.takeMore(limits);
    expect(more.entries[0]?.sequence).toBe(2_001);
    expect(more).toMatchObject({ lastSequence: 30_000, isFull: true });
    expect(source.takeMore(limits)).toMatchObject({ lastSequence: 0, isFull: true });
    expect(source.take(limits).lastSequence).toBe(42_000);
  });

  it('reads a segment larger than its chunk', () => {
    const { folder, steps } = open();
    const steps64 = Array.from({ length: 64 }, (_, index) => index);
    const frames = Array.from({ length: 320 }, (_, index) => frame(...steps64.map((step) => index * 64 + step + 1)));
    writeFileSync(join(folder, 'journal-000001.log'), Buffer.concat(frames));
    let count = 0;
    for (let got = steps(); got.length > 0; got = steps()) count += got.length;
    expect(count).toBe(320 * 64);
  });

  it('deletes a segment once everything in it is settled and a newer one is there', () => {
    const { folder, reader, steps } = open();
    writeFileSync(join(folder, 'journal-000001.log'), frame(1, 2));
    writeFileSync(join(folder, 'journal-000002.log'), frame(3));
    steps();
    reader.removeThrough(1);
    expect(readdirSync(folder)).toHaveLength(2);
    reader.removeThrough(2);
    reader.removeThrough(3);
    expect(readdirSync(folder)).toEqual(['journal-000002.log']);
  });
});
