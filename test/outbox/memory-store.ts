// A small honest store of the contract, in memory: MLflow's rules where the drain depends on them, and faults on demand.
import { MlflowError, mlflowError } from '../../src/errors.ts';
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
  RunStatus,
  Tag,
} from '../../src/model/entities.ts';
import type {
  CreateLoggedModelRequest,
  CreateRunRequest,
  LogBatchRequest,
  SearchRunsRequest,
  Store,
} from '../../src/stores/contract.ts';

/** What a call meets: nothing; an error before it is carried out; or one after. */
export type Fault = { readonly when: 'before' | 'after'; readonly error: Error } | undefined;

interface StoredRun {
  info: RunInfo;
  readonly metrics: Metric[];
  readonly params: Map<string, string>;
  readonly tags: Map<string, string>;
  readonly inputs: DatasetInput[];
  readonly modelInputs: string[];
  readonly modelOutputs: ModelOutput[];
  readonly statuses: RunStatus[];
}

export interface MemoryStoreOptions {
  readonly chosenRunId?: boolean;
  readonly batchesAtOnce?: number;
  readonly onCall?: (method: keyof Store, request: unknown) => Fault;
  readonly now?: () => number;
}

export class MemoryStore implements Store {
  readonly uri = 'memory:';
  readonly supports: { readonly chosenRunId: boolean; readonly batchesAtOnce: number };
  readonly experiments: Map<string, Experiment> = new Map();
  readonly runs: Map<string, StoredRun> = new Map();
  readonly models: Map<string, LoggedModel> = new Map();
  readonly calls: string[] = [];
  onCall: (method: keyof Store, request: unknown) => Fault;
  opened: number = 0;
  closed: number = 0;
  #next = 1;

  constructor(options: MemoryStoreOptions = {}) {
    this.supports = { chosenRunId: options.chosenRunId ?? true, batchesAtOnce: options.batchesAtOnce ?? 1 };
    this.onCall = options.onCall ?? (() => undefined);
  }

