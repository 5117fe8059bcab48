// What a drain reads from: a folder's segments and, when the disk failed, blocks from memory, merged by sequence number.
import type { Write } from '../../model/write.ts';
import { decodeWrite } from './encode-write.ts';
import type { MemoryBlock } from './memory-queue.ts';
import type { SegmentReader } from './segment-reader.ts';
import type { Clock } from '../machine/system.ts';

/** One record with its number. */
export interface Entry {
  readonly sequence: number;
  readonly write: Write;
}

/** Sequence numbers whose records cannot be read any more. */
export interface Loss {
  readonly firstSequence: number;
  readonly count: number;
}

/** What one look found, in order; `bytes` were stepped over because they hold no whole frame. */
export interface Window {
  readonly entries: readonly Entry[];
  readonly losses: readonly Loss[];
  readonly damage: readonly { readonly segment: string; readonly bytes: number }[];
  /** The last sequence number that this window settles; 0 where it is empty. */
  readonly lastSequence: number;
  /** Whether it ended because it is large enough, so that more may wait behind it. */
  readonly isFull: boolean;
}

/** What a source needs. */
export interface RecordSourceOptions {
  /** Undefined where there is no folder: memory alone. */
  readonly reader: SegmentReader | undefined;
  readonly clock: Clock;
  /** While the writer lives, a gap may be filled by a block that is still on its way. */
  readonly isLive: boolean;
  /** What is settled already and so skipped. */
  readonly settledThrough: number;
}

/** Records in a row, from disk or memory. */
interface Block {
  readonly firstSequence: number;
  readonly lines: readonly string[];
}

/** How long a gap in a live journal is waited for: the block that fills it was posted before the frame behind it. */
const GAP_PATIENCE_MS = 2000;
/** A window ends early once its records' texts are so long together: data set profiles can be megabytes each. */
const WINDOW_LENGTH = 16 * 1024 * 1024;

/** What one look may take. */
export interface TakeLimits {
  /** At least one record and about so many are read; the last frame is read whole. */
  readonly maxCount: number;
  /** Where records of many runs take turns, so many of each instead, lest each run's request holds a few. @default 0 */
  readonly countPerRun?: number;
}

/**
 * Where a window is larger than `maxCount` for the sake of its runs: at most so many records, of so many runs, with texts so long together. It is
 * held in memory while the server is away, and a replay after a crash sends it again.
 */
const MOST_COUNT = 30_000;
const MOST_RUNS = 1_000;
const MOST_LENGTH = 6 * 1024 * 1024;

/** As many records as a frame of a burst holds. */
const FRAME_COUNT = 64;

/** Merges segments and memory into one order without repeats. */
export class RecordSource {
  readonly #options: RecordSourceOptions;
  #memory: Block[] = [];
  /** A frame behind a gap, kept until the gap is filled or given up. */
  #ahead: Block | undefined;
  #gapSinceMs: number | undefined;
  #lostThrough = 0;
  /** What the last window holds. */
  #count = 0;
  #length = 0;
  readonly #runKeys = new Set<string>();
  #next: number;

  constructor(options: RecordSourceOptions) {
    this.#options = options;
    this.#next = options.settledThrough + 1;
  }

  /** The number of the record that is read next. */
  get nextSequence(): number {
    return this.#next;
  }

  /** Takes a block that never reached the disk. */
  addMemory(block: MemoryBlock): void {
    // Each line ends in a line feed, so that the last piece is empty.
    this.#memory.push({ firstSequence: block.firstSequence, lines: block.lines.split('\n').slice(0, -1) });
  }

  /** The folder is gone: what cannot be read now up to this number never will be. */
  loseThrough(sequence: number): void {
    this.#lostThrough = sequence;
  }

  /** Reads what the limits allow; an empty window where there is nothing whole yet. */
  take(limits: TakeLimits): Window {
    this.#count = 0;
    this.#length = 0;
    this.#runKeys.clear();
    return this.takeMore(limits);
  }

