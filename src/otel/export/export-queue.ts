// What waits to be exported: batches go out one at a time; what cannot go is spilled, not dropped; in `exit` everything is spilled at once.
import { sayWarning } from '../quietly.ts';

/** What became of one batch. */
export type ExportOutcome =
  | { readonly status: 'sent'; readonly refusedCount: number; readonly reason?: string }
  /** Not taken now, and worth keeping. */
  | { readonly status: 'failed'; readonly reason: string }
  /** Not taken, by a Collector that is there. */
  | { readonly status: 'refused'; readonly reason: string };

/** What an {@link ExportQueue} stands on. */
export interface ExportQueueOptions<T> {
  /** Names what is exported in messages: `spans`, `log records`. */
  readonly items: string;
  /** Sends one batch once; never rejects. */
  readonly send: (batch: readonly T[]) => Promise<ExportOutcome>;
  /** Keeps a batch on disk, synchronously; false where it cannot. Without it, what cannot be sent is lost and counted. */
  readonly spill?: ((batch: readonly T[]) => boolean) | undefined;
  /** Above it the oldest batch is spilled, or the newest item dropped. */
  readonly maxQueueSize: number;
  readonly batchSize: number;
  /** How long an item waits for others, in milliseconds. */
  readonly delayMs: number;
  /** How long nothing is tried after a failure, in milliseconds. @default 5_000 */
  readonly coolDownMs?: number;
  /** Called when the first item comes to wait and when none waits any more. */
  readonly onBusy?: (() => void) | undefined;
  /** Milliseconds of a clock that never steps back. */
  readonly now?: () => number;
}

/** What became of what came: `came = sent + refused + spilled + lost + dropped + pending`. */
export interface QueueCounts {
  readonly sentCount: number;
  /** The Collector refused them, saying why. */
  readonly refusedCount: number;
  /** Handed to the journal on disk. */
  readonly spilledCount: number;
  /** Neither sent nor spilled. */
  readonly lostCount: number;
  /** Never queued, since too many waited. */
  readonly droppedCount: number;
  readonly pendingCount: number;
}

const DEFAULT_COOL_DOWN_MS = 5_000;
/** So long after a failure a new try would tell nothing new: services that stop one after the other flush within it. */
const JUST_FAILED_MS = 1_000;

/** Queues items of one signal. All but flush() is synchronous; nothing throws, no timer holds the process. */
export class ExportQueue<T> {
  readonly #options: ExportQueueOptions<T>;
  readonly #now: () => number;
  #queue: T[] = [];
  #inFlight: readonly T[] = [];
  #sending: Promise<void> | undefined;
  #isTimerSet = false;
  #isPumpDue = false;
  #isExiting = false;
  #isBusy = false;
  #retryAt = 0;
  #failedAt = Number.NEGATIVE_INFINITY;
  #hasSaid = false;
  readonly #counts = { sentCount: 0, refusedCount: 0, spilledCount: 0, lostCount: 0, droppedCount: 0 };

  constructor(options: ExportQueueOptions<T>) {
    this.#options = options;
    this.#now = options.now ?? ((): number => performance.now());
  }

