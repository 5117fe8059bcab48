// The last resort when the disk takes nothing: records in memory, bounded, kept until the drain has settled them.

/** Records that are in memory only. */
export interface MemoryBlock {
  readonly firstSequence: number;
  readonly count: number;
  /** JSON texts, each ending in a line feed. */
  readonly lines: string;
}

/** Holds blocks up to a bound. */
export class MemoryQueue {
  readonly #maxBytes: number;
  #blocks: MemoryBlock[] = [];
  #bytes = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** Whether so many more characters fit. */
  hasRoomFor(length: number): boolean {
    return this.#bytes + length <= this.#maxBytes;
  }

  add(block: MemoryBlock): void {
    this.#blocks.push(block);
    this.#bytes += block.lines.length;
  }

  /** Lets go of what the drain has settled. */
  forgetThrough(sequence: number): void {
    const isSettled = (block: MemoryBlock): boolean => block.firstSequence + block.count - 1 <= sequence;
    while (this.#blocks[0] !== undefined && isSettled(this.#blocks[0])) {
      this.#bytes -= this.#blocks[0].lines.length;
      this.#blocks.shift();
    }
  }

  /** What is held, in order: a restarted worker gets it again. */
  blocks(): readonly MemoryBlock[] {
    return this.#blocks;
  }

  /** How many records are held. */
  count(): number {
    return this.#blocks.reduce((sum, block) => sum + block.count, 0);
  }
}
