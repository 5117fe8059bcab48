// Trying again: what can be mended by time is tried for as long as the process lives; what cannot is told apart.
import { MlflowError, RunspanError } from '../../errors.ts';
import { Pause } from '../machine/pause.ts';
import type { System } from '../machine/system.ts';
import { messageOf } from '../machine/system.ts';
import { isError } from '../../model/any-realm.ts';

/** First delay, its bound, and the bound while somebody waits for the end. */
const FIRST_DELAY_MS = 500;
const MAX_DELAY_MS = 30_000;
const URGENT_DELAY_MS = 500;
/** A request whose answer was lost may be carried out so long after: nothing is sent behind it sooner, lest it undoes that. */
const LATE_MS = 250;
/** A store whose attempts failed so often in a row is closed and opened again. */
const REOPEN_AFTER = 3;
/** An error that nobody foresaw (a defect, not a store's answer) is tried so often before the record is given up. */
export const UNFORESEEN_LIMIT = 5;

/** How an operation ended. */
export type Outcome<T> =
  { readonly status: 'done'; readonly value: T } | { readonly status: 'rejected'; readonly error: Error };

/** The destination refuses everything for now: credentials, a deleted experiment, a file it cannot use. No record's fault. */
export class DestinationRefused extends Error {
  override readonly name: string = 'DestinationRefused';

  constructor(cause: Error) {
    super(cause.message, { cause });
  }
}

/** The drain was closed while it waited. */
export class DrainClosed extends Error {
  override readonly name: string = 'DrainClosed';

  constructor() {
    super('The drain is closed.');
  }
}

/** What an error asks for. */
export type Judgement = 'retry' | 'refused' | 'rejected' | 'unforeseen';

/**
 * The statuses by which a server speaks of what it was sent, and not of who sent it or where; the last two, where no retry
 * helps, say that it does not take such a thing at all (an artifact proxy that is switched off).
 */
const RECORD_STATUSES = new Set([400, 409, 413, 422, 501, 503]);

/** An attempt that is to be made again. */
interface Failure {
  readonly status: 'failed';
  readonly error: unknown;
  readonly judgement: Judgement;
}

/** Tells errors apart: mended by time, by the user, or not at all. */
export function judgeError(error: unknown): Judgement {
  if (error instanceof DestinationRefused) return 'refused';
  if (error instanceof MlflowError) {
    if (error.isRetryable || error.isAmbiguous) return 'retry';
    const isAbsent = error.status === 404 && error.errorCode === 'RESOURCE_DOES_NOT_EXIST';
    return isAbsent || RECORD_STATUSES.has(error.status) ? 'rejected' : 'refused';
  }
  // A store that was closed to be opened anew, for another operation's sake: no record's fault.
  if (error instanceof RunspanError) return error.code === 'SERVICE_STOPPED' ? 'retry' : 'rejected';
  return isModuleAbsent(error) ? 'refused' : 'unforeseen';
}

/** A file of the package that is gone, as during an installation: no record's fault. */
function isModuleAbsent(error: unknown): boolean {
  const { code } = (error ?? {}) as { readonly code?: unknown };
  return code === 'ERR_MODULE_NOT_FOUND' || code === 'MODULE_NOT_FOUND';
}

/** What a Patience needs. */
export interface PatienceOptions {
  readonly system: System;
  /** Closes what is open, so that the next attempt opens it anew. */
  readonly reopen: () => Promise<void>;
  readonly onWarning: (message: string) => void;
}

/** Runs operations until they are done or rejected; one backoff for all of a destination. */
export class Patience {
  readonly #options: PatienceOptions;
  readonly #pause: Pause;
  /** What was said since it last went well: once that nothing answers, once that it refuses. */
  readonly #said = new Set<Judgement>();
  #isClosed = false;
  #isUrgent = false;
  /** Failures in a row, over all operations. */
  #failures = 0;
  #isRefused = false;
  /** Operations that have failed and are not done. */
  #heldUp = 0;

  constructor(options: PatienceOptions) {
    this.#options = options;
    this.#pause = new Pause(options.system.clock);
  }

  /** True while the destination does not answer. */
  get isWaiting(): boolean {
    return this.#failures > 0;
  }

  /** True while the destination answers, and refuses whatever it is sent: the user has to mend something. */
  get isRefused(): boolean {
    return this.#isRefused;
  }

