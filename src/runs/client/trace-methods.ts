// Traces of MlflowClient that are on the server: read with their spans, searched, tagged, linked to runs, deleted.
import { MlflowError, mlflowError, RunspanError } from '../../errors.ts';
import type { Page } from '../../model/entities.ts';
import type { Trace, TraceInfo } from '../../model/traces.ts';
import type { TraceDeletion, TraceSearch } from '../../rest/endpoints/traces.ts';
import { ModelFileMethods } from './model-file-methods.ts';
import type { PagedList } from './paged-list.ts';

/** What a search for traces takes, with Python's names. */
export interface TraceSearchOptions {
  /** Experiments, by id; by default that of the service. */
  readonly locations?: readonly string[];
  /** MLflow's filter language, such as `attributes.status = 'OK' AND tags.stage = 'dev'`. */
  readonly filterString?: string;
  /** How many a page holds, 1 to 500. @default 100 */
  readonly maxResults?: number;
  /** Such as `['timestamp_ms DESC']`. */
  readonly orderBy?: readonly string[];
  /** Traces of this run alone; its experiment must be among the locations, and is the one where none is named. */
  readonly runId?: string;
  /** Traces of this logged model alone; not together with a filter. */
  readonly modelId?: string;
  /** Whether the spans are read too. @default true */
  readonly includeSpans?: boolean;
  /** Where to begin: `nextPageToken` of an earlier page. */
  readonly pageToken?: string;
}

/** MLflow's own tags, which nobody sets: it takes no notice of them, as Python. */
export const IMMUTABLE_TRACE_TAGS: ReadonlySet<string> = new Set([
  'mlflow.user',
  'mlflow.artifactLocation',
  'mlflow.trace.spansLocation',
  'mlflow.trace.archiveLocation',
  'mlflow.trace.archivalFailure',
]);

/** Where the spans are that the server gives with their trace; all others are in a file. */
const IN_STORE: ReadonlySet<unknown> = new Set(['TRACKING_STORE', 'ARCHIVE_REPO']);

/** How many traces one request reads, links or deletes: Python's numbers. */
const MAX_READ = 10;
const MAX_LINKED = 100;
const MAX_DELETED = 100;

/** The methods of the client for traces that are on the server; a tracking server alone has them. */
export abstract class TraceMethods extends ModelFileMethods {
  /** Reads a trace with its spans; `RESOURCE_DOES_NOT_EXIST` where there is none, `BAD_REQUEST` where its spans are lost. */
  async getTrace(traceId: string): Promise<Trace> {
    const { info } = await this.ask('getTraceInfo', traceId);
    if (isInStore(info)) return this.ask('getTrace', traceId);
    return this.#readFile(info);
  }

