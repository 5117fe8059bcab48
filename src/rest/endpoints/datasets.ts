// The endpoints of evaluation datasets: what they are asked, and their JSON.
import { RunspanError } from '../../errors.ts';
import type {
  DatasetRecord,
  DatasetRecordSourceType,
  EvaluationDataset,
  MergedRecords,
  NewDatasetRecord,
} from '../../model/datasets.ts';
import type { Page } from '../../model/entities.ts';
import { integer, oneOf, optional, text } from '../wire/checked.ts';
import { API_3, by, get, post, type Endpoint, type WireFields } from '../wire/endpoint.ts';
import { writeExact } from '../wire/exact-json.ts';
import {
  datasetAnswer,
  datasetsAnswer,
  deletedAnswer,
  experimentIdsAnswer,
  mergedAnswer,
  recordsAnswer,
} from '../wire/wire-datasets.ts';
import { nothing } from '../wire/wire-values.ts';

/** What a search for datasets takes. */
export interface DatasetSearchOptions {
  /** Where to look; everywhere where none is named. */
  readonly experimentIds?: readonly string[];
  /** Such as `name LIKE 'qa%' AND tags.stage = 'prod'`. */
  readonly filterString?: string;
  /** How many a page holds, 1 to 1000. @default 50 */
  readonly maxResults?: number;
  /** Such as `['name ASC']`. */
  readonly orderBy?: readonly string[];
  /** Where to begin: `nextPageToken` of an earlier page. */
  readonly pageToken?: string;
}

/** What a new dataset is told. */
export interface NewDataset {
  readonly name: string;
  readonly experimentIds: readonly string[];
  readonly tags: Readonly<Record<string, unknown>>;
}

/** A dataset, and experiments that use it. */
export interface DatasetExperiments {
  readonly datasetId: string;
  readonly experimentIds: readonly string[];
}

/** One page of records. */
export interface RecordsPage {
  readonly datasetId: string;
  readonly maxResults?: number;
  readonly pageToken?: string;
}

/** The endpoints, by the name this package has for them. */
export interface DatasetEndpoints {
  readonly createDataset: Endpoint<NewDataset, EvaluationDataset>;
  readonly getDataset: Endpoint<string, EvaluationDataset>;
  readonly searchDatasets: Endpoint<DatasetSearchOptions & { readonly pageToken?: string }, Page<EvaluationDataset>>;
  readonly deleteDataset: Endpoint<string, void>;
  readonly setDatasetTags: Endpoint<Pick<NewDataset, 'tags'> & { readonly datasetId: string }, void>;
  readonly deleteDatasetTag: Endpoint<{ readonly datasetId: string; readonly key: string }, void>;
  readonly getDatasetExperimentIds: Endpoint<string, readonly string[]>;
  readonly addDatasetToExperiments: Endpoint<DatasetExperiments, EvaluationDataset>;
  readonly removeDatasetFromExperiments: Endpoint<DatasetExperiments, EvaluationDataset>;
  readonly mergeDatasetRecords: Endpoint<
    { readonly datasetId: string; readonly records: readonly NewDatasetRecord[] },
    MergedRecords
  >;
  readonly getDatasetRecords: Endpoint<RecordsPage, Page<DatasetRecord>>;
  readonly deleteDatasetRecords: Endpoint<
    { readonly datasetId: string; readonly recordIds: readonly string[] },
    number
  >;
}

/** The server's own default for a search, which it needs to be told. */
const DEFAULT_MAX_RESULTS = 50;
const SOURCE_TYPES: ReadonlySet<string> = new Set<DatasetRecordSourceType>([
  'UNSPECIFIED',
  'TRACE',
  'HUMAN',
  'DOCUMENT',
  'CODE',
]);

const path = `${API_3}datasets`;

