// Traces of an MLflow server as it keeps them, to be copied: what is known of each, its spans, and the runs that it was linked to.
import type { RestApi } from '../../rest/api.ts';
import { writeExact } from '../../rest/wire/exact-json.ts';
import { ENDPOINTS } from '../../rest/endpoints/endpoints.ts';
import { SERVER_ENDPOINTS } from '../../rest/endpoints/server-endpoints.ts';
import { type KeptSpan, type KeptTrace, SPANS_PLACE_TAG, type TraceInfo, type TraceSpan } from '../../model/traces.ts';
import type { ListedTrace } from '../contract.ts';

const PAGE_SIZE = 500;

/** Lists the traces of an experiment, the oldest first. */
export async function* listTraces(api: RestApi, experimentId: string): AsyncGenerator<ListedTrace> {
  let links: ReadonlyMap<string, readonly string[]> | undefined;
  let pageToken: string | undefined;
  do {
    const page = await api.call(SERVER_ENDPOINTS.searchTraces, {
      locations: [experimentId],
      maxResults: PAGE_SIZE,
      orderBy: ['timestamp_ms ASC'],
      pageToken,
    });
    if (page.items.length > 0) links ??= await findLinks(api, experimentId);
    for (const info of page.items) {
      const runIds = links?.get(info.traceId) ?? [];
      yield { traceId: info.traceId, read: () => readTrace(api, info, runIds) };
    }
    pageToken = page.nextPageToken;
  } while (pageToken !== undefined);
}

/** A server finds the traces of a run, and not the other way round. */
async function findLinks(api: RestApi, experimentId: string): Promise<ReadonlyMap<string, readonly string[]>> {
  const links = new Map<string, string[]>();
  let pageToken: string | undefined;
  do {
    const paging = pageToken === undefined ? {} : { pageToken };
    const page = await api.call(ENDPOINTS.searchRuns, { experimentIds: [experimentId], ...paging });
    for (const { info } of page.items) {
      for (const traceId of await api.call(ENDPOINTS.findTracesOfRun, { experimentId, runId: info.runId }))
        links.set(traceId, [...(links.get(traceId) ?? []), info.runId]);
    }
    pageToken = page.nextPageToken;
  } while (pageToken !== undefined);
  return links;
}

async function readTrace(api: RestApi, listed: TraceInfo, runIds: readonly string[]): Promise<KeptTrace> {
  const { traceId, tags } = listed;
  if (tags[SPANS_PLACE_TAG] !== undefined) {
    const { info, data } = await api.call(SERVER_ENDPOINTS.getTrace, traceId);
    return { info, spans: data.spans.map(toKept), runIds };
  }
  const { info } = await api.call(SERVER_ENDPOINTS.getTraceInfo, traceId);
  return { info, spans: (await api.call(SERVER_ENDPOINTS.getTraceFile, traceId)).map(toKept), runIds };
}

function toKept({ spanType: _type, inputs: _inputs, outputs: _outputs, ...span }: TraceSpan): KeptSpan {
  const attributes = Object.entries(span.attributes).map(([key, value]) => [key, writeExact(value) ?? 'null']);
  return { ...span, attributes: Object.fromEntries(attributes) as KeptSpan['attributes'] }; // pairs of texts
}
