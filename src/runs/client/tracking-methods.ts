// Experiments and runs of MlflowClient: Python's tracking methods in camelCase.
import type {
  DatasetInput,
  Experiment,
  Metric,
  ModelOutput,
  Param,
  RunEntity,
  RunStatus,
  Tag,
  TerminalStatus,
  ViewType,
} from '../../model/entities.ts';
import type { SearchExperimentsRequest } from '../../stores/contract.ts';
import {
  checkArtifactLocation,
  checkDatasetInputs,
  checkExperimentTags,
  checkMetrics,
  checkParams,
  checkRunId,
  checkRunIdOfOne,
  checkStatus,
  checkTags,
  requireName,
  requireRunId,
} from './checks.ts';
import { ClientCalls } from './client-calls.ts';
import type { PagedList } from './paged-list.ts';

/** What every search takes, with Python's names. */
export interface SearchOptions {
  /** MLflow's filter language, such as `metrics.loss < 0.1 AND tags.stage = 'dev'`. */
  readonly filterString?: string;
  /** How many a page holds, 1 to 50,000. @default 1000 */
  readonly maxResults?: number;
  /** Such as `['metrics.loss ASC']`. */
  readonly orderBy?: readonly string[];
  /** Where to begin: `nextPageToken` of an earlier page. */
  readonly pageToken?: string;
}

/** What a search for experiments takes. */
export interface SearchExperimentsOptions extends SearchOptions {
  /** Whether what was deleted is looked at. @default 'ACTIVE_ONLY' */
  readonly viewType?: ViewType;
}

/** What a search for runs takes. */
export interface SearchRunsOptions extends SearchOptions {
  /** Whether what was deleted is looked at. @default 'ACTIVE_ONLY' */
  readonly runViewType?: ViewType;
}

/** The tracking methods of the client: experiments, runs, and what is logged to them. */
export abstract class TrackingMethods extends ClientCalls {
  /** Creates an experiment and returns its id; `RESOURCE_ALREADY_EXISTS` where the name is taken, by a deleted one too. */
  async createExperiment(
    name: string,
    options: { readonly artifactLocation?: string; readonly tags?: Readonly<Record<string, string>> } = {},
  ): Promise<string> {
    const { artifactLocation, tags } = options;
    return this.call('createExperiment', {
      name,
      ...(artifactLocation === undefined ? {} : { artifactLocation: checkArtifactLocation(artifactLocation) }),
      tags: checkExperimentTags(toPairs(tags)),
    });
  }

  /** Reads an experiment by id. */
  getExperiment(experimentId: string): Promise<Experiment> {
    return this.call('getExperiment', experimentId);
  }

  /** Reads an experiment by name; undefined where there is none. */
  async getExperimentByName(name: string): Promise<Experiment | undefined> {
    return this.call('getExperimentByName', requireName(name));
  }

  /** Searches experiments. */
  searchExperiments(options: SearchExperimentsOptions = {}): PagedList<Experiment> {
    return this.pages((paging) => this.call('searchExperiments', toSearch({ ...options, ...paging })));
  }

  /** Renames an experiment. */
  renameExperiment(experimentId: string, newName: string): Promise<void> {
    return this.call('renameExperiment', experimentId, newName);
  }

  /** Moves an experiment to the bin; its name stays taken. */
  deleteExperiment(experimentId: string): Promise<void> {
    return this.call('deleteExperiment', experimentId);
  }

  /** Takes an experiment out of the bin. */
  restoreExperiment(experimentId: string): Promise<void> {
    return this.call('restoreExperiment', experimentId);
  }

  /** Sets a tag of an experiment. */
  async setExperimentTag(experimentId: string, key: string, value: string): Promise<void> {
    for (const tag of checkExperimentTags([{ key, value }])) await this.call('setExperimentTag', experimentId, tag);
  }

  /** Removes a tag of an experiment; `RESOURCE_DOES_NOT_EXIST` where there is none. */
  deleteExperimentTag(experimentId: string, key: string): Promise<void> {
    return this.call('deleteExperimentTag', experimentId, key);
  }

  /** Creates a run that only the caller ends; for work with a body use `runContext`. */
  async createRun(
    experimentId: string,
    options: {
      readonly startTimeMs?: number;
      readonly tags?: Readonly<Record<string, string>>;
      readonly runName?: string;
    } = {},
  ): Promise<RunEntity> {
    const { startTimeMs = this.now(), tags, runName } = options;
    return this.call('createRun', {
      experimentId,
      startTimeMs,
      tags: checkTags(toPairs(tags)),
      ...(runName === undefined ? {} : { runName }),
    });
  }

  /** Reads a run whole: info, params, latest metrics, tags, inputs. */
  async getRun(runId: string): Promise<RunEntity> {
    return this.call('getRun', checkRunId(runId));
  }

  /** Reads the run that this one is nested in; undefined where there is none. */
  async getParentRun(runId: string): Promise<RunEntity | undefined> {
    const parentRunId = (await this.getRun(runId)).data.tags['mlflow.parentRunId'];
    return parentRunId === undefined ? undefined : this.getRun(parentRunId);
  }