  createExperiment(request: { readonly name: string }): Promise<string> {
    return this.#do('createExperiment', request, () => {
      if ([...this.experiments.values()].some((each) => each.name === request.name)) {
        throw mlflowError('RESOURCE_ALREADY_EXISTS', `Experiment '${request.name}' already exists.`);
      }
      const experimentId = String(this.#next++);
      this.experiments.set(experimentId, {
        experimentId,
        name: request.name,
        artifactLocation: `/artifacts/${experimentId}`,
        lifecycleStage: 'active',
        creationTimeMs: 0,
        lastUpdateTimeMs: 0,
        tags: {},
      });
      return experimentId;
    });
  }

  getExperiment(experimentId: string): Promise<Experiment> {
    return this.#do('getExperiment', experimentId, () => this.#experiment(experimentId));
  }

  getExperimentByName(name: string): Promise<Experiment | undefined> {
    return this.#do('getExperimentByName', name, () =>
      [...this.experiments.values()].find((each) => each.name === name),
    );
  }

  searchExperiments(): Promise<Page<Experiment>> {
    return this.#do('searchExperiments', undefined, () => ({
      items: [...this.experiments.values()],
      nextPageToken: undefined,
    }));
  }

  renameExperiment(experimentId: string, newName: string): Promise<void> {
    return this.#do('renameExperiment', newName, () => this.#putExperiment(experimentId, { name: newName }));
  }

  deleteExperiment(experimentId: string): Promise<void> {
    return this.#do('deleteExperiment', experimentId, () =>
      this.#putExperiment(experimentId, { lifecycleStage: 'deleted' }),
    );
  }

  restoreExperiment(experimentId: string): Promise<void> {
    return this.#do('restoreExperiment', experimentId, () =>
      this.#putExperiment(experimentId, { lifecycleStage: 'active' }),
    );
  }

  setExperimentTag(experimentId: string, tag: Tag): Promise<void> {
    return this.#do('setExperimentTag', tag, () => {
      const { tags } = this.#experiment(experimentId);
      this.#putExperiment(experimentId, { tags: { ...tags, [tag.key]: tag.value } });
    });
  }

  deleteExperimentTag(experimentId: string, key: string): Promise<void> {
    return this.#do('deleteExperimentTag', key, () => {
      const { tags } = this.#experiment(experimentId);
      if (!Object.hasOwn(tags, key)) throw mlflowError('RESOURCE_DOES_NOT_EXIST', `No tag ${key}.`);
      const left = Object.entries(tags).filter(([each]) => each !== key);
      this.#putExperiment(experimentId, { tags: Object.fromEntries(left) });
    });
  }

  createRun(request: CreateRunRequest): Promise<RunEntity> {
    return this.#do('createRun', request, () => {
      if (this.#experiment(request.experimentId).lifecycleStage !== 'active') {
        throw mlflowError('INVALID_PARAMETER_VALUE', 'The experiment must be in the active state.');
      }
      const serial = this.#next++;
      const runId = this.supports.chosenRunId
        ? (request.runId ?? `run-${serial}`)
        : `store-${String(serial).padStart(6, '0')}`;
      if (!this.runs.has(runId)) {
        const runName = request.runName ?? `random-${serial}`;
        this.runs.set(runId, {
          info: {
            runId,
            runName,
            experimentId: request.experimentId,
            userId: request.userId ?? '',
            status: 'RUNNING',
            startTimeMs: request.startTimeMs,
            endTimeMs: undefined,
            artifactUri: `/artifacts/${runId}`,
            lifecycleStage: 'active',
          },
          metrics: [],
          params: new Map(),
          tags: new Map(request.tags.map((tag) => [tag.key, tag.value])),
          inputs: [],
          modelInputs: [],
          modelOutputs: [],
          statuses: ['RUNNING'],
        });
      }
      return this.#entity(runId);
    });
  }

  getRun(runId: string): Promise<RunEntity> {
    return this.#do('getRun', runId, () => this.#entity(runId));
  }

  updateRun(request: Parameters<Store['updateRun']>[0]): Promise<RunInfo> {
    return this.#do('updateRun', request, () => {
      const run = this.#active(request.runId);
      run.info = {
        ...run.info,
        ...(request.status === undefined ? {} : { status: request.status }),
        ...(request.endTimeMs === undefined ? {} : { endTimeMs: request.endTimeMs }),
        ...(request.runName === undefined ? {} : { runName: request.runName }),
      };
      if (request.status !== undefined) run.statuses.push(request.status);
      return run.info;
    });
  }

  deleteRun(runId: string): Promise<void> {
    return this.#do('deleteRun', runId, () => this.#putStage(runId, 'deleted'));
  }

  restoreRun(runId: string): Promise<void> {
    return this.#do('restoreRun', runId, () => this.#putStage(runId, 'active'));
  }

  searchRuns(request: SearchRunsRequest): Promise<Page<RunEntity>> {
    return this.#do('searchRuns', request, () => {
      const match = /^tags\.`([^`]+)` = '([^']*)'$/.exec(request.filter ?? '');
      const items = [...this.runs.values()]
        .filter((run) => request.experimentIds.includes(run.info.experimentId))
        .filter((run) => run.info.lifecycleStage === 'active')
        .filter((run) => match === null || run.tags.get(match[1] ?? '') === match[2])
        .map((run) => this.#entity(run.info.runId));
      return { items, nextPageToken: undefined };
    });
  }

  logBatch(request: LogBatchRequest): Promise<void> {
    return this.#do('logBatch', request, () => {
      const run = this.#active(request.runId);
      const { metrics = [], params = [], tags = [] } = request;
      for (const { key } of [...metrics, ...params, ...tags]) {
        if (key.startsWith('bad')) throw mlflowError('INVALID_PARAMETER_VALUE', `Invalid key '${key}'.`);
      }
      if (new Set(params.map((param) => param.key)).size < params.length) {
        throw mlflowError('INVALID_PARAMETER_VALUE', 'Duplicate parameter keys have been submitted.');
      }
      for (const { key, value } of params) {
        if ((run.params.get(key) ?? value) !== value) {
          throw mlflowError('INVALID_PARAMETER_VALUE', 'Changing param values is not allowed.');
        }
      }
      for (const { key, value } of params) run.params.set(key, value);
      for (const { key, value } of tags) run.tags.set(key, value);
      for (const metric of metrics) if (!run.metrics.some((each) => isSame(each, metric))) run.metrics.push(metric);
    });
  }

  deleteTag(runId: string, key: string): Promise<void> {
    return this.#do('deleteTag', key, () => {
      if (!this.#active(runId).tags.delete(key)) throw mlflowError('RESOURCE_DOES_NOT_EXIST', `No tag ${key}`);
    });
  }

  logInputs(runId: string, inputs: readonly DatasetInput[], modelIds: readonly string[] = []): Promise<void> {
    return this.#do('logInputs', inputs, () => {
      const run = this.#active(runId);
      for (const modelId of modelIds) if (!run.modelInputs.includes(modelId)) run.modelInputs.push(modelId);
      for (const input of inputs) {
        if (!run.inputs.some((each) => each.dataset.digest === input.dataset.digest)) run.inputs.push(input);
      }
    });
  }

  getMetricHistory(request: { readonly runId: string; readonly key: string }): Promise<Page<Metric>> {
    return this.#do('getMetricHistory', request, () => ({
      items: this.#run(request.runId).metrics.filter((metric) => metric.key === request.key),
      nextPageToken: undefined,
    }));
  }

  logOutputs(runId: string, models: readonly ModelOutput[]): Promise<void> {
    return this.#do('logOutputs', models, () => {
      const { modelOutputs } = this.#active(runId);
      for (const model of models) {
        if (!modelOutputs.some(({ modelId }) => modelId === model.modelId)) modelOutputs.push(model);
      }
    });
  }

  createLoggedModel(request: CreateLoggedModelRequest): Promise<LoggedModel> {
    return this.#do('createLoggedModel', request, () => {
      const serial = String(this.#next++).padStart(6, '0');
      const modelId = this.supports.chosenRunId ? (request.modelId ?? `m-${serial}`) : `m-store-${serial}`;
      const made = this.models.get(modelId) ?? {
        modelId,
        experimentId: request.experimentId,
        name: request.name ?? 'model',
        artifactUri: `/artifacts/models/${modelId}`,
        creationTimeMs: Number(serial),
        lastUpdateTimeMs: Number(serial),
        status: 'PENDING',
        modelType: request.modelType ?? '',
        sourceRunId: request.sourceRunId ?? '',
        params: Object.fromEntries(request.params.map(({ key, value }) => [key, value])),
        tags: Object.fromEntries(request.tags.map(({ key, value }) => [key, value])),
        metrics: [],
      };
      this.models.set(modelId, made);
      return made;
    });
  }

  getLoggedModel(modelId: string): Promise<LoggedModel> {
    return this.#do('getLoggedModel', modelId, () => this.#model(modelId));
  }

  findLoggedModels(experimentId: string, tag?: Tag): Promise<readonly LoggedModel[]> {
    return this.#do('findLoggedModels', tag, () =>
      [...this.models.values()].filter(
        (model) => model.experimentId === experimentId && (tag === undefined || model.tags[tag.key] === tag.value),
      ),
    );
  }

  finalizeLoggedModel(modelId: string, status: LoggedModelStatus): Promise<LoggedModel> {
    return this.#do('finalizeLoggedModel', status, () => {
      const model = { ...this.#model(modelId), status };
      this.models.set(modelId, model);
      return model;
    });
  }

  deleteLoggedModel(modelId: string): Promise<void> {
    return this.#do('deleteLoggedModel', modelId, () => {
      this.#model(modelId);
      this.models.delete(modelId);
    });
  }

  request(name: string): Promise<never> {
    return Promise.reject(new Error(`the memory store has no ${name}`));
  }

  close(): Promise<void> {
    this.closed += 1;
    return Promise.resolve();
  }

  /** Another store that holds the same; faults stay behind. */
  copy(): MemoryStore {
    const copy = new MemoryStore(this.supports);
    for (const part of ['experiments', 'runs', 'models'] as const)
      // The cast: a part is copied into its own kind.
      for (const [id, each] of structuredClone(this[part])) (copy[part] as Map<string, unknown>).set(id, each);
    copy.#next = this.#next;
    return copy;
  }

  /** All runs that are not deleted. */
  activeRuns(): readonly StoredRun[] {
    return [...this.runs.values()].filter((run) => run.info.lifecycleStage === 'active');
  }

  async #do<T>(method: keyof Store, request: unknown, act: () => T): Promise<T> {
    await Promise.resolve();
    this.calls.push(method);
    const fault = this.onCall(method, request);
    if (fault?.when === 'before') throw fault.error;
    const value = act();
    if (fault !== undefined) throw fault.error;
    return value;
  }

  #experiment(experimentId: string): Experiment {
    const found = this.experiments.get(experimentId);
    if (found === undefined) throw mlflowError('RESOURCE_DOES_NOT_EXIST', `No experiment ${experimentId}`);
    return found;
  }

  #putExperiment(experimentId: string, change: Partial<Experiment>): void {
    this.experiments.set(experimentId, { ...this.#experiment(experimentId), ...change });
  }

  #model(modelId: string): LoggedModel {
    const found = this.models.get(modelId);
    if (found === undefined) throw mlflowError('RESOURCE_DOES_NOT_EXIST', `No model ${modelId}`);
    return found;
  }

  #run(runId: string): StoredRun {
    const found = this.runs.get(runId);
    if (found === undefined) throw mlflowError('RESOURCE_DOES_NOT_EXIST', `Run with id=${runId} not found`);
    return found;
  }

  #active(runId: string): StoredRun {
    const run = this.#run(runId);
    if (run.info.lifecycleStage === 'active') return run;
    throw mlflowError('INVALID_PARAMETER_VALUE', `The run ${runId} must be in the 'active' state.`);
  }

  #putStage(runId: string, lifecycleStage: 'active' | 'deleted'): void {
    const run = this.#run(runId);
    run.info = { ...run.info, lifecycleStage };
  }

  #entity(runId: string): RunEntity {
    const run = this.#run(runId);
    const metrics: Record<string, number> = {};
    for (const metric of run.metrics) metrics[metric.key] = metric.value;
    return {
      info: run.info,
      data: { metrics, params: Object.fromEntries(run.params), tags: Object.fromEntries(run.tags) },
      inputs: { datasetInputs: run.inputs, modelInputs: run.modelInputs.map((modelId) => ({ modelId })) },
      outputs: { modelOutputs: run.modelOutputs },
    };
  }
}

/** The server was not reached, or said that it cannot for now. */
export function unavailable(isAmbiguous = false): MlflowError {
  return new MlflowError('The server is away.', {
    errorCode: 'TEMPORARILY_UNAVAILABLE',
    status: 503,
    isRetryable: true,
    isAmbiguous,
  });
}

function isSame(a: Metric, b: Metric): boolean {
  return a.key === b.key && Object.is(a.value, b.value) && a.step === b.step && a.timestampMs === b.timestampMs;
}
