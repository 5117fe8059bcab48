// The contract of a tracking store: what the drain writes through and the client reads from. One suite tests all of them.
import type {
  DatasetInput,
  Experiment,
  LoggedModel,
  LoggedModelStatus,
  Metric,
  ModelOutput,
  Page,
  Param,
  RunEntity,
  RunInfo,
  RunStatus,
  Tag,
  ViewType,
} from '../model/entities.ts';
import type { ModelVersion, RegisteredModel } from '../model/registry.ts';
import type { KeptTrace } from '../model/traces.ts';
import type { AnswerOf, RequestOf, ServerEndpoint } from '../rest/endpoints/server-endpoints.ts';

/** How a new run begins. */
export interface CreateRunRequest {
  /** The experiment that it is filed under. */
  readonly experimentId: string;
  /** Used as the run's id where `supports.chosenRunId`; 32 hex characters. Ignored elsewhere. */
  readonly runId?: string;
  /** Empty or absent: the store makes MLflow's random name. */
  readonly runName?: string;
  /** Who runs it. */
  readonly userId?: string;
  /** Milliseconds since the epoch. */
  readonly startTimeMs: number;
  /** The tags that it starts with. */
  readonly tags: readonly Tag[];
}

/** One log-batch; any size: the store splits it to MLflow's limits. */
export interface LogBatchRequest {
  /** The run that it is of. */
  readonly runId: string;
  /** Points, in any order. */
  readonly metrics?: readonly Metric[];
  /** One that exists with another value is refused with `INVALID_PARAMETER_VALUE`. */
  readonly params?: readonly Param[];
  /** The last value wins. */
  readonly tags?: readonly Tag[];
}

/** How a new logged model begins. */
export interface CreateLoggedModelRequest {
  /** The experiment that it is filed under. */
  readonly experimentId: string;
  /** Used as the model's id where `supports.chosenRunId`; `m-` and 32 hex characters. Ignored elsewhere. */
  readonly modelId?: string;
  /** Not empty; none of `/ : . % " '`. Absent: the store makes a random one. */
  readonly name?: string;
  /** Such as `llm`; absent where there is none. */
  readonly modelType?: string;
  /** The run that makes it; absent where none does. */
  readonly sourceRunId?: string;
  /** Its own params. */
  readonly params: readonly Param[];
  /** Its own tags. */
  readonly tags: readonly Tag[];
}

/** A search for runs, in MLflow's filter language (AND only). */
export interface SearchRunsRequest {
  /** Where to look. */
  readonly experimentIds: readonly string[];
  /** Such as `metrics.loss < 0.1`. */
  readonly filter?: string;
  /** Whether what was deleted is looked at. @default 'ACTIVE_ONLY' */
  readonly viewType?: ViewType;
  /** 1 to 50,000. @default 1000 */
  readonly maxResults?: number;
  /** Such as `metrics.loss ASC`. */
  readonly orderBy?: readonly string[];
  /** Of the page before. */
  readonly pageToken?: string;
}

/** A search for experiments. */
export interface SearchExperimentsRequest {
  /** In MLflow's filter language. */
  readonly filter?: string;
  /** Whether what was deleted is looked at. @default 'ACTIVE_ONLY' */
  readonly viewType?: ViewType;
  /** 1 to 50,000. @default 1000 */
  readonly maxResults?: number;
  /** Such as `name ASC`. */
  readonly orderBy?: readonly string[];
  /** Of the page before. */
  readonly pageToken?: string;
}

/** Where a store keeps traces: spans, and which run they belong to. */
export interface TraceStore {
  /** Takes one OTLP-JSON request of spans, `{"resourceSpans":[…]}`; those that are there already are replaced. */
  log(request: { readonly experimentId: string; readonly runId: string; readonly line: string }): Promise<void>;
  /** Links traces to a run, before they exist too. `traceIds` are OpenTelemetry's: 32 hex characters. A resend changes nothing. */
  link(runId: string, traceIds: readonly string[]): Promise<void>;
  /** The traces that a run leads to, by OpenTelemetry's ids. */
  list(experimentId: string, runId: string): Promise<readonly string[]>;
}

/** A registered model with all its versions, the first one first. */
export interface RegisteredWhole {
  /** The model, or prompt. */
  readonly model: RegisteredModel;
  /** Those that are not deleted. */
  readonly versions: readonly ModelVersion[];
}

/** One registered model of a list, not read yet. */
export interface ListedModel {
  /** Unique in the registry. */
  readonly name: string;
  /** Reads it whole; `INVALID_STATE` where it is damaged. */
  read(): Promise<RegisteredWhole>;
}

/** One trace of a list, not read yet. */
export interface ListedTrace {
  /** As MLflow has it, mostly `tr-` and 32 hex characters. */
  readonly traceId: string;
  /** Reads it whole; `INVALID_STATE` where it is damaged. */
  read(): Promise<KeptTrace>;
}

