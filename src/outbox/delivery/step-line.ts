// The steps of a window in their order: begun one after the other, batches of different runs some at a time.
import type { PlannedStep, Step } from './plan.ts';

/** What a StepLine needs. */
export interface StepLineOptions {
  /** Delivers a step. One that rejects is begun again. */
  readonly deliver: (step: Step) => Promise<void>;
  /** The store's run that a step writes to and to nothing else; undefined where it has to be alone. */
  readonly runIdOf: (step: Step) => string | undefined;
  /** How many may be under way by now. */
  readonly most: () => number;
}

/** A step that was begun. */
interface Begun extends PlannedStep {
  readonly runId: string | undefined;
  running: Promise<void>;
  /** One that has failed is begun again. */
  status: 'under way' | 'done' | 'failed';
}

/** Keeps the order of each run, and of everything that is no batch: what is begun has nothing before it that it must wait for. */
export class StepLine {
  /** What is not begun yet. */
  waiting: PlannedStep[] = [];
  readonly #options: StepLineOptions;
  /** Under way, or done behind one that is. */
  #begun: Begun[] = [];

  constructor(options: StepLineOptions) {
    this.#options = options;
  }

  get isEmpty(): boolean {
    return this.#begun.length === 0 && this.waiting.length === 0;
  }

  /** Begins what may be under way. */
  begin(): void {
    for (const each of this.#begun) if (each.status === 'failed') this.#start(each);
    for (let next = this.waiting[0]; next !== undefined; next = this.waiting[0]) {
      const runId = this.#options.runIdOf(next.step);
      if (!this.#isFree(runId)) return;
      this.waiting.shift();
      const begun: Begun = { ...next, runId, running: Promise.resolve(), status: 'under way' };
      this.#begun.push(begun);
      this.#start(begun);
    }
  }

  /** Waits until one has ended; throws what one threw, once none is under way any more. */
  async untilOneEnds(): Promise<void> {
    const running = this.#underWay().map((each) => each.running);
    // They may have ended while the caller did something else.
    if (running.length === 0) return;
    try {
      await Promise.race(running);
    } catch (error) {
      await Promise.allSettled(running);
      for (const each of this.#underWay()) each.status = 'failed';
      throw error;
    }
  }

  /** Lets go of what is done, up to the first that is not; returns the number up to which that settles everything, 0 where it is none. */
  takeSettled(): number {
    const done = this.#begun.findIndex(({ status }) => status !== 'done');
    const gone = this.#begun.splice(0, done === -1 ? this.#begun.length : done);
    return gone.at(-1)?.settles ?? 0;
  }

  #start(each: Begun): void {
    each.status = 'under way';
    each.running = this.#options.deliver(each.step).then(() => {
      each.status = 'done';
    });
    each.running.catch(() => undefined); // untilOneEnds() hears of it
  }

  #underWay(): readonly Begun[] {
    return this.#begun.filter(({ status }) => status !== 'done');
  }

  #isFree(runId: string | undefined): boolean {
    const underWay = this.#underWay();
    if (underWay.length === 0) return true;
    if (runId === undefined || underWay.length >= this.#options.most()) return false;
    return underWay.every((each) => each.runId !== undefined && each.runId !== runId);
  }
}