  /** Sets a run's status or name; with neither, nothing is asked. */
  async updateRun(runId: string, options: { readonly status?: RunStatus; readonly name?: string } = {}): Promise<void> {
    const { status, name } = options;
    if (status === undefined && name === undefined) return;
    await this.call('updateRun', {
      runId: checkRunId(runId),
      ...(status === undefined ? {} : { status: checkStatus(status) }),
      ...(name === undefined ? {} : { runName: name }),
    });
  }

  /** Ends a run. */
  async setTerminated(
    runId: string,
    options: { readonly status?: TerminalStatus; readonly endTimeMs?: number } = {},
  ): Promise<void> {
    const { status = 'FINISHED', endTimeMs = this.now() } = options;
    await this.call('updateRun', { runId: requireRunId(runId), status: checkStatus(status), endTimeMs });
  }

  /** Moves a run to the bin. */
  async deleteRun(runId: string): Promise<void> {
    return this.call('deleteRun', requireRunId(runId));
  }

  /** Takes a run out of the bin. */
  async restoreRun(runId: string): Promise<void> {
    return this.call('restoreRun', requireRunId(runId));
  }

  /** Searches runs; an empty list of experiments finds nothing, as in MLflow. */
  searchRuns(experimentIds: readonly string[], options: SearchRunsOptions = {}): PagedList<RunEntity> {
    const { runViewType: viewType, ...rest } = options;
    const search = { ...rest, ...(viewType === undefined ? {} : { viewType }) };
    return this.pages((paging) => this.call('searchRuns', { experimentIds, ...toSearch({ ...search, ...paging }) }));
  }

  /** Logs one point of a metric, of a logged model too where it is named, and waits for the store. */
  async logMetric(
    runId: string,
    key: string,
    value: number,
    options: Partial<Omit<Metric, 'key' | 'value'>> = {},
  ): Promise<void> {
    const { timestampMs = this.now(), step = 0, ...measured } = options;
    return this.logBatch(checkRunIdOfOne(runId), { metrics: [{ key, value, timestampMs, step, ...measured }] });
  }

  /** Logs a param, waits for the store and returns its value; another than the stored one is `INVALID_PARAMETER_VALUE`. */
  async logParam(runId: string, key: string, value: string): Promise<string> {
    await this.logBatch(checkRunIdOfOne(runId), { params: [{ key, value }] });
    return value;
  }

  /** Sets a tag and waits for the store. */
  async setTag(runId: string, key: string, value: string): Promise<void> {
    return this.logBatch(checkRunIdOfOne(runId), { tags: [{ key, value }] });
  }

  /** Removes a tag; `RESOURCE_DOES_NOT_EXIST` where there is none. */
  async deleteTag(runId: string, key: string): Promise<void> {
    return this.call('deleteTag', requireRunId(runId), key);
  }

  /** Logs metrics, params and tags of one run together, any number of them. */
  async logBatch(
    runId: string,
    options: {
      readonly metrics?: readonly Metric[];
      readonly params?: readonly Param[];
      readonly tags?: readonly Tag[];
    } = {},
  ): Promise<void> {
    const { metrics, params, tags } = options;
    if (![metrics, params, tags].some((list) => list !== undefined && list.length > 0)) return; // as Python: nothing is asked
    return this.call('logBatch', {
      runId: checkRunId(runId),
      ...(metrics === undefined ? {} : { metrics: checkMetrics(metrics) }),
      ...(params === undefined ? {} : { params: checkParams(params) }),
      ...(tags === undefined ? {} : { tags: checkTags(tags) }),
    });
  }

  /** Records data sets that a run read, and logged models that it worked on. */
  async logInputs(
    runId: string,
    datasets: readonly DatasetInput[] = [],
    options: { readonly models?: readonly { readonly modelId: string }[] } = {},
  ): Promise<void> {
    const { models } = options;
    const inputs = checkDatasetInputs(datasets);
    if (models === undefined) return this.call('logInputs', checkRunId(runId), inputs);
    return this.call(
      'logInputs',
      checkRunId(runId),
      inputs,
      models.map(({ modelId }) => modelId),
    );
  }

  /** Records logged models that a run made. */
  logOutputs(runId: string, models: readonly ModelOutput[]): Promise<void> {
    return this.call('logOutputs', runId, models);
  }

  /** Reads every point of one metric, by timestamp, step, value. */
  getMetricHistory(runId: string, key: string): PagedList<Metric> {
    return this.pages(async (paging) => this.call('getMetricHistory', { runId: requireRunId(runId), key, ...paging }));
  }
}

function toPairs(tags: Readonly<Record<string, string>> | undefined): readonly Tag[] {
  return Object.entries(tags ?? {}).map(([key, value]) => ({ key, value }));
}

function toSearch(options: SearchExperimentsOptions): SearchExperimentsRequest {
  const { filterString, viewType, maxResults, orderBy, pageToken } = options;
  return {
    ...(filterString === undefined ? {} : { filter: filterString }),
    ...(viewType === undefined ? {} : { viewType }),
    ...(maxResults === undefined ? {} : { maxResults }),
    ...(orderBy === undefined ? {} : { orderBy }),
    ...(pageToken === undefined ? {} : { pageToken }),
  };
}
