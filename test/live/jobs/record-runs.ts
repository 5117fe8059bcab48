// Writes down what a job logs, from the job's side of the public interface, so that a test can compare it with what arrived.
import { createHash } from 'node:crypto';
import { appendFileSync, readFileSync } from 'node:fs';
import { basename, posix } from 'node:path';
import * as tfl from '@tensorflow/tfjs-layers';
import { MlflowService } from 'runspan';
import type { MetricOptions, Run, RunConfig } from 'runspan';

/** A point as it was logged; the time of the call lies between the two times. */
export interface RecordedPoint {
  readonly key: string;
  readonly value: number | string;
  readonly step: number;
  readonly fromMs: number;
  readonly toMs: number;
}

/** One run as the job saw it. */
export interface RecordedRun {
  readonly key: string;
  readonly name: string;
  readonly config: RunConfig;
  readonly traceId: string;
  readonly spanId: string;
  readonly fromMs: number;
  readonly toMs: number;
  readonly params: Readonly<Record<string, unknown>>;
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly tags: Readonly<Record<string, unknown>>;
  readonly points: readonly RecordedPoint[];
  readonly inputs: readonly (readonly [dataset: Readonly<Record<string, unknown>>, options: Record<string, unknown>])[];
  /** SHA-256 by path. */
  readonly artifacts: Readonly<Record<string, string>>;
  readonly error?: string;
}

function hash(bytes: string | Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

class Recorder {
  readonly params: Record<string, unknown> = {};
  readonly attributes: Record<string, unknown> = {};
  readonly tags: Record<string, unknown> = {};
  readonly points: RecordedPoint[] = [];
  readonly inputs: [Record<string, unknown>, Record<string, unknown>][] = [];
  readonly artifacts: Record<string, string> = {};
  readonly #calls: Readonly<Record<string, (...args: never[]) => void>> = {
    logParam: (key: string, value: unknown) => void (this.params[key] = value),
    logParams: (params: object) => void Object.assign(this.params, params),
    setTag: (key: string, value: unknown) => void (this.tags[key] = value),
    setTags: (tags: object) => void Object.assign(this.tags, tags),
    setAttribute: (key: string, value: unknown) => void (this.attributes[key] = value),
    setAttributes: (attributes: object) => void Object.assign(this.attributes, attributes),
    logInput: (dataset: object, options: object) => void this.inputs.push([{ ...dataset }, { ...options }]),
    logText: (text: string, file: string) => void (this.artifacts[file] = hash(text)),
    // As Python's log_dict: JSON with an indent of 2.
    logDict: (value: unknown, file: string) => void (this.artifacts[file] = hash(JSON.stringify(value, null, 2))),
    logArtifact: (file: string, folder = '') =>
      void (this.artifacts[posix.join(folder, basename(file))] = hash(readFileSync(file))),
  };

  noteTraining(training: Training): void {
    const { model, history, fromMs } = training;
    for (const [key, value] of Object.entries(describeTraining(training))) this.params[key] ??= value;
    for (const [key, values] of Object.entries(history))
      for (const [step, value] of values.entries())
        this.points.push({ key, value: Number(value), step, fromMs, toMs: Date.now() });
    const lines: string[] = [];
    model.summary(undefined, undefined, (line: string) => lines.push(line));
    this.artifacts['model_summary.txt'] = hash(lines.join('\n'));
  }

  /** The same object; what is called on it is written down. */
  watch<T extends object>(target: T): T {
    return new Proxy(target, {
      get: (_, name) => {
        const value: unknown = Reflect.get(target, name, target);
        if (name === 'span') return this.watch(value as object);
        if (typeof value !== 'function') return value;
        return (...args: unknown[]) => {
          const fromMs = Date.now();
          const returned: unknown = Reflect.apply(value, target, args);
          this.#note(String(name), args, fromMs);
          return returned;
        };
      },
    });
  }

  #note(name: string, args: readonly unknown[], fromMs: number): void {
    this.#calls[name]?.(...(args as never[])); // what the job passed to the method of this name
    const times = { fromMs, toMs: Date.now() };
    if (name === 'logMetric') this.#notePoints({ [String(args[0])]: args[1] }, args[2], times);
    if (name === 'logMetrics') this.#notePoints(args[0], args[1], times);
  }

  #notePoints(values: unknown, options: unknown, times: Pick<RecordedPoint, 'fromMs' | 'toMs'>): void {
    const { step = 0 } = (options ?? {}) as MetricOptions;
    for (const [key, value] of Object.entries(values as Readonly<Record<string, number>>))
      this.points.push({ key, value: Number.isFinite(value) ? value : String(value), step, ...times });
  }
}

