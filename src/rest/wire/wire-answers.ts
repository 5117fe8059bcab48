// The tracking answers' JSON, turned into this package's nouns.
import { z } from 'zod';
import type {
  DatasetInput,
  Experiment,
  FileInfo,
  LoggedModel,
  LoggedModelStatus,
  Metric,
  Page,
  RunEntity,
  RunInfo,
} from '../../model/entities.ts';
import type { Decoder } from './endpoint.ts';
import { double, id, int64, pageOf, pageToken, pairs, recordOf, text } from './wire-values.ts';

/** What a server says about itself. */
export interface ServerInfo {
  /** Such as `SqlStore`; undefined on servers before 3.x. */
  readonly storeType: string | undefined;
  readonly hasMultipartUploads: boolean;
  readonly hasMultipartDownloads: boolean;
}

const stage = z.enum(['active', 'deleted']).default('active');
const MODEL_STATUSES: readonly LoggedModelStatus[] = ['PENDING', 'READY', 'UPLOAD_FAILED'];

const experiment = z
  .object({
    experiment_id: id,
    name: text,
    artifact_location: text,
    lifecycle_stage: stage,
    creation_time: int64.optional(),
    last_update_time: int64.optional(),
    tags: pairs,
  })
  .transform((from): Experiment => ({
    experimentId: from.experiment_id,
    name: from.name,
    artifactLocation: from.artifact_location,
    lifecycleStage: from.lifecycle_stage,
    creationTimeMs: from.creation_time,
    lastUpdateTimeMs: from.last_update_time,
    tags: recordOf(from.tags),
  }));

const metric = z
  .object({ key: z.string(), value: double.default(0), timestamp: int64.default(0), step: int64.default(0) })
  .transform((from): Metric => ({ key: from.key, value: from.value, timestampMs: from.timestamp, step: from.step }));

const runInfo = z
  .object({
    run_id: z.string().optional(),
    run_uuid: z.string().optional(),
    run_name: text,
    experiment_id: id.default(''),
    user_id: text,
    status: z.enum(['RUNNING', 'SCHEDULED', 'FINISHED', 'FAILED', 'KILLED']).default('RUNNING'),
    start_time: int64.default(0),
    end_time: int64.optional(),
    artifact_uri: text,
    lifecycle_stage: stage,
  })
  .transform((from, ctx): RunInfo => {
    const runId = from.run_id ?? from.run_uuid;
    if (runId === undefined) {
      ctx.addIssue({ code: 'custom', message: 'run_id is missing' });
      return z.NEVER;
    }
    return {
      runId,
      runName: from.run_name,
      experimentId: from.experiment_id,
      userId: from.user_id,
      status: from.status,
      startTimeMs: from.start_time,
      endTimeMs: from.end_time,
      artifactUri: from.artifact_uri,
      lifecycleStage: from.lifecycle_stage,
    };
  });

const datasetInput = z
  .object({
    tags: pairs,
    dataset: z.object({
      name: text,
      digest: text,
      source_type: text,
      source: text,
      schema: z.string().optional(),
      profile: z.string().optional(),
    }),
  })
  .transform(({ tags, dataset: { source_type: sourceType, schema, profile, ...rest } }): DatasetInput => ({
    dataset: {
      ...rest,
      sourceType,
      ...(schema === undefined ? {} : { schema }),
      ...(profile === undefined ? {} : { profile }),
    },
    tags,
  }));

const modelInput = z.object({ model_id: z.string() }).transform((from) => ({ modelId: from.model_id }));
const modelOutput = z
  .object({ model_id: z.string(), step: int64.default(0) })
  .transform((from) => ({ modelId: from.model_id, step: from.step }));

const run = z
  .object({
    info: runInfo,
    data: z
      .object({ metrics: z.array(metric).default([]), params: pairs, tags: pairs })
      .default({ metrics: [], params: [], tags: [] }),
    inputs: z
      .object({ dataset_inputs: z.array(datasetInput).default([]), model_inputs: z.array(modelInput).default([]) })
      .default({ dataset_inputs: [], model_inputs: [] }),
    outputs: z.object({ model_outputs: z.array(modelOutput).default([]) }).default({ model_outputs: [] }),
  })
  .transform(({ info, data, inputs, outputs }): RunEntity => ({
    info,
    data: {
      metrics: Object.fromEntries(data.metrics.map(({ key, value }) => [key, value])),
      params: recordOf(data.params),
      tags: recordOf(data.tags),
    },
    inputs: { datasetInputs: inputs.dataset_inputs, modelInputs: inputs.model_inputs },
    outputs: { modelOutputs: outputs.model_outputs },
  }));

const modelStatus = z
  .string()
  .default('')
  .transform((from) => MODEL_STATUSES.find((status) => from === `LOGGED_MODEL_${status}`));

