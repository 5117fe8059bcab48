// What a user holds while a run is open: an interface, so that a test of the user's can pass a fake.
import type { Span } from '@opentelemetry/api';
import type { FigureInput } from '../artifacts/content/figure.ts';
import type { ImageInput } from '../artifacts/content/image.ts';
import type { TableInput } from '../artifacts/content/table.ts';
import type { RunStatus, TerminalStatus } from '../model/entities.ts';
import type { ImageOptions } from './image-options.ts';

/** The logging methods that `run.log` has; a pino logger is one. */
export interface RunLog {
  /** Logs at TRACE. */
  trace(message: string): void;
  trace(fields: object, message?: string): void;
  /** Logs at DEBUG. */
  debug(message: string): void;
  debug(fields: object, message?: string): void;
  /** Logs at INFO. */
  info(message: string): void;
  info(fields: object, message?: string): void;
  /** Logs at SUCCESS, between info and warn. */
  success(message: string): void;
  success(fields: object, message?: string): void;
  /** Logs at WARNING. */
  warn(message: string): void;
  warn(fields: object, message?: string): void;
  /** Logs at ERROR. */
  error(message: string): void;
  error(fields: object, message?: string): void;
  /** Logs at CRITICAL. */
  critical(message: string): void;
  critical(fields: object, message?: string): void;
  /** Logs at CRITICAL: another name. */
  fatal(message: string): void;
  fatal(fields: object, message?: string): void;
}

/** When and at which step a metric was measured. */
export interface MetricOptions {
  /** An integer; a fraction is truncated, counted and said once. @default 0 */
  readonly step?: number;
  /** Milliseconds since the epoch. @default the time of the call */
  readonly timestampMs?: number;
  /** The logged model that was measured: the point is the model's too. @default the active model, see `setActiveModel` */
  readonly modelId?: string;
}

/** A data set that a run reads. */
export interface RunDataset {
  /** What it is called. */
  readonly name: string;
  /** A path or URL of the data; its scheme decides the source type (`local`, `http`, `s3`, …). */
  readonly source: string;
  /** At most 36 characters. @default 8 hex characters of a hash over the other fields */
  readonly digest?: string;
  /** MLflow's schema object, such as `{ mlflow_colspec: [{ name: 'age', type: 'double', required: true }] }`. */
  readonly schema?: object;
  /** Sizes and the like, such as `{ num_rows: 442 }`. */
  readonly profile?: object;
}

/** How a run read a data set. */
export interface InputOptions {
  /** Such as `training`; becomes input tag `mlflow.data.context`. */
  readonly context?: string;
  /** Tags of the reading, not of the run. */
  readonly tags?: Readonly<Record<string, unknown>>;
}

/**
 * An open run: an MLflow run and an OpenTelemetry span at once. Its methods never throw on data (see "Values" in the README) and never
 * wait for the network: when they return, the write is accepted by the journal.
 *
 * @example
 * await mlflow.runContext('train', (run) => {
 *   run.logParam('epochs', 3);
 *   for (let step = 0; step < 3; step++) run.logMetric('loss', 1 / (step + 1), { step });
 * });
 */
export interface Run {
  /** 32 hex characters, known at once; every span and log record of the run carries it as `runspan.run_key`. */
  readonly key: string;
  /** Given, or the random one of the store once that is known. */
  readonly name: string;
  /** The store's id; undefined until it is known, see {@link Run.created}. */
  readonly runId: string | undefined;
  /** RUNNING until it ends. */
  readonly status: RunStatus;
  /** The run's span; its attributes become params, tags and metrics (the mirror rule). */
  readonly span: Span;
  /** A logger whose lines carry the run's trace id, span id and key wherever they are written. */
  readonly log: RunLog;
  /** The last value of each metric logged here. */
  readonly metrics: Readonly<Record<string, number>>;

  /** Resolves to the store's run id once the run exists there; rejects when the store refuses it or the service stops before. Holds the process meanwhile, for the service's `flushTimeoutMs` at most. */
  created(): Promise<string>;
  /** Logs one point of a metric. */
  logMetric(key: string, value: number, options?: MetricOptions): void;
  /** Logs one point of each metric, all at the same time and step. */
  logMetrics(metrics: Readonly<Record<string, number>>, options?: MetricOptions): void;
  /** Logs a param; one that exists with another value becomes tag `param.<key>`. */
  logParam(key: string, value: unknown): void;
  /** Logs params; nested objects become dotted keys. */
  logParams(params: Readonly<Record<string, unknown>>): void;
  /** Sets a tag; the last value wins. */
  setTag(key: string, value: unknown): void;
  /** Sets tags; the last value wins. */
  setTags(tags: Readonly<Record<string, unknown>>): void;
  /** Keeps a text as an artifact file, such as `notes/readme.txt`. */
  logText(text: string, artifactFile: string): void;
  /** Keeps an object as JSON, or as YAML where the name ends in `.yaml` or `.yml`. */
  logDict(dictionary: unknown, artifactFile: string): void;
  /** Keeps a file, under folder `artifactPath` where given; resolves once it is spooled. */
  logArtifact(localPath: string, artifactPath?: string): Promise<void>;
  /** Keeps what is in a folder, below folder `artifactPath` where given; resolves once all of it is spooled. */
  logArtifacts(localDir: string, artifactPath?: string): Promise<void>;
  /**
   * Keeps an image, a PNG's bytes or pixels: under a name, or as one of a row of steps that MLflow's page shows with a slider, with a small
   * WebP beside it.
   */
  logImage(image: ImageInput, options: ImageOptions): void;
  /** Keeps a table as `.json`, after the rows that this run object has logged to it; MLflow's page compares it over runs. */
  logTable(data: TableInput, artifactFile: string): void;
  /** Keeps a figure: the text of an SVG, a picture's bytes, or Plotly's or Vega-Lite's JSON as `.html` or `.json`. */
  logFigure(figure: FigureInput, artifactFile: string): void;
  /** Records a data set that the run reads. */
  logInput(dataset: RunDataset, options?: InputOptions): void;
  /**
   * Gives the variables that lead a child process to this run, for `spawn(…, { env: { ...process.env, ...run.childEnv() } })`: what it logs
   * goes here, its span is a child of this one, and it never ends the run. RUNSPAN_RUN_KEY, MLFLOW_RUN_ID and RUNSPAN_RUN_URL once they
   * are known (Python needs the id: await {@link Run.created}), TRACEPARENT, MLFLOW_EXPERIMENT_NAME, and
   * MLFLOW_TRACKING_URI and MLFLOW_REGISTRY_URI where these are given and have no credentials in them.
   */
  childEnv(): Readonly<Record<string, string>>;
  /** Makes the run end as FAILED although its body returns. */
  fail(reason: string | Error): void;
  /** Calls `body` as work of this run: spans and log lines made inside belong to it. */
  with<T>(body: () => T): T;
  /** Binds a callback, generator function or listener to this run, for code that is called from elsewhere later. */
  bind<T, A extends unknown[], R>(callback: (this: T, ...args: A) => R): (this: T, ...args: A) => R;
  /** Ends the run; without a status it ends as its span and `fail` say. Idempotent: the first end counts. */
  end(status?: TerminalStatus): Promise<void>;
  /** Ends the run, as `end()` does. */
  [Symbol.asyncDispose](): Promise<void>;
}
