// What every service is: started and stopped, one at a time, in whatever order and tick it is asked for.

/** Where a service stands. */
export type ServiceStatus = 'stopped' | 'starting' | 'started' | 'stopping';

/** How a service is stopped. */
export interface StopOptions {
  /** One deadline from the call on, in milliseconds, carried to everything that is stopped below. @default the service's own */
  readonly timeoutMs?: number;
}

interface Step {
  readonly kind: 'start' | 'stop';
  readonly done: Promise<void>;
  /** When the step must be done, by `performance.now()`; the earliest of all callers that share the step. */
  deadlineMs: number | undefined;
}

/**
 * Starts and stops something that lives. Calls are carried out one after the other in the order they were made: `start(); stop();
 * start()` in one tick ends started. A call for what is already so, or already under way as the last step, shares it.
 *
 * @example
 * class Clock extends Service {
 *   #timer: NodeJS.Timeout | undefined;
 *   protected override onStart(): Promise<void> { this.#timer = setInterval(tick, 1000).unref(); return Promise.resolve(); }
 *   protected override onStop(): Promise<void> { clearInterval(this.#timer); return Promise.resolve(); }
 * }
 * await using clock = new Clock();
 * await clock.start();
 */
export abstract class Service {
  #status: ServiceStatus = 'stopped';
  /** The last step that is not yet done. */
  #last: Step | undefined;

  /** Where the service stands now. */
  get status(): ServiceStatus {
    return this.#status;
  }

  /**
   * Starts the service; when nothing is under way, `onStart` is called before this returns. Idempotent.
   * A start that fails leaves it stopped and rejects every caller who waits for it with the same error; the next call tries anew.
   */
  start(): Promise<void> {
    return this.#enqueue('start', undefined);
  }

  /**
   * Stops the service, within `timeoutMs` from now. Idempotent; resolves to nothing, once it has stopped. Whatever `onStop` says, the
   * service is stopped after it; its error is passed on to every caller who waits.
   */
  stop(options: StopOptions = {}): Promise<void> {
    return this.#enqueue('stop', options.timeoutMs === undefined ? undefined : performance.now() + options.timeoutMs);
  }

  /** Stops the service at the end of an `await using` block. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  /** Opens what the service needs; on failure it closes again what it opened. Bounded in time, and never awaits this service's own start or stop. */
  protected abstract onStart(): Promise<void>;

  /** Closes what onStart opened, within what is left of the deadline (undefined: the service's own default). */
  protected abstract onStop(options: StopOptions): Promise<void>;

  #enqueue(kind: Step['kind'], deadlineMs: number | undefined): Promise<void> {
    const last = this.#last;
    if (last?.kind === kind) {
      last.deadlineMs = earlier(last.deadlineMs, deadlineMs);
      return last.done;
    }
    if (last === undefined && this.#status === (kind === 'start' ? 'started' : 'stopped')) return Promise.resolve();
    let run = (): void => undefined;
    const done = new Promise<void>((resolve, reject) => {
      run = () => void this.#carryOut(step).then(resolve, reject);
    });
    const step: Step = { kind, done, deadlineMs };
    this.#last = step;
    if (last === undefined) run();
    // What the step before came to is told to its own callers; this step begins either way.
    else last.done.then(run, run);
    return done;
  }

  async #carryOut(step: Step): Promise<void> {
    try {
      if (step.kind === 'start') await this.#carryOutStart();
      else if (this.#status === 'started') await this.#carryOutStop(step);
    } finally {
      if (this.#last === step) this.#last = undefined;
    }
  }

  async #carryOutStart(): Promise<void> {
    if (this.#status === 'started') return;
    this.#status = 'starting';
    try {
      await this.onStart();
      this.#status = 'started';
    } catch (error) {
      this.#status = 'stopped';
      throw error;
    }
  }

  async #carryOutStop(step: Step): Promise<void> {
    this.#status = 'stopping';
    try {
      await this.onStop(
        step.deadlineMs === undefined ? {} : { timeoutMs: Math.max(0, step.deadlineMs - performance.now()) },
      );
    } finally {
      this.#status = 'stopped';
    }
  }
}

function earlier(first: number | undefined, second: number | undefined): number | undefined {
  if (first === undefined || second === undefined) return first ?? second;
  return Math.min(first, second);
}