/**
 * A tracking store. Every method rejects with an `MlflowError` that carries MLflow's own code and status, the same in every store;
 * `isRetryable` says whether trying again can help and `isAmbiguous` whether the write may have happened.
 * What is passed in is already within MLflow's limits (model/limits.ts).
 */
export interface Store {
  /** Where it is, without credentials. */
  readonly uri: string;
  /** What it can that others cannot. */
  readonly supports: {
    /** createRun takes our run key as the run's id. */
    readonly chosenRunId: boolean;
    /** So many logBatch of different runs may be under way at once. @default 1 */
    readonly batchesAtOnce?: number;
  };

  /** Makes an experiment and gives its id; `RESOURCE_ALREADY_EXISTS` where the name is taken, by one in the bin too. */
  createExperiment(request: {
    readonly name: string;
    readonly artifactLocation?: string;
    readonly tags?: readonly Tag[];
  }): Promise<string>;
  /** Also one in the bin; `RESOURCE_DOES_NOT_EXIST`. */
  getExperiment(experimentId: string): Promise<Experiment>;
  /** Undefined where there is none; a deleted one is returned with its stage. */
  getExperimentByName(name: string): Promise<Experiment | undefined>;
  /** A page of experiments. */
  searchExperiments(request: SearchExperimentsRequest): Promise<Page<Experiment>>;
  /** Gives it another name. */
  renameExperiment(experimentId: string, newName: string): Promise<void>;
  /** Moves it to the bin. */
  deleteExperiment(experimentId: string): Promise<void>;
  /** Takes it out of the bin. */
  restoreExperiment(experimentId: string): Promise<void>;
  /** The last value wins. */
  setExperimentTag(experimentId: string, tag: Tag): Promise<void>;
  /** Takes a tag off an experiment; `RESOURCE_DOES_NOT_EXIST` where there is none. */
  deleteExperimentTag(experimentId: string, key: string): Promise<void>;

  /** Makes a run, RUNNING. */
  createRun(request: CreateRunRequest): Promise<RunEntity>;
  /** Also one in the bin; `RESOURCE_DOES_NOT_EXIST`. */
  getRun(runId: string): Promise<RunEntity>;
  /** Changes status, end or name; what is left out stays. */
  updateRun(request: {
    readonly runId: string;
    readonly status?: RunStatus;
    readonly endTimeMs?: number;
    readonly runName?: string;
  }): Promise<RunInfo>;
  /** Moves it to the bin. */
  deleteRun(runId: string): Promise<void>;
  /** Takes it out of the bin. */
  restoreRun(runId: string): Promise<void>;
  /** A page of runs. */
  searchRuns(request: SearchRunsRequest): Promise<Page<RunEntity>>;

  /** Keeps metrics, params and tags of a run; metrics that are resent are kept once. */
  logBatch(request: LogBatchRequest): Promise<void>;
  /** Takes a tag off a run; `RESOURCE_DOES_NOT_EXIST` where there is none. */
  deleteTag(runId: string, key: string): Promise<void>;
  /** `modelIds`: the models that the run works on. A resend changes nothing. */
  logInputs(runId: string, inputs: readonly DatasetInput[], modelIds?: readonly string[]): Promise<void>;
  /** Says which models the run made. A resend changes nothing. */
  logOutputs(runId: string, models: readonly ModelOutput[]): Promise<void>;
  /** Ordered by timestamp, step, value, as MLflow answers. */
  getMetricHistory(request: {
    readonly runId: string;
    readonly key: string;
    readonly maxResults?: number;
    readonly pageToken?: string;
  }): Promise<Page<Metric>>;

  /** Makes a model, PENDING. */
  createLoggedModel(request: CreateLoggedModelRequest): Promise<LoggedModel>;
  /** `RESOURCE_DOES_NOT_EXIST` where there is none. */
  getLoggedModel(modelId: string): Promise<LoggedModel>;
  /** The models of an experiment, those with this tag where one is given, not those in the bin; the oldest first, then by id. */
  findLoggedModels(experimentId: string, tag?: Tag): Promise<readonly LoggedModel[]>;
  /** Ends its making. */
  finalizeLoggedModel(modelId: string, status: LoggedModelStatus): Promise<LoggedModel>;
  /** Moves a model to the bin. */
  deleteLoggedModel(modelId: string): Promise<void>;

  /**
   * Asks by name for what is beyond runs: registry, webhooks and so on. A store that is no server rejects `NOT_SUPPORTED` for what it
   * lacks.
   */
  request<N extends ServerEndpoint>(name: N, request: RequestOf<N>): Promise<AnswerOf<N>>;

  /** Every registered model and prompt, for a store where one may be damaged and the others can be read; absent where `request` is enough. */
  listRegistered?(): AsyncIterable<ListedModel>;

  /** Every trace of an experiment as it is kept, the oldest first; absent where a store has none to read. */
  listTraces?(experimentId: string): AsyncIterable<ListedTrace>;

  /** What MLflow calls traces; undefined where the store keeps none. */
  readonly traces?: TraceStore;

  /** Frees its files and sockets; a store made by `open` is not usable after it. */
  close(): Promise<void>;
}
