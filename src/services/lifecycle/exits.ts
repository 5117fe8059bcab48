// The one file that owns process exits: which handlers stand when, and what each way out means for the open runs.
import { constants } from 'node:os';
import { isMainThread } from 'node:worker_threads';
import { shareInProcess } from '../../model/process-wide.ts';
import type { RunOutcome } from '../../runs/run-outcome.ts';
import { isMainUnsettled, UNSETTLED_AWAIT_CODE } from './main-module.ts';

/** A started service that has something to end when the process ends. */
export interface ExitParticipant {
  /** How long an exit may be held up for it, in milliseconds. */
  readonly exitTimeoutMs: number;
  /** Whether a run is open or something is on its way: signals and crashes are watched only then. */
  readonly isBusy: () => boolean;
  /** Ends every open run in this turn. */
  readonly endRunsNow: (outcome: RunOutcome) => void;
  /** Remembers an error that is about to end the process. */
  readonly noteUncaught: (error: unknown) => void;
  /** Hands over what others deliver, before anybody does; never throws. */
  readonly handOver?: () => void;
  /** Delivers what is on its way, spans and logs too; never rejects. */
  readonly flush: (timeoutMs: number) => Promise<void>;
  /** In `exit`: begins to deliver, without waiting, so that all wait at the same time; never throws. */
  readonly beginDrain?: () => void;
  /** The same as flush() without an event loop, in `exit`; never throws. */
  readonly drainInExit: (timeoutMs: number) => void;
}

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
type Signal = (typeof SIGNALS)[number];

/** How long a re-raised signal may take to end the process; as PID 1 it is ignored (measured), so we exit ourselves then. */
const RERAISE_TIMEOUT_MS = 100;

/**
 * Takes part in exits until the returned function is called.
 *
 * @example
 * const leave = joinExits(participant);
 * leave();
 */
export function joinExits(participant: ExitParticipant): () => void {
  return exits().join(participant);
}

/** The same as watchExits(), after which a natural end is flushed anew: a run was opened, or has ended. */
export function refreshExits(): void {
  exits().refresh();
}

/** Puts the handlers of signals and crashes up while anyone is busy, and takes them down after. */
export function watchExits(): void {
  exits().watch();
}

/**
 * Lets a signal that came while the job kept its thread busy be seen before the run's end is decided. Two turns, because the
 * first may already be past the point where signals are read.
 */
export async function letSignalsIn(): Promise<void> {
  await exits().letSignalsIn();
}

/** One set of handlers a process: the first copy of this package puts it up, others join, or each would take the other's for the user's. */
function exits(): Pick<Exits, 'join' | 'refresh' | 'watch' | 'letSignalsIn'> {
  return shareInProcess('exits', () => new Exits());
}

/** The handlers, and who takes part. */
class Exits {
  readonly #participants = new Set<ExitParticipant>();
  #isWatching = false;
  #isEnding = false;
  #isDrained = false;
  #hasFlushed = false;
  /** How long the last natural end has waited already: what it waited does not count twice. */
  #waitedMs = 0;