  /** Searches traces, by default the newest first. */
  searchTraces(options: TraceSearchOptions = {}): PagedList<Trace> {
    const { includeSpans = true, maxResults, orderBy, pageToken } = options;
    const begin = pageToken === undefined ? {} : { pageToken };
    let scope: Promise<Pick<TraceSearch, 'locations' | 'filterString'>> | undefined;
    return this.pages(async (paging): Promise<Page<Trace>> => {
      const search = { ...(await (scope ??= this.#scopeOf(options))), maxResults, orderBy, ...begin, ...paging };
      const { items, nextPageToken } = await this.ask('searchTraces', search);
      const traces = includeSpans ? await this.#readSpans(items) : items.map((info) => ({ info, data: { spans: [] } }));
      return { items: traces, nextPageToken };
    });
  }

  /** Deletes traces of an experiment, by id or up to a time, and tells how many there were. */
  async deleteTraces(experimentId: string, options: Omit<TraceDeletion, 'experimentId'> = {}): Promise<number> {
    checkDeletion(options);
    const { traceIds = [] } = options;
    if (traceIds.length === 0) return this.ask('deleteTraces', { experimentId, ...options });
    let count = 0;
    for (const some of chunks(traceIds, MAX_DELETED))
      count += await this.ask('deleteTraces', { experimentId, traceIds: some });
    return count;
  }

  /** Sets a tag of a trace; those that are MLflow's own stay as they are. */
  async setTraceTag(traceId: string, key: string, value: unknown): Promise<void> {
    if (!IMMUTABLE_TRACE_TAGS.has(key)) await this.ask('setTraceTag', { traceId, key, value: String(value) });
  }

  /** Takes a tag off a trace; `RESOURCE_DOES_NOT_EXIST` where there is none. */
  async deleteTraceTag(traceId: string, key: string): Promise<void> {
    const isFixed = IMMUTABLE_TRACE_TAGS.has(key) && key !== 'mlflow.trace.archivalFailure';
    if (!isFixed) await this.ask('deleteTraceTag', { traceId, key });
  }

  /** Says that traces belong to a run, at most 100 at once; a trace may come later. */
  async linkTracesToRun(traceIds: readonly string[], runId: string): Promise<void> {
    if (traceIds.length === 0) return;
    if (runId === '') throw invalid('run_id cannot be empty');
    if (traceIds.length > MAX_LINKED)
      throw invalid(`Cannot link ${traceIds.length} traces at once: at most ${MAX_LINKED}.`);
    await this.ask('linkTracesToRun', { traceIds, runId });
  }

  /** Rejects with `NOT_SUPPORTED`: MLflow's own server cannot unlink; Python's client fails there too. */
  async unlinkTracesFromRun(traceIds: readonly string[], runId: string): Promise<void> {
    if (traceIds.length === 0) return;
    if (runId === '') throw invalid('run_id cannot be empty');
    throw new RunspanError(
      'NOT_SUPPORTED',
      "Cannot unlink traces from a run: MLflow's own server cannot, in any version yet.",
    );
  }

  async #scopeOf(options: TraceSearchOptions): Promise<Pick<TraceSearch, 'locations' | 'filterString'>> {
    const { filterString, runId, modelId } = options;
    checkLocations(options.locations ?? []);
    if (modelId !== undefined && filterString !== undefined)
      throw invalid('Cannot search by both, modelId and filterString.');
    const given = modelId === undefined ? filterString : `request_metadata.\`mlflow.modelId\` = '${modelId}'`;
    if (runId === undefined)
      return { locations: options.locations ?? (await this.#ownLocations()), filterString: given };
    const { info } = await this.getRun(runId);
    const { locations = [info.experimentId] } = options;
    if (!locations.includes(info.experimentId))
      throw invalid(`Run ${info.runId} is of experiment ${info.experimentId}, which is none of the locations.`);
    if (given?.includes('mlflow.sourceRun') === true) throw invalid('The filter names a run already: leave runId out.');
    const ofRun = `attribute.run_id = '${info.runId}'`;
    return { locations, filterString: given === undefined || given === '' ? ofRun : `${given} AND ${ofRun}` };
  }

  async #ownLocations(): Promise<readonly string[]> {
    const own = await this.findExperimentId();
    return own === undefined ? [] : [own];
  }

  /** The traces with their spans, in their order; one that is gone meanwhile, or whose spans are lost, is left out, as in Python. */
  async #readSpans(infos: readonly TraceInfo[]): Promise<readonly Trace[]> {
    const found = new Map<string, Trace>();
    const ids = infos.filter(isInStore).map(({ traceId }) => traceId);
    for (const some of chunks(ids, MAX_READ))
      for (const trace of await this.ask('getTraces', some)) found.set(trace.info.traceId, trace);
    for (const info of infos) {
      if (isInStore(info)) continue;
      const trace = await this.#readFile(info).catch(undefinedWhereLost);
      if (trace !== undefined) found.set(info.traceId, trace);
    }
    return infos.flatMap(({ traceId }) => found.get(traceId) ?? []);
  }

  async #readFile(info: TraceInfo): Promise<Trace> {
    try {
      return { info, data: { spans: await this.ask('getTraceFile', info.traceId) } };
    } catch (error) {
      if (!(error instanceof MlflowError) || error.isRetryable) throw error;
      const message = `Trace with ID ${info.traceId} cannot be loaded because it is missing span data.`;
      throw mlflowError('BAD_REQUEST', message, error);
    }
  }
}

function undefinedWhereLost(error: unknown): undefined {
  if (!(error instanceof MlflowError) || error.errorCode !== 'BAD_REQUEST') throw error;
}

function isInStore(info: TraceInfo): boolean {
  return IN_STORE.has(info.tags['mlflow.trace.spansLocation']);
}

function checkLocations(locations: readonly string[]): void {
  const bad = locations.filter((id) => id.includes('.'));
  if (bad.length > 0) throw invalid(`Locations must be ids of experiments, not ${bad.join(', ')}.`);
}

function checkDeletion({ maxTimestampMs, maxTraces, traceIds = [] }: Omit<TraceDeletion, 'experimentId'>): void {
  const hasIds = traceIds.length > 0;
  if (maxTimestampMs === undefined && !hasIds) throw invalid('Either maxTimestampMs or traceIds must be given.');
  if (maxTimestampMs !== undefined && hasIds) throw invalid('Only one of maxTimestampMs and traceIds can be given.');
  if (hasIds && maxTraces !== undefined) throw invalid('maxTraces cannot be given with traceIds.');
  if (maxTraces !== undefined && maxTraces <= 0) throw invalid(`maxTraces must be above 0, not ${maxTraces}.`);
}

function* chunks<T>(items: readonly T[], size: number): Generator<readonly T[]> {
  for (let at = 0; at < items.length; at += size) yield items.slice(at, at + size);
}

function invalid(message: string): Error {
  return mlflowError('INVALID_PARAMETER_VALUE', message);
}
