// What the endpoints are asked, in this package's own nouns.
import type {
  DatasetInput,
  KeyValue,
  LoggedModelStatus,
  Metric,
  ModelOutput,
  RunStatus,
  Tag,
  ViewType,
} from '../../model/entities.ts';

/** What `experiments/create` is told. */
export interface NewExperiment {
  readonly name: string;
  readonly artifactLocation?: string;
  readonly tags?: readonly Tag[];
}

/** What `runs/create` is told. */
export interface NewRun {
  readonly experimentId: string;
  readonly runName?: string;
  readonly userId?: string;
  readonly startTimeMs: number;
  readonly tags: readonly Tag[];
}

/** What `runs/update` changes. */
export interface RunUpdate {
  readonly runId: string;
  readonly status?: RunStatus;
  readonly endTimeMs?: number;
  readonly runName?: string;
}

/** One request of `runs/log-batch`, within its limits (see batches.ts). */
export interface Batch {
  readonly runId: string;
  readonly metrics: readonly Metric[];
  readonly params: readonly KeyValue[];
  readonly tags: readonly Tag[];
}

/** One point of a run. */
export interface OneMetric {
  readonly runId: string;
  readonly metric: Metric;
}

/** What every search takes. */
export interface Search {
  readonly filter?: string;
  readonly viewType?: ViewType;
  readonly maxResults?: number;
  readonly orderBy?: readonly string[];
  readonly pageToken?: string;
}

/** Spans of one run: one OTLP-JSON request. */
export interface Spans {
  readonly experimentId: string;
  readonly runId: string;
  /** `{"resourceSpans":[…]}` */
  readonly line: string;
}

/** Traces that a run shall lead to. */
export interface TraceLinks {
  readonly runId: string;
  /** MLflow's ids, at most 100: `tr-` and the 32 hex characters of OpenTelemetry's. */
  readonly traceIds: readonly string[];
}

/** One page of one metric's points. */
export interface MetricHistory {
  readonly runId: string;
  readonly key: string;
  readonly maxResults?: number;
  readonly pageToken?: string;
}

/** One folder of a run's artifacts. */
export interface RunArtifacts {
  readonly runId: string;
  readonly path?: string;
  readonly pageToken?: string;
}

/** A search for runs. */
export interface RunSearch extends Search {
  readonly experimentIds: readonly string[];
}

/** The data sets that a run read. */
export interface RunInputs {
  readonly runId: string;
  readonly inputs: readonly DatasetInput[];
  readonly modelIds?: readonly string[];
}

/** The models that a run made. */
export interface RunOutputs {
  readonly runId: string;
  readonly models: readonly ModelOutput[];
}

/** What `logged-models` is told of a new one. */
export interface NewLoggedModel {
  readonly experimentId: string;
  readonly name?: string;
  readonly modelType?: string;
  readonly sourceRunId?: string;
  readonly params: readonly KeyValue[];
  readonly tags: readonly Tag[];
}

/** How a logged model ends its making. */
export interface LoggedModelEnd {
  readonly modelId: string;
  readonly status: LoggedModelStatus;
}

/** A search for logged models by one tag. */
export interface LoggedModelSearch {
  readonly experimentId: string;
  readonly tag: Tag;
}
