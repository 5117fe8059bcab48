// The open run: the Run that users hold, and its one end.
import { context, SpanStatusCode } from '@opentelemetry/api';
import type { Span } from '@opentelemetry/api';
import type { RunStatus, TerminalStatus } from '../../model/entities.ts';
import {
  ATTR_MLFLOW_EXPERIMENT_ID,
  ATTR_MLFLOW_RUN_ID,
  ATTR_MLFLOW_RUN_STATUS,
  ATTR_MLFLOW_RUN_URL,
} from '../../otel/attribute-names.ts';
import { describeError } from '../../otel/error-type.ts';
import { mirrorBack } from '../../otel/run/mirror.ts';
import type { StartedRunSpan } from '../../otel/run/start-run-span.ts';
import type { Outbox } from '../../outbox/contract.ts';
import { toChildEnv } from './child-env.ts';
import type { ChildPlace } from './child-env.ts';
import { bindIterator } from './bind-iterator.ts';
import { Creation } from './creation.ts';
import type { InputOptions, MetricOptions, Run, RunDataset, RunLog } from '../run.ts';
import { keepFailure } from '../intake/run-failure.ts';
import { RunFileMethods } from '../files/run-file-methods.ts';
import type { RunIntake } from '../intake/run-intake.ts';
import { judgeOutcome } from '../run-outcome.ts';
import type { RunOutcome } from '../run-outcome.ts';
import { isError } from '../../model/any-realm.ts';

const TERMINAL_STATUSES: ReadonlySet<unknown> = new Set<TerminalStatus>(['FINISHED', 'FAILED', 'KILLED']);
/** What an open run stands on. */
export interface ActiveRunOptions {
  readonly name: string;
  readonly started: StartedRunSpan;
  readonly intake: RunIntake;
  readonly outbox: Pick<Outbox, 'spoolFile'>;
  readonly log: RunLog;
  readonly now: () => number;
  readonly experimentName: string;
  /** Where children find the run; undefined where there is nothing to find. */
  readonly childPlace: ChildPlace | undefined;
  /** Whether others know the run by our key: not of one that was joined by its id alone. @default true */
  readonly isKeyShared?: boolean;
  /** How long the end waits for files that are still being spooled, in milliseconds. */
  readonly spoolTimeoutMs: number;
  /** Called once, when the end is accepted. */
  readonly onEnded: (run: ActiveRun) => void;
}

/** A run while it is open; made by `openRun`. */
export class ActiveRun extends RunFileMethods implements Run {
  readonly key: string;
  readonly name: string;
  readonly startedAtMs: number;
  readonly creation: Creation = new Creation();
  readonly #options: ActiveRunOptions;
  readonly #atEnd: (() => void)[] = [];
  #status: RunStatus = 'RUNNING';
  #uncaught: { readonly error: unknown } | undefined;
  #endedAtMs: number | undefined;
  #hasWrittenEnd = false;
  /** Whether a body of runContext is under way. */
  #isInBody = false;

  constructor(options: ActiveRunOptions) {
    super({ ...options, runKey: options.started.identity.runKey });
    this.#options = options;
    this.key = options.started.identity.runKey;
    this.name = options.name;
    this.startedAtMs = options.now();
  }

  get runId(): string | undefined {
    return this.#options.started.identity.runId;
  }

  get status(): RunStatus {
    return this.#status;
  }

  get span(): Span {
    return this.#options.started.span;
  }

  get log(): RunLog {
    return this.#options.log;
  }

  get metrics(): Readonly<Record<string, number>> {
    return this.#options.intake.metrics;
  }

  /** The run's span, its context and its identity. */
  get started(): StartedRunSpan {
    return this.#options.started;
  }

  /** The run's way into the outbox. */
  get intake(): RunIntake {
    return this.#options.intake;
  }

  /** Whether the run's end was decided. */
  get hasEnded(): boolean {
    return this.#endedAtMs !== undefined;
  }

