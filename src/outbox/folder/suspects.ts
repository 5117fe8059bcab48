// Who is condemned by the age of their last heartbeat alone: watched for a while first, because a clock that jumps is no death.

/** A heartbeat that only its age condemns is watched for so long first. */
export const CONFIRM_MS = 3000;
/** A clock that gains so much between two looks has jumped: what is coarse or drifts gains less. */
const JUMP_MS = 5000;

interface Suspect {
  readonly heartbeatMs: number;
  readonly seenAtMs: number;
}

/** What one look at a heartbeat showed. */
export interface Look {
  readonly name: string;
  /** When it last beat, by the file system's clock. */
  readonly heartbeatMs: number;
  /** What that clock says now. */
  readonly fileSystemNowMs: number;
  /** What ours says, which never jumps. */
  readonly monotonicMs: number;
  /** A longer silence is suspect. */
  readonly limitMs: number;
}

/** The suspects of one observer. */
export class Suspects {
  readonly #suspects = new Map<string, Suspect>();
  /** How far the file system's clock was ahead of ours at the last look. */
  #aheadMs: number | undefined;
  /** What that clock said after its last jump. */
  #jumpedToMs = Number.NEGATIVE_INFINITY;

  /** Whether anybody is watched. */
  get isAny(): boolean {
    return this.#suspects.size > 0;
  }

  /** Watches somebody no more. */
  forget(name: string): void {
    this.#suspects.delete(name);
  }

  /**
   * Whether a silence is a death: seen twice, {@link CONFIRM_MS} apart, with no heartbeat in between. Where the clock has jumped ahead since
   * that heartbeat, as far as this observer has seen, its age says nothing: then for all of the limit by our own clock.
   */
  isCondemned({ name, heartbeatMs, fileSystemNowMs, monotonicMs, limitMs }: Look): boolean {
    this.noteClock(fileSystemNowMs, monotonicMs);
    if (fileSystemNowMs - heartbeatMs <= limitMs) {
      this.#suspects.delete(name);
      return false;
    }
    const suspect = this.#suspects.get(name);
    if (suspect === undefined || suspect.heartbeatMs !== heartbeatMs) {
      this.#suspects.set(name, { heartbeatMs, seenAtMs: monotonicMs });
      return false;
    }
    const watchMs = heartbeatMs < this.#jumpedToMs ? limitMs : CONFIRM_MS;
    return monotonicMs - suspect.seenAtMs >= watchMs;
  }

  /** Looks at the file system's clock: once a scan, whether there is anybody to suspect or not. */
  noteClock(fileSystemNowMs: number, monotonicMs: number): void {
    if (!Number.isFinite(fileSystemNowMs)) return;
    const aheadMs = fileSystemNowMs - monotonicMs;
    if (this.#aheadMs !== undefined && aheadMs - this.#aheadMs > JUMP_MS) this.#jumpedToMs = fileSystemNowMs;
    this.#aheadMs = aheadMs;
  }
}