  /** What became of the items so far. */
  get counts(): QueueCounts {
    return { ...this.#counts, pendingCount: this.#queue.length + this.#inFlight.length };
  }

  /** Whether anything waits or is on its way. */
  get isBusy(): boolean {
    return this.#queue.length > 0 || this.#inFlight.length > 0;
  }

  /** Whether the endpoint failed and is not tried for now. */
  get isAway(): boolean {
    return this.#now() < this.#retryAt;
  }

  /** Takes one item. */
  add(item: T): void {
    const { maxQueueSize, batchSize, spill } = this.#options;
    if (this.#queue.length + this.#inFlight.length >= maxQueueSize) {
      if (spill === undefined) {
        this.#counts.droppedCount++;
        this.#sayOnce(`Dropping ${this.#options.items}: more than ${maxQueueSize} wait to be exported`);
        return;
      }
      this.#spill(this.#queue.splice(0, batchSize));
    }
    this.#queue.push(item);
    if (this.#isExiting) return this.#spillAll();
    this.#noteBusy();
    if (this.#queue.length >= batchSize) this.#pumpSoon();
    else this.#pumpLater();
  }

  /** Sends what waits, as long as the endpoint takes it; after a failure the rest is spilled. Never rejects. */
  async flush(): Promise<void> {
    // Without a disk, somebody who waits is worth one more try; but not each service that stops for the same dead Collector.
    if (this.#options.spill === undefined && !this.#hasJustFailed && this.#sending === undefined) this.#retryAt = 0;
    while (this.isBusy) {
      this.#pump();
      if (this.#sending === undefined) return;
      await this.#sending;
    }
  }

  /** In `exit`: spills all that waits or is on its way, and from here on all that comes. Synchronous. */
  spillNow(): void {
    this.#isExiting = true;
    this.#spillAll();
  }

  get #hasJustFailed(): boolean {
    return this.#now() - this.#failedAt < JUST_FAILED_MS;
  }

  #pumpLater(): void {
    if (this.#isTimerSet) return;
    this.#isTimerSet = true;
    setTimeout(() => {
      this.#isTimerSet = false;
      this.#pump();
    }, this.#options.delayMs).unref();
  }

  /** Not in the caller's turn: turning a batch into a request takes milliseconds. */
  #pumpSoon(): void {
    if (this.#isPumpDue || this.#sending !== undefined) return;
    this.#isPumpDue = true;
    setImmediate(() => {
      this.#isPumpDue = false;
      this.#pump();
    });
  }

  #pump(): void {
    if (this.#isExiting || this.#sending !== undefined || this.#queue.length === 0) return;
    if (this.isAway) return this.#spillAll();
    const batch = this.#queue.splice(0, this.#options.batchSize);
    this.#inFlight = batch;
    this.#sending = this.#options.send(batch).then((outcome) => {
      this.#sending = undefined;
      this.#settle(batch, outcome);
    });
  }

  #settle(batch: readonly T[], outcome: ExportOutcome): void {
    // Spilled meanwhile, by the exit: whatever this answer says, it was counted.
    if (this.#inFlight !== batch) return;
    this.#inFlight = [];
    if (outcome.status === 'sent') {
      this.#retryAt = 0;
      this.#counts.sentCount += batch.length - outcome.refusedCount;
      this.#counts.refusedCount += outcome.refusedCount;
      if (outcome.refusedCount > 0) this.#sayOnce(`The Collector refused ${this.#options.items}: ${outcome.reason}`);
    } else {
      if (outcome.status === 'failed') this.#cool();
      this.#spill(batch, outcome);
    }
    this.#noteBusy();
    if (this.#queue.length >= this.#options.batchSize) this.#pumpSoon();
    else if (this.#queue.length > 0) this.#pumpLater();
  }

  #cool(): void {
    const nowMs = this.#now();
    this.#retryAt = nowMs + (this.#options.coolDownMs ?? DEFAULT_COOL_DOWN_MS);
    this.#failedAt = nowMs;
  }

  #spillAll(): void {
    const batch = this.#inFlight;
    this.#inFlight = [];
    this.#spill(batch);
    while (this.#queue.length > 0) this.#spill(this.#queue.splice(0, this.#options.batchSize));
    this.#noteBusy();
  }

  #spill(batch: readonly T[], outcome?: Exclude<ExportOutcome, { status: 'sent' }>): void {
    if (batch.length === 0) return;
    const { spill, items } = this.#options;
    if (spill?.(batch) === true) {
      this.#counts.spilledCount += batch.length;
      return;
    }
    this.#counts[outcome?.status === 'refused' ? 'refusedCount' : 'lostCount'] += batch.length;
    this.#sayOnce(outcome === undefined ? `Cannot export ${items}` : `Cannot export ${items}: ${outcome.reason}`);
  }

  #noteBusy(): void {
    if (this.#isBusy === this.isBusy) return;
    this.#isBusy = this.isBusy;
    this.#options.onBusy?.();
  }

  #sayOnce(message: string): void {
    if (this.#hasSaid) return;
    this.#hasSaid = true;
    sayWarning(message);
  }
}
