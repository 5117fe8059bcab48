// The tracking requests' JSON: MLflow's snake_case lives in the files of this room and in stores/sqlite alone.
import { RunspanError } from '../../errors.ts';
import type { DatasetInput, LoggedModelStatus, Metric, RunStatus, Tag, ViewType } from '../../model/entities.ts';
import { double, integer, oneOf, optional, pair, pairs, text, time } from './checked.ts';
import type { WireFields } from './endpoint.ts';
import type {
  Batch,
  LoggedModelEnd,
  LoggedModelSearch,
  MetricHistory,
  NewExperiment,
  NewLoggedModel,
  NewRun,
  OneMetric,
  RunArtifacts,
  RunInputs,
  RunOutputs,
  RunSearch,
  RunUpdate,
  Search,
  Spans,
  TraceLinks,
} from './requests.ts';

const STATUSES: ReadonlySet<string> = new Set<RunStatus>(['RUNNING', 'SCHEDULED', 'FINISHED', 'FAILED', 'KILLED']);
const MODEL_STATUSES: ReadonlySet<string> = new Set<LoggedModelStatus>(['PENDING', 'READY', 'UPLOAD_FAILED']);
const VIEW_TYPES: ReadonlySet<string> = new Set<ViewType>(['ACTIVE_ONLY', 'DELETED_ONLY', 'ALL']);

/** MLflow's own default for a search, and required of one for experiments. */
const DEFAULT_MAX_RESULTS = 1000;

/** The server's own bound. */
const MAX_TRACES_OF_RUN = 500;

/** How each request is written; each throws `INVALID_VALUE` for what must not go on the wire. */
export const encode = {
  nothing: (): WireFields => ({}),
  experimentId: (id: string): WireFields => ({ experiment_id: text(id, 'experiment id') }),
  experimentName: (name: string): WireFields => ({ experiment_name: text(name, 'experiment name') }),
  runId: (id: string): WireFields => ({ run_id: text(id, 'run id') }),
  folder: (path: string): WireFields => ({ path: text(path, 'path') }),

  spans: ({ line }: Spans): WireFields => spansOf(line),

  traceLinks: ({ runId, traceIds }: TraceLinks): WireFields => ({
    run_id: text(runId, 'run id'),
    trace_ids: traceIds.map((id) => text(id, 'trace id')),
  }),

  tracesOfRun: ({ experimentId, runId }: Pick<Spans, 'experimentId' | 'runId'>): WireFields => ({
    locations: [
      { type: 'MLFLOW_EXPERIMENT', mlflow_experiment: { experiment_id: text(experimentId, 'experiment id') } },
    ],
    filter: `attributes.run_id = '${text(runId, 'run id').replaceAll("'", '')}'`,
    max_results: MAX_TRACES_OF_RUN,
  }),

  newExperiment: (from: NewExperiment): WireFields => ({
    name: text(from.name, 'experiment name'),
    artifact_location: optional(from.artifactLocation, 'artifact location'),
    tags: pairs(from.tags ?? [], 'experiment tag'),
  }),

  experimentRename: (from: { readonly experimentId: string; readonly newName: string }): WireFields => ({
    experiment_id: text(from.experimentId, 'experiment id'),
    new_name: text(from.newName, 'experiment name'),
  }),

  experimentTag: (from: { readonly experimentId: string; readonly tag: Tag }): WireFields => ({
    experiment_id: text(from.experimentId, 'experiment id'),
    ...pair(from.tag, 'experiment tag'),
  }),

  experimentTagKey: (from: { readonly experimentId: string; readonly key: string }): WireFields => ({
    experiment_id: text(from.experimentId, 'experiment id'),
    key: text(from.key, 'tag key'),
  }),

  experimentSearch: (from: Search): WireFields => ({ ...search(from), view_type: viewType(from.viewType) }),

  newRun: (from: NewRun): WireFields => ({
    experiment_id: text(from.experimentId, 'experiment id'),
    // as Python does: a run without a user breaks searches on some stores
    user_id: text(from.userId ?? from.tags.find((tag) => tag.key === 'mlflow.user')?.value ?? 'unknown', 'user id'),
    run_name: from.runName === '' ? undefined : optional(from.runName, 'run name'),
    start_time: time(from.startTimeMs, 'start time'),
    tags: pairs(from.tags, 'tag'),
  }),

  runUpdate: (from: RunUpdate): WireFields => ({
    run_id: text(from.runId, 'run id'),
    status: from.status === undefined ? undefined : oneOf(from.status, STATUSES, 'status'),
    end_time: from.endTimeMs === undefined ? undefined : time(from.endTimeMs, 'end time'),
    run_name: optional(from.runName, 'run name'),
  }),

  runSearch: (from: RunSearch): WireFields => ({
    ...search(from),
    experiment_ids: from.experimentIds.map((id) => text(id, 'experiment id')),
    run_view_type: viewType(from.viewType),
  }),

  runTagKey: (from: { readonly runId: string; readonly key: string }): WireFields => ({
    run_id: text(from.runId, 'run id'),
    key: text(from.key, 'tag key'),
  }),

  batch: (from: Batch): WireFields => ({
    run_id: text(from.runId, 'run id'),
    metrics: from.metrics.map(metricFields),
    params: pairs(from.params, 'param'),
    tags: pairs(from.tags, 'tag'),
  }),

  oneMetric: ({ runId, metric }: OneMetric): WireFields => ({ run_id: text(runId, 'run id'), ...metricFields(metric) }),

  runInputs: (from: RunInputs): WireFields => ({
    run_id: text(from.runId, 'run id'),
    datasets: from.inputs.map(datasetFields),
    models: from.modelIds?.map((id) => ({ model_id: text(id, 'model id') })),
  }),

  runOutputs: (from: RunOutputs): WireFields => ({
    run_id: text(from.runId, 'run id'),
    models: from.models.map(({ modelId, step }) => ({
      model_id: text(modelId, 'model id'),
      step: integer(step, 'model step'),
    })),
  }),

  modelId: (id: string): WireFields => ({ model_id: text(id, 'model id') }),

  newLoggedModel: (from: NewLoggedModel): WireFields => ({
    experiment_id: text(from.experimentId, 'experiment id'),
    name: optional(from.name, 'model name'),
    model_type: optional(from.modelType, 'model type'),
    source_run_id: optional(from.sourceRunId, 'run id'),
    params: pairs(from.params, 'model param'),
    tags: pairs(from.tags, 'model tag'),
  }),

  // in full: the server takes any other text with 200, and stores that the status is not known
  loggedModelEnd: (from: LoggedModelEnd): WireFields => ({
    model_id: text(from.modelId, 'model id'),
    status: `LOGGED_MODEL_${oneOf(from.status, MODEL_STATUSES, 'model status')}`,
  }),

  loggedModelSearch: (from: LoggedModelSearch): WireFields => ({
    experiment_ids: [text(from.experimentId, 'experiment id')],
    filter: `tags.\`${text(from.tag.key, 'model tag').replaceAll('`', '')}\` = '${text(from.tag.value, 'model tag').replaceAll("'", '')}'`,
    max_results: 100,
    order_by: [{ field_name: 'creation_timestamp', ascending: true }],
  }),

  metricHistory: (from: MetricHistory): WireFields => ({
    run_id: text(from.runId, 'run id'),
    metric_key: text(from.key, 'metric key'),
    max_results: from.maxResults === undefined ? undefined : integer(from.maxResults, 'max results'),
    page_token: optional(from.pageToken, 'page token'),
  }),

  runArtifacts: (from: RunArtifacts): WireFields => ({
    run_id: text(from.runId, 'run id'),
    path: optional(from.path, 'path'),
    page_token: optional(from.pageToken, 'page token'),
  }),
};