  join(participant: ExitParticipant): () => void {
    if (this.#participants.size === 0) {
      process.on('beforeExit', this.#onBeforeExit);
      process.on('exit', this.#onExit);
    }
    this.#participants.add(participant);
    return () => {
      this.#participants.delete(participant);
      this.refresh();
      if (this.#participants.size > 0) return;
      process.off('beforeExit', this.#onBeforeExit);
      process.off('exit', this.#onExit);
    };
  }

  refresh(): void {
    this.watch();
    if (![...this.#participants].some((participant) => participant.isBusy())) return;
    this.#hasFlushed = false;
    this.#waitedMs = 0;
  }

  watch(): void {
    const shouldWatch = [...this.#participants].some((participant) => participant.isBusy());
    if (shouldWatch === this.#isWatching || this.#isEnding) return;
    this.#isWatching = shouldWatch;
    // Signals are the main thread's. An error that nobody catches ends the thread in which it is thrown, whichever that is.
    for (const signal of isMainThread ? SIGNALS : []) {
      // First in the row, or a `once` of the user's would be gone when we look whether there is one.
      if (shouldWatch) process.prependListener(signal, this.#onSignal);
      else process.off(signal, this.#onSignal);
    }
    // The monitor sees unhandled rejections too; a listener of `unhandledRejection` would make the job exit 0 (measured).
    process[shouldWatch ? 'on' : 'off']('uncaughtExceptionMonitor', this.#onUncaught);
  }

  async letSignalsIn(): Promise<void> {
    if (!this.#isWatching || !isMainThread) return;
    await new Promise((resolve) => setImmediate(resolve));
    await new Promise((resolve) => setImmediate(resolve));
  }

  readonly #onUncaught = (error: unknown): void => {
    // A handler of the user's keeps the process, and so the run, alive.
    if (process.listenerCount('uncaughtException') > 0) return;
    for (const participant of this.#participants) participant.noteUncaught(error);
  };

  readonly #onSignal = (name: NodeJS.Signals): void => {
    // Registered for these three only.
    const signal = name as Signal;
    if (process.listenerCount(signal) > 1 + countPoliteListeners()) {
      // The user's handler decides what the signal means; what is accepted is on its way meanwhile.
      void this.#flushAll();
      return;
    }
    if (this.#isEnding) {
      // Asked twice, so no more waiting; what is left is said, and stays in the journal.
      this.#die(signal, 0);
      return;
    }
    this.#isEnding = true;
    const participants = [...this.#participants];
    const deadlineMs = performance.now() + Math.max(0, ...participants.map((each) => each.exitTimeoutMs));
    // Holds the process until it is re-raised: with nothing else to do it would end by itself, and with exit code 0.
    const hold = setInterval(() => undefined, RERAISE_TIMEOUT_MS);
    for (const participant of participants) participant.endRunsNow({ kind: 'signalled', signal });
    void this.#flushAll().then(() => {
      clearInterval(hold);
      this.#die(signal, deadlineMs - performance.now());
    });
  };

  readonly #onBeforeExit = (): void => {
    if (this.#isEnding || this.#hasFlushed) return;
    this.#hasFlushed = true;
    // A signal that came during a busy loop is seen in the next turn; a natural end would win over it otherwise.
    setImmediate(() => void this.#endNaturally());
  };

  async #endNaturally(): Promise<void> {
    const isOpen = [...this.#participants].some((participant) => participant.isBusy());
    const code = Number(process.exitCode ?? (isOpen && (await isMainUnsettled()) ? UNSETTLED_AWAIT_CODE : 0));
    if (this.#isEnding) return;
    for (const participant of this.#participants) participant.endRunsNow({ kind: 'ran-dry', code });
    const startMs = performance.now();
    await this.#flushAll();
    this.#waitedMs = performance.now() - startMs;
  }

  readonly #onExit = (code: number): void => {
    for (const participant of this.#participants) participant.endRunsNow({ kind: 'exited', code });
    this.#drainAll(Number.POSITIVE_INFINITY, this.#waitedMs);
  };

  #die(signal: Signal, timeoutMs: number): void {
    this.#drainAll(timeoutMs);
    for (const each of SIGNALS) process.off(each, this.#onSignal);
    process.kill(process.pid, signal);
    setTimeout(() => process.exit(128 + constants.signals[signal]), RERAISE_TIMEOUT_MS);
  }

  /** One deadline for all: each waits at most for as long as it may, counted from now. */
  #drainAll(timeoutMs: number, alreadyMs = 0): void {
    if (this.#isDrained) return;
    this.#isDrained = true;
    const startMs = performance.now();
    for (const participant of this.#participants) participant.handOver?.();
    for (const participant of this.#participants) participant.beginDrain?.();
    for (const participant of this.#participants) {
      const leftMs = Math.min(timeoutMs, participant.exitTimeoutMs - alreadyMs) - (performance.now() - startMs);
      participant.drainInExit(Math.max(0, leftMs));
    }
  }

  async #flushAll(): Promise<void> {
    for (const participant of this.#participants) participant.handOver?.();
    await Promise.all([...this.#participants].map((participant) => participant.flush(participant.exitTimeoutMs)));
  }
}

/**
 * Counts the handlers of the package signal-exit, which execa, ora and many others bring: they act only where they are alone, and
 * count themselves in these two places for each other (versions 4 and 3). So do we, and together nobody would ever end the process.
 */
function countPoliteListeners(): number {
  const places: readonly unknown[] = [
    Reflect.get(globalThis, Symbol.for('signal-exit emitter')),
    Reflect.get(process, '__signal_exit_emitter__'),
  ];
  let sum = 0;
  for (const place of places) {
    const count: unknown = typeof place === 'object' && place !== null && 'count' in place ? place.count : 0;
    if (Number.isSafeInteger(count)) sum += Number(count);
  }
  return sum;
}
