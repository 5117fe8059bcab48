// `runspan runs`: runs of a tracking store, the newest first or in another order, as a table or as JSON.
import { mlflowError } from '../errors.ts';
import type { Experiment, RunEntity, RunStatus } from '../model/entities.ts';
import type { Store } from '../stores/contract.ts';
import { listExperiments, searchNewest } from './store/find-run.ts';
import { formatDuration, formatNumber, formatTime, jsonNumber, oneLine, paint, paintStatus } from './text/format.ts';
import { layOut } from './text/table.ts';
import type { Cell } from './text/table.ts';

/** What `runspan runs` was asked for. */
export interface RunsRequest {
  /** Only runs of the experiment of this name. */
  readonly experiment?: string;
  /** In MLflow's filter language. */
  readonly filter?: string;
  readonly status?: RunStatus;
  /** In MLflow's language, `metrics.loss ASC`, or one of {@link SORT_NAMES}. */
  readonly sort?: string;
  readonly limit: number;
  readonly json?: boolean;
}

/** How runs are listed beyond the request. */
export interface ListingOptions {
  /** For runs that have not ended. */
  readonly nowMs: number;
  /** The width of the terminal; undefined: nothing is left out. */
  readonly columns?: number | undefined;
}

/** Short names of MLflow's attributes to sort by. */
export const SORT_NAMES: Readonly<Record<string, string>> = {
  name: 'attributes.run_name',
  status: 'attributes.status',
  started: 'attributes.start_time',
  ended: 'attributes.end_time',
};

/** Below this the experiment is left out. */
const NARROW = 100;
const KEYS_IN_FILTER = /\b(metrics?|params?)\.(?:`([^`]+)`|"([^"]+)"|([\w./-]+))/g;
const MAX_KEY_COLUMNS = 4;

/** Lists runs; those that a filter or an order speaks of have their values beside them. */
export async function listRuns(store: Store, request: RunsRequest, options: ListingOptions): Promise<string> {
  const experiments = await chooseExperiments(store, request.experiment);
  const { limit } = request;
  const filter = toFilter(request);
  const orderBy = request.sort === undefined ? undefined : toOrder(request.sort);
  const runs = await searchNewest(store, { experimentIds: [...experiments.keys()], filter, limit, orderBy });
  if (request.json)
    return JSON.stringify(
      runs.map((run) => jsonRun(run, experiments)),
      undefined,
      2,
    );
  if (runs.length === 0) return `No runs${filter === undefined ? '' : ' that match'} in ${store.uri}.`;
  const isNarrow = (options.columns ?? Infinity) < NARROW;
  const columns = columnsFor(request, { ...options, experiments }).filter(({ isWide }) => !isNarrow || isWide !== true);
  const header = columns.map(({ title }): Cell => ({ text: title, paint: dim }));
  return layOut([header, ...runs.map((run) => columns.map(({ cell }) => cell(run)))]);
}

function toFilter({ filter, status }: RunsRequest): string | undefined {
  const parts = [...(status === undefined ? [] : [`attributes.status = '${status}'`]), ...(filter ? [filter] : [])];
  return parts.length === 0 ? undefined : parts.join(' AND ');
}

function toOrder(sort: string): readonly string[] {
  return sort.split(',').map((part) => {
    const [name = '', ...direction] = part.trim().split(/\s+/);
    return [Object.hasOwn(SORT_NAMES, name) ? SORT_NAMES[name] : name, ...direction].join(' ');
  });
}

async function chooseExperiments(store: Store, name: string | undefined): Promise<ReadonlyMap<string, Experiment>> {
  if (name === undefined) return listExperiments(store);
  const experiment = await store.getExperimentByName(name);
  if (experiment) return new Map([[experiment.experimentId, experiment]]);
  const names = [...(await listExperiments(store)).values()].map((one) => `'${oneLine(one.name)}'`);
  throw mlflowError(
    'RESOURCE_DOES_NOT_EXIST',
    `There is no experiment '${name}' in ${store.uri}. There is ${names.slice(0, 20).join(', ') || 'none'}.`,
  );
}

const dim = (text: string): string => paint('dim', text);

interface Column {
  readonly title: string;
  /** Left out where there is little room. */
  readonly isWide?: boolean;
  readonly cell: (run: RunEntity) => Cell | string;
}

function columnsFor(
  request: RunsRequest,
  { experiments, nowMs }: ListingOptions & { readonly experiments: ReadonlyMap<string, Experiment> },
): readonly Column[] {
  return [
    { title: 'NAME', cell: ({ info }) => oneLine(info.runName, 48) },
    {
      title: 'STATUS',
      cell: ({ info: { status } }) => ({ text: status, paint: (padded) => paintStatus(status, padded) }),
    },
    ...keyColumns(request),
    { title: 'STARTED', cell: ({ info }) => formatTime(info.startTimeMs) },
    { title: 'DURATION', cell: ({ info }) => formatDuration((info.endTimeMs ?? nowMs) - info.startTimeMs) },
    { title: 'ID', cell: ({ info }) => info.runId },
    {
      title: 'EXPERIMENT',
      isWide: true,
      cell: ({ info }) => oneLine(experiments.get(info.experimentId)?.name ?? info.experimentId, 48),
    },
  ];
}

function keyColumns({ filter = '', sort = '' }: RunsRequest): readonly Column[] {
  const found = new Map<string, Column>();
  for (const [, kind = '', ...names] of `${sort} ${filter}`.matchAll(KEYS_IN_FILTER)) {
    const key = names.find((name) => name !== undefined) ?? '';
    const isMetric = kind.startsWith('metric');
    const cell = ({ data }: RunEntity): string => {
      if (!isMetric) return oneLine(data.params[key] ?? '', 24);
      const value = data.metrics[key];
      return value === undefined ? '' : formatNumber(value);
    };
    found.set(`${isMetric} ${key}`, { title: oneLine(key, 24), cell });
  }
  return [...found.values()].slice(0, MAX_KEY_COLUMNS);
}

function jsonRun(
  { info, data }: RunEntity,
  experiments: ReadonlyMap<string, Experiment>,
): Readonly<Record<string, unknown>> {
  return {
    ...info,
    endTimeMs: info.endTimeMs ?? null,
    experimentName: experiments.get(info.experimentId)?.name ?? null,
    params: data.params,
    tags: data.tags,
    metrics: Object.fromEntries(Object.entries(data.metrics).map(([key, value]) => [key, jsonNumber(value)])),
  };
}