function search(from: Search): WireFields {
  return {
    filter: optional(from.filter, 'filter'),
    max_results: integer(from.maxResults ?? DEFAULT_MAX_RESULTS, 'max results'),
    order_by: from.orderBy?.map((column) => text(column, 'order')),
    page_token: optional(from.pageToken, 'page token'),
  };
}

function viewType(value: ViewType | undefined): string {
  return oneOf(value ?? 'ACTIVE_ONLY', VIEW_TYPES, 'view type');
}

function metricFields(from: Metric): WireFields {
  const key = text(from.key, 'metric key');
  return {
    key,
    value: double(from.value, key),
    timestamp: time(from.timestampMs, key),
    step: integer(from.step, key),
    model_id: optional(from.modelId, key),
    dataset_name: optional(from.datasetName, key),
    dataset_digest: optional(from.datasetDigest, key),
  };
}

function datasetFields({ dataset, tags }: DatasetInput): WireFields {
  return {
    tags: pairs(tags, 'dataset tag'),
    dataset: {
      name: text(dataset.name, 'dataset name'),
      digest: text(dataset.digest, 'dataset digest'),
      source_type: text(dataset.sourceType, 'dataset source type'),
      source: text(dataset.source, 'dataset source'),
      schema: optional(dataset.schema, 'dataset schema'),
      profile: optional(dataset.profile, 'dataset profile'),
    },
  };
}

/** A line of ours, read again: what is no OTLP must not be sent, since the server would take a part of it. */
function spansOf(line: string): WireFields {
  let parsed: unknown;
  try {
    parsed = JSON.parse(line);
  } catch (cause) {
    throw new RunspanError('INVALID_VALUE', 'Cannot send spans: the line is not JSON.', { cause });
  }
  if (typeof parsed === 'object' && parsed !== null && 'resourceSpans' in parsed) return { ...parsed };
  throw new RunspanError('INVALID_VALUE', 'Cannot send spans: the line has no resourceSpans.');
}
