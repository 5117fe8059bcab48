// Delivers windows of records in order and moves the watermark behind them; one drain a folder.
import type { ArtifactLane } from './artifact-lane.ts';
import { deliverStep } from './deliver-step.ts';
import type { Delivery } from './delivery.ts';
import { bury } from './delivery.ts';
import type { Step } from './plan.ts';
import { entriesOf, planSteps } from './plan.ts';
import { StepLine } from './step-line.ts';
import { DrainClosed } from './patience.ts';
import type { RecordSource, TakeLimits, Window } from '../journal/record-source.ts';
import type { JournalSync } from './journal-sync.ts';
import type { SegmentReader } from '../journal/segment-reader.ts';
import { Pause } from '../machine/pause.ts';
import { messageOf } from '../machine/system.ts';
import { isError } from '../../model/any-realm.ts';

/**
 * Records looked at in one go: five full requests to a server, one transaction of an embedded store. Frames are read whole, and one of a
 * burst holds up to 64: so it is a little less than 5,000, lest a few records more cost a request of their own.
 */
export const WINDOW_COUNT = 4937;
/** Of each run where many take turns: a full request. */
const COUNT_PER_RUN = 1000;
const LIMITS: TakeLimits = { maxCount: WINDOW_COUNT, countPerRun: COUNT_PER_RUN };
/** Between two looks at what has come while steps of a window wait. */
const TOP_UP_MS = 50;
/** Between two saves of the state within a window. */
const SAVE_INTERVAL_MS = 100;
/** Between two tries of a save that the disk did not take, while nothing new comes. */
const SAVE_RETRY_MS = 5000;
/** At the end there is less time: so many tries, so far apart. */
const LAST_SAVES = 5;
const LAST_SAVE_MS = 20;
/** Tries of a step that throws what no store answers. */
const DEFECT_LIMIT = 3;

/** What a drain works with. */
export interface DrainOptions {
  readonly delivery: Delivery;
  readonly lane: ArtifactLane;
  readonly source: RecordSource;
  readonly reader: SegmentReader | undefined;
  /** Brings what is read to the disk before it is sent; undefined where that is not asked for. */
  readonly sync: JournalSync | undefined;
  /** Called after each step, when the watermark may have moved. */
  readonly onSettled: () => void;
}

/** Takes what a source has and delivers it. */
export class Drain {
  readonly #options: DrainOptions;
  readonly #line: StepLine;
  /** Read while the last step of a full window was on its way. */
  #ahead: Window | undefined;
  #isFull = false;
  #readAtMs = 0;
  #lastSequence = 0;
  readonly #defects = new WeakMap<Step, number>();
  #savedAtMs = 0;
  #isNoted = true;
  #hasWarnedOfState = false;

