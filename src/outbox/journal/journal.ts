// The journal: what the job's thread does for a write. Framed, checked by CRC, one write(2) a frame; never appended behind a torn frame.
import type { Write } from '../../model/write.ts';
import { RunspanError } from '../../errors.ts';
import { DiskBudget, type BudgetLimits } from './disk-budget.ts';
import { encodeWrite } from './encode-write.ts';
import { FrameEncoder } from './frame.ts';
import type { MemoryBlock } from './memory-queue.ts';
import { MemoryQueue } from './memory-queue.ts';
import { SegmentWriter } from './segment-writer.ts';
import type { System } from '../machine/system.ts';
import { messageOf } from '../machine/system.ts';

/** Records written through at once in one window, and how long a window is: a slow job's data is on disk when append() returns. */
const WRITE_THROUGH_COUNT = 32;
const WINDOW_MS = 10;
/** After that, records a frame. */
const GROUP_COUNT = 64;
/** A frame is written early once it holds so many characters. */
const GROUP_LENGTH = 256 * 1024;
const SEGMENT_BYTES = 8 * 1024 * 1024;
const MEMORY_BYTES = 8 * 1024 * 1024;
/** How often a disk that failed is tried again. */
const DISK_RETRY_MS = 5000;

/** What a journal needs. */
export interface JournalOptions {
  readonly system: System;
  /** The folder for segments; undefined where none could be made: everything stays in memory. */
  readonly folder: string | undefined;
  /** Hands a block to the drain when the disk takes nothing. */
  readonly onMemory: (block: MemoryBlock) => void;
  /** Called after each accepted frame or block, with the new count of accepted records. */
  readonly onAccepted: (accepted: number) => void;
  /** The sequence number up to which the drain has settled everything; frees memory. */
  readonly settledThrough: () => number;
  readonly onWarning: (message: string) => void;
  /** How much of the disk it may take; undefined: all of it. */
  readonly budget?: BudgetLimits | undefined;
  /** Blocks this thread until the drain has settled more; false where that took too long. @default it does not wait */
  readonly awaitSettled?: (timeoutMs: number) => boolean;
  /** How many syncs of the journal have failed: the segment of one is not written to any more. @default none */
  readonly syncFailures?: () => number;
  /** @default 8 MiB */
  readonly segmentBytes?: number;
  /** @default 8 MiB */
  readonly memoryBytes?: number;
}

/**
 * Appends records with sequence numbers from 1 without gaps. All of it is synchronous.
 *
 * @example
 * const journal = new Journal({ system, folder, onMemory, onAccepted, settledThrough: () => 0, onWarning });
 * journal.append({ kind: 'tags', runKey, tags: [{ key: 'stage', value: 'eval' }] });
 */
export class Journal {
  readonly #options: JournalOptions;
  readonly #encoder = new FrameEncoder();
  readonly #memory: MemoryQueue;
  readonly #budget: DiskBudget | undefined;
  readonly #refused: Record<string, number> = {};
  readonly #segments: SegmentWriter;
  #lines = '';
  #lineCount = 0;
  #nextSequence = 1;
  #accepted = 0;
  #windowStartMs = Number.NEGATIVE_INFINITY;
  #windowCount = 0;
  #isTurnScheduled = false;
  #isOnDisk = true;
  #retryDiskAtMs = 0;
  #syncFailuresSeen = 0;
  #renewAtMs = Number.NEGATIVE_INFINITY;

  constructor(options: JournalOptions) {
    this.#options = options;
    this.#memory = new MemoryQueue(options.memoryBytes ?? MEMORY_BYTES);
    this.#budget = options.budget && this.#openBudget(options.budget);
    // Room comes back file by file: a small budget needs small ones.
    const { segmentBytes = Math.min(SEGMENT_BYTES, (options.budget?.maxBytes ?? Number.POSITIVE_INFINITY) / 8) } =
      options;
    const { folder } = options;
    this.#segments = new SegmentWriter({ disk: options.system.disk, folder, segmentBytes, budget: this.#budget });
    if (folder === undefined) this.#isOnDisk = false;
    else this.#openNext();
  }

  /** Records whose frame's write has returned, or that memory took. */
  get accepted(): number {
    return this.#accepted;
  }

  /** False while the disk takes nothing. */
  get isOnDisk(): boolean {
    return this.#isOnDisk;
  }

  /** What was refused, by reason. */
  get refused(): Readonly<Record<string, number>> {
    return { ...this.#refused };
  }

  /** What is in memory only, for a drain that starts anew. */
  memoryBlocks(): readonly MemoryBlock[] {
    this.#memory.forgetThrough(this.#options.settledThrough());
    return this.#memory.blocks();
  }

  /**
   * Takes one record.
   *
   * @returns its sequence number
   * @throws {RunspanError} `OUTBOX_FULL` where the disk takes nothing and memory is full, or the budget is used up
   */
  append(write: Write): number {
    const line = encodeWrite(write);
    if (!this.#isOnDisk) this.#checkMemory(line.length + 1);
    // A run's end is always taken: it must not stay RUNNING for want of a hundred bytes.
    else if (write.kind !== 'end') this.#checkBudget(line.length + 1);
    const nowMs = this.#options.system.clock.monotonicMs();
    if (nowMs - this.#windowStartMs >= WINDOW_MS) {
      this.#windowStartMs = nowMs;
      this.#windowCount = 0;
    }
    this.#windowCount += 1;
    this.#lines += line;
    this.#lines += '\n';
    this.#lineCount += 1;
    const sequence = this.#nextSequence++;
    if (
      this.#windowCount <= WRITE_THROUGH_COUNT ||
      this.#lineCount >= GROUP_COUNT ||
      this.#lines.length >= GROUP_LENGTH
    ) {
      this.writeBuffered();
    } else if (!this.#isTurnScheduled) {
      this.#isTurnScheduled = true;
      this.#options.system.clock.nextTurn(() => {
        this.#isTurnScheduled = false;
        this.writeBuffered();
      });
    }
    return sequence;
  }

