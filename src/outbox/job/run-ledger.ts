// What became of each run's records, as the job's thread knows it: what was accepted here, and what the drain says it has done.
import type { Write } from '../../model/write.ts';
import type { RunAccount } from '../contract.ts';
import type { RunTally } from '../folder/run-tallies.ts';

/** Ended runs of which nothing is pending that are still told of. */
const SETTLED_LIMIT = 100;

/** Records are counted so many at a time: the hot path only notes them. */
const COUNT_EVERY = 256;

interface Row {
  accepted: number;
  done: number;
  dead: number;
  hasEnded: boolean;
}

/** The rows of one outbox. */
export class RunLedger {
  readonly #rows = new Map<string, Row>();
  /** The runs of records that are not counted yet, in their order. */
  readonly #uncounted: string[] = [];
  #countedThrough = 0;
  #acceptedThrough = 0;
  #lastKey = '';
  #lastRow: Row | undefined;

  /** Takes a record that has its number; whether it is accepted by then or soon, {@link accept} says. */
  add({ runKey, kind }: Pick<Write, 'runKey' | 'kind'>): void {
    this.#uncounted.push(runKey);
    if (kind === 'end') this.#rowOf(runKey).hasEnded = true;
    if (this.#uncounted.length >= COUNT_EVERY) this.#count();
  }

  /** Everything up to this number is accepted. */
  accept(acceptedThrough: number): void {
    this.#acceptedThrough = acceptedThrough;
  }

  /** Takes what the drain says. */
  settle(tallies: readonly RunTally[]): void {
    this.#count();
    for (const { runKey, done, dead } of tallies) {
      const row = this.#rows.get(runKey);
      if (row !== undefined) Object.assign(row, { done, dead });
    }
    this.#forget();
  }

  /** The account of one run. */
  of(runKey: string): RunAccount | undefined {
    this.#count();
    const row = this.#rows.get(runKey);
    return row === undefined ? undefined : toAccount(row);
  }

  all(): Readonly<Record<string, RunAccount>> {
    this.#count();
    return Object.fromEntries(Array.from(this.#rows, ([runKey, row]) => [runKey, toAccount(row)]));
  }

  #count(): void {
    const count = Math.min(this.#acceptedThrough - this.#countedThrough, this.#uncounted.length);
    for (const runKey of this.#uncounted.splice(0, count)) this.#rowOf(runKey).accepted += 1;
    this.#countedThrough += count;
  }

  #rowOf(runKey: string): Row {
    if (runKey === this.#lastKey && this.#lastRow !== undefined) return this.#lastRow;
    const row = this.#rows.get(runKey) ?? { accepted: 0, done: 0, dead: 0, hasEnded: false };
    this.#rows.set(runKey, row);
    this.#lastKey = runKey;
    this.#lastRow = row;
    return row;
  }

  #forget(): void {
    if (this.#rows.size <= SETTLED_LIMIT) return;
    const settled = [...this.#rows].filter(([, row]) => row.hasEnded && row.done >= row.accepted);
    for (const [runKey] of settled.slice(0, Math.max(0, settled.length - SETTLED_LIMIT))) this.#rows.delete(runKey);
    this.#lastRow = undefined;
  }
}

function toAccount({ accepted, done, dead }: Row): RunAccount {
  return { accepted, delivered: done - dead, pending: Math.max(0, accepted - done), deadLettered: dead };
}
