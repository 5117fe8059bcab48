// The endpoints of logged models that no store needs: what they are asked, and their JSON.
import { z } from 'zod';
import type { KeyValue, LoggedModel, Page } from '../../model/entities.ts';
import { boolean, integer, optional, pairs, text } from '../wire/checked.ts';
import { API_2, by, post, type Endpoint, type WireFields } from '../wire/endpoint.ts';
import { loggedModel } from '../wire/wire-answers.ts';
import * as wire from '../wire/wire-values.ts';

/** What a search for logged models takes. */
export interface LoggedModelSearchOptions {
  /** MLflow's filter language, such as `metrics.accuracy > 0.9 AND params.optimizer = 'adam'`. */
  readonly filterString?: string;
  /** The data sets whose metrics count in the filter; all of them where none is named. */
  readonly datasets?: readonly { readonly datasetName: string; readonly datasetDigest?: string }[];
  /** How many a page holds. @default 100 */
  readonly maxResults?: number;
  /** Such as `[{ fieldName: 'metrics.accuracy', ascending: false }]`; ascending where nothing is said. */
  readonly orderBy?: readonly LoggedModelOrder[];
  /** Where to begin: `nextPageToken` of an earlier page. */
  readonly pageToken?: string;
}

/** What logged models are ordered by. */
export interface LoggedModelOrder {
  /** Such as `metrics.accuracy` or `creation_timestamp`. */
  readonly fieldName: string;
  /** Whether the lowest come first. @default true */
  readonly ascending?: boolean;
  /** Of a metric: on this data set alone. */
  readonly datasetName?: string;
  /** Of that data set. */
  readonly datasetDigest?: string;
}

/** One page of such a search. */
export interface LoggedModelPageSearch extends LoggedModelSearchOptions {
  readonly experimentIds: readonly string[];
}

/** Keys with texts that a model is given. */
export interface ModelPairs {
  readonly modelId: string;
  readonly pairs: readonly KeyValue[];
}

/** The endpoints, by the name this package has for them. */
export interface LoggedModelEndpoints {
  readonly searchLoggedModels: Endpoint<LoggedModelPageSearch, Page<LoggedModel>>;
  readonly logModelParams: Endpoint<ModelPairs, void>;
  readonly setLoggedModelTags: Endpoint<ModelPairs, void>;
  readonly deleteLoggedModelTag: Endpoint<{ readonly modelId: string; readonly key: string }, void>;
}

const modelsAnswer = z
  .object({ models: z.array(loggedModel).default([]), next_page_token: wire.pageToken })
  .transform((from) => wire.pageOf(from.models, from.next_page_token));

const path = `${API_2}logged-models`;

/**
 * The table. A param of a model is given once, and a tag taken off once: the server fails at the second time.
 *
 * @see https://mlflow.org/docs/latest/rest-api.html
 */
export const LOGGED_MODEL_ENDPOINTS: LoggedModelEndpoints = {
  searchLoggedModels: post(`${path}/search`, 'read', searchFields, modelsAnswer),
  logModelParams: post(
    `${path}/{model_id}/params`,
    'once',
    (from) => ({ ...idOf(from.modelId), params: pairs(from.pairs, 'model param') }),
    wire.nothing,
  ),
  setLoggedModelTags: by(
    'PATCH',
    post(
      `${path}/{model_id}/tags`,
      'repeatable',
      (from) => ({ ...idOf(from.modelId), tags: pairs(from.pairs, 'model tag') }),
      wire.nothing,
    ),
  ),
  deleteLoggedModelTag: by(
    'DELETE',
    post(
      `${path}/{model_id}/tags/{tag_key}`,
      'once',
      ({ modelId, key }) => ({ ...idOf(modelId), tag_key: text(key, 'tag key') }),
      wire.nothing,
    ),
  ),
};

function idOf(modelId: string): WireFields {
  return { model_id: text(modelId, 'model id') };
}

function searchFields(from: LoggedModelPageSearch): WireFields {
  return {
    experiment_ids: from.experimentIds.map((id) => text(id, 'experiment id')),
    filter: optional(from.filterString, 'filter'),
    datasets: from.datasets?.map(({ datasetName, datasetDigest }) => ({
      dataset_name: text(datasetName, 'dataset name'),
      dataset_digest: optional(datasetDigest, 'dataset digest'),
    })),
    max_results: from.maxResults === undefined ? undefined : integer(from.maxResults, 'max results'),
    order_by: from.orderBy?.map(({ fieldName, ascending = true, datasetName, datasetDigest }) => ({
      field_name: text(fieldName, 'order'),
      ascending: boolean(ascending, 'order'),
      dataset_name: optional(datasetName, 'dataset name'),
      dataset_digest: optional(datasetDigest, 'dataset digest'),
    })),
    page_token: optional(from.pageToken, 'page token'),
  };
}
