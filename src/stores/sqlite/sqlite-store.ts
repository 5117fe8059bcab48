// The store in MLflow's own SQLite file: what `sqlite:///mlflow.db` means, without a server.
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
import type { AnswerOf, RequestOf, ServerEndpoint } from '../../rest/endpoints/server-endpoints.ts';
import type {
  CreateLoggedModelRequest,
  CreateRunRequest,
  ListedTrace,
  LogBatchRequest,
  SearchExperimentsRequest,
  SearchRunsRequest,
  Store,
} from '../contract.ts';
import { deleteTag, getMetricHistory, logBatch, logInputs } from './batch.ts';
import { SqliteDatabase } from './database.ts';
import {
  createExperiment,
  deleteExperimentTag,
  getExperiment,
  getExperimentByName,
  moveExperiment,
  renameExperiment,
  setExperimentTag,
  type SqliteContext,
} from './experiments.ts';
import {
  createLoggedModel,
  deleteLoggedModel,
  finalizeLoggedModel,
  findLoggedModels,
  getLoggedModel,
  logOutputs,
} from './models.ts';
import { answerRequest } from './requests.ts';
import { isUri } from '../rules/rules.ts';
import { createRun, getRun, moveRun, updateRun } from './runs.ts';
import { searchExperiments, searchRuns } from './search.ts';

/** What the store in a file needs. */
export interface SqliteStoreOptions {
  /** The file, absolute; made with MLflow 3.8's schema where it is missing. */
  readonly path: string;
  /** Where experiments made here keep their artifacts: an absolute folder. */
  readonly artifactRoot: string;
  /** How long one call waits for another process's lock, in milliseconds; it blocks this thread. @default 20_000, as MLflow */
  readonly busyTimeoutMs?: number;
  /** Only looked at: a file that is no store is refused, nothing is made and nothing written. @default false */
  readonly isReadOnly?: boolean;
  /** @default Date.now */
  readonly now?: () => number;
}

/** MLflow's own wait for a lock (mlflow/store/db/utils.py). */
const BUSY_TIMEOUT_MS = 20_000;

/**
 * Opens MLflow's database in a file, or creates it. Every method works synchronously inside and rejects as the contract says.
 *
 * @throws {RunspanError} `STORE_INCOMPATIBLE` where the file is no MLflow database or one this version must not write into
 * @throws {MlflowError} `TEMPORARILY_UNAVAILABLE` while it is locked, `PERMISSION_DENIED` where it cannot be made
 * @example
 * const store = openSqliteStore({ path: '/data/mlflow.db', artifactRoot: '/data/mlruns' });
 */
export function openSqliteStore(options: SqliteStoreOptions): Store {
  return new SqliteStore(options);
}

class SqliteStore implements Store {
  readonly uri: string;
  readonly supports = { chosenRunId: true };
  readonly #context: SqliteContext;

  constructor(options: SqliteStoreOptions) {
    const now = options.now ?? Date.now;
    const { path, busyTimeoutMs = BUSY_TIMEOUT_MS, isReadOnly = false } = options;
    this.uri = `sqlite:///${path}`;
    // MLflow decodes percent signs in paths too, so one that is meant must be encoded; in a URI it is as it is meant
    const artifactRoot = isUri(options.artifactRoot)
      ? options.artifactRoot
      : options.artifactRoot.replaceAll('%', '%25');
    this.#context = {
      database: new SqliteDatabase({ path, artifactRoot, busyTimeoutMs, now, isReadOnly }),
      artifactRoot,
      now,
    };
  }

  async createExperiment(request: {
    readonly name: string;
    readonly artifactLocation?: string;
    readonly tags?: readonly Tag[];
  }): Promise<string> {
    return createExperiment(this.#context, request);
  }

  async getExperiment(experimentId: string): Promise<Experiment> {
    return getExperiment(this.#context, experimentId);
  }

  async getExperimentByName(name: string): Promise<Experiment | undefined> {
    return getExperimentByName(this.#context, name);
  }

  async searchExperiments(request: SearchExperimentsRequest): Promise<Page<Experiment>> {
    return searchExperiments(this.#context, request);
  }

  async renameExperiment(experimentId: string, newName: string): Promise<void> {
    renameExperiment(this.#context, experimentId, newName);
  }

  async deleteExperiment(experimentId: string): Promise<void> {
    moveExperiment(this.#context, experimentId, 'deleted');
  }

  async restoreExperiment(experimentId: string): Promise<void> {
    moveExperiment(this.#context, experimentId, 'active');
  }

  async setExperimentTag(experimentId: string, tag: Tag): Promise<void> {
    setExperimentTag(this.#context, experimentId, tag);
  }

  async deleteExperimentTag(experimentId: string, key: string): Promise<void> {
    deleteExperimentTag(this.#context, experimentId, key);
  }

  async createRun(request: CreateRunRequest): Promise<RunEntity> {
    return createRun(this.#context, request);
  }

  async getRun(runId: string): Promise<RunEntity> {
    return getRun(this.#context, runId);
  }

  async updateRun(request: Parameters<Store['updateRun']>[0]): Promise<RunInfo> {
    return updateRun(this.#context, request);
  }

  async deleteRun(runId: string): Promise<void> {
    moveRun(this.#context, runId, 'deleted');
  }

  async restoreRun(runId: string): Promise<void> {
    moveRun(this.#context, runId, 'active');
  }

  async searchRuns(request: SearchRunsRequest): Promise<Page<RunEntity>> {
    return searchRuns(this.#context, request);
  }

  async logBatch(request: LogBatchRequest): Promise<void> {
    logBatch(this.#context, request);
  }

  async deleteTag(runId: string, key: string): Promise<void> {
    deleteTag(this.#context, runId, key);
  }

  async logInputs(runId: string, inputs: readonly DatasetInput[], modelIds?: readonly string[]): Promise<void> {
    logInputs(this.#context, runId, { inputs, modelIds: modelIds ?? [] });
  }

  async logOutputs(runId: string, models: readonly ModelOutput[]): Promise<void> {
    logOutputs(this.#context, runId, models);
  }

  async createLoggedModel(request: CreateLoggedModelRequest): Promise<LoggedModel> {
    return createLoggedModel(this.#context, request);
  }

  async getLoggedModel(modelId: string): Promise<LoggedModel> {
    return getLoggedModel(this.#context, modelId);
  }

  async findLoggedModels(experimentId: string, tag?: Tag): Promise<readonly LoggedModel[]> {
    return findLoggedModels(this.#context, experimentId, tag);
  }

  async finalizeLoggedModel(modelId: string, status: LoggedModelStatus): Promise<LoggedModel> {
    return finalizeLoggedModel(this.#context, modelId, status);
  }

  async deleteLoggedModel(modelId: string): Promise<void> {
    deleteLoggedModel(this.#context, modelId);
  }

  async getMetricHistory(request: Parameters<Store['getMetricHistory']>[0]): Promise<Page<Metric>> {
    return getMetricHistory(this.#context, request);
  }

  async request<N extends ServerEndpoint>(name: N, request: RequestOf<N>): Promise<AnswerOf<N>> {
    return answerRequest(this.#context, { uri: this.uri, name, request });
  }

  async *listTraces(experimentId: string): AsyncGenerator<ListedTrace> {
    const { listTraces } = await import('./traces.ts');
    yield* listTraces(this.#context, experimentId);
  }

  async close(): Promise<void> {
    this.#context.database.close();
  }
}
