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
  /** At most 250 characters. */
  readonly key: string;
  /** A param's has at most 6000 characters, a tag's 8000. */
  readonly value: string;
}

/** One param of a run; immutable once it is stored. */
export type Param = KeyValue;

/** One tag of a run, experiment or input; the last write wins. */
export type Tag = KeyValue;

/** One point of one metric. */
export interface Metric {
  /** At most 250 characters. */
  readonly key: string;
  /** A double; NaN and ±Infinity are allowed (MLflow's SQL stores keep ±Infinity as ±1.797e308). */
  readonly value: number;
  /** Milliseconds since the epoch, an integer. */
  readonly timestampMs: number;
  /** An integer within ±(2^53 − 1). */
  readonly step: number;
  /** The logged model that was measured; the point is then the model's too. */
  readonly modelId?: string;
  /** The data set that the model was measured on; with its digest, or neither. */
  readonly datasetName?: string;
  /** At most 36 characters. */
  readonly datasetDigest?: string;
}

/** An experiment: a named group of runs. */
export interface Experiment {
  /** A number as text. */
  readonly experimentId: string;
  /** Unique in the store. */
  readonly name: string;
  /** Where its runs put their artifacts. */
  readonly artifactLocation: string;
  /** Whether it is in the bin. */
  readonly lifecycleStage: LifecycleStage;
  /** Milliseconds since the epoch. */
  readonly creationTimeMs: number | undefined;
  /** Milliseconds since the epoch. */
  readonly lastUpdateTimeMs: number | undefined;
  /** The last value wins. */
  readonly tags: Readonly<Record<string, string>>;
}

/** What identifies a run and says how it went. */
export interface RunInfo {
  /** The store's id: 32 hex characters. */
  readonly runId: string;
  /** Given, or made by the store. */
  readonly runName: string;
  /** The experiment that it is filed under. */
  readonly experimentId: string;
  /** Who runs it. */
  readonly userId: string;
  /** How it went. */
  readonly status: RunStatus;
  /** Milliseconds since the epoch. */
  readonly startTimeMs: number;
  /** Milliseconds since the epoch; undefined while it is open. */
  readonly endTimeMs: number | undefined;
  /** Where its artifacts are. */
  readonly artifactUri: string;
  /** Whether it is in the bin. */
  readonly lifecycleStage: LifecycleStage;
}

/** What a run recorded; `metrics` holds the latest point of each key. */
export interface RunData {
  /** The latest point of each key. */
  readonly metrics: Readonly<Record<string, number>>;
  /** Texts, as MLflow stores them. */
  readonly params: Readonly<Record<string, string>>;
  /** MLflow's own, `mlflow.*`, among them. */
  readonly tags: Readonly<Record<string, string>>;
}

/** A data set as MLflow stores it; `source`, `schema` and `profile` are JSON texts. */
export interface Dataset {
  /** What it is called. */
  readonly name: string;
  /** At most 36 characters. */
  readonly digest: string;
  /** Such as `local`, `http` or `s3`. */
  readonly sourceType: string;
  /** A JSON text that says where the data is. */
  readonly source: string;
  /** A JSON text with MLflow's schema. */
  readonly schema?: string;
  /** A JSON text with sizes and the like. */
  readonly profile?: string;
}

/** A data set that a run read, with tags such as `mlflow.data.context`. */
export interface DatasetInput {
  /** The data set. */
  readonly dataset: Dataset;
  /** Of the reading, not of the run. */
  readonly tags: readonly Tag[];
}

/** A run as the store holds it: MLflow's entity `Run`. */
export interface RunEntity {
  /** Its ids, status and times. */
  readonly info: RunInfo;
  /** Its metrics, params and tags. */
  readonly data: RunData;
  /** The data sets that it read and the models that it worked on. */
  readonly inputs: {
    readonly datasetInputs: readonly DatasetInput[];
    readonly modelInputs: readonly { readonly modelId: string }[];
  };
  /** The models that it made. */
  readonly outputs: { readonly modelOutputs: readonly ModelOutput[] };
}

/** A logged model that a run made. */
export interface ModelOutput {
  /** `m-` and 32 hex characters. */
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
  /** The experiment that it is filed under. */
  readonly experimentId: string;
  /** What it was called when it was logged. */
  readonly name: string;
  /** Where its files are. */
  readonly artifactUri: string;
  /** Milliseconds since the epoch. */
  readonly creationTimeMs: number;
  /** Milliseconds since the epoch. */
  readonly lastUpdateTimeMs: number;
  /** Undefined for one that this version does not know. */
  readonly status: LoggedModelStatus | undefined;
  /** Empty where there is none. */
  readonly modelType: string;
  /** Empty where no run made it. */
  readonly sourceRunId: string;
  /** Its own params. */
  readonly params: Readonly<Record<string, string>>;
  /** Its own tags. */
  readonly tags: Readonly<Record<string, string>>;
  /** Every point; ±Infinity and NaN as the store keeps them. */
  readonly metrics: readonly (Omit<Metric, 'modelId'> & { readonly runId: string })[];
}

/** One page of a search; `nextPageToken` is undefined on the last page. */
export interface Page<T> {
  /** In the order that was asked for. */
  readonly items: readonly T[];
  /** Opaque; brings the next page. */
  readonly nextPageToken: string | undefined;
}

/** One file or folder of a run's artifacts. */
export interface FileInfo {
  /** Relative to the run's artifact root, with `/`. */
  readonly path: string;
  /** Whether it is a folder. */
  readonly isDir: boolean;
  /** In bytes; undefined for a folder. */
  readonly fileSize: number | undefined;
}
