// A logged model of an open run: made at once, measured while it is trained, whole once its files are kept.
import { randomBytes } from 'node:crypto';
import type { MetricOptions } from '../run.ts';
import type { RunIntake } from '../intake/run-intake.ts';

/** What a model begins with. */
export interface RunModelOptions {
  readonly runKey: string;
  readonly intake: RunIntake;
  /** None of `/ : . % " '`. */
  readonly name: string;
  readonly params: Readonly<Record<string, unknown>>;
}

/** One model while it is being made; nothing here waits for the store. */
export class RunModel {
  /** 32 hex characters; the store's id follows from it or is found by it. */
  readonly key: string = randomBytes(16).toString('hex');
  readonly #intake: RunIntake;
  readonly #runKey: string;

  constructor({ runKey, intake, name, params }: RunModelOptions) {
    this.#intake = intake;
    this.#runKey = runKey;
    intake.acceptWrite({
      kind: 'model',
      runKey,
      modelKey: this.key,
      name,
      params: intake.prepareParams(params),
      tags: [],
    });
  }

  /** Logs a point of a metric for the run and for the model. */
  logMetric(key: string, value: unknown, options: MetricOptions): void {
    this.#intake.acceptMetric(key, value, options, this.key);
  }

  /** Keeps one of the model's files. @throws where it cannot be kept */
  keepFile(path: string, bytes: Uint8Array): void {
    const source = this.#intake.spool(bytes);
    this.#intake.acceptWrite({ kind: 'artifact', runKey: this.#runKey, modelKey: this.key, path, source });
  }

  /** Keeps the model's MLmodel file; what only the store can say is filled in when it is delivered. */
  keepMlmodel(fields: Readonly<Record<string, unknown>>): void {
    const source = { kind: 'mlmodel', fields } as const;
    this.#intake.acceptWrite({ kind: 'artifact', runKey: this.#runKey, modelKey: this.key, path: 'MLmodel', source });
  }

  /** Ends the making: READY where every file was kept and gets delivered. */
  end(status: 'READY' | 'UPLOAD_FAILED'): void {
    this.#intake.acceptWrite({ kind: 'model-end', runKey: this.#runKey, modelKey: this.key, status, step: 0 });
  }
}
