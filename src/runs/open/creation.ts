// The wait for the id that the store gives a run: by the job, which it keeps alive, and by the service, which has a deadline.

/** Whether and under which id the store has a run; settles once. */
export class Creation {
  readonly #settled = Promise.withResolvers<string>();

  constructor() {
    // A run that nobody asks for its id must not become an unhandled rejection.
    this.#settled.promise.catch(() => undefined);
  }

  /** The store's id; the wait for it holds no process. */
  get promise(): Promise<string> {
    return this.#settled.promise;
  }

  /** The same, and holds the process meanwhile, so long at most: the drain's thread does not, so that one with nothing else to do would end. */
  hold(timeoutMs: number): Promise<string> {
    const timer = setTimeout(() => undefined, timeoutMs);
    const release = (): void => clearTimeout(timer);
    this.promise.then(release, release);
    return this.promise;
  }

  resolve(runId: string): void {
    this.#settled.resolve(runId);
  }

  reject(error: Error): void {
    this.#settled.reject(error);
  }
}
