// Delivers windows of records in order and moves the watermark behind them; one drain a folder.
import { RunspanError } from '../../errors.ts';
import type { InputsWrite, EndWrite } from '../../model/write.ts';
import type { ArtifactLane } from './artifact-lane.ts';
import { deleteTwins, deliverCreate } from './create-run.ts';
import { closeModels, deliverModel, deliverModelEnd, findModelId } from './deliver-model.ts';
import { deliverBatch } from './deliver-batch.ts';
import type { Delivery } from './delivery.ts';
import { deliverJoin } from './join-run.ts';
import { bury, findRunId } from './delivery.ts';
import type { EntryOf, FenceWrite, PlannedStep, Step } from './plan.ts';
import { planSteps } from './plan.ts';
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
  #planned: PlannedStep[] = [];
  /** Read while the last step of a full window was on its way. */
  #ahead: Window | undefined;
  #isFull = false;
  #lastSequence = 0;
  #defects = 0;
  #savedAtMs = 0;
  #isNoted = true;
  #hasWarnedOfState = false;

  constructor(options: DrainOptions) {
    this.#options = options;
  }

  /**
   * Delivers one window, or what an unforeseen error left of the last one.
   *
   * @returns false where there was nothing whole to read
   * @throws {DrainClosed} once the patience is closed
   */
  async deliverWindow(): Promise<boolean> {
    const { delivery, reader } = this.#options;
    if (this.#planned.length === 0 && !this.#readWindow()) {
      if (!this.#isNoted && delivery.system.clock.monotonicMs() - this.#savedAtMs >= SAVE_RETRY_MS) this.save();
      return false;
    }
    for (let next = this.#planned[0]; next !== undefined; next = this.#planned[0]) {
      const running = this.#runOnce(next.step);
      if (this.#isFull && this.#planned.length === 1) await this.#readAhead(running);
      await running;
      this.#planned.shift();
      this.#settle(next.settles);
    }
    this.#settle(this.#lastSequence);
    this.save();
    reader?.removeThrough(delivery.state.savedThrough);
    return true;
  }

  /** While the server works: reading 5,000 records takes this thread some ten milliseconds. Only behind a full window, since there more waits. */
  async #readAhead(running: Promise<void>): Promise<void> {
    const { source, delivery } = this.#options;
    running.catch(() => undefined); // whoever called awaits it next
    await new Promise<void>((resolve) => delivery.system.clock.nextTurn(resolve));
    try {
      this.#ahead ??= source.take(LIMITS);
    } catch {
      // A disk that cannot be read: the next window says so when it is due.
    }
  }

  #readWindow(): boolean {
    const { source, delivery } = this.#options;
    const window = this.#takeAhead() ?? source.take(LIMITS);
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
    this.#planned = [...planSteps(window.entries, window.lastSequence)];
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
  async #runOnce(step: Step): Promise<void> {
    const { delivery } = this.#options;
    try {
      await this.#run(step);
      this.#defects = 0;
    } catch (error) {
      this.#defects += 1;
      if (error instanceof DrainClosed || this.#defects < DEFECT_LIMIT) throw error;
      this.#defects = 0;
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

  async #run(step: Step): Promise<void> {
    const { delivery, lane } = this.#options;
    if (step.kind === 'batch') await deliverBatch(delivery, step.runKey, step.entries);
    else if (step.kind === 'single') await deliverSingle(delivery, lane, step.entry);
    else {
      const { sequence, write } = step.entry;
      const error = new RunspanError('NOT_SUPPORTED', `This version does not know records of kind '${write.kind}'`);
      bury(delivery, sequence, { record: write, error });
    }
  }
}

async function deliverSingle(
  delivery: Delivery,
  lane: ArtifactLane,
  { sequence, write }: EntryOf<FenceWrite>,
): Promise<void> {
  switch (write.kind) {
    case 'create':
      return deliverCreate(delivery, { sequence, write });
    case 'join':
      return deliverJoin(delivery, { sequence, write });
    case 'inputs':
      return deliverInputs(delivery, { sequence, write });
    case 'artifact':
      return lane.deliver({ sequence, write });
    case 'model':
      return deliverModel(delivery, { sequence, write });
    case 'model-end':
      return deliverModelEnd(delivery, lane, { sequence, write });
    case 'attributes':
      delivery.state.keepAttributes(write.runKey, {
        params: write.params,
        tags: write.tags,
        // The journal spells NaN and the infinities as texts.
        metrics: write.metrics.map((metric) => ({ ...metric, value: Number(metric.value) })),
      });
      return;
    case 'end':
      return deliverEnd(delivery, lane, { sequence, write });
  }
}

async function deliverInputs(delivery: Delivery, { sequence, write }: EntryOf<InputsWrite>): Promise<void> {
  const { runKey, inputs, modelKeys = [] } = write;
  const found = await findRunId(delivery, runKey);
  const modelIds: string[] = [];
  for (const modelKey of modelKeys) {
    const id = await findModelId(delivery, { runKey, modelKey });
    if (id !== undefined) modelIds.push(id);
  }
  const outcome =
    found.status === 'rejected'
      ? found
      : await delivery.patience.attempt(async () => {
          const store = await delivery.destination.store();
          await (modelIds.length === 0
            ? store.logInputs(found.value, inputs)
            : store.logInputs(found.value, inputs, modelIds));
        });
  if (outcome.status === 'rejected') bury(delivery, sequence, { record: write, error: outcome.error });
}

async function deliverEnd(
  delivery: Delivery,
  lane: ArtifactLane,
  { sequence, write }: EntryOf<EndWrite>,
): Promise<void> {
  const { state, destination, patience } = delivery;
  const found = await findRunId(delivery, write.runKey);
  const run = state.run(write.runKey);
  if (found.status === 'done') await closeModels(delivery, write.runKey);
  const { status, endTimeMs } = write;
  const outcome =
    found.status === 'rejected'
      ? found
      : await patience.attempt(async () =>
          (await destination.store()).updateRun({ runId: found.value, status, endTimeMs }),
        );
  if (outcome.status === 'rejected') bury(delivery, sequence, { record: write, error: outcome.error });
  // As late as can be: what a slow server makes of a create while the run ends is found too.
  if (found.status === 'done' && run?.wasAmbiguous === true) await deleteTwins(delivery, run);
  if (run !== undefined && run.artifactUri !== '' && !lane.uses(run.artifactUri))
    destination.closeArtifacts(run.artifactUri);
  state.endRun(write.runKey);
}