const modelMetric = z
  .intersection(
    metric,
    z.object({ run_id: text, dataset_name: z.string().optional(), dataset_digest: z.string().optional() }),
  )
  .transform(({ run_id: runId, dataset_name: datasetName, dataset_digest: datasetDigest, ...point }) => ({
    ...point,
    runId,
    ...(datasetName === undefined ? {} : { datasetName }),
    ...(datasetDigest === undefined ? {} : { datasetDigest }),
  }));

/** One logged model. */
export const loggedModel: z.ZodType<LoggedModel> = z
  .object({
    info: z.object({
      model_id: z.string(),
      experiment_id: id,
      name: text,
      creation_timestamp_ms: int64.default(0),
      last_updated_timestamp_ms: int64.default(0),
      artifact_uri: text,
      status: modelStatus,
      model_type: text,
      source_run_id: text,
      tags: pairs,
    }),
    data: z
      .object({
        params: pairs,
        metrics: z.array(modelMetric).default([]),
      })
      .default({ params: [], metrics: [] }),
  })
  .transform(({ info, data }): LoggedModel => ({
    modelId: info.model_id,
    experimentId: info.experiment_id,
    name: info.name,
    artifactUri: info.artifact_uri,
    creationTimeMs: info.creation_timestamp_ms,
    lastUpdateTimeMs: info.last_updated_timestamp_ms,
    status: info.status,
    modelType: info.model_type,
    sourceRunId: info.source_run_id,
    params: recordOf(data.params),
    tags: recordOf(info.tags),
    metrics: data.metrics,
  }));

const file = z
  .object({ path: z.string(), is_dir: z.boolean().default(false), file_size: int64.default(0) })
  .transform((from): FileInfo => ({
    path: from.path,
    isDir: from.is_dir,
    fileSize: from.is_dir ? undefined : from.file_size,
  }));

/** `traces/search`: the ids alone. */
export const traceIdsAnswer: Decoder<readonly string[]> = z
  .object({ traces: z.array(z.object({ trace_id: z.string() })).default([]) })
  .transform((from) => from.traces.map((trace) => trace.trace_id));

/** `experiments/create`: the new id. */
export const experimentIdAnswer: Decoder<string> = z
  .object({ experiment_id: id })
  .transform((from) => from.experiment_id);

/** `experiments/get`, `experiments/get-by-name`. */
export const experimentAnswer: Decoder<Experiment> = z.object({ experiment }).transform((from) => from.experiment);

/** `experiments/search`. */
export const experimentsAnswer: Decoder<Page<Experiment>> = z
  .object({ experiments: z.array(experiment).default([]), next_page_token: pageToken })
  .transform((from) => pageOf(from.experiments, from.next_page_token));

/** `runs/create`, `runs/get`. */
export const runAnswer: Decoder<RunEntity> = z.object({ run }).transform((from) => from.run);

/** `runs/update`. */
export const runInfoAnswer: Decoder<RunInfo> = z.object({ run_info: runInfo }).transform((from) => from.run_info);

/** `runs/search`. */
export const runsAnswer: Decoder<Page<RunEntity>> = z
  .object({ runs: z.array(run).default([]), next_page_token: pageToken })
  .transform((from) => pageOf(from.runs, from.next_page_token));

/** `logged-models`, and one of them. */
export const loggedModelAnswer: Decoder<LoggedModel> = z.object({ model: loggedModel }).transform((from) => from.model);

/** `logged-models/search`. */
export const loggedModelsAnswer: Decoder<readonly LoggedModel[]> = z
  .object({ models: z.array(loggedModel).default([]) })
  .transform((from) => from.models);

/** `metrics/get-history`. */
export const metricsAnswer: Decoder<Page<Metric>> = z
  .object({ metrics: z.array(metric).default([]), next_page_token: pageToken })
  .transform((from) => pageOf(from.metrics, from.next_page_token));

/** `artifacts/list`, and the proxy's listing of one folder. */
export const filesAnswer: Decoder<Page<FileInfo>> = z
  .object({ files: z.array(file).default([]), next_page_token: pageToken })
  .transform((from) => pageOf(from.files, from.next_page_token));

/** `server-info`. */
export const serverInfoAnswer: Decoder<ServerInfo> = z
  .object({
    store_type: z.string().optional(),
    multipart_uploads_enabled: z.boolean().default(false),
    multipart_downloads_enabled: z.boolean().default(false),
  })
  .transform((from) => ({
    storeType: from.store_type,
    hasMultipartUploads: from.multipart_uploads_enabled,
    hasMultipartDownloads: from.multipart_downloads_enabled,
  }));

/** MLflow's own refusal, and FastAPI's `detail`; what is of another type counts as absent. */
export const refusal: Decoder<{
  readonly errorCode: string | undefined;
  readonly message: string | undefined;
  readonly detail: unknown;
}> = z
  .object({
    error_code: z.string().min(1).optional().catch(undefined),
    message: z.string().optional().catch(undefined),
    detail: z.unknown().optional(),
  })
  .transform((from) => ({ errorCode: from.error_code, message: from.message, detail: from.detail }));
