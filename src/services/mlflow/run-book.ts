// The runs of one service: which are open, which wait for their id, and what was refused.
import { RunspanError } from '../../errors.ts';
import { settlesWithin } from '../../otel/deadline.ts';
import type { OutboxEvent, OutboxStats } from '../../outbox/contract.ts';
import type { ActiveRun } from '../../runs/open/active-run.ts';
import type { Complaints, MendReason } from '../../runs/intake/intake-gate.ts';
import type { RunOutcome } from '../../runs/run-outcome.ts';

/** What a run's page is linked by: undefined where the store has no pages. */
export type MakeRunUrl = (experimentId: string, runId: string) => string | undefined;

/** What became of every write, and of every value on its way to one. */
export interface MlflowStats extends OutboxStats {
  /** How many values were sent otherwise than they were given, by reason; `strict` throws on them instead. */
  readonly mended: Readonly<Partial<Record<MendReason, number>>>;
}

/** Keeps the runs of one service. */
export class RunBook implements Complaints {
  readonly #open = new Map<string, { readonly run: ActiveRun; readonly close: () => void }>();
  /** Runs that the store has not confirmed yet, the ended ones among them. */
  readonly #unconfirmed = new Map<string, ActiveRun>();
  readonly #refused = new Map<string, number>();
  readonly #mended = new Map<MendReason, number>();
  /** Somebody waited for the destination in vain, and it has not answered since. */
  #isSilent = false;
  readonly #said = new Set<string>();
  readonly #warn: (message: string) => void;
  readonly #makeRunUrl: MakeRunUrl;

  constructor(options: { readonly warn: (message: string) => void; readonly makeRunUrl: MakeRunUrl }) {
    this.#warn = options.warn;
    this.#makeRunUrl = options.makeRunUrl;
  }

  /** How many runs are open. */
  get openCount(): number {
    return this.#open.size;
  }

  /** The counts of an outbox with those of this book. */
  addTo(stats: OutboxStats): MlflowStats {
    const refused = { ...stats.refused };
    for (const [reason, count] of this.#refused) refused[reason] = (refused[reason] ?? 0) + count;
    return { ...stats, refused, mended: Object.fromEntries(this.#mended) };
  }

  /** Notes whether the destination answers. */
  noteAnswer(hasAnswered: boolean): void {
    this.#isSilent = !hasAnswered;
  }

  /** Waits for the store to know a run; not at all where somebody waited in vain and the destination has not answered since. */
  async awaitAnswer(run: ActiveRun, timeoutMs: number): Promise<void> {
    if (this.#isSilent) return;
    if (!(await settlesWithin(run.creation.promise, timeoutMs))) this.noteAnswer(false);
  }

  /** Enters an open run; `close` is called once when it ends. */
  add(run: ActiveRun, close: () => void): void {
    this.#open.set(run.key, { run, close });
    this.#unconfirmed.set(run.key, run);
  }

  /** Takes an ended run out of the open ones. */
  remove(run: ActiveRun): void {
    const entry = this.#open.get(run.key);
    this.#open.delete(run.key);
    entry?.close();
  }

  /** Gives the store's id to its run. */
  confirm(event: Extract<OutboxEvent, { kind: 'created' }>): void {
    const run = this.#unconfirmed.get(event.runKey);
    this.#unconfirmed.delete(event.runKey);
    const { runId, experimentId } = event;
    const runUrl = this.#makeRunUrl(experimentId, runId);
    run?.setCreated({ runId, experimentId, ...(runUrl === undefined ? {} : { runUrl }) });
  }

  /** Tells those who wait for a run's id that it will not come. */
  abandon(runKey: string, error: Error): void {
    this.#unconfirmed.get(runKey)?.abandonCreation(error);
    this.#unconfirmed.delete(runKey);
  }

  /** Ends every open run in this turn. */
  endAllNow(outcome: RunOutcome): void {
    for (const { run } of this.#open.values()) run.endNow(outcome);
  }

  /** Ends every open run, files being spooled included. */
  async endAll(outcome: RunOutcome): Promise<void> {
    await Promise.all([...this.#open.values()].map(({ run }) => run.endAs(outcome)));
  }

  /** Remembers an error that is about to end the process. */
  noteUncaught(error: unknown): void {
    for (const { run } of this.#open.values()) run.noteUncaught(error);
  }

  /** Tells those who wait for a run's id that this service cannot give it any more. */
  abandonUnconfirmed(): void {
    const error = new RunspanError('SERVICE_STOPPED', 'The service stopped before the store confirmed this run.');
    for (const run of this.#unconfirmed.values()) run.abandonCreation(error);
    this.#unconfirmed.clear();
  }

  /** Finds an open run by its key. */
  find(runKey: string): ActiveRun | undefined {
    return this.#open.get(runKey)?.run;
  }

  refuse(reason: string, message: string, isSilent = false): void {
    this.#refused.set(reason, (this.#refused.get(reason) ?? 0) + 1);
    if (!isSilent) this.warnOnce(`refused:${reason}`, message);
  }

  mend(reason: MendReason, message: string): void {
    this.#mended.set(reason, (this.#mended.get(reason) ?? 0) + 1);
    this.warnOnce(`mended:${reason}`, message);
  }

  warnOnce(kind: string, message: string): void {
    if (this.#said.has(kind)) return;
    this.#said.add(kind);
    this.#warn(message);
  }
}
