// MLflow's own store in a folder, `./mlruns`: read and written file by file as its Python client lays them out.
import { statSync } from 'node:fs';
import type {
  DatasetInput,
  Experiment,
  LifecycleStage,
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
  ListedModel,
  ListedTrace,
  LogBatchRequest,
  SearchExperimentsRequest,
  SearchRunsRequest,
  Store,
} from '../contract.ts';
import { deleteTag, getMetricHistory, logBatch, logInputs, logOutputs } from './batch.ts';
import {
  createExperiment,
  deleteExperimentTag,
  ensureDefaultExperiment,
  type FileContext,
  getExperiment,
  getExperimentByName,
  moveExperiment,
  renameExperiment,
  setExperimentTag,
} from './experiments.ts';
import { MetricFiles } from './metrics.ts';
import {
  createLoggedModel,
  deleteLoggedModel,
  finalizeLoggedModel,
  findLoggedModels,
  getLoggedModel,
} from './models.ts';
import { listRegistered } from './registry.ts';
import { createRun, getRun, moveRun, moveRuns, updateRun } from './runs.ts';
import { answerRequest } from './requests.ts';
import { searchExperiments, searchRuns } from './search.ts';
import { FileTree } from './tree.ts';

/** What the store in a folder needs. */
export interface FileStoreOptions {
  /** The folder, absolute; made where it is missing. */
  readonly path: string;
  /** What the store is called. @default the path */
  readonly uri?: string;
  /** Where experiments made here keep their artifacts: a folder or `file:` URI. @default the folder itself, as MLflow */
  readonly artifactRoot?: string;
  /** How long one call waits for another process's lock, in milliseconds; it blocks this thread. @default 20_000 */
  readonly busyTimeoutMs?: number;
  /** @default Date.now */
  readonly now?: () => number;
}

/** As MLflow waits for a lock on its databases. */
const BUSY_TIMEOUT_MS = 20_000;

/**
 * Opens MLflow's folder of runs, or makes it. Every method works synchronously inside and rejects as the contract says. What several
 * processes of this package write at once is written in turn; Python's own client takes no turn, and is safe beside it but where both
 * change the same param, tag or state.
 *
 * @throws {RunspanError} `STORE_INCOMPATIBLE` where the path is no folder
 * @throws {MlflowError} `PERMISSION_DENIED` where it cannot be made
 * @example
 * const store = openFileStore({ path: '/data/mlruns' });
 */
export function openFileStore(options: FileStoreOptions): Store {
  return new FileStore(options);
}

class FileStore implements Store {
  readonly uri: string;
  readonly supports = { chosenRunId: true };
  readonly #context: FileContext;

  constructor(options: FileStoreOptions) {
    const { path: root, busyTimeoutMs = BUSY_TIMEOUT_MS } = options;
    this.uri = options.uri ?? root;
    const tree = new FileTree({ root, busyTimeoutMs, prepare: () => ensureDefaultExperiment(this.#context) });
    this.#context = {
      tree,
      metrics: new MetricFiles(tree),
      // MLflow decodes percent signs in paths too, so one that is meant must be encoded
      artifactRoot: options.artifactRoot ?? root.replaceAll('%', '%25'),
      now: options.now ?? Date.now,
      runFolders: new Map(),
    };
    // What is there is not touched before something is written: looking at a folder must not make it one of runs.
    const found = tree.read(() => statSync(root, { throwIfNoEntry: false }));
    if (found?.isDirectory() !== true) tree.write(() => undefined);
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
    this.#moveExperiment(experimentId, 'deleted');
  }

  async restoreExperiment(experimentId: string): Promise<void> {
    this.#moveExperiment(experimentId, 'active');
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

  async *listRegistered(): AsyncGenerator<ListedModel> {
    yield* listRegistered(this.#context);
  }

  async *listTraces(experimentId: string): AsyncGenerator<ListedTrace> {
    const { listTraces } = await import('./traces.ts');
    yield* listTraces(this.#context, experimentId);
  }

  async close(): Promise<void> {
    this.#context.tree.close();
  }

  #moveExperiment(experimentId: string, to: LifecycleStage): void {
    moveExperiment(this.#context, { experimentId, to }, (experiment) => moveRuns(this.#context, experiment, to));
  }
}