  constructor(options: DrainOptions) {
    this.#options = options;
    const { state, patience, destination } = options.delivery;
    this.#line = new StepLine({
      deliver: (step) => this.#deliver(step),
      runIdOf: (step) => (step.kind === 'batch' ? state.runIdOf(step.runKey) : undefined),
      most: () => (patience.isHeldUp ? 1 : destination.batchesAtOnce),
    });
  }

  /**
   * Delivers one window, or what an unforeseen error left of the last one.
   *
   * @returns false where there was nothing whole to read
   * @throws {DrainClosed} once the patience is closed
   */
  async deliverWindow(): Promise<boolean> {
    const { delivery, reader } = this.#options;
    if (this.#line.isEmpty && !this.#readWindow()) {
      if (!this.#isNoted && delivery.system.clock.monotonicMs() - this.#savedAtMs >= SAVE_RETRY_MS) this.save();
      return false;
    }
    while (!this.#line.isEmpty) {
      this.#topUp();
      this.#line.begin();
      if (this.#isFull && this.#line.waiting.length === 0) await this.#readAhead();
      await this.#line.untilOneEnds();
      this.#settle(this.#line.takeSettled());
    }
    this.#settle(this.#lastSequence);
    this.save();
    reader?.removeThrough(delivery.state.savedThrough);
    return true;
  }

  /** While the server works: reading 5,000 records takes this thread some ten milliseconds. Only behind a full window, since there more waits. */
  async #readAhead(): Promise<void> {
    const { source, delivery } = this.#options;
    await new Promise<void>((resolve) => delivery.system.clock.nextTurn(resolve));
    try {
      this.#ahead ??= source.take(LIMITS);
    } catch {
      // A disk that cannot be read: the next window says so when it is due.
    }
  }

  #readWindow(): boolean {
    this.#readAtMs = this.#options.delivery.system.clock.monotonicMs();
    return this.#plan(this.#takeAhead() ?? this.#options.source.take(LIMITS));
  }

  /** What has come while steps wait joins them: else a burst's first records, some of each of many runs, cost a request a run. */
  #topUp(): void {
    const { source, delivery } = this.#options;
    const nowMs = delivery.system.clock.monotonicMs();
    if (this.#isFull || this.#line.waiting.length === 0 || nowMs - this.#readAtMs < TOP_UP_MS) return;
    this.#readAtMs = nowMs;
    this.#plan(source.takeMore(LIMITS));
  }

  /** Plans what was read together with what waits; false where nothing was. */
  #plan(window: Window): boolean {
    const { delivery } = this.#options;
    this.#isFull = window.isFull;
    for (const { segment, bytes } of window.damage) {
      delivery.onWarning(
        `${bytes} bytes of ${segment} in ${delivery.paths?.root ?? 'memory'} hold no whole record: the write was cut off, or the file is damaged.`,
      );
    }
    if (window.lastSequence === 0) return false;
    this.sync();
    this.#nameLosses(window);
    delivery.state.tallies.read(window.entries);
    const all = [...entriesOf(this.#line.waiting), ...window.entries];
    this.#line.waiting = [...planSteps(all, window.lastSequence)];
    this.#lastSequence = window.lastSequence;
    return true;
  }

  #takeAhead(): Window | undefined {
    const window = this.#ahead;
    this.#ahead = undefined;
    // More may have come since it was empty.
    return window?.lastSequence === 0 && window.damage.length === 0 ? undefined : window;
  }

  /** A defect in one step must not stop the steps behind it: after some tries its records are dead-lettered. */
  async #deliver(step: Step): Promise<void> {
    const { delivery, lane } = this.#options;
    try {
      await deliverStep(delivery, lane, step);
    } catch (error) {
      const defects = (this.#defects.get(step) ?? 0) + 1;
      this.#defects.set(step, defects);
      if (error instanceof DrainClosed || defects < DEFECT_LIMIT) throw error;
      const entries = step.kind === 'batch' ? step.entries : [step.entry];
      const reason = isError(error) ? error : new Error(String(error));
      for (const { sequence, write } of entries) bury(delivery, sequence, { record: write, error: reason });
    }
  }

  /** Syncs the journal, and the files that it speaks of, to the disk, where that is asked for. */
  sync(): void {
    this.#options.sync?.run();
  }

  /** Saves what the disk did not take before: it is the last chance to spare whoever comes next that it is sent again. */
  async saveAtEnd(): Promise<void> {
    const pause = new Pause(this.#options.delivery.system.clock);
    for (let tries = 0; !this.#isNoted && tries < LAST_SAVES; tries += 1) {
      await pause.wait(LAST_SAVE_MS);
      this.save();
    }
  }

  /** Saves the state; where the disk takes none, the drain goes on: a replay doubles nothing, and what it undoes is said. */
  save(): void {
    const { delivery } = this.#options;
    this.#savedAtMs = delivery.system.clock.monotonicMs();
    try {
      delivery.deadLetters.writeUnkept();
      delivery.state.save();
      this.#isNoted = true;
    } catch (error) {
      this.#isNoted = false;
      if (this.#hasWarnedOfState) return;
      this.#hasWarnedOfState = true;
      delivery.onWarning(
        `The outbox cannot note what it delivered: ${messageOf(error)}. Whoever takes over before it can sends what the disk has again, which doubles nothing; but a tag that was kept in memory alone falls back to the last value on the disk.`,
      );
    }
  }

  #settle(sequence: number): void {
    const { delivery, onSettled } = this.#options;
    if (sequence <= delivery.state.settledThrough) return;
    delivery.state.settle(sequence);
    onSettled();
    if (delivery.system.clock.monotonicMs() - this.#savedAtMs >= SAVE_INTERVAL_MS) this.save();
  }

  #nameLosses(window: Window): void {
    const { delivery } = this.#options;
    for (const { firstSequence, count } of window.losses) {
      const reason = `Records ${firstSequence} to ${firstSequence + count - 1} cannot be read back from the journal`;
      delivery.deadLetters.bury({
        sequence: firstSequence,
        count,
        reason,
        errorCode: undefined,
        status: undefined,
        record: undefined,
      });
      delivery.state.noteDeaths(firstSequence, count);
      delivery.onWarning(`${reason} and are lost.`);
    }
  }
}