/** The table. Records are known by their inputs, so that a merge that is repeated merges the same. */
export const DATASET_ENDPOINTS: DatasetEndpoints = {
  createDataset: post(
    `${path}/create`,
    'once',
    ({ name, experimentIds, tags }) => ({
      name: text(name, 'dataset name'),
      experiment_ids: ids(experimentIds, 'experiment id'),
      tags: Object.keys(tags).length === 0 ? undefined : json(tags, 'dataset tags'),
    }),
    datasetAnswer,
  ),
  getDataset: get(`${path}/{dataset_id}`, idOf, datasetAnswer),
  searchDatasets: post(`${path}/search`, 'read', searchFields, datasetsAnswer),
  deleteDataset: by('DELETE', post(`${path}/{dataset_id}`, 'repeatable', idOf, nothing)),
  setDatasetTags: by(
    'PATCH',
    post(
      `${path}/{dataset_id}/tags`,
      'repeatable',
      ({ datasetId, tags }) => ({ ...idOf(datasetId), tags: json(tags, 'dataset tags') }),
      nothing,
    ),
  ),
  deleteDatasetTag: by(
    'DELETE',
    post(
      `${path}/{dataset_id}/tags/{key}`,
      'repeatable',
      ({ datasetId, key }) => ({ ...idOf(datasetId), key: text(key, 'tag key') }),
      nothing,
    ),
  ),
  getDatasetExperimentIds: get(`${path}/{dataset_id}/experiment-ids`, idOf, experimentIdsAnswer),
  addDatasetToExperiments: post(`${path}/{dataset_id}/add-experiments`, 'repeatable', experimentFields, datasetAnswer),
  removeDatasetFromExperiments: post(
    `${path}/{dataset_id}/remove-experiments`,
    'repeatable',
    experimentFields,
    datasetAnswer,
  ),
  mergeDatasetRecords: post(
    `${path}/{dataset_id}/records`,
    'repeatable',
    ({ datasetId, records }) => ({ ...idOf(datasetId), records: json(records.map(recordFields), 'records') }),
    mergedAnswer,
  ),
  getDatasetRecords: get(
    `${path}/{dataset_id}/records`,
    ({ datasetId, maxResults, pageToken }) => ({
      ...idOf(datasetId),
      max_results: maxResults === undefined ? undefined : integer(maxResults, 'max results'),
      page_token: optional(pageToken, 'page token'),
    }),
    recordsAnswer,
  ),
  deleteDatasetRecords: by(
    'DELETE',
    post(
      `${path}/{dataset_id}/records`,
      'once',
      ({ datasetId, recordIds }) => ({ ...idOf(datasetId), dataset_record_ids: ids(recordIds, 'record id') }),
      deletedAnswer,
    ),
  ),
};

function idOf(datasetId: string): WireFields {
  return { dataset_id: text(datasetId, 'dataset id') };
}

function ids(from: readonly string[], what: string): readonly string[] {
  return from.map((id) => text(id, what));
}

function experimentFields({ datasetId, experimentIds }: DatasetExperiments): WireFields {
  return { ...idOf(datasetId), experiment_ids: ids(experimentIds, 'experiment id') };
}

function searchFields(from: DatasetSearchOptions & { readonly pageToken?: string }): WireFields {
  return {
    experiment_ids: ids(from.experimentIds ?? [], 'experiment id'),
    filter_string: optional(from.filterString, 'filter'),
    max_results: integer(from.maxResults ?? DEFAULT_MAX_RESULTS, 'max results'),
    order_by: ids(from.orderBy ?? [], 'order'),
    page_token: optional(from.pageToken, 'page token'),
  };
}

function recordFields({ inputs, outputs, expectations, tags, source }: NewDatasetRecord): WireFields {
  return {
    inputs,
    outputs,
    expectations,
    tags,
    source:
      source === undefined
        ? undefined
        : {
            source_type: oneOf(source.sourceType, SOURCE_TYPES, 'the source type of a record'),
            source_data: source.sourceData ?? {},
          },
  };
}

/** A text of JSON within the body's JSON, as the server has it. */
function json(value: unknown, what: string): string {
  try {
    return text(writeExact(value), what);
  } catch (cause) {
    if (cause instanceof RunspanError) throw cause;
    throw new RunspanError('INVALID_VALUE', `Cannot send ${what}: they cannot be written as JSON.`, { cause });
  }
}