  /** Reads on what the limits leave room for in the last window, which ended because there was nothing whole yet. */
  takeMore(limits: TakeLimits): Window {
    const entries: Entry[] = [];
    const losses: Loss[] = [];
    const damage: { segment: string; bytes: number }[] = [];
    while (!this.#isEnough(limits)) {
      const block = this.#nextBlockUnlessFailed(damage, this.#count > 0);
      const readable = block?.firstSequence ?? this.#endOfLoss();
      if (readable === undefined) break;
      if (readable > this.#next) {
        losses.push({ firstSequence: this.#next, count: readable - this.#next });
        this.#next = readable;
      }
      const from = entries.length;
      if (block !== undefined) this.#unpack(block, entries, losses);
      for (let at = from; at < entries.length; at++) this.#runKeys.add(entries[at]?.write.runKey ?? '');
      this.#count += entries.length - from;
    }
    const isEmpty = entries.length === 0 && losses.length === 0;
    return { entries, losses, damage, lastSequence: isEmpty ? 0 : this.#next - 1, isFull: this.#isEnough(limits) };
  }

  #isEnough({ maxCount, countPerRun = 0 }: TakeLimits): boolean {
    if (this.#count < maxCount) return this.#length >= WINDOW_LENGTH;
    const runCount = this.#runKeys.size;
    const isLargest = this.#count >= MOST_COUNT || runCount > MOST_RUNS || this.#length >= MOST_LENGTH;
    // One frame more and each run may have some records too many for a request.
    return isLargest || this.#count > runCount * countPerRun - FRAME_COUNT;
  }

  #unpack(block: Block, entries: Entry[], losses: Loss[]): void {
    for (const [index, line] of block.lines.entries()) {
      const sequence = block.firstSequence + index;
      if (sequence < this.#next) continue;
      this.#length += line.length;
      const write = readLine(line);
      if (write === undefined) losses.push({ firstSequence: sequence, count: 1 });
      else entries.push({ sequence, write });
    }
    this.#next = Math.max(this.#next, block.firstSequence + block.lines.length);
  }

  /** A disk that fails in the middle of a window must not take along what was read before it: that goes out first. */
  #nextBlockUnlessFailed(damage: { segment: string; bytes: number }[], isLater: boolean): Block | undefined {
    try {
      return this.#nextBlock(damage);
    } catch (error) {
      if (isLater) return undefined;
      throw error;
    }
  }

  /** The next block that holds something new; one behind a gap only once the gap is given up. */
  #nextBlock(damage: { segment: string; bytes: number }[]): Block | undefined {
    const held = this.#fromMemory();
    if (held !== undefined) return held;
    const block = this.#ahead ?? this.#fromDisk(damage);
    this.#ahead = undefined;
    if (block === undefined || block.firstSequence <= this.#next) {
      this.#gapSinceMs = undefined;
      return block;
    }
    if (this.#isGapGivenUp()) return block;
    this.#ahead = block;
    return undefined;
  }

  #fromMemory(): Block | undefined {
    const isOld = (block: Block): boolean => block.firstSequence + block.lines.length <= this.#next;
    while (this.#memory[0] !== undefined && isOld(this.#memory[0])) this.#memory.shift();
    const first = this.#memory[0];
    return first !== undefined && first.firstSequence <= this.#next ? this.#memory.shift() : undefined;
  }

  #fromDisk(damage: { segment: string; bytes: number }[]): Block | undefined {
    for (;;) {
      const step = this.#options.reader?.next() ?? { kind: 'end' };
      if (step.kind === 'end') return undefined;
      if (step.kind === 'damage') {
        damage.push({ segment: step.segment, bytes: step.bytes });
        continue;
      }
      const { firstSequence, lines } = step.frame;
      if (firstSequence + lines.length <= this.#next) continue;
      return step.frame;
    }
  }

  /** Where reading can go on behind what was given up; undefined where nothing was. */
  #endOfLoss(): number | undefined {
    if (this.#lostThrough < this.#next) return undefined;
    return Math.min(this.#lostThrough + 1, this.#memory[0]?.firstSequence ?? Number.POSITIVE_INFINITY);
  }

  #isGapGivenUp(): boolean {
    if (!this.#options.isLive) return true;
    const nowMs = this.#options.clock.monotonicMs();
    this.#gapSinceMs ??= nowMs;
    if (nowMs - this.#gapSinceMs < GAP_PATIENCE_MS) return false;
    this.#gapSinceMs = undefined;
    return true;
  }
}

function readLine(line: string): Write | undefined {
  try {
    return decodeWrite(line);
  } catch {
    // The frame's CRC held, so another version wrote what this one cannot read: the caller names the loss.
    return undefined;
  }
}
