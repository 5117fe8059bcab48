// The tracking store behind an MLflow server: the store contract in terms of MLflow's endpoints.
import { MlflowError, RunspanError } from '../../errors.ts';
import type {
  DatasetInput,
  Experiment,
  LoggedModel,
  LoggedModelStatus,
  Metric,
  ModelOutput,
  Page,
  RunEntity,
  RunInfo,
  Tag,
} from '../../model/entities.ts';
import { RestApi } from '../../rest/api.ts';
import { splitBatch } from '../../rest/wire/batches.ts';
import type { ConnectionOptions } from '../../rest/transport/connection.ts';
import { post, type Endpoint, type WireFields } from '../../rest/wire/endpoint.ts';
import { ENDPOINTS } from '../../rest/endpoints/endpoints.ts';
import type { Pace } from '../../rest/transport/retry.ts';
import {
  SERVER_ENDPOINTS,
  type AnswerOf,
  type RequestOf,
  type ServerEndpoint,
} from '../../rest/endpoints/server-endpoints.ts';
import type {
  CreateLoggedModelRequest,
  CreateRunRequest,
  ListedTrace,
  LogBatchRequest,
  SearchExperimentsRequest,
  SearchRunsRequest,
  Store,
  TraceStore,
} from '../contract.ts';
import { listTraces } from './kept-traces.ts';
import { openHttpTraces } from './traces.ts';

/**
 * Opens the store of a tracking server; nothing is sent yet. A failed call is tried up to three times within the connection's
 * timeout; a create only where it is known not to have happened, so that it rejects with `isAmbiguous` where it may have.
 *
 * @param uri `http(s)://host[:port][/path]`; a user and password in it are used where the connection has none, and never shown
 * @param options the pace of retries, for tests
 * @throws {RunspanError} `UNKNOWN_SCHEME`, `INVALID_SETTINGS`; `FILE_NOT_READABLE` for a certificate
 * @example
 * const store = openHttpStore('http://127.0.0.1:5000', {});
 * const experiment = await store.getExperimentByName('churn');
 * await store.close();
 */
export function openHttpStore(
  uri: string,
  connection: ConnectionOptions,
  options: { readonly pace?: Pace } = {},
): Store {
  return new HttpStore(new RestApi(uri, connection, options));
}

/** The endpoint for what is encoded already. */
const ENCODED_BATCH = post(ENDPOINTS.logBatch.path, ENDPOINTS.logBatch.effect, asItIs, ENDPOINTS.logBatch.answer);

function asItIs(fields: WireFields): WireFields {
  return fields;
}

class HttpStore implements Store {
  readonly uri: string;
  readonly traces: TraceStore;
  // the server makes the run's id, and ignores a client's without a word
  // a server works on one request while the next is on its way; more than two it answers no sooner
  readonly supports = { chosenRunId: false, batchesAtOnce: 2 } as const;
  readonly #api: RestApi;

  constructor(api: RestApi) {
    this.uri = api.uri;
    this.#api = api;
    this.traces = openHttpTraces(api);
  }

  createExperiment(request: Parameters<Store['createExperiment']>[0]): Promise<string> {
    return this.#api.call(ENDPOINTS.createExperiment, request);
  }

  getExperiment(experimentId: string): Promise<Experiment> {
    return this.#api.call(ENDPOINTS.getExperiment, experimentId);
  }

  async getExperimentByName(name: string): Promise<Experiment | undefined> {
    try {
      return await this.#api.call(ENDPOINTS.getExperimentByName, name);
    } catch (error) {
      if (error instanceof MlflowError && error.errorCode === 'RESOURCE_DOES_NOT_EXIST') return undefined;
      throw error;
    }
  }

  searchExperiments(request: SearchExperimentsRequest): Promise<Page<Experiment>> {
    return this.#api.call(ENDPOINTS.searchExperiments, request);
  }

  renameExperiment(experimentId: string, newName: string): Promise<void> {
    return this.#api.call(ENDPOINTS.renameExperiment, { experimentId, newName });
  }

  deleteExperiment(experimentId: string): Promise<void> {
    return this.#api.call(ENDPOINTS.deleteExperiment, experimentId);
  }

  restoreExperiment(experimentId: string): Promise<void> {
    return this.#api.call(ENDPOINTS.restoreExperiment, experimentId);
  }

  setExperimentTag(experimentId: string, tag: Tag): Promise<void> {
    return this.#api.call(ENDPOINTS.setExperimentTag, { experimentId, tag });
  }

  deleteExperimentTag(experimentId: string, key: string): Promise<void> {
    return this.#api.call(ENDPOINTS.deleteExperimentTag, { experimentId, key });
  }

  createRun(request: CreateRunRequest): Promise<RunEntity> {
    return this.#api.call(ENDPOINTS.createRun, request);
  }

  getRun(runId: string): Promise<RunEntity> {
    return this.#api.call(ENDPOINTS.getRun, runId);
  }

