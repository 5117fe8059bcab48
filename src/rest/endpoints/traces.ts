// The endpoints of traces: what they are asked, and their JSON.
import type { Page } from '../../model/entities.ts';
import type { Trace, TraceInfo, TraceSpan } from '../../model/traces.ts';
import { integer, optional, text, time } from '../wire/checked.ts';
import { API_2, API_3, by, get, post, type Endpoint, type WireFields } from '../wire/endpoint.ts';
import {
  deletedTracesAnswer,
  traceAnswer,
  traceFileAnswer,
  traceInfosAnswer,
  tracesAnswer,
} from '../wire/wire-traces.ts';
import { nothing } from '../wire/wire-values.ts';

/** A search for traces. */
export interface TraceSearch {
  /** Experiments, by id. */
  readonly locations: readonly string[];
  readonly filterString?: string | undefined;
  readonly maxResults?: number | undefined;
  readonly orderBy?: readonly string[] | undefined;
  readonly pageToken?: string | undefined;
}

/** Which traces of an experiment go. */
export interface TraceDeletion {
  /** Of this experiment alone. */
  readonly experimentId: string;
  /** Those that began by then, in milliseconds since the epoch. */
  readonly maxTimestampMs?: number;
  /** So many at most, the oldest first. */
  readonly maxTraces?: number;
  /** These, and no others. */
  readonly traceIds?: readonly string[];
}

/** A tag of a trace. */
export interface TraceTag {
  readonly traceId: string;
  readonly key: string;
  readonly value: string;
}

/** Versions of prompts that a trace used. */
export interface TracePrompts {
  readonly traceId: string;
  readonly prompts: readonly { readonly name: string; readonly version: string }[];
}

/** The endpoints, by the name this package has for them. */
export interface TraceEndpoints {
  readonly getTraceInfo: Endpoint<string, Trace>;
  readonly getTrace: Endpoint<string, Trace>;
  readonly getTraceFile: Endpoint<string, readonly TraceSpan[]>;
  readonly getTraces: Endpoint<readonly string[], readonly Trace[]>;
  readonly searchTraces: Endpoint<TraceSearch, Page<TraceInfo>>;
  readonly deleteTraces: Endpoint<TraceDeletion, number>;
  readonly setTraceTag: Endpoint<TraceTag, void>;
  readonly deleteTraceTag: Endpoint<Omit<TraceTag, 'value'>, void>;
  readonly linkTracesToRun: Endpoint<{ readonly traceIds: readonly string[]; readonly runId: string }, void>;
  readonly linkPromptsToTrace: Endpoint<TracePrompts, void>;
}

/** The server's own default for a search. */
const DEFAULT_MAX_RESULTS = 100;

/**
 * The table. Tags go by the older path, which every server has; the key of one that goes stands in the body.
 *
 * @see https://mlflow.org/docs/latest/genai/tracing/
 */
export const TRACE_ENDPOINTS: TraceEndpoints = {
  getTraceInfo: get(`${API_3}traces/{trace_id}`, idOf, traceAnswer),
  getTrace: {
    ...get(`${API_3}traces/get`, (traceId) => ({ ...idOf(traceId), allow_partial: false }), traceAnswer),
    isExact: true,
  },
  getTraceFile: {
    ...get(
      '/ajax-api/3.0/mlflow/get-trace-artifact',
      (traceId) => ({ request_id: text(traceId, 'trace id') }),
      traceFileAnswer,
    ),
    isExact: true,
  },
  getTraces: {
    ...get(`${API_3}traces/batchGet`, (traceIds) => ({ trace_ids: ids(traceIds) }), tracesAnswer),
    isExact: true,
  },
  searchTraces: post(`${API_3}traces/search`, 'read', searchFields, traceInfosAnswer),
  deleteTraces: post(
    `${API_2}traces/delete-traces`,
    'once',
    (from) => ({
      experiment_id: text(from.experimentId, 'experiment id'),
      max_timestamp_millis: from.maxTimestampMs === undefined ? undefined : time(from.maxTimestampMs, 'max timestamp'),
      max_traces: from.maxTraces === undefined ? undefined : integer(from.maxTraces, 'max traces'),
      request_ids: from.traceIds === undefined ? undefined : ids(from.traceIds),
    }),
    deletedTracesAnswer,
  ),
  setTraceTag: by(
    'PATCH',
    post(
      `${API_2}traces/{request_id}/tags`,
      'repeatable',
      ({ traceId, key, value }) => ({ ...tagOf(traceId, key), value: text(value, `trace tag '${key}'`) }),
      nothing,
    ),
  ),
  deleteTraceTag: by(
    'DELETE',
    post(`${API_2}traces/{request_id}/tags`, 'once', ({ traceId, key }) => tagOf(traceId, key), nothing),
  ),
  linkTracesToRun: post(
    `${API_2}traces/link-to-run`,
    'repeatable',
    ({ traceIds, runId }) => ({ trace_ids: ids(traceIds), run_id: text(runId, 'run id') }),
    nothing,
  ),
  linkPromptsToTrace: post(
    `${API_2}traces/link-prompts`,
    'repeatable',
    ({ traceId, prompts }) => ({
      ...idOf(traceId),
      prompt_versions: prompts.map(({ name, version }) => ({
        name: text(name, 'prompt name'),
        version: text(version, 'prompt version'),
      })),
    }),
    nothing,
  ),
};

function idOf(traceId: string): WireFields {
  return { trace_id: text(traceId, 'trace id') };
}

function ids(traceIds: readonly string[]): readonly string[] {
  return traceIds.map((id) => text(id, 'trace id'));
}

function tagOf(traceId: string, key: string): WireFields {
  return { request_id: text(traceId, 'trace id'), key: text(key, 'the key of a trace tag') };
}

function searchFields(from: TraceSearch): WireFields {
  const locations = from.locations.map((id) => ({
    type: 'MLFLOW_EXPERIMENT',
    mlflow_experiment: { experiment_id: text(id, 'experiment id') },
  }));
  return {
    // an empty list finds nothing; left out, as Python does, it is what it is: a mistake
    locations: locations.length === 0 ? undefined : locations,
    filter: optional(from.filterString, 'filter'),
    max_results: integer(from.maxResults ?? DEFAULT_MAX_RESULTS, 'max results'),
    order_by: from.orderBy?.map((column) => text(column, 'order')),
    page_token: optional(from.pageToken, 'page token'),
  };
}
