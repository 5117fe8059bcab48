// Between a run and the outbox: nothing thrown gets past it into the job, every refusal is counted once and every mend too.
import { RunspanError } from '../../errors.ts';
import type { Write } from '../../model/write.ts';
import { describeError } from '../../otel/error-type.ts';
import type { Outbox, SpooledSource } from '../../outbox/contract.ts';

/** Counts what was refused or mended and says each kind once. */
export interface Complaints {
  /** Counts one refusal under its reason. */
  refuse(reason: string, message: string): void;
  /** Counts one mend under its reason. */
  mend(reason: MendReason, message: string): void;
  /** Says this kind of thing once a process. */
  warnOnce(kind: string, message: string): void;
}

/**
 * What is mended, as `stats().mended` counts it: a `key` that MLflow does not take; a fractional or unsafe `step`; a `time` that is
 * none; a `long-value` that was cut; `text` with characters that no database keeps, or made of what is no text; a `partial` object with
 * a cycle, a getter that throws or too much in it; `options` that are none; a `dataset` or `name` beyond MLflow's limits.
 */
export type MendReason = 'key' | 'step' | 'time' | 'long-value' | 'text' | 'partial' | 'options' | 'dataset' | 'name';

/** What a gate stands on. */
export interface IntakeGateOptions {
  readonly outbox: Pick<Outbox, 'append' | 'spoolBytes'>;
  readonly complaints: Complaints;
  /** Throw on data that would be mended or refused. */
  readonly isStrict: boolean;
}

/** One run's gate. */
export class IntakeGate {
  readonly #options: IntakeGateOptions;
  /** What the outbox threw last: it counts its refusals itself. */
  #countedError: unknown;
  /** `lenient`: nothing is thrown; `silent`: nor counted, since it was before. */
  #mode: 'plain' | 'lenient' | 'silent' = 'plain';

  constructor(options: IntakeGateOptions) {
    this.#options = options;
  }

  /** Appends to the outbox; throws as it does. */
  append(write: Write): void {
    try {
      this.#options.outbox.append(write);
    } catch (error) {
      this.#countedError = error;
      throw error;
    }
  }

  /** Keeps bytes in the outbox's spool; throws as it does. */
  spool(bytes: Uint8Array): SpooledSource {
    try {
      return this.#options.outbox.spoolBytes(bytes);
    } catch (error) {
      this.#countedError = error;
      throw error;
    }
  }

  /** Keeps the first promise: whatever goes wrong in here is counted, not thrown, unless strict. */
  guard(accept: () => void): void {
    try {
      accept();
    } catch (error) {
      this.complain(error);
    }
  }

  /** The same for what never throws, strict or not: a span's own methods, the end of a run. `silent`: what is mended was counted before. */
  guardLeniently(mode: 'lenient' | 'silent', accept: () => void): void {
    const before = this.#mode;
    this.#mode = mode;
    try {
      this.guard(accept);
    } finally {
      this.#mode = before;
    }
  }

  /** What `guard` does with an error; for the hot path, which has no closure to spare. */
  complain(error: unknown): void {
    const { complaints } = this.#options;
    const { message: said } = describeError(error);
    const message = `A write was not accepted: ${said}`;
    if (this.#isThrowing)
      throw error instanceof RunspanError ? error : new RunspanError('INVALID_VALUE', message, { cause: error });
    const reason = error instanceof RunspanError ? error.code.toLowerCase() : 'internal';
    if (error === this.#countedError) complaints.warnOnce(`refused:${reason}`, message);
    else complaints.refuse(reason, message);
  }

  /** Refuses data: counted, said once; thrown where strict, as the error that is its cause where that says more. */
  refuse(reason: string, message: string, cause?: unknown): void {
    if (this.#isThrowing) {
      if (cause instanceof RunspanError && cause.code !== 'INVALID_PATH') throw cause;
      throw new RunspanError('INVALID_VALUE', message, { cause });
    }
    if (this.#mode !== 'silent') this.#options.complaints.refuse(reason, message);
  }

  /** Says that data was mended: counted, said once; thrown where strict. */
  mend(reason: MendReason, message: string): void {
    if (this.#isThrowing) throw new RunspanError('INVALID_VALUE', message);
    if (this.#mode !== 'silent') this.#options.complaints.mend(reason, message);
  }

  get #isThrowing(): boolean {
    return this.#options.isStrict && this.#mode === 'plain';
  }
}
