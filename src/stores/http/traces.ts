// Traces on an MLflow server: spans by OTLP, and their links to runs.
import type { RestApi } from '../../rest/api.ts';
import { ENDPOINTS } from '../../rest/endpoints/endpoints.ts';
import type { TraceStore } from '../contract.ts';

/** What MLflow puts before OpenTelemetry's id. */
const PREFIX = 'tr-';
/** How many traces one request may link. */
const MAX_LINKS = 100;

/** Opens the traces of a tracking server; an old server, or one that is not FastAPI's, answers 404. */
export function openHttpTraces(api: RestApi): TraceStore {
  return {
    log: (request) => api.call(ENDPOINTS.logSpans, request),
    link: async (runId, traceIds) => {
      const ids = traceIds.map((id) => PREFIX + id);
      for (let at = 0; at < ids.length; at += MAX_LINKS)
        await api.call(ENDPOINTS.linkTraces, { runId, traceIds: ids.slice(at, at + MAX_LINKS) });
    },
    list: async (experimentId, runId) => {
      const ids = await api.call(ENDPOINTS.findTracesOfRun, { experimentId, runId });
      return ids.map((id) => (id.startsWith(PREFIX) ? id.slice(PREFIX.length) : id));
    },
  };
}