  /** Counts something that was refused before it got a number. */
  refuse(reason: string): void {
    this.#refused[reason] = (this.#refused[reason] ?? 0) + 1;
  }

  /** Writes what is buffered as one frame; where the disk fails, memory takes it. Never throws. */
  writeBuffered(): void {
    this.#leaveDoubtfulSegment();
    if (this.#lineCount === 0) return;
    const block = { firstSequence: this.#nextSequence - this.#lineCount, count: this.#lineCount, lines: this.#lines };
    this.#lines = '';
    this.#lineCount = 0;
    if (!this.#writeToDisk(block)) {
      this.#memory.add(block);
      this.#options.onMemory(block);
    }
    this.#accepted += block.count;
    this.#options.onAccepted(this.#accepted);
  }

  /** Gives up the disk for good: the folder was taken away under us. What is written from here on stays in memory. */
  abandonDisk(reason: string): void {
    this.#segments.close();
    this.#retryDiskAtMs = Number.POSITIVE_INFINITY;
    this.#leaveDisk(reason);
  }

  /** Writes what is buffered and closes the segment. */
  close(): void {
    this.writeBuffered();
    this.#segments.close();
  }

  #checkMemory(length: number): void {
    const wanted = this.#lines.length + length;
    if (this.#memory.hasRoomFor(wanted)) return;
    this.#memory.forgetThrough(this.#options.settledThrough());
    if (this.#memory.hasRoomFor(wanted)) return;
    this.refuse('full');
    throw new RunspanError(
      'OUTBOX_FULL',
      `The outbox is full: its disk takes nothing and ${this.#memory.count()} records wait in memory. Free space in ${this.#options.folder ?? 'RUNSPAN_DIR'} or bring the tracking server back.`,
    );
  }

  #openBudget(limits: BudgetLimits): DiskBudget {
    const { system, settledThrough, awaitSettled = (): boolean => false, onWarning } = this.#options;
    return new DiskBudget({
      ...limits,
      settledThrough,
      awaitSettled,
      nowMs: () => system.clock.monotonicMs(),
      onWarning,
    });
  }

  #checkBudget(length: number): void {
    const budget = this.#budget;
    if (budget === undefined || budget.hasRoomFor(this.#lines.length + length)) return;
    this.refuse('journal-full');
    throw new RunspanError(
      'OUTBOX_FULL',
      `The journal in ${this.#options.folder ?? 'RUNSPAN_DIR'} holds ${budget.usedBytes} bytes that are not delivered, and may take no more. Bring the tracking server back, or raise maxJournalBytes.`,
    );
  }

  #writeToDisk(block: MemoryBlock): boolean {
    if (!this.#isOnDisk && !this.#isDiskDue()) return false;
    const bytes = this.#encoder.encode(block.firstSequence, block.count, block.lines);
    const lastSequence = block.firstSequence + block.count - 1;
    let problem = this.#segments.write(bytes, lastSequence);
    // A torn frame may now end this segment: the next try goes to a new one.
    if (problem !== undefined && this.#isOnDisk) problem = this.#segments.write(bytes, lastSequence);
    if (problem !== undefined) {
      this.#leaveDisk(problem);
      return false;
    }
    if (!this.#isOnDisk) {
      this.#isOnDisk = true;
      this.#options.onWarning(`The outbox writes to ${this.#options.folder ?? ''} again.`);
    }
    return true;
  }

  #openNext(): void {
    try {
      this.#segments.openNext();
    } catch (error) {
      this.#leaveDisk(messageOf(error));
    }
  }

  /** What a sync failed for is written anew by the drain, once nobody writes to it. */
  #leaveDoubtfulSegment(): void {
    const { syncFailures, system } = this.#options;
    const failures = syncFailures?.() ?? 0;
    if (failures === this.#syncFailuresSeen || !this.#isOnDisk) return;
    const nowMs = system.clock.monotonicMs();
    // A disk on which no sync succeeds must not fill with segments.
    if (nowMs < this.#renewAtMs) return;
    this.#renewAtMs = nowMs + DISK_RETRY_MS;
    this.#syncFailuresSeen = failures;
    this.#openNext();
  }

  #leaveDisk(problem: string): void {
    if (this.#retryDiskAtMs !== Number.POSITIVE_INFINITY) {
      this.#retryDiskAtMs = this.#options.system.clock.monotonicMs() + DISK_RETRY_MS;
    }
    if (!this.#isOnDisk) return;
    this.#isOnDisk = false;
    this.#options.onWarning(
      `The outbox cannot write to ${this.#options.folder ?? ''} (${problem}): what is logged now is kept in memory only, up to 8 MB, and is lost if this process dies. Free space there or set RUNSPAN_DIR to a writable folder.`,
    );
  }

  #isDiskDue(): boolean {
    return this.#options.folder !== undefined && this.#options.system.clock.monotonicMs() >= this.#retryDiskAtMs;
  }
}