/** Appends each run of this process to a file, as a line of JSON, when it has ended. */
export function recordRuns(file: string): void {
  // Called with the service it was called on, below.
  // oxlint-disable-next-line unbound-method
  const runContext = MlflowService.prototype.runContext as (
    config: string | RunConfig,
    body: (run: Run) => unknown,
  ) => Promise<unknown>;
  MlflowService.prototype.runContext = async function record<T>(
    this: MlflowService,
    config: string | RunConfig,
    body: (run: Run) => T | PromiseLike<T>,
  ): Promise<T> {
    const recorder = new Recorder();
    const fromMs = Date.now();
    let run: Run | undefined;
    let error: unknown;
    try {
      return (await runContext.call(this, config, (opened) => {
        run = opened;
        current = recorder;
        return body(recorder.watch(opened));
      })) as T; // what the body returned
    } catch (thrown) {
      error = thrown;
      throw thrown;
    } finally {
      const { params, attributes, tags, points, inputs, artifacts } = recorder;
      const { traceId, spanId } = run?.span.spanContext() ?? {};
      const whole = typeof config === 'string' ? { name: config } : config;
      const head = { key: run?.key, name: run?.name, config: whole, traceId, spanId, fromMs, toMs: Date.now() };
      const logged = { params, attributes, tags, points, inputs, artifacts };
      appendFileSync(
        file,
        `${JSON.stringify({ ...head, ...logged, ...(error instanceof Error ? { error: String(error) } : {}) })}\n`,
      );
    }
  };
}

/** What automatic logging has to say of a training, seen from beside it: by the library's own account, and by the names of Keras. */
interface Training {
  readonly model: tfl.LayersModel;
  readonly args: tfl.ModelFitArgs;
  readonly history: Readonly<Record<string, readonly (number | object)[]>>;
  readonly fromMs: number;
}

/** The recorder of the run that is open. */
let current: Recorder | undefined;

/** Writes down each training of the open run; to be called before autolog. */
export function recordTrainings(): void {
  // Called with the model it was called on, below.
  // oxlint-disable-next-line unbound-method
  const fit = tfl.Sequential.prototype.fit;
  tfl.Sequential.prototype.fit = async function record(x, y, args = {}) {
    const fromMs = Date.now();
    const returned = await fit.call(this, x, y, args);
    current?.noteTraining({ model: this, args, history: returned.history, fromMs });
    return returned;
  };
}

function describeTraining({ args, model }: Training): Record<string, string> {
  const rate = (model.optimizer.getConfig() as { readonly learningRate: number }).learningRate;
  return {
    epochs: String(args.epochs),
    batch_size: String(args.batchSize),
    validation_split: '0.0',
    shuffle: args.shuffle === false ? 'False' : 'True',
    class_weight: 'None',
    sample_weight: 'None',
    initial_epoch: '0',
    steps_per_epoch: 'None',
    validation_steps: 'None',
    optimizer_name: 'adam',
    optimizer_learning_rate: String(rate),
    optimizer_beta_1: '0.9',
    optimizer_beta_2: '0.999',
    optimizer_epsilon: '1e-07',
  };
}