  /** Whether something has failed and is tried again: nothing new is to be sent beside it, lest a server that asks for rest gets none. */
  get isHeldUp(): boolean {
    return this.#heldUp > 0;
  }

  /** Somebody waits for the end: cut the pause under way short and keep the next ones short. */
  hurry(): void {
    this.#isUrgent = true;
    this.#pause.wake();
  }

  /** Nobody waits any more. */
  calm(): void {
    this.#isUrgent = false;
  }

  /** Ends all attempts: they reject with {@link DrainClosed}. */
  close(): void {
    this.#isClosed = true;
    this.#pause.wake();
  }

  /**
   * Runs an operation until it is done or rejected.
   *
   * @throws {DrainClosed} once closed
   */
  async attempt<T>(operation: () => Promise<T>): Promise<Outcome<T>> {
    let ended = await this.#attemptOnce(operation, 1);
    if (ended.status !== 'failed') return ended;
    this.#heldUp += 1;
    try {
      for (let attempts = 2; ; attempts += 1) {
        await this.#wait(ended.error, ended.judgement);
        ended = await this.#attemptOnce(operation, attempts);
        if (ended.status !== 'failed') return ended;
      }
    } finally {
      this.#heldUp -= 1;
    }
  }

  /**
   * Waits until a moment of the monotonic clock, also where somebody is in a hurry.
   *
   * @throws {DrainClosed} once closed
   */
  async rest(untilMs: number): Promise<void> {
    const { clock } = this.#options.system;
    for (let leftMs = untilMs - clock.monotonicMs(); leftMs > 0; leftMs = untilMs - clock.monotonicMs()) {
      if (this.#isClosed) throw new DrainClosed();
      await this.#pause.wait(leftMs);
    }
  }

  async #attemptOnce<T>(operation: () => Promise<T>, attempts: number): Promise<Outcome<T> | Failure> {
    if (this.#isClosed) throw new DrainClosed();
    try {
      const value = await operation();
      this.#recover();
      return { status: 'done', value };
    } catch (error) {
      if (this.#isClosed) throw new DrainClosed();
      const judgement = judgeError(error);
      const isGivenUp = judgement === 'unforeseen' && attempts >= UNFORESEEN_LIMIT;
      if (judgement === 'rejected' || isGivenUp) return { status: 'rejected', error: asError(error) };
      return { status: 'failed', error, judgement };
    }
  }

  async #wait(error: unknown, judgement: Judgement): Promise<void> {
    this.#failures += 1;
    this.#isRefused = judgement === 'refused';
    const message = messageOf(error);
    this.#sayOnce(
      judgement === 'refused' ? 'refused' : 'retry',
      judgement === 'refused'
        ? `The tracking store refuses what is sent: ${message} Everything is kept and tried again.`
        : `The tracking store cannot be reached for now: ${message} Everything is kept and tried again.`,
    );
    const isReopened = this.#failures % REOPEN_AFTER === 0 || judgement === 'unforeseen';
    const { clock } = this.#options.system;
    const quietFromMs = clock.monotonicMs() + (error instanceof MlflowError && error.isAmbiguous ? LATE_MS : 0);
    if (isReopened) await this.#options.reopen();
    await this.#pause.wait(this.#delayMs(error, judgement));
    await this.rest(quietFromMs);
  }

  #delayMs(error: unknown, judgement: Judgement): number {
    const asked = error instanceof MlflowError ? (error.retryAfterMs ?? 0) : 0;
    if (this.#isUrgent) return Math.max(asked, URGENT_DELAY_MS);
    if (judgement === 'refused') return MAX_DELAY_MS;
    const doubled = Math.min(MAX_DELAY_MS, FIRST_DELAY_MS * 2 ** Math.min(this.#failures - 1, 10));
    // Jitter downwards by up to half, so that many jobs do not come back at once.
    return Math.max(asked, doubled * (1 - this.#options.system.random() / 2));
  }

  #recover(): void {
    if (this.#failures === 0) return;
    this.#failures = 0;
    this.#isRefused = false;
    this.#said.clear();
  }

  #sayOnce(judgement: Judgement, message: string): void {
    if (this.#said.has(judgement)) return;
    this.#said.add(judgement);
    this.#options.onWarning(message);
  }
}

function asError(error: unknown): Error {
  return isError(error) ? error : new Error(String(error));
}
