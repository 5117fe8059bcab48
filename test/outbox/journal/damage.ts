// A journal of several segments, and what a reader gets of it once its bytes are not what they were.
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { Journal } from '../../../src/outbox/journal/journal.ts';
import { NodeDisk } from '../../../src/outbox/machine/node-system.ts';
import { RecordSource } from '../../../src/outbox/journal/record-source.ts';
import { SegmentReader } from '../../../src/outbox/journal/segment-reader.ts';
import { fakeSystem } from '../fake-system.ts';
import { tempFolder } from '../temp-folder.ts';
import { metric, runKey } from '../writes.ts';

/** A whole frame: where it lies, and which records it holds. */
export interface FramePlace {
  readonly segment: string;
  readonly start: number;
  readonly end: number;
  readonly first: number;
  readonly count: number;
}

/** A journal on disk. */
export interface WrittenJournal {
  readonly folder: string;
  readonly segments: readonly string[];
  readonly frames: readonly FramePlace[];
}

/** What a reader found. */
export interface Recovered {
  readonly steps: readonly number[];
  /** Sequence numbers that are named as lost. */
  readonly lost: readonly number[];
  readonly damagedBytes: number;
}

/** Writes records in frames of one and, after the first 32, of many; step and sequence number of each are the same. */
export function writeJournal(records: number, segmentBytes: number): WrittenJournal {
  const folder = tempFolder();
  const nothing = (): void => undefined;
  const journal = new Journal({
    system: fakeSystem(),
    folder,
    onMemory: nothing,
    onAccepted: nothing,
    settledThrough: () => 0,
    onWarning: nothing,
    segmentBytes,
  });
  for (let step = 1; step <= records; step += 1) journal.append(metric(runKey(1), step));
  journal.close();
  const segments = readdirSync(folder).toSorted();
  return { folder, segments, frames: segments.flatMap((segment) => framesOf(folder, segment)) };
}

function framesOf(folder: string, segment: string): readonly FramePlace[] {
  const text = readFileSync(join(folder, segment), 'latin1');
  return Array.from(text.matchAll(/#RSJ1 (\d{16}) (\d{4}) (\d{10}) [0-9a-f]{8}\n/g), (match) => ({
    segment,
    start: match.index,
    end: match.index + match[0].length + Number(match[3]),
    first: Number(match[1]),
    count: Number(match[2]),
  }));
}

/** Reads all of a journal whose writer is dead. */
export function recover(folder: string): Recovered {
  const reader = new SegmentReader({ disk: new NodeDisk(), folder, isLive: false });
  const source = new RecordSource({ reader, clock: fakeSystem().clock, isLive: false, settledThrough: 0 });
  const steps: number[] = [];
  const lost: number[] = [];
  let damagedBytes = 0;
  for (;;) {
    const window = source.take({ maxCount: 1000 });
    for (const { bytes } of window.damage) damagedBytes += bytes;
    for (const { firstSequence, count } of window.losses)
      for (let index = 0; index < count; index += 1) lost.push(firstSequence + index);
    if (window.lastSequence === 0) break;
    for (const { write } of window.entries) steps.push(write.kind === 'metric' ? write.step : -1);
  }
  reader.close();
  return { steps, lost, damagedBytes };
}
