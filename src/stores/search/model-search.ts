// A search for logged models, read into plain conditions and orderings: its language is its own, as in MLflow.
import { mlflowError } from '../../errors.ts';
import type { LoggedModelPageSearch } from '../../rest/endpoints/logged-models.ts';
import { type Condition, parseFilter, type SearchLanguage, TEXT_OR_LIST } from './filter.ts';
import { offsetOf, pageSize } from './paging.ts';

/** A data set that metrics were measured on; of any digest where none is given. */
export interface SearchedDataset {
  readonly name: string;
  readonly digest?: string | undefined;
}

/** What models are ordered by: an attribute, or the latest value of a metric. */
export interface ModelOrdering {
  readonly kind: 'attribute' | 'metric';
  readonly key: string;
  readonly isAscending: boolean;
  /** Of a metric: measured on this data set alone. */
  readonly dataset: { readonly name?: string | undefined; readonly digest?: string | undefined };
}

/** One page of a search. */
export interface ModelSearch {
  readonly conditions: readonly Condition[];
  /** Those whose metrics count; all of them where there is none. */
  readonly datasets: readonly SearchedDataset[];
  /** What decides comes first; the last two are always the newest first, then by id. */
  readonly orderings: readonly ModelOrdering[];
  readonly size: number;
  readonly offset: number;
}

/** MLflow's page where nobody says (SEARCH_LOGGED_MODEL_MAX_RESULTS_DEFAULT). */
const DEFAULT_PAGE_SIZE = 100;

const TIMES = ['creation_timestamp_ms', 'last_updated_timestamp_ms'];
const ALIASES: Readonly<Record<string, string>> = {
  creation_time: 'creation_timestamp_ms',
  creation_timestamp: 'creation_timestamp_ms',
  last_updated_time: 'last_updated_timestamp_ms',
  last_updated_timestamp: 'last_updated_timestamp_ms',
};
const COLUMNS = ['name', 'model_id', 'experiment_id', 'model_type', 'source_run_id', 'status', 'artifact_location'];
const ATTRIBUTES: ReadonlySet<string> = new Set([...COLUMNS, ...TIMES, ...Object.keys(ALIASES)]);

const LANGUAGE: SearchLanguage = {
  entities: { metrics: 'metric', params: 'parameter', tags: 'tag', attributes: 'attribute', attribute: 'attribute' },
  attributes: ATTRIBUTES,
  orderAttributes: ATTRIBUTES,
  numericAttributes: new Set(TIMES),
  listAttributes: ATTRIBUTES,
  aliases: ALIASES,
  textComparators: TEXT_OR_LIST,
  takesBareTexts: true,
};

/**
 * Reads a search.
 *
 * @throws {MlflowError} `INVALID_PARAMETER_VALUE` for what MLflow refuses: OR, an unknown field, a data set without its name
 */
export function readModelSearch(request: LoggedModelPageSearch): ModelSearch {
  const { datasets = [], orderBy = [], maxResults, pageToken } = request;
  if (datasets.some(({ datasetName }) => datasetName === ''))
    throw invalid('`dataset_name` in the `datasets` clause must be specified.');
  const orderings = orderBy.map(({ fieldName, ascending = true, datasetName, datasetDigest }) => ({
    ...readOrderField(fieldName),
    isAscending: ascending,
    dataset: { name: datasetName || undefined, digest: datasetDigest || undefined },
  }));
  const isBy = (key: string): boolean => orderings.some((each) => each.kind === 'attribute' && each.key === key);
  const last = [
    { kind: 'attribute', key: 'creation_timestamp_ms', isAscending: false, dataset: {} },
    { kind: 'attribute', key: 'model_id', isAscending: true, dataset: {} },
  ] as const;
  return {
    conditions: parseFilter(request.filterString, LANGUAGE),
    datasets: datasets.map(({ datasetName, datasetDigest }) => ({ name: datasetName, digest: datasetDigest })),
    orderings: [...orderings, ...last.filter(({ key }) => !isBy(key))],
    size: pageSize(maxResults || DEFAULT_PAGE_SIZE),
    offset: offsetOf(pageToken),
  };
}

function readOrderField(fieldName: string): Pick<ModelOrdering, 'kind' | 'key'> {
  const dot = fieldName.indexOf('.');
  if (dot >= 0) {
    if (fieldName.slice(0, dot) === 'metrics') return { kind: 'metric', key: fieldName.slice(dot + 1) };
    throw invalid(`Invalid order by field name: ${fieldName}. Only metrics are supported.`);
  }
  if (!ATTRIBUTES.has(fieldName)) throw invalid(`Invalid order by field name: ${fieldName}`);
  return { kind: 'attribute', key: ALIASES[fieldName] ?? fieldName };
}

function invalid(message: string): Error {
  return mlflowError('INVALID_PARAMETER_VALUE', message);
}
