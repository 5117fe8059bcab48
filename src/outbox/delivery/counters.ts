// What job and drain share without messages: counts, a wake-up word and the words of the exit.

const ACCEPTED = 0;
const SETTLED = 1;
const DEAD = 2;
const DONE_COUNT = 3;
const SYNCED = 4;
const COUNT_WORDS = 5;

const IDLE = 0;
const WAKE = 1;
const EXIT = 2;
const DONE = 3;
const IS_UNSYNCED = 4;
const SYNC_FAILURES = 5;
const SIGNAL_WORDS = 6;

/** What a word can hold: three weeks. */
const MAX_EXIT_MS = 2 ** 31 - 2;

/** Atomics.waitAsync, which TypeScript's ES2023 library does not know; Node has it from 16 on. */
interface AsyncAtomics {
  waitAsync(
    words: Int32Array,
    index: number,
    value: number,
  ): { readonly async: true; readonly value: Promise<string> } | { readonly async: false; readonly value: string };
}

/** A view of one SharedArrayBuffer; both threads make their own. */
export class Counters {
  readonly buffer: SharedArrayBuffer;
  readonly #counts: BigInt64Array;
  readonly #signals: Int32Array;

  constructor(buffer?: SharedArrayBuffer) {
    this.buffer = buffer ?? new SharedArrayBuffer(COUNT_WORDS * 8 + SIGNAL_WORDS * 4);
    this.#counts = new BigInt64Array(this.buffer, 0, COUNT_WORDS);
    this.#signals = new Int32Array(this.buffer, COUNT_WORDS * 8, SIGNAL_WORDS);
  }

  /** Records that are durable, or in memory where the disk failed. Written by the job's thread. */
  get accepted(): number {
    return Number(Atomics.load(this.#counts, ACCEPTED));
  }

  set accepted(count: number) {
    Atomics.store(this.#counts, ACCEPTED, BigInt(count));
  }

  /** The number up to which everything is delivered or dead-lettered. Written by the drain. */
  get settled(): number {
    return Number(Atomics.load(this.#counts, SETTLED));
  }

  /** Of the records that are done, those that are dead letters. */
  get dead(): number {
    return Number(Atomics.load(this.#counts, DEAD));
  }

  /** How many records are delivered or dead-lettered: more than `settled` where something waits that others went past. */
  get done(): number {
    return Number(Atomics.load(this.#counts, DONE_COUNT));
  }

  /** Who reads `dead` before `done` never sees more dead than done. */
  settle(progress: { readonly settled: number; readonly done: number; readonly dead: number }): void {
    Atomics.store(this.#counts, DONE_COUNT, BigInt(progress.done));
    Atomics.store(this.#counts, DEAD, BigInt(progress.dead));
    Atomics.store(this.#counts, SETTLED, BigInt(progress.settled));
    Atomics.notify(this.#counts, SETTLED);
  }

  /** The number up to which everything is on the disk itself, where that is asked for. Written by the drain. */
  get synced(): number {
    return Number(Atomics.load(this.#counts, SYNCED));
  }

  /** Whether the last sync failed. */
  get isUnsynced(): boolean {
    return Atomics.load(this.#signals, IS_UNSYNCED) === 1;
  }

  /** How many syncs have failed. */
  get syncFailures(): number {
    return Atomics.load(this.#signals, SYNC_FAILURES);
  }

  noteSynced(sequence: number): void {
    Atomics.store(this.#counts, SYNCED, BigInt(Math.max(sequence, this.synced)));
    Atomics.store(this.#signals, IS_UNSYNCED, 0);
  }

  noteUnsynced(): void {
    Atomics.add(this.#signals, SYNC_FAILURES, 1);
    Atomics.store(this.#signals, IS_UNSYNCED, 1);
  }

  /** Blocks this thread until the drain, in another one, has settled more; false where the time was over first. */
  waitUntilSettled(timeoutMs: number): boolean {
    const seen = Atomics.load(this.#counts, SETTLED);
    return Atomics.wait(this.#counts, SETTLED, seen, Math.max(0, timeoutMs)) !== 'timed-out';
  }

  /** The drain says that it sleeps, so that the job need not wake one that is awake. */
  setIdle(isIdle: boolean): void {
    Atomics.store(this.#signals, IDLE, isIdle ? 1 : 0);
  }

  get isIdle(): boolean {
    return Atomics.load(this.#signals, IDLE) === 1;
  }

  /** Wakes the drain's thread. */
  wake(): void {
    Atomics.add(this.#signals, WAKE, 1);
    Atomics.notify(this.#signals, WAKE);
  }

  /** Resolves at the next wake(); a handle of its own must keep the thread alive meanwhile. */
  async untilWoken(seen: number): Promise<number> {
    const atomics = Atomics as typeof Atomics & AsyncAtomics;
    const waiting = atomics.waitAsync(this.#signals, WAKE, seen);
    if (waiting.async) await waiting.value;
    return Atomics.load(this.#signals, WAKE);
  }

  get wakeCount(): number {
    return Atomics.load(this.#signals, WAKE);
  }

  /** The job's thread is in `exit`, and waits for so long: deliver what there is and say done. */
  requestExit(timeoutMs = 0): void {
    Atomics.store(this.#signals, EXIT, 1 + Math.min(MAX_EXIT_MS, Math.max(0, Math.trunc(timeoutMs))));
    this.wake();
  }

  get isExitRequested(): boolean {
    return Atomics.load(this.#signals, EXIT) > 0;
  }

  /** How long an exit that was requested waits. */
  get exitTimeoutMs(): number {
    return Math.max(0, Atomics.load(this.#signals, EXIT) - 1);
  }

  /** The drain has nothing left to do and has closed its store. */
  setDone(): void {
    Atomics.store(this.#signals, DONE, 1);
    Atomics.notify(this.#signals, DONE);
  }

  /** Blocks this thread until the drain is done; false where the time was over first. */
  waitUntilDone(timeoutMs: number): boolean {
    if (Atomics.load(this.#signals, DONE) === 1) return true;
    return Atomics.wait(this.#signals, DONE, 0, Math.max(0, timeoutMs)) !== 'timed-out';
  }
}
