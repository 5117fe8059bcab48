// Between a run and the outbox: nothing thrown gets past it into the job, and every refusal is counted once.
import { RunspanError } from '../errors.ts';
import type { Write } from '../model/write.ts';
import type { Outbox, SpooledSource } from '../outbox/contract.ts';

/** Counts what was refused or mended and says each kind once. */
export interface Complaints {
  /** Counts one refusal under its reason. */
  refuse(reason: string, message: string): void;
  /** Says this kind of thing once a process. */
  warnOnce(kind: string, message: string): void;
}

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

  /** What `guard` does with an error; for the hot path, which has no closure to spare. */
  complain(error: unknown): void {
    const { complaints, isStrict } = this.#options;
    if (isStrict) throw error;
    const reason = error instanceof RunspanError ? error.code.toLowerCase() : 'internal';
    const message = `A write was not accepted: ${error instanceof Error ? error.message : String(error)}`;
    if (error === this.#countedError) complaints.warnOnce(`refused:${reason}`, message);
    else complaints.refuse(reason, message);
  }

  /** Refuses data: counted, said once; thrown where strict. */
  refuse(reason: string, message: string): void {
    const { complaints, isStrict } = this.#options;
    if (isStrict) throw new RunspanError('INVALID_VALUE', message);
    complaints.refuse(reason, message);
  }
}
