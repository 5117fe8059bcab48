// How much of the disk a journal may take: what is delivered makes room again; where there is none, wait a little or refuse.

/** What becomes of a record that has no room: it is refused at once, or after the job's thread has waited for the drain. */
export type FullPolicy = 'refuse' | 'block';

/** How much, and what happens beyond it. */
export interface BudgetLimits {
  readonly maxBytes: number;
  readonly policy: FullPolicy;
  /** How long `block` waits for room, in milliseconds. */
  readonly blockTimeoutMs: number;
}

/** What a budget needs. */
export interface DiskBudgetOptions extends BudgetLimits {
  /** The sequence number up to which the drain has settled everything. */
  readonly settledThrough: () => number;
  /** Blocks this thread until the drain has settled more, or the time is over; false where it was. */
  readonly awaitSettled: (timeoutMs: number) => boolean;
  readonly nowMs: () => number;
  readonly onWarning: (message: string) => void;
}

/** A file of the journal: it is deleted once all in it is settled. */
interface Segment {
  bytes: number;
  lastSequence: number;
}

/** From here on the user is told that room runs out. */
const WARN_FRACTION = 0.8;

/** The room of one journal. */
export class DiskBudget {
  readonly #options: DiskBudgetOptions;
  #segments: Segment[] = [];
  #usedBytes = 0;
  #hasWarned = false;
  /** How far the drain was when a call last waited in vain. */
  #vainAt: number | undefined;

  constructor(options: DiskBudgetOptions) {
    this.#options = options;
  }

  /** Bytes that wait on disk, as far as this thread knows. */
  get usedBytes(): number {
    return this.#usedBytes;
  }

  /** The journal begins its next file. */
  openSegment(): void {
    this.#segments.push({ bytes: 0, lastSequence: 0 });
  }

  /** The journal has written so many bytes, up to a record. */
  note(bytes: number, lastSequence: number): void {
    const segment = this.#segments.at(-1);
    if (segment === undefined) return;
    segment.bytes += bytes;
    segment.lastSequence = lastSequence;
    this.#usedBytes += bytes;
    if (this.#usedBytes < this.#options.maxBytes * WARN_FRACTION) return;
    this.#forgetSettled();
    this.#warn();
  }

  /** Whether there is room for so many bytes; with `block` it waits for some, but once only while the drain settles nothing at all. */
  hasRoomFor(bytes: number): boolean {
    const { maxBytes, policy, blockTimeoutMs, awaitSettled, settledThrough, nowMs } = this.#options;
    if (this.#usedBytes + bytes <= maxBytes) return true;
    this.#forgetSettled();
    // In an outage each call of a loop would wait, and the job stand still.
    const isWaiting = policy === 'block' && settledThrough() !== this.#vainAt;
    const endMs = nowMs() + (isWaiting ? blockTimeoutMs : 0);
    while (this.#usedBytes + bytes > maxBytes) {
      const leftMs = endMs - nowMs();
      if (leftMs <= 0 || !awaitSettled(leftMs)) break;
      this.#forgetSettled();
    }
    if (this.#usedBytes + bytes <= maxBytes) return true;
    this.#vainAt = settledThrough();
    return false;
  }

  /** The file that is written to stays, whatever of it is settled. */
  #forgetSettled(): void {
    const settled = this.#options.settledThrough();
    const isGone = (segment: Segment, at: number): boolean =>
      at < this.#segments.length - 1 && segment.lastSequence <= settled;
    const gone = this.#segments.filter(isGone);
    if (gone.length === 0) return;
    this.#segments = this.#segments.filter((segment, at) => !isGone(segment, at));
    this.#usedBytes -= gone.reduce((sum, { bytes }) => sum + bytes, 0);
    if (this.#usedBytes < this.#options.maxBytes * (WARN_FRACTION / 2)) this.#hasWarned = false;
  }

  #warn(): void {
    const { maxBytes, policy, blockTimeoutMs, onWarning } = this.#options;
    if (this.#hasWarned || this.#usedBytes < maxBytes * WARN_FRACTION) return;
    this.#hasWarned = true;
    const then =
      policy === 'refuse' ? 'refused and counted' : `refused and counted after ${blockTimeoutMs} ms of waiting`;
    onWarning(
      `The journal holds ${Math.round(this.#usedBytes / 1e6)} MB that are not delivered, of ${Math.round(maxBytes / 1e6)} MB that it may take: beyond that, what is logged is ${then}. Bring the tracking server back, or raise maxJournalBytes.`,
    );
  }
}