  created(): Promise<string> {
    return this.creation.hold(this.#options.spoolTimeoutMs);
  }

  /** Takes what the store made of the run; called when the drain says so. */
  setCreated(created: { readonly runId: string; readonly experimentId: string; readonly runUrl?: string }): void {
    const { runId, experimentId, runUrl } = created;
    const { identity, span } = this.#options.started;
    identity.runId = runId;
    identity.runUrl = runUrl;
    identity.isPageDue = false;
    span.setOwnAttributes({
      [ATTR_MLFLOW_RUN_ID]: runId,
      [ATTR_MLFLOW_EXPERIMENT_ID]: experimentId,
      ...(runUrl === undefined ? {} : { [ATTR_MLFLOW_RUN_URL]: runUrl }),
    });
    this.creation.resolve(runId);
  }

  /** Tells those who wait in created() that the id will not come. */
  abandonCreation(error: Error): void {
    this.creation.reject(error);
  }

  logMetric(key: string, value: number, options?: MetricOptions): void {
    this.#options.intake.acceptMetric(key, value, options);
  }

  logMetrics(metrics: Readonly<Record<string, number>>, options?: MetricOptions): void {
    this.#options.intake.acceptMetrics(metrics, options);
  }

  logParam(key: string, value: unknown): void {
    this.#options.intake.acceptParam(key, value);
  }

  logParams(params: Readonly<Record<string, unknown>>): void {
    this.#options.intake.acceptParams(params);
  }

  setTag(key: string, value: unknown): void {
    this.#options.intake.acceptTag(key, value);
  }

  setTags(tags: Readonly<Record<string, unknown>>): void {
    this.#options.intake.acceptTags(tags);
  }

  logInput(dataset: RunDataset, options?: InputOptions): void {
    this.#options.intake.acceptInput(dataset, options);
  }

  childEnv(): Readonly<Record<string, string>> {
    const { childPlace, experimentName, isKeyShared = true } = this.#options;
    if (childPlace === undefined) return {};
    const runKey = isKeyShared ? this.key : undefined;
    return toChildEnv({
      ...childPlace,
      experimentName,
      runKey,
      runId: this.runId,
      runUrl: this.started.identity.runUrl,
      spanContext: this.span.spanContext(),
    });
  }

  fail(reason: string | Error): void {
    const { started, intake } = this.#options;
    const isThrown = isThrowable(reason);
    const isReason = typeof reason === 'string' || isThrown;
    const text = describeError(reason).message;
    started.span.fail(isThrown ? { error: reason } : { reason: text });
    // The run has failed all the same.
    if (!isReason)
      intake.mend('text', `A run failed for a reason that is a ${typeof reason}: '${text}' stands for it.`);
  }

  with<T>(body: () => T): T {
    return context.with(this.#options.started.context, body);
  }

  bind<T, A extends unknown[], R>(callback: (this: T, ...args: A) => R): (this: T, ...args: A) => R {
    const runContext = this.#options.started.context;
    return function bound(this: T, ...args: A): R {
      return bindIterator(
        runContext,
        context.with(runContext, () => callback.apply(this, args)),
      );
    };
  }

  async end(status?: TerminalStatus): Promise<void> {
    const isKnown = TERMINAL_STATUSES.has(status);
    try {
      if (status && !isKnown)
        this.#options.intake.refuse('invalid', `A run cannot end as ${describeError(status).message}.`);
    } finally {
      // Known to be one of them where it is given on.
      await this.endAs(isKnown ? { kind: 'set', status: status as TerminalStatus } : { kind: 'returned' });
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.end();
  }

  /** Runs the body of runContext as work of this run; a body that never settles is told from a run that was left open. */
  async runBody<T>(body: (run: Run) => T | PromiseLike<T>): Promise<T> {
    this.#isInBody = true;
    try {
      return await this.with(() => body(this));
    } finally {
      this.#isInBody = false;
    }
  }

  /** Ends the run for this reason: span, mirror, artifacts, status, in this order. The first end counts. */
  async endAs(outcome: RunOutcome): Promise<void> {
    this.#closeSpan(outcome);
    await this.settleFiles(this.#options.spoolTimeoutMs);
    this.#writeEnd();
  }

  /** Ends the run in this very turn, for exits: files still being spooled are left behind. */
  endNow(outcome: RunOutcome): void {
    this.#closeSpan(outcome);
    this.#writeEnd();
  }

  /** Calls back in the turn in which the run's end is decided, before its last records are written: what it still logs belongs to it. */
  atEnd(callback: () => void): void {
    this.#atEnd.push(callback);
  }

  /** Remembers an error that is about to end the process. */
  noteUncaught(error: unknown): void {
    this.#uncaught ??= { error };
  }

  #closeSpan(outcome: RunOutcome): void {
    if (this.hasEnded) return;
    const { intake, started } = this.#options;
    const { span } = started;
    this.#status = this.#decide(outcome);
    // A clock that stepped back must not end a run before it began.
    this.#endedAtMs = Math.max(this.startedAtMs, this.#options.now());
    const mirrored = { ...span.attributes };
    span.conclude({ [ATTR_MLFLOW_RUN_STATUS]: this.#status, ...mirrorBack(intake.accepted) });
    intake.mirrorAttributes(mirrored);
    keepFailure(this.#status, span, intake);
    for (const callback of this.#atEnd) callback();
  }

  #writeEnd(): void {
    if (this.#hasWrittenEnd) return;
    this.#hasWrittenEnd = true;
    const endTimeMs = this.#endedAtMs ?? this.startedAtMs;
    // #decide gave a terminal status before this is reached.
    const status = this.#status as TerminalStatus;
    this.#options.intake.acceptAlways({ kind: 'end', runKey: this.key, status, endTimeMs });
    this.#options.onEnded(this);
  }

  /** Leaves on the span what the outcome means. */
  #decide(outcome: RunOutcome): TerminalStatus {
    const { span } = this.#options.started;
    const { status, failure } = judgeOutcome(outcome, { isInBody: this.#isInBody, uncaught: this.#uncaught });
    if (failure !== undefined) span.fail(failure);
    return status ?? (span.status.code === SpanStatusCode.ERROR ? 'FAILED' : 'FINISHED');
  }
}

function isThrowable(value: unknown): value is Error {
  try {
    return isError(value);
  } catch {
    return false; // a proxy that does not even tell its prototype
  }
}
