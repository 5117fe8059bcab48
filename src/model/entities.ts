// MLflow's nouns as this package reads and writes them: plain data, no I/O, no clock.

/** The states of a run, as MLflow's REST API spells them. */
export type RunStatus = 'RUNNING' | 'SCHEDULED' | 'FINISHED' | 'FAILED' | 'KILLED';

/** The states that end a run. */
export type TerminalStatus = 'FINISHED' | 'FAILED' | 'KILLED';

/** Whether an experiment or run is in use or in MLflow's bin. */
export type LifecycleStage = 'active' | 'deleted';

/** Which experiments or runs a search looks at. */
export type ViewType = 'ACTIVE_ONLY' | 'DELETED_ONLY' | 'ALL';

/** A key with its text: a param, or a tag. */
export interface KeyValue {
  readonly key: string;
  readonly value: string;
}

/** One param of a run; immutable once it is stored. */
export type Param = KeyValue;

/** One tag of a run, experiment or input; the last write wins. */
export type Tag = KeyValue;

/** One point of one metric. */
export interface Metric {
  readonly key: string;
  /** A double; NaN and ±Infinity are allowed (MLflow's SQL stores keep ±Infinity as ±1.797e308). */
  readonly value: number;
  /** Milliseconds since the epoch, an integer. */
  readonly timestampMs: number;
  /** An integer within ±(2^53 − 1). */
  readonly step: number;
  /** The logged model that was measured; the point is then the model's too. */
  readonly modelId?: string;
}

/** An experiment: a named group of runs. */
export interface Experiment {
  readonly experimentId: string;
  readonly name: string;
  readonly artifactLocation: string;
  readonly lifecycleStage: LifecycleStage;
  readonly creationTimeMs: number | undefined;
  readonly lastUpdateTimeMs: number | undefined;
  readonly tags: Readonly<Record<string, string>>;
}

/** What identifies a run and says how it went. */
export interface RunInfo {
  readonly runId: string;
  readonly runName: string;
  readonly experimentId: string;
  readonly userId: string;
  readonly status: RunStatus;
  readonly startTimeMs: number;
  readonly endTimeMs: number | undefined;
  readonly artifactUri: string;
  readonly lifecycleStage: LifecycleStage;
}

/** What a run recorded; `metrics` holds the latest point of each key. */
export interface RunData {
  readonly metrics: Readonly<Record<string, number>>;
  readonly params: Readonly<Record<string, string>>;
  readonly tags: Readonly<Record<string, string>>;
}

/** A data set as MLflow stores it; `source`, `schema` and `profile` are JSON texts. */
export interface Dataset {
  readonly name: string;
  /** At most 36 characters. */
  readonly digest: string;
  readonly sourceType: string;
  readonly source: string;
  readonly schema?: string;
  readonly profile?: string;
}

/** A data set that a run read, with tags such as `mlflow.data.context`. */
export interface DatasetInput {
  readonly dataset: Dataset;
  readonly tags: readonly Tag[];
}

/** A run as the store holds it: MLflow's entity `Run`. */
export interface RunEntity {
  readonly info: RunInfo;
  readonly data: RunData;
  readonly inputs: {
    readonly datasetInputs: readonly DatasetInput[];
    readonly modelInputs: readonly { readonly modelId: string }[];
  };
  readonly outputs: { readonly modelOutputs: readonly ModelOutput[] };
}

/** A logged model that a run made. */
export interface ModelOutput {
  readonly modelId: string;
  /** Of the training that it was made at; an integer. */
  readonly step: number;
}

/** How far a logged model is: being made, whole, or without all its files. */
export type LoggedModelStatus = 'PENDING' | 'READY' | 'UPLOAD_FAILED';

/** A model of MLflow 3: what a run made, with files of its own and what was measured of it. */
export interface LoggedModel {
  /** `m-` and 32 hex characters. */
  readonly modelId: string;
  readonly experimentId: string;
  readonly name: string;
  readonly artifactUri: string;
  readonly creationTimeMs: number;
  readonly lastUpdateTimeMs: number;
  /** Undefined for one that this version does not know. */
  readonly status: LoggedModelStatus | undefined;
  /** Empty where there is none. */
  readonly modelType: string;
  /** Empty where no run made it. */
  readonly sourceRunId: string;
  readonly params: Readonly<Record<string, string>>;
  readonly tags: Readonly<Record<string, string>>;
  /** Every point; ±Infinity and NaN as the store keeps them. */
  readonly metrics: readonly (Omit<Metric, 'modelId'> & { readonly runId: string })[];
}

/** One page of a search; `nextPageToken` is undefined on the last page. */
export interface Page<T> {
  readonly items: readonly T[];
  readonly nextPageToken: string | undefined;
}

/** One file or folder of a run's artifacts. */
export interface FileInfo {
  /** Relative to the run's artifact root, with `/`. */
  readonly path: string;
  readonly isDir: boolean;
  /** In bytes; undefined for a folder. */
  readonly fileSize: number | undefined;
}
