// One fit under observation: what is logged before, during and after it. Whatever goes wrong in here is counted, never thrown.
import type { ActiveRun } from '../runs/open/active-run.ts';
import { RunModel } from '../runs/files/run-model.ts';
import type { AutologFlags, AutologHost } from './host.ts';
import { writeModelFiles } from './tfjs-files.ts';
import {
  earlyStoppingParams,
  findEarlyStopping,
  fitParams,
  metricName,
  optimizerParams,
  stoppedEpoch,
} from './tfjs-params.ts';
import { fitDatasets, inputExample, modelSignature } from './tfjs-tensors.ts';
import type { InputExample } from './tfjs-tensors.ts';
import type { FitCall } from './tfjs-types.ts';
import { isError } from '../model/any-realm.ts';

/** What a session stands on. */
export interface FitSessionOptions {
  readonly call: FitCall;
  readonly flags: AutologFlags;
  readonly host: AutologHost;
  readonly run: ActiveRun;
}

/** Logs one fit into one run. */
export class FitSession {
  readonly #options: FitSessionOptions;
  #model: RunModel | undefined;
  #example: InputExample | undefined;
  #signature: Readonly<Record<string, unknown>> | undefined;

  constructor(options: FitSessionOptions) {
    this.#options = options;
  }

  /** Logs what is known before the training: params, the model's summary, the model, the data. Never rejects. */
  async begin(): Promise<void> {
    const { call, flags, run } = this.#options;
    const params: Record<string, string> = {};
    this.#try('the params of fit', () => Object.assign(params, fitParams(call)));
    this.#try('the optimizer', () => Object.assign(params, optimizerParams(call)));
    this.#try('early stopping', () => {
      const callback = findEarlyStopping(call);
      if (callback !== undefined) Object.assign(params, earlyStoppingParams(callback));
    });
    this.#try('params', () => run.logParams(params));
    if (!this.#isBuilt()) return;
    this.#try('the model summary', () => run.logText(summaryOf(call), 'model_summary.txt'));
    if (flags.logModels) {
      const { intake, key: runKey } = run;
      this.#try('the model', () => (this.#model = new RunModel({ runKey, intake, name: 'model', params })));
      if (flags.logModelSignatures) this.#try('the signature', () => (this.#signature = modelSignature(call.model)));
      if (flags.logInputExamples)
        await this.#tryLater('the input example', async () => (this.#example = await inputExample(call)));
    }
    if (flags.logDatasets) await this.#tryLater('the data set', () => this.#logDatasets());
  }

  /** Logs the metrics of one epoch. Never throws. */
  logEpoch(epoch: number, logs: Readonly<Record<string, unknown>> | undefined): void {
    this.#try('the metrics of an epoch', () => {
      const timestampMs = Date.now();
      for (const [name, value] of Object.entries(logs ?? {})) {
        if (typeof value !== 'number') continue;
        const options = { step: epoch, timestampMs };
        if (this.#model === undefined) this.#options.run.intake.acceptMetric(metricName(name), value, options);
        else this.#model.logMetric(metricName(name), value, options);
      }
    });
  }

  /** Logs what the training came to: where it stopped, and the trained model. Never rejects. */
  async end(hasFailed: boolean): Promise<void> {
    const { call, run } = this.#options;
    this.#try('early stopping', () => {
      const callback = findEarlyStopping(call);
      const epoch = callback === undefined ? undefined : stoppedEpoch(callback);
      if (epoch !== undefined) run.logMetric('stopped_epoch', epoch);
    });
    const model = this.#model;
    if (model === undefined) return;
    const isKept = !hasFailed && (await this.#tryLater('the trained model', () => this.#keepModel(model)));
    this.#try('the model', () => model.end(isKept ? 'READY' : 'UPLOAD_FAILED'));
  }

  /** A model that is not built cannot be trained: fit says so itself. */
  #isBuilt(): boolean {
    let isBuilt = false;
    this.#try('the model', () => (isBuilt = this.#options.call.model.built));
    return isBuilt;
  }

  async #keepModel(model: RunModel): Promise<void> {
    const { tf, model: trained } = this.#options.call;
    const facts = { tf, signature: this.#signature, example: this.#example, nowMs: Date.now() };
    const { files, mlmodel } = await writeModelFiles(trained, facts);
    for (const { path, bytes } of files) model.keepFile(path, bytes);
    model.keepMlmodel(mlmodel);
  }

  async #logDatasets(): Promise<void> {
    const { call, host, run } = this.#options;
    const tags = host.sourceTags.filter(({ key }) => /^mlflow\.(user|source\.(name|type))$/.test(key));
    for (const { dataset, context } of await fitDatasets(call, tags)) {
      const inputs = [{ dataset, tags: [{ key: 'mlflow.data.context', value: context }] }];
      const modelKeys = this.#model === undefined ? {} : { modelKeys: [this.#model.key] };
      run.intake.acceptWrite({ kind: 'inputs', runKey: run.key, inputs, ...modelKeys });
    }
  }

  #try(what: string, act: () => unknown): void {
    try {
      act();
    } catch (error) {
      this.#complain(what, error);
    }
  }

  async #tryLater(what: string, act: () => Promise<unknown>): Promise<boolean> {
    try {
      await act();
      return true;
    } catch (error) {
      this.#complain(what, error);
      return false;
    }
  }

  #complain(what: string, error: unknown): void {
    const { host, flags } = this.#options;
    complain(host, { what, error, isSilent: flags.silent });
  }
}

/** Counts what automatic logging could not log; never throws. */
export function complain(
  host: AutologHost,
  { what, error, isSilent }: { readonly what: string; readonly error: unknown; readonly isSilent: boolean },
): void {
  try {
    host.complain(`Automatic logging could not log ${what}: ${describe(error)}`, isSilent);
  } catch {
    // A host that cannot even count must not reach the training.
  }
}

/** An error's own words; one whose message throws has none. */
function describe(error: unknown): string {
  try {
    return isError(error) ? error.message : String(error);
  } catch {
    return 'an error that cannot be read';
  }
}

function summaryOf({ model }: FitCall): string {
  const lines: string[] = [];
  model.summary(undefined, undefined, (line) => lines.push(line));
  return lines.join('\n');
}