  updateRun(request: Parameters<Store['updateRun']>[0]): Promise<RunInfo> {
    return this.#api.call(ENDPOINTS.updateRun, request);
  }

  deleteRun(runId: string): Promise<void> {
    return this.#api.call(ENDPOINTS.deleteRun, runId);
  }

  restoreRun(runId: string): Promise<void> {
    return this.#api.call(ENDPOINTS.restoreRun, runId);
  }

  searchRuns(request: SearchRunsRequest): Promise<Page<RunEntity>> {
    return this.#api.call(ENDPOINTS.searchRuns, request);
  }

  async logBatch(request: LogBatchRequest): Promise<void> {
    const [metric, ...others] = request.metrics ?? [];
    const isAlone = others.length + (request.params ?? []).length + (request.tags ?? []).length === 0;
    // a batch with a model that is not there leaves the run's half of it behind; one point is taken whole or refused whole
    if (isAlone && metric?.modelId !== undefined)
      return this.#api.call(ENDPOINTS.logMetric, { runId: request.runId, metric });
    // all are checked before one is sent: a refusal must not leave half of it behind
    const bodies = splitBatch(request).map(ENDPOINTS.logBatch.encode);
    for (const body of bodies) await this.#api.call(ENCODED_BATCH, body);
  }

  deleteTag(runId: string, key: string): Promise<void> {
    return this.#api.call(ENDPOINTS.deleteTag, { runId, key });
  }

  logInputs(runId: string, inputs: readonly DatasetInput[], modelIds?: readonly string[]): Promise<void> {
    const models = modelIds === undefined ? {} : { modelIds };
    return this.#api.call(ENDPOINTS.logInputs, { runId, inputs, ...models });
  }

  async logOutputs(runId: string, models: readonly ModelOutput[]): Promise<void> {
    for (const model of models) await this.#logOutput(runId, model);
  }

  createLoggedModel(request: CreateLoggedModelRequest): Promise<LoggedModel> {
    return this.#api.call(ENDPOINTS.createLoggedModel, request);
  }

  getLoggedModel(modelId: string): Promise<LoggedModel> {
    return this.#api.call(ENDPOINTS.getLoggedModel, modelId);
  }

  async findLoggedModels(experimentId: string, tag?: Tag): Promise<readonly LoggedModel[]> {
    const found =
      tag === undefined
        ? await this.#listLoggedModels(experimentId)
        : await this.#api.call(ENDPOINTS.findLoggedModels, { experimentId, tag });
    return found.toSorted((a, b) => a.creationTimeMs - b.creationTimeMs || (a.modelId < b.modelId ? -1 : 1));
  }

  finalizeLoggedModel(modelId: string, status: LoggedModelStatus): Promise<LoggedModel> {
    return this.#api.call(ENDPOINTS.finalizeLoggedModel, { modelId, status });
  }

  deleteLoggedModel(modelId: string): Promise<void> {
    return this.#api.call(ENDPOINTS.deleteLoggedModel, modelId);
  }

  getMetricHistory(request: Parameters<Store['getMetricHistory']>[0]): Promise<Page<Metric>> {
    return this.#api.call(ENDPOINTS.getMetricHistory, request);
  }

  async request<N extends ServerEndpoint>(name: N, request: RequestOf<N>): Promise<AnswerOf<N>> {
    if (!Object.hasOwn(SERVER_ENDPOINTS, name))
      throw new RunspanError('NOT_SUPPORTED', `This version has no endpoint '${name}'.`);
    // The cast says what the table's type says of this name.
    const endpoint = SERVER_ENDPOINTS[name] as unknown as Endpoint<RequestOf<N>, AnswerOf<N>>;
    return this.#api.call(endpoint, request);
  }

  listTraces(experimentId: string): AsyncIterable<ListedTrace> {
    return listTraces(this.#api, experimentId);
  }

  close(): Promise<void> {
    return this.#api.close();
  }

  async #listLoggedModels(experimentId: string): Promise<LoggedModel[]> {
    const models: LoggedModel[] = [];
    let pageToken: string | undefined;
    do {
      const page: Page<LoggedModel> = await this.#api.call(SERVER_ENDPOINTS.searchLoggedModels, {
        experimentIds: [experimentId],
        ...(pageToken === undefined ? {} : { pageToken }),
      });
      models.push(...page.items);
      pageToken = page.nextPageToken;
    } while (pageToken !== undefined);
    return models;
  }

  /** The server takes an output once and fails at the second time, so a failure is looked into: it may be there already. */
  async #logOutput(runId: string, model: ModelOutput): Promise<void> {
    try {
      await this.#api.call(ENDPOINTS.logOutputs, { runId, models: [model] });
    } catch (error) {
      if (!(error instanceof MlflowError) || error.status < 400) throw error;
      const { outputs } = await this.getRun(runId);
      if (!outputs.modelOutputs.some(({ modelId }) => modelId === model.modelId)) throw error;
    }
  }
}
