// What stands around an OTLP exporter: it counts, it knows what is under way, and it does not let a dead Collector hold the process.
import { sayWarning } from './quietly.ts';

/** What an exporter answers; code 0 is success. */
export interface ExportResult {
  readonly code: number;
  readonly error?: Error;
}

/** An SDK's exporter as far as it is used here. */
export interface ExporterLike<T> {
  export(items: T[], onResult: (result: ExportResult) => void): void;
  forceFlush?(): Promise<void>;
  shutdown(): Promise<void>;
}

/** What an {@link ExportGuard} stands on. */
export interface ExportGuardOptions<T> {
  readonly exporter: ExporterLike<T>;
  /** Names what is exported in messages: `spans`, `log records`. */
  readonly items: string;
  /** The most items that wait or are on their way; more are dropped and counted. */
  readonly maxPending: number;
  /** How long exports fail at once after one has failed, in milliseconds. @default 5_000 */
  readonly coolDownMs?: number;
  /** Milliseconds of a clock that never steps back. */
  readonly now?: () => number;
}

/** What became of the items so far. */
export interface ExportCounts {
  readonly sentCount: number;
  /** Given up on: the Collector refused them or was away. */
  readonly lostCount: number;
  /** Never queued, since too many waited. */
  readonly droppedCount: number;
  readonly pendingCount: number;
}

const DEFAULT_COOL_DOWN_MS = 5_000;
/** So long after a failure a new try would tell nothing new: services that stop one after the other flush within it. */
const JUST_FAILED_MS = 1_000;
const FAILED = 1;

/**
 * Stands around an exporter. After one failed export, others fail at once for a while: without that, a full queue in
 * front of a dead Collector keeps the process alive for batches × timeout (40 × 2 s), since retry timers hold it.
 */
export class ExportGuard<T> implements ExporterLike<T> {
  readonly #options: ExportGuardOptions<T>;
  readonly #now: () => number;
  readonly #inFlight = new Set<Promise<void>>();
  #retryAt = 0;
  #failedAt = Number.NEGATIVE_INFINITY;
  #hasSaid = false;
  #sentCount = 0;
  #lostCount = 0;
  #droppedCount = 0;
  #pendingCount = 0;

  constructor(options: ExportGuardOptions<T>) {
    this.#options = options;
    this.#now = options.now ?? ((): number => performance.now());
  }

  /** What became of the items so far. */
  get counts(): ExportCounts {
    return {
      sentCount: this.#sentCount,
      lostCount: this.#lostCount,
      droppedCount: this.#droppedCount,
      pendingCount: this.#pendingCount,
    };
  }

  /** Asks for room for one more item; false: it is dropped and counted. */
  admit(): boolean {
    if (this.#pendingCount >= this.#options.maxPending) {
      this.#droppedCount++;
      this.#sayOnce(`Dropping ${this.#options.items}: more than ${this.#options.maxPending} wait to be exported`);
      return false;
    }
    this.#pendingCount++;
    return true;
  }

  export(items: T[], onResult: (result: ExportResult) => void): void {
    if (this.#now() < this.#retryAt) {
      this.#settle(items.length, false);
      onResult({ code: FAILED, error: new Error('the endpoint failed a moment ago') });
      return;
    }
    const sending = new Promise<void>((resolve) => {
      this.#options.exporter.export(items, (result) => {
        const isSent = result.code !== FAILED;
        this.#noteOutcome(isSent);
        this.#settle(items.length, isSent, result.error);
        onResult(result);
        resolve();
      });
    });
    this.#inFlight.add(sending);
    void sending.finally(() => this.#inFlight.delete(sending));
  }

  /** Whether an export failed within the last second. */
  get hasJustFailed(): boolean {
    return this.#now() - this.#failedAt < JUST_FAILED_MS;
  }

  /** Lets the next export try although one failed a moment ago, unless one is under way: for a flush that somebody waits for. */
  allowTrial(): void {
    if (this.#inFlight.size === 0) this.#retryAt = 0;
  }

  /** Resolves when no export is under way: the SDK's own flush forgets the batch that a timer has sent. */
  async whenIdle(): Promise<void> {
    await Promise.all(this.#inFlight);
  }

  async forceFlush(): Promise<void> {
    await this.#options.exporter.forceFlush?.();
  }

  async shutdown(): Promise<void> {
    await this.#options.exporter.shutdown();
  }

  #noteOutcome(isSent: boolean): void {
    const nowMs = this.#now();
    this.#retryAt = isSent ? 0 : nowMs + (this.#options.coolDownMs ?? DEFAULT_COOL_DOWN_MS);
    if (!isSent) this.#failedAt = nowMs;
  }

  #settle(count: number, isSent: boolean, error?: Error): void {
    this.#pendingCount = Math.max(0, this.#pendingCount - count);
    if (isSent) this.#sentCount += count;
    else {
      this.#lostCount += count;
      this.#sayOnce(`Cannot export ${this.#options.items}`, error);
    }
  }

  #sayOnce(message: string, error?: Error): void {
    if (this.#hasSaid) return;
    this.#hasSaid = true;
    sayWarning(error === undefined ? message : `${message}: ${error.message}`);
  }
}
