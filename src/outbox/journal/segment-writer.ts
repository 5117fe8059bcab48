// Writes frames to a folder's segments, one write(2) a frame; what may be torn is never appended to.
import path from 'node:path';
import type { DiskBudget } from './disk-budget.ts';
import { segmentName } from './segment-names.ts';
import type { Disk } from '../machine/system.ts';
import { codeOf, messageOf } from '../machine/system.ts';

/** What a writer needs. */
export interface SegmentWriterOptions {
  readonly disk: Disk;
  /** Undefined where none could be made: nothing can be opened. */
  readonly folder: string | undefined;
  /** From here on the next frame goes to a new segment. */
  readonly segmentBytes: number;
  readonly budget: DiskBudget | undefined;
}

/** The segments of one journal, from the first. */
export class SegmentWriter {
  readonly #options: SegmentWriterOptions;
  #index = 0;
  #sizeBytes = 0;
  #descriptor: number | undefined;

  constructor(options: SegmentWriterOptions) {
    this.#options = options;
  }

  /** Closes the segment, and opens the next one; throws what the disk throws. */
  openNext(): void {
    this.close();
    this.#descriptor = this.#open();
  }

  /** Writes one frame; returns what went wrong: after that the segment is closed. */
  write(frame: Uint8Array, lastSequence: number): string | undefined {
    const { disk, budget, segmentBytes } = this.#options;
    if (this.#sizeBytes >= segmentBytes) this.close();
    try {
      this.#descriptor ??= this.#open();
      const written = disk.write(this.#descriptor, frame);
      if (written === frame.byteLength) {
        this.#sizeBytes += written;
        budget?.note(written, lastSequence);
        return undefined;
      }
      this.close();
      return `only ${written} of ${frame.byteLength} bytes were taken`;
    } catch (error) {
      this.close();
      return codeOf(error) === '' ? messageOf(error) : codeOf(error);
    }
  }

  close(): void {
    const descriptor = this.#descriptor;
    this.#descriptor = undefined;
    this.#sizeBytes = 0;
    if (descriptor === undefined) return;
    try {
      this.#options.disk.close(descriptor);
    } catch {
      // Every frame in it was checked when it was written; close has nothing to add.
    }
  }

  #open(): number {
    const { disk, folder, budget } = this.#options;
    if (folder === undefined) throw new Error('no folder could be made');
    this.#index += 1;
    this.#sizeBytes = 0;
    budget?.openSegment();
    return disk.createFile(path.join(folder, segmentName(this.#index)));
  }
}
