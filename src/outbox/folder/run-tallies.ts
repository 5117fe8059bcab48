// What became of each run's records, as the drain counts them beside the watermark.
import type { Write } from '../../model/write.ts';

/** What the drain has done of one run. */
export interface RunTally {
  readonly runKey: string;
  /** How many of its records are delivered or dead-lettered. */
  readonly done: number;
  /** Of these, how many are dead letters. */
  readonly dead: number;
}

/** As it is kept in the state file: records that the watermark has passed, and dead ones. */
export type SavedTally = readonly [runKey: string, passed: number, dead: number];

/** Ended runs that are still counted, for what is logged after the end. */
const ENDED_LIMIT = 256;

interface Counts {
  passed: number;
  dead: number;
}

/** Counts for every run that is open, and for the last ones that have ended. */
export class RunTallies {
  readonly #counts = new Map<string, Counts>();
  readonly #ended = new Set<string>();
  /** Records that were read and that the watermark has not passed, in their order. */
  #ahead: { readonly sequence: number; readonly runKey: string; readonly isEnd: boolean }[] = [];
  #next = 0;
  #passed = 0;
  #deaths: { readonly sequence: number; readonly runKey: string; readonly count: number }[] = [];
  readonly #changed = new Set<string>();
  #wereAside: ReadonlySet<string> = new Set();

  /** Takes what was saved with the watermark. */
  load(passed: number, saved: readonly SavedTally[]): void {
    this.#passed = passed;
    for (const [runKey, passed, dead] of saved) {
      this.#counts.set(runKey, { passed, dead });
      this.#changed.add(runKey);
    }
  }

  save(): readonly SavedTally[] {
    return Array.from(this.#counts, ([runKey, { passed, dead }]) => [runKey, passed, dead]);
  }

  /** Takes the records of a window, in the order of their numbers. */
  read(entries: readonly { readonly sequence: number; readonly write: Write }[]): void {
    this.#ahead = this.#ahead.slice(this.#next);
    this.#next = 0;
    for (const { sequence, write } of entries)
      this.#ahead.push({ sequence, runKey: write.runKey, isEnd: write.kind === 'end' });
  }

  /** Counts dead letters, once the watermark has passed them. */
  noteDeaths(sequence: number, runKey: string, count: number): void {
    if (sequence <= this.#passed) this.#of(runKey).dead += count;
    else this.#deaths.push({ sequence, runKey, count });
  }

  /** The watermark moved. */
  pass(sequence: number): void {
    this.#passed = sequence;
    for (let entry = this.#ahead[this.#next]; entry !== undefined && entry.sequence <= sequence;) {
      this.#of(entry.runKey).passed += 1;
      if (entry.isEnd) this.#end(entry.runKey);
      this.#next += 1;
      entry = this.#ahead[this.#next];
    }
    if (this.#deaths.length === 0) return;
    for (const death of this.#deaths) if (death.sequence <= sequence) this.#of(death.runKey).dead += death.count;
    this.#deaths = this.#deaths.filter((death) => death.sequence > sequence);
  }

  /**
   * Takes the runs whose counts have changed since.
   *
   * @param aside the runs of the artifacts that the watermark has passed and that still wait
   */
  takeChanged(aside: readonly string[]): readonly RunTally[] {
    const changed = new Set([...this.#changed, ...this.#wereAside, ...aside]);
    this.#changed.clear();
    this.#wereAside = new Set(aside);
    return Array.from(changed, (runKey) => {
      const { passed, dead } = this.#counts.get(runKey) ?? { passed: 0, dead: 0 };
      return { runKey, done: passed - aside.filter((each) => each === runKey).length, dead };
    });
  }

  #of(runKey: string): Counts {
    this.#changed.add(runKey);
    const counts = this.#counts.get(runKey) ?? { passed: 0, dead: 0 };
    this.#counts.set(runKey, counts);
    return counts;
  }

  #end(runKey: string): void {
    this.#ended.add(runKey);
    if (this.#ended.size <= ENDED_LIMIT) return;
    const [oldest = ''] = this.#ended;
    this.#ended.delete(oldest);
    this.#counts.delete(oldest);
  }
}
