// Evaluation datasets: what questions an application is asked, and what it should answer.

/** Where a record comes from. */
export type DatasetRecordSourceType = 'UNSPECIFIED' | 'TRACE' | 'HUMAN' | 'DOCUMENT' | 'CODE';

/** Keys with values of JSON; an integer beyond ±(2^53 − 1) is a bigint. */
export type JsonObject = Readonly<Record<string, unknown>>;

/** An evaluation dataset; its records are asked for by themselves. */
export interface EvaluationDataset {
  /** `d-` and 32 hex characters. */
  readonly datasetId: string;
  /** Chosen by who made it. */
  readonly name: string;
  /** Another one whenever its records change. */
  readonly digest: string;
  /** MLflow's own, `mlflow.user`, among them. */
  readonly tags: Readonly<Record<string, string>>;
  /** A JSON text with the fields of its records; undefined while it has none. */
  readonly schema: string | undefined;
  /** A JSON text with the number of its records; undefined while it has none. */
  readonly profile: string | undefined;
  /** Milliseconds since the epoch. */
  readonly creationTimeMs: number;
  /** Milliseconds since the epoch. */
  readonly lastUpdateTimeMs: number;
  /** Undefined where nobody is known. */
  readonly createdBy: string | undefined;
  /** Undefined where nobody is known. */
  readonly lastUpdatedBy: string | undefined;
}

/** Where a record comes from, and what is known about that. */
export interface DatasetRecordSource {
  /** What kind of source it is. */
  readonly sourceType: DatasetRecordSourceType;
  /** Such as `{ trace_id: 'tr-…' }`. */
  readonly sourceData: JsonObject;
}

/** What a dataset is given; a record with the same inputs is one that it has already, and is merged. */
export interface NewDatasetRecord {
  /** What the application is asked. */
  readonly inputs: JsonObject;
  /** What it answered. */
  readonly outputs?: unknown;
  /** What it should answer. */
  readonly expectations?: JsonObject;
  /** Texts. */
  readonly tags?: Readonly<Record<string, string>>;
  /** By default HUMAN where something is expected, and CODE where nothing is said of it. */
  readonly source?: { readonly sourceType: DatasetRecordSourceType; readonly sourceData?: JsonObject };
}

/** One record of a dataset. */
export interface DatasetRecord {
  /** `dr-` and 32 hex characters. */
  readonly datasetRecordId: string;
  /** The dataset that it is of. */
  readonly datasetId: string;
  /** What the application is asked. */
  readonly inputs: JsonObject;
  /** What it answered; an empty object where nothing was said, as the server keeps it. */
  readonly outputs: unknown;
  /** What it should answer; undefined where nothing is expected. */
  readonly expectations: JsonObject | undefined;
  /** `mlflow.user` among them. */
  readonly tags: Readonly<Record<string, string>>;
  /** Undefined where it is not known. */
  readonly source: DatasetRecordSource | undefined;
  /** Such as the trace's id; undefined where the source has none. */
  readonly sourceId: string | undefined;
  /** Milliseconds since the epoch. */
  readonly creationTimeMs: number;
  /** Milliseconds since the epoch. */
  readonly lastUpdateTimeMs: number;
  /** Undefined where nobody is known. */
  readonly createdBy: string | undefined;
  /** Undefined where nobody is known. */
  readonly lastUpdatedBy: string | undefined;
}

/** How many records a merge made, and how many it changed. */
export interface MergedRecords {
  /** Records that were not there. */
  readonly insertedCount: number;
  /** Records whose inputs were there already. */
  readonly updatedCount: number;
}
