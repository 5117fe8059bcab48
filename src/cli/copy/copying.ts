// What every part of a copy shares: both stores, what is counted, and patience with a server.
import type { ArtifactRepository } from '../../artifacts/contract.ts';
import { MlflowError, RunspanError } from '../../errors.ts';
import type { Store } from '../../stores/contract.ts';
import { isError } from '../../model/any-realm.ts';

/** One of the two stores. */
export interface Side {
  readonly store: Store;
  /** Opens the artifacts of a run or model. */
  openArtifacts(artifactUri: string): Promise<ArtifactRepository>;
}

/** How many of a kind were copied for the first time, brought up to date, and left alone because they are as they were. */
export interface KindCount {
  copied: number;
  updated: number;
  unchanged: number;
}

/** What was copied. */
export interface CopyCounts {
  readonly runs: KindCount;
  readonly models: KindCount;
  readonly versions: KindCount;
  experiments: number;
  points: number;
  files: number;
  bytes: number;
  traces: number;
}

/** Something that could not be copied. */
export interface CopyProblem {
  /** Such as `run train (5f2a…)`. */
  readonly what: string;
  readonly why: string;
}

/** How a copy is asked for. */
export interface CopyingOptions {
  readonly source: Side;
  readonly target: Side;
  readonly signal: AbortSignal;
  /** How long a target that does not answer is tried again, in milliseconds. */
  readonly patienceMs: number;
  readonly now: () => number;
  /** Called whenever something was copied. */
  readonly onProgress: () => void;
}

const FIRST_PAUSE_MS = 250;
const MAX_PAUSE_MS = 10_000;

/** One copy while it is under way. */
export class Copying {
  readonly source: Side;
  readonly target: Side;
  readonly now: () => number;
  readonly onProgress: () => void;
  readonly counts: CopyCounts = {
    runs: { copied: 0, updated: 0, unchanged: 0 },
    models: { copied: 0, updated: 0, unchanged: 0 },
    versions: { copied: 0, updated: 0, unchanged: 0 },
    experiments: 0,
    points: 0,
    files: 0,
    bytes: 0,
    traces: 0,
  };
  readonly problems: CopyProblem[] = [];
  readonly #signal: AbortSignal;
  readonly #patienceMs: number;
  #turn: Promise<unknown> = Promise.resolve();

  constructor(options: CopyingOptions) {
    this.source = options.source;
    this.target = options.target;
    this.now = options.now;
    this.onProgress = options.onProgress;
    this.#signal = options.signal;
    this.#patienceMs = options.patienceMs;
  }

  /**
   * Does one step, again and again where time may mend what failed. Each step must bear being done twice.
   *
   * @throws what stays, or what the signal says
   */
  async attempt<T>(step: () => Promise<T>): Promise<T> {
    const giveUpAtMs = performance.now() + this.#patienceMs;
    for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(pauseMs * 2, MAX_PAUSE_MS)) {
      this.#signal.throwIfAborted();
      try {
        return await step();
      } catch (error) {
        if (!isPassing(error) || performance.now() + pauseMs > giveUpAtMs) throw error;
        await untilAborted(pauseMs, this.#signal);
      }
    }
  }

  /** As {@link attempt}, one after the other: of what two runs share, a server at work for both makes two, and fails. */
  attemptInTurn<T>(step: () => Promise<T>): Promise<T> {
    const result = this.#turn.then(() => this.attempt(step));
    this.#turn = result.catch(() => undefined);
    return result;
  }

  /** Does the work for one run, model or version; where the target does not take that one, the others go on. */
  async tolerate(what: string, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      if (this.#signal.aborted || !isAboutOne(error)) throw error;
      this.problems.push({ what, why: isError(error) ? error.message : String(error) });
    }
  }
}

function isPassing(error: unknown): boolean {
  return error instanceof MlflowError && (error.isRetryable || error.isAmbiguous);
}

/** What a server that is away or a password that is wrong says would be said of all of them. */
function isAboutOne(error: unknown): boolean {
  if (error instanceof MlflowError) return !isPassing(error) && error.status !== 401 && error.status !== 403;
  return error instanceof RunspanError;
}

/** Resolves after a while, at once where the signal says stop. */
function untilAborted(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(end, ms);
    function end(): void {
      clearTimeout(timer);
      signal.removeEventListener('abort', end);
      resolve();
    }
    signal.addEventListener('abort', end);
  });
}
