// The table of MLflow's endpoints that this package calls: method, path, what a repeat does, request, answer.
import type { Experiment, FileInfo, LoggedModel, Metric, Page, RunEntity, RunInfo, Tag } from '../model/entities.ts';
import type { Effect } from './errors.ts';
import type * as ask from './requests.ts';
import * as wire from './wire-answers.ts';
import { encode, type WireFields } from './wire-requests.ts';

/** One endpoint: `Q` is what it is asked, `A` what it answers. */
export interface Endpoint<Q, A> {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  /** Below the server's address; `{model_id}` stands for that field of the request. */
  readonly path: string;
  readonly effect: Effect;
  /** @throws {RunspanError} `INVALID_VALUE` for what must not go on the wire */
  readonly encode: (request: Q) => WireFields;
  /** Headers of its own. */
  readonly headers?: (request: Q) => Readonly<Record<string, string>>;
  readonly answer: wire.Decoder<A>;
  /** Whether an empty body is an answer. @default false: it is none of MLflow's API */
  readonly isSilent?: boolean;
}

/** Every endpoint, by the name this package has for it. */
export interface Endpoints {
  readonly createExperiment: Endpoint<ask.NewExperiment, string>;
  readonly getExperiment: Endpoint<string, Experiment>;
  readonly getExperimentByName: Endpoint<string, Experiment>;
  readonly searchExperiments: Endpoint<ask.Search, Page<Experiment>>;
  readonly renameExperiment: Endpoint<{ readonly experimentId: string; readonly newName: string }, void>;
  readonly deleteExperiment: Endpoint<string, void>;
  readonly restoreExperiment: Endpoint<string, void>;
  readonly setExperimentTag: Endpoint<{ readonly experimentId: string; readonly tag: Tag }, void>;
  readonly createRun: Endpoint<ask.NewRun, RunEntity>;
  readonly getRun: Endpoint<string, RunEntity>;
  readonly updateRun: Endpoint<ask.RunUpdate, RunInfo>;
  readonly deleteRun: Endpoint<string, void>;
  readonly restoreRun: Endpoint<string, void>;
  readonly searchRuns: Endpoint<ask.RunSearch, Page<RunEntity>>;
  readonly logBatch: Endpoint<ask.Batch, void>;
  readonly deleteTag: Endpoint<{ readonly runId: string; readonly key: string }, void>;
  readonly logInputs: Endpoint<ask.RunInputs, void>;
  readonly logOutputs: Endpoint<ask.RunOutputs, void>;
  readonly getMetricHistory: Endpoint<ask.MetricHistory, Page<Metric>>;
  readonly createLoggedModel: Endpoint<ask.NewLoggedModel, LoggedModel>;
  readonly getLoggedModel: Endpoint<string, LoggedModel>;
  readonly findLoggedModels: Endpoint<ask.LoggedModelSearch, readonly LoggedModel[]>;
  readonly finalizeLoggedModel: Endpoint<ask.LoggedModelEnd, LoggedModel>;
  readonly deleteLoggedModel: Endpoint<string, void>;
  readonly logSpans: Endpoint<ask.Spans, void>;
  readonly linkTraces: Endpoint<ask.TraceLinks, void>;
  readonly findTracesOfRun: Endpoint<Pick<ask.Spans, 'experimentId' | 'runId'>, readonly string[]>;
  readonly listRunArtifacts: Endpoint<ask.RunArtifacts, Page<FileInfo>>;
  /** One folder of what the server's artifact proxy holds; asked with a path below its root. */
  readonly listProxiedArtifacts: Endpoint<string, Page<FileInfo>>;
  readonly getServerInfo: Endpoint<void, wire.ServerInfo>;
}

/** Where the artifact proxy takes and gives bytes; a path below its root follows. */
export const PROXIED_ARTIFACTS = '/api/2.0/mlflow-artifacts/artifacts';

const api = '/api/2.0/mlflow/';

/**
 * The table. `once` are the calls that a second sending would do twice or fail: MLflow's own client does not repeat them either,
 * since a server can answer 503 after it has committed. `logInputs` is repeatable by measurement: sent twice, stored once.
 *
 * @see https://mlflow.org/docs/latest/rest-api.html
 */
