// One timer a request: it covers connect, headers and body, or restarts whenever bytes move.

/** The longest a timer of Node can wait, in milliseconds. */
const MAX_TIMER_MS = 2_147_483_647;

/** Ends one request after `timeoutMs`; `touch` starts the time anew. */
export class Deadline {
  readonly timeoutMs: number;
  /** Aborted when the time is over. */
  readonly signal: AbortSignal;
  readonly #timer: NodeJS.Timeout;
  readonly #expired: Promise<never>;

  constructor(timeoutMs: number) {
    const controller = new AbortController();
    this.timeoutMs = timeoutMs;
    this.signal = controller.signal;
    const afterMs = Math.min(Math.max(timeoutMs, 1), MAX_TIMER_MS);
    this.#timer = setTimeout(() => controller.abort(new Error(`no answer within ${timeoutMs} ms`)), afterMs);
    // the request's socket keeps the process alive, not its timer
    this.#timer.unref();
    this.#expired = new Promise((_resolve, reject) => {
      this.signal.addEventListener('abort', () => reject(this.signal.reason), { once: true });
    });
    // whoever races hears of it; where nobody does, it is no unhandled rejection
    this.#expired.catch(() => undefined);
  }

  get hasExpired(): boolean {
    return this.signal.aborted;
  }

  /** Starts the time anew: bytes moved. */
  touch(): void {
    if (!this.hasExpired) this.#timer.refresh();
  }

  /** Settles as `work` does, or rejects at the deadline, whichever is first. */
  async race<T>(work: Promise<T>): Promise<T> {
    return await Promise.race([work, this.#expired]);
  }

  clear(): void {
    clearTimeout(this.#timer);
  }
}
