// Reads whole frames, in order, from a folder's segments; a torn tail is waited for or ends the segment, damage is stepped over and named.
import path from 'node:path';
import type { Frame } from './frame.ts';
import { decodeFrame, findFrame } from './frame.ts';
import { segmentIndexes, segmentName } from './segment-names.ts';
import type { Disk } from '../machine/system.ts';

/** What a reader needs. */
export interface SegmentReaderOptions {
  readonly disk: Disk;
  readonly folder: string;
  /** True while the writer lives: a torn tail may still become whole. */
  readonly isLive: boolean;
}

/** One step of reading: a frame, bytes that hold no frame, or nothing (yet). */
export type ReadStep =
  | { readonly kind: 'frame'; readonly frame: Frame }
  | { readonly kind: 'damage'; readonly segment: string; readonly bytes: number }
  | { readonly kind: 'end' };

const CHUNK_BYTES = 1024 * 1024;

/** What a read goes into before it is copied: one for all readers of this thread, since reading is synchronous. */
let scratch: Buffer | undefined;

/** A segment that was read to its end, with the last sequence number in it. */
interface PassedSegment {
  readonly index: number;
  readonly lastSequence: number;
}

/**
 * Walks through `journal-000001.log` and on. Reads with positions, so that the writer's own descriptor is not disturbed.
 */
export class SegmentReader {
  readonly #options: SegmentReaderOptions;
  readonly #passed: PassedSegment[] = [];
  #index: number | undefined;
  #descriptor: number | undefined;
  /** The file offset of the first byte of `#bytes`. */
  #base = 0;
  #bytes: Buffer = Buffer.alloc(0);
  /** Where in `#bytes` the next frame begins. */
  #at = 0;
  #lastSequence = 0;

  constructor(options: SegmentReaderOptions) {
    this.#options = options;
  }

  /** Reads the next frame, or says what stands in its way. */
  next(): ReadStep {
    for (;;) {
      if (this.#descriptor === undefined && !this.#openNext()) return { kind: 'end' };
      const step = this.#readHere();
      if (step !== undefined) return step;
      // Nothing whole is left here. Only a newer segment, or the writer's death, says that nothing will be added.
      if (!this.#hasNewer()) {
        if (this.#options.isLive) return { kind: 'end' };
        return this.#endSegment() ?? { kind: 'end' };
      }
      // The writer finished this segment before it made the newer one: what a last look does not find is not there.
      const last = this.#readHere();
      if (last !== undefined) return last;
      const damage = this.#endSegment();
      if (damage !== undefined) return damage;
    }
  }

  /** Deletes the segments that were read to their end and lie wholly at or below a settled sequence number. */
  removeThrough(sequence: number): void {
    while (this.#passed[0] !== undefined && this.#passed[0].lastSequence <= sequence) {
      this.#options.disk.removeFile(this.#pathOf(this.#passed[0].index));
      this.#passed.shift();
    }
  }

  close(): void {
    if (this.#descriptor !== undefined) this.#options.disk.close(this.#descriptor);
    this.#descriptor = undefined;
  }

  #readHere(): ReadStep | undefined {
    let found = decodeFrame(this.#bytes, this.#at);
    if (found.kind === 'torn' && this.#load(found.neededBytes)) found = decodeFrame(this.#bytes, this.#at);
    if (found.kind === 'torn' && this.#load(found.neededBytes)) found = decodeFrame(this.#bytes, this.#at);
    if (found.kind !== 'frame') {
      if (this.#at === this.#bytes.byteLength) return undefined;
      this.#load(Number.POSITIVE_INFINITY);
      // Between the two looks the writer may have finished this very frame, and others behind it.
      found = decodeFrame(this.#bytes, this.#at);
    }
    if (found.kind === 'frame') {
      this.#at += found.frame.bytes;
      this.#lastSequence = found.frame.firstSequence + found.frame.lines.length - 1;
      return found;
    }
    // Damage, or a length that points past the end: a whole frame further on says that the writer went on behind it.
    const next = findFrame(this.#bytes, this.#at + 1);
    if (next === undefined) return undefined;
    const bytes = next - this.#at;
    this.#at = next;
    return { kind: 'damage', segment: segmentName(this.#index ?? 0), bytes };
  }

  /** Has at least so many bytes from the current frame on in memory, as far as the file goes; true where some were added. */
  #load(wantedBytes: number): boolean {
    if (this.#descriptor === undefined) return false;
    const { disk } = this.#options;
    const kept = this.#bytes.subarray(this.#at);
    const base = this.#base + this.#at;
    scratch ??= Buffer.allocUnsafe(CHUNK_BYTES);
    const pieces: Buffer[] = [kept];
    let have = kept.byteLength;
    for (;;) {
      const count = disk.read(this.#descriptor, scratch, base + have);
      if (count === 0) break;
      pieces.push(Buffer.from(scratch.subarray(0, count)));
      have += count;
      if (have >= wantedBytes) break;
    }
    // Only now: a read that failed has changed nothing.
    this.#base = base;
    this.#at = 0;
    this.#bytes = pieces.length === 1 ? kept : Buffer.concat(pieces);
    return pieces.length > 1;
  }

  #openNext(): boolean {
    const { disk, folder } = this.#options;
    const after = this.#index ?? 0;
    const next = segmentIndexes(disk.list(folder)).find((index) => index > after);
    if (next === undefined) return false;
    this.#descriptor = disk.openFile(this.#pathOf(next));
    if (this.#descriptor === undefined) return false;
    this.#index = next;
    this.#base = 0;
    this.#bytes = Buffer.alloc(0);
    this.#at = 0;
    return true;
  }

  #hasNewer(): boolean {
    const current = this.#index ?? 0;
    return segmentIndexes(this.#options.disk.list(this.#options.folder)).some((index) => index > current);
  }

  /** Leaves the current segment; what is torn at its tail is named. */
  #endSegment(): ReadStep | undefined {
    const lost = this.#bytes.byteLength - this.#at;
    const index = this.#index ?? 0;
    this.close();
    this.#passed.push({ index, lastSequence: this.#lastSequence });
    this.#bytes = Buffer.alloc(0);
    this.#at = 0;
    return lost > 0 ? { kind: 'damage', segment: segmentName(index), bytes: lost } : undefined;
  }

  #pathOf(index: number): string {
    return path.join(this.#options.folder, segmentName(index));
  }
}