export const ENDPOINTS: Endpoints = {
  createExperiment: post('experiments/create', 'once', encode.newExperiment, wire.experimentIdAnswer),
  getExperiment: get('experiments/get', encode.experimentId, wire.experimentAnswer),
  getExperimentByName: get('experiments/get-by-name', encode.experimentName, wire.experimentAnswer),
  searchExperiments: post('experiments/search', 'read', encode.experimentSearch, wire.experimentsAnswer),
  renameExperiment: post('experiments/update', 'once', encode.experimentRename, wire.nothing),
  deleteExperiment: post('experiments/delete', 'once', encode.experimentId, wire.nothing),
  restoreExperiment: post('experiments/restore', 'once', encode.experimentId, wire.nothing),
  setExperimentTag: post('experiments/set-experiment-tag', 'repeatable', encode.experimentTag, wire.nothing),
  createRun: post('runs/create', 'once', encode.newRun, wire.runAnswer),
  getRun: get('runs/get', encode.runId, wire.runAnswer),
  updateRun: post('runs/update', 'repeatable', encode.runUpdate, wire.runInfoAnswer),
  deleteRun: post('runs/delete', 'repeatable', encode.runId, wire.nothing),
  restoreRun: post('runs/restore', 'repeatable', encode.runId, wire.nothing),
  searchRuns: post('runs/search', 'read', encode.runSearch, wire.runsAnswer),
  logBatch: post('runs/log-batch', 'repeatable', encode.batch, wire.nothing),
  deleteTag: post('runs/delete-tag', 'once', encode.runTagKey, wire.nothing),
  logInputs: post('runs/log-inputs', 'repeatable', encode.runInputs, wire.nothing),
  logOutputs: post('runs/outputs', 'once', encode.runOutputs, wire.nothing),
  getMetricHistory: get('metrics/get-history', encode.metricHistory, wire.metricsAnswer),
  createLoggedModel: post('logged-models', 'once', encode.newLoggedModel, wire.loggedModelAnswer),
  getLoggedModel: get('logged-models/{model_id}', encode.modelId, wire.loggedModelAnswer),
  findLoggedModels: post('logged-models/search', 'read', encode.loggedModelSearch, wire.loggedModelsAnswer),
  finalizeLoggedModel: {
    ...post('logged-models/{model_id}', 'repeatable', encode.loggedModelEnd, wire.loggedModelAnswer),
    method: 'PATCH',
  },
  deleteLoggedModel: {
    ...post('logged-models/{model_id}', 'once', encode.modelId, wire.nothing),
    method: 'DELETE',
  },
  logSpans: {
    ...post('', 'repeatable', encode.spans, wire.nothing),
    path: '/v1/traces',
    isSilent: true,
    headers: ({ experimentId, runId }) => ({ 'x-mlflow-experiment-id': experimentId, 'x-mlflow-run-id': runId }),
  },
  linkTraces: post('traces/link-to-run', 'repeatable', encode.traceLinks, wire.nothing),
  findTracesOfRun: {
    ...post('', 'read', encode.tracesOfRun, wire.traceIdsAnswer),
    path: '/api/3.0/mlflow/traces/search',
  },
  listRunArtifacts: get('artifacts/list', encode.runArtifacts, wire.filesAnswer),
  listProxiedArtifacts: {
    ...get('', encode.folder, wire.filesAnswer),
    path: PROXIED_ARTIFACTS,
  },
  getServerInfo: {
    ...get('', encode.nothing, wire.serverInfoAnswer),
    path: '/api/3.0/mlflow/server-info',
  },
};

function get<Q, A>(path: string, encode: Endpoint<Q, A>['encode'], answer: wire.Decoder<A>): Endpoint<Q, A> {
  return { method: 'GET', path: `${api}${path}`, effect: 'read', encode, answer };
}

function post<Q, A>(
  path: string,
  effect: Effect,
  encode: Endpoint<Q, A>['encode'],
  answer: wire.Decoder<A>,
): Endpoint<Q, A> {
  return { method: 'POST', path: `${api}${path}`, effect, encode, answer };
}
