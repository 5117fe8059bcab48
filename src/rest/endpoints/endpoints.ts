// The table of the endpoints that stores and artifacts stand on; what only a server has is in server-endpoints.ts.
import type { Experiment, FileInfo, LoggedModel, Metric, Page, RunEntity, RunInfo, Tag } from '../../model/entities.ts';
import { API_2, API_3, by, get, post, type Endpoint } from '../wire/endpoint.ts';
import type * as ask from '../wire/requests.ts';
import * as wire from '../wire/wire-answers.ts';
import { encode } from '../wire/wire-requests.ts';
import { nothing } from '../wire/wire-values.ts';

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
  readonly deleteExperimentTag: Endpoint<{ readonly experimentId: string; readonly key: string }, void>;
  readonly createRun: Endpoint<ask.NewRun, RunEntity>;
  readonly getRun: Endpoint<string, RunEntity>;
  readonly updateRun: Endpoint<ask.RunUpdate, RunInfo>;
  readonly deleteRun: Endpoint<string, void>;
  readonly restoreRun: Endpoint<string, void>;
  readonly searchRuns: Endpoint<ask.RunSearch, Page<RunEntity>>;
  readonly logBatch: Endpoint<ask.Batch, void>;
  readonly logMetric: Endpoint<ask.OneMetric, void>;
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

/**
 * The table. `once` are the calls that a second sending would do twice or fail: MLflow's own client does not repeat them either,
 * since a server can answer 503 after it has committed. `logInputs` is repeatable by measurement: sent twice, stored once.
 *
 * @see https://mlflow.org/docs/latest/rest-api.html
 */
export const ENDPOINTS: Endpoints = {
  createExperiment: post(`${API_2}experiments/create`, 'once', encode.newExperiment, wire.experimentIdAnswer),
  getExperiment: get(`${API_2}experiments/get`, encode.experimentId, wire.experimentAnswer),
  getExperimentByName: get(`${API_2}experiments/get-by-name`, encode.experimentName, wire.experimentAnswer),
  searchExperiments: post(`${API_2}experiments/search`, 'read', encode.experimentSearch, wire.experimentsAnswer),
  renameExperiment: post(`${API_2}experiments/update`, 'once', encode.experimentRename, nothing),
  deleteExperiment: post(`${API_2}experiments/delete`, 'once', encode.experimentId, nothing),
  restoreExperiment: post(`${API_2}experiments/restore`, 'once', encode.experimentId, nothing),
  setExperimentTag: post(`${API_2}experiments/set-experiment-tag`, 'repeatable', encode.experimentTag, nothing),
  deleteExperimentTag: post(`${API_2}experiments/delete-experiment-tag`, 'once', encode.experimentTagKey, nothing),
  createRun: post(`${API_2}runs/create`, 'once', encode.newRun, wire.runAnswer),
  getRun: get(`${API_2}runs/get`, encode.runId, wire.runAnswer),
  updateRun: post(`${API_2}runs/update`, 'repeatable', encode.runUpdate, wire.runInfoAnswer),
  deleteRun: post(`${API_2}runs/delete`, 'repeatable', encode.runId, nothing),
  restoreRun: post(`${API_2}runs/restore`, 'repeatable', encode.runId, nothing),
  searchRuns: post(`${API_2}runs/search`, 'read', encode.runSearch, wire.runsAnswer),
  logBatch: post(`${API_2}runs/log-batch`, 'repeatable', encode.batch, nothing),
  logMetric: post(`${API_2}runs/log-metric`, 'repeatable', encode.oneMetric, nothing),
  deleteTag: post(`${API_2}runs/delete-tag`, 'once', encode.runTagKey, nothing),
  logInputs: post(`${API_2}runs/log-inputs`, 'repeatable', encode.runInputs, nothing),
  logOutputs: post(`${API_2}runs/outputs`, 'once', encode.runOutputs, nothing),
  getMetricHistory: get(`${API_2}metrics/get-history`, encode.metricHistory, wire.metricsAnswer),
  createLoggedModel: post(`${API_2}logged-models`, 'once', encode.newLoggedModel, wire.loggedModelAnswer),
  getLoggedModel: get(`${API_2}logged-models/{model_id}`, encode.modelId, wire.loggedModelAnswer),
  findLoggedModels: post(`${API_2}logged-models/search`, 'read', encode.loggedModelSearch, wire.loggedModelsAnswer),
  finalizeLoggedModel: by(
    'PATCH',
    post(`${API_2}logged-models/{model_id}`, 'repeatable', encode.loggedModelEnd, wire.loggedModelAnswer),
  ),
  deleteLoggedModel: by('DELETE', post(`${API_2}logged-models/{model_id}`, 'once', encode.modelId, nothing)),
  logSpans: {
    ...post('/v1/traces', 'repeatable', encode.spans, nothing),
    isSilent: true,
    headers: ({ experimentId, runId }) => ({ 'x-mlflow-experiment-id': experimentId, 'x-mlflow-run-id': runId }),
  },
  linkTraces: post(`${API_2}traces/link-to-run`, 'repeatable', encode.traceLinks, nothing),
  findTracesOfRun: post(`${API_3}traces/search`, 'read', encode.tracesOfRun, wire.traceIdsAnswer),
  listRunArtifacts: get(`${API_2}artifacts/list`, encode.runArtifacts, wire.filesAnswer),
  listProxiedArtifacts: get(PROXIED_ARTIFACTS, encode.folder, wire.filesAnswer),
  getServerInfo: get(`${API_3}server-info`, encode.nothing, wire.serverInfoAnswer),
};
