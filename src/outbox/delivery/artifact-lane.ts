// Bytes on a lane of their own: an artifact that fails or dawdles while the store answers waits beside what is behind it.
import type { ArtifactWrite } from '../../model/write.ts';
import { MlflowError } from '../../errors.ts';
import { artifactUriOf, discardSpooled, sendFile } from './deliver-artifact.ts';
import { noteLostFile, settleModels } from './deliver-model.ts';
import { deliverTrace } from './deliver-trace.ts';
import type { Delivery } from './delivery.ts';
import { bury, buryAside } from './delivery.ts';
import { DrainClosed, UNFORESEEN_LIMIT, judgeError } from './patience.ts';
import { Pause } from '../machine/pause.ts';
import type { EntryOf } from './plan.ts';
import type { AsideEnd, SetAsideArtifact } from '../folder/set-aside.ts';
import { messageOf } from '../machine/system.ts';
import { isError } from '../../model/any-realm.ts';

/** What one attempt came to. */
type Attempt =
  | { readonly status: 'delivered' }
  | { readonly status: 'rejected'; readonly error: Error }
  | { readonly status: 'failed'; readonly error: unknown };

/** How long what is behind an artifact waits for its bytes. */
export const SLOW_MS = 30_000;
/** An artifact that failed so often while the store answered is set aside. */
const FAILURE_LIMIT = 2;
/** So many artifacts failing in a row say that none is taken for now: the next ones go straight to the lane. */
const STREAK_LIMIT = 2;
/** Between two tries on the lane: the first wait, its bound, the bound while somebody waits for the end. */
const FIRST_DELAY_MS = 1000;
const MAX_DELAY_MS = 60_000;
const URGENT_DELAY_MS = 500;

/** The artifacts of one folder. */
export class ArtifactLane {
  readonly #delivery: Delivery;
  /** Called when something that was set aside has ended. */
  readonly #onEnded: () => void;
  readonly #pause: Pause;
  /** Attempts that went on when their artifact was set aside. */
  readonly #underWay = new Map<number, Promise<Attempt>>();
  /** Tried since somebody began to wait. */
  readonly #tried = new Set<number>();
  readonly #unforeseen = new Map<number, number>();
  /** The artifacts that failed since the last one was taken. */
  readonly #streak = new Set<number>();
  #isUrgent = false;
  #isClosed = false;
  #isRunning = false;

  constructor(delivery: Delivery, onEnded: () => void) {
    this.#delivery = delivery;
    this.#onEnded = onEnded;
    this.#pause = new Pause(delivery.system.clock);
  }

  /** Whether an artifact waits that has not been tried since somebody began to wait, or is being sent. */
  get isBusy(): boolean {
    return !this.#isClosed && this.#aside.waiting().some(({ sequence }) => !this.#tried.has(sequence));
  }

  /** Whether an artifact still has to go there. */
  uses(artifactUri: string): boolean {
    return this.#aside.waiting().some((artifact) => artifact.artifactUri === artifactUri);
  }

  /** Works on what an earlier drain set aside. */
  start(): void {
    if (this.#aside.lowest !== undefined || this.#delivery.state.awaitedModels().length > 0) void this.#run();
  }

  /** Somebody waits for the end: everything is tried once more, now. */
  hurry(): void {
    if (!this.#isUrgent) this.#tried.clear();
    this.#isUrgent = true;
    this.#pause.wake();
  }

  /** Nobody waits any more. */
  calm(): void {
    this.#isUrgent = false;
  }

  /** Ends all attempts; what waits stays noted. */
  close(): void {
    this.#isClosed = true;
    this.#pause.wake();
  }

  /**
   * Delivers an artifact in its place, or sets it aside where only its bytes do not get through.
   *
   * @throws {DrainClosed} once closed
   */
  async deliver({ sequence, write }: EntryOf<ArtifactWrite>): Promise<void> {
    if (this.#aside.hasEnded(sequence)) return;
    const found = await artifactUriOf(this.#delivery, write);
    if (found.status === 'rejected') return this.#finish({ sequence, write }, found);
    const artifact = { sequence, write, artifactUri: found.value };
    if (this.#streak.size >= STREAK_LIMIT && this.#setAside(artifact)) return;
    for (let failures = 1; ; failures += 1) {
      const attempt = this.#attempt(artifact);
      const inTime = await this.#inTime(attempt);
      if (inTime === undefined && this.#setAside(artifact, attempt)) return;
      const ended = inTime ?? (await attempt);
      if (this.#isClosed) throw new DrainClosed();
      if (ended.status !== 'failed') return this.#finish({ sequence, write }, ended);
      if (!(await this.#doesStoreAnswer(write.runKey))) failures = 0;
      this.#streak.add(sequence);
      if (failures >= FAILURE_LIMIT && this.#setAside(artifact, undefined, ended.error)) return;
      await this.#pause.wait(this.#delayMs(ended.error, failures));
    }
  }

  get #aside(): Delivery['state']['aside'] {
    return this.#delivery.state.aside;
  }

  /** Undefined where it takes longer than what is behind it should wait. */
  async #inTime(attempt: Promise<Attempt>): Promise<Attempt | undefined> {
    let cancel: () => void = () => undefined;
    const late = new Promise<undefined>((resolve) => {
      cancel = this.#delivery.system.clock.after(SLOW_MS, () => resolve(undefined));
    });
    const first = await Promise.race([attempt, late]);
    cancel();
    return first;
  }

  /** Whether the tracking store answers at once; waits for one that does not. */
  async #doesStoreAnswer(runKey: string): Promise<boolean> {
    const { patience, destination, state } = this.#delivery;
    let asked = 0;
    await patience.attempt(async () => {
      asked += 1;
      return (await destination.store()).getRun(state.runIdOf(runKey) ?? runKey);
    });
    return asked === 1;
  }

  #setAside(artifact: SetAsideArtifact, underWay?: Promise<Attempt>, error?: unknown): boolean {
    if (!this.#aside.add(artifact)) return false;
    if (underWay !== undefined) this.#underWay.set(artifact.sequence, underWay);
    const why = error === undefined ? 'it takes long' : messageOf(error);
    this.#delivery.onceWarning(
      'set aside',
      `Artifact '${artifact.write.path}' does not get through for now: ${why} It is kept and tried again, as are others like it, and what was logged after it goes on.`,
    );
    void this.#run();
    this.#pause.wake();
    return true;
  }

  /** Once; a defect here costs a wait, never the thread. */
  async #run(): Promise<void> {
    if (this.#isRunning) return;
    this.#isRunning = true;
    while (!this.#isClosed) {
      try {
        await this.#deliverWaiting();
      } catch (error) {
        this.#delivery.onWarning(`The drain met an error of its own: ${messageOf(error)}`);
        await this.#pause.wait(MAX_DELAY_MS);
      }
    }
  }

  /** One artifact after the other, until closed; the one that failed goes to the end of the queue. */
  async #deliverWaiting(): Promise<void> {
    let failures = 0;
    await settleModels(this.#delivery, this);
    for (const next of this.#endlessly()) {
      if (next === undefined) {
        await this.#pause.wait(MAX_DELAY_MS);
        continue;
      }
      const { sequence } = next;
      const ended = await (this.#underWay.get(sequence) ?? this.#attempt(next));
      this.#underWay.delete(sequence);
      if (this.#isClosed) return;
      if (ended.status === 'failed') {
        failures += 1;
        this.#streak.add(sequence);
        this.#tried.add(sequence);
        await this.#pause.wait(this.#delayMs(ended.error, failures));
      } else {
        failures = 0;
        this.#finish(next, ended, next.artifactUri);
        await settleModels(this.#delivery, this);
        // A store that answers without leaving this turn must not keep others out.
        await new Promise<void>((resolve) => this.#delivery.system.clock.nextTurn(resolve));
      }
    }
  }

  /** Round after round through what waits; undefined where nothing does. */
  *#endlessly(): Generator<SetAsideArtifact | undefined, void> {
    while (!this.#isClosed) {
      const round = this.#aside.waiting();
      if (round.length === 0) yield undefined;
      for (const artifact of round) {
        if (this.#isClosed) return;
        if (this.#aside.has(artifact.sequence)) yield artifact;
      }
    }
  }

  async #attempt({ sequence, write, artifactUri }: SetAsideArtifact): Promise<Attempt> {
    const { destination } = this.#delivery;
    try {
      const repository = await destination.artifacts(artifactUri);
      await sendFile(this.#delivery, write, async (file) => {
        await repository.putFile(write.path, file);
        if (write.isTrace === true) await deliverTrace(this.#delivery, write, file);
      });
      return { status: 'delivered' };
    } catch (error) {
      const judgement = judgeError(error);
      const isUnforeseen = judgement === 'unforeseen' && !this.#isClosed;
      const tries = (this.#unforeseen.get(sequence) ?? 0) + 1;
      if (isUnforeseen) this.#unforeseen.set(sequence, tries);
      if (judgement !== 'rejected' && !(isUnforeseen && tries >= UNFORESEEN_LIMIT)) return { status: 'failed', error };
      return { status: 'rejected', error: isError(error) ? error : new Error(String(error)) };
    }
  }

  #finish(
    { sequence, write }: EntryOf<ArtifactWrite>,
    ended: Exclude<Attempt, { readonly status: 'failed' }>,
    asideUri?: string,
  ): void {
    const delivery = this.#delivery;
    this.#unforeseen.delete(sequence);
    this.#tried.delete(sequence);
    if (ended.status === 'delivered') this.#streak.clear();
    else noteLostFile(delivery, write);
    if (asideUri === undefined) {
      if (ended.status === 'rejected') bury(delivery, sequence, { record: write, error: ended.error });
      else delivery.state.afterSave(sequence, () => discardSpooled(delivery, write));
      return;
    }
    if (ended.status === 'rejected') buryAside(delivery, sequence, { record: write, error: ended.error });
    const end: AsideEnd = ended.status === 'rejected' ? 'dead' : 'delivered';
    if (this.#aside.end(sequence, end) && end === 'delivered') discardSpooled(delivery, write);
    const isLast = delivery.state.run(write.runKey) === undefined && !this.uses(asideUri);
    if (isLast) delivery.destination.closeArtifacts(asideUri);
    this.#onEnded();
  }

  #delayMs(error: unknown, failures: number): number {
    const asked = error instanceof MlflowError ? (error.retryAfterMs ?? 0) : 0;
    if (this.#isUrgent) return URGENT_DELAY_MS;
    const doubled = Math.min(MAX_DELAY_MS, FIRST_DELAY_MS * 2 ** Math.min(failures - 1, 10));
    return Math.max(Math.min(asked, MAX_DELAY_MS), doubled * (1 - this.#delivery.system.random() / 2));
  }
}
