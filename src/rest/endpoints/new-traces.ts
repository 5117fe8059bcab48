// The endpoints that a trace made by hand goes by: its spans as OTLP, then what is known of it.
import { takeCodePoints } from '../../model/limits.ts';
import type { KeptSpan, TraceInfo, TraceSpan } from '../../model/traces.ts';
import { optional, text, time } from '../wire/checked.ts';
import { API_3, post, type Endpoint, type WireFields } from '../wire/endpoint.ts';
import { toKeyValues } from '../wire/otlp-values.ts';
import { traceAnswer } from '../wire/wire-traces.ts';
import { nothing } from '../wire/wire-values.ts';

/** Spans of one experiment. */
export interface NewSpans {
  readonly experimentId: string;
  readonly spans: readonly TraceSpan[];
  /**
   * How the ids of links are written: MLflow's server turns the hex of OTLP-JSON into bytes for spans only, and reads base64 in
   * links (seen on 3.17.2; hex there is a link that it drops).
   */
  readonly linkIds: 'base64' | 'hex';
}

/** What is known of a trace whose spans are there. */
export interface NewTrace {
  readonly info: Omit<TraceInfo, 'assessments' | 'clientRequestId'>;
  /** The run that it belongs to. */
  readonly sourceRunId?: string;
}

/** The endpoints, by the name this package has for them. */
export interface NewTraceEndpoints {
  readonly exportSpans: Endpoint<NewSpans, void>;
  readonly createTrace: Endpoint<NewTrace, unknown>;
}

/** What the server keeps of metadata and tags, in characters (MAX_CHARS_IN_TRACE_INFO_*). */
const MAX_METADATA = 250;
const MAX_TAG_KEY = 250;
const MAX_TAG_VALUE = 4096;

const STATUS_CODES = { UNSET: 0, OK: 1, ERROR: 2 } as const;

/** The table. The server takes the same spans, and the same trace, again. */
export const NEW_TRACE_ENDPOINTS: NewTraceEndpoints = {
  exportSpans: {
    ...post('/v1/traces', 'repeatable', spansFields, nothing),
    isSilent: true,
    headers: ({ experimentId }) => ({ 'x-mlflow-experiment-id': text(experimentId, 'experiment id') }),
  },
  createTrace: post(`${API_3}traces`, 'repeatable', traceFields, traceAnswer),
};

function spansFields({ spans, linkIds }: NewSpans): WireFields {
  return resourceSpans(
    spans.map((span) => ({ ...spanFields(span, linkIds), attributes: toKeyValues(span.attributes) })),
  );
}

/** Spans as one OTLP-JSON request. */
export function resourceSpans(spans: readonly WireFields[]): WireFields {
  return { resourceSpans: [{ resource: { attributes: [] }, scopeSpans: [{ scope: {}, spans }] }] };
}

/** A span without its attributes. */
export function spanFields(span: Omit<KeptSpan, 'attributes'>, linkIds: NewSpans['linkIds']): WireFields {
  const idOf = (hex: string): string => (linkIds === 'hex' ? hex : Buffer.from(hex, 'hex').toString('base64'));
  return {
    traceId: hexOf(span.traceId),
    spanId: text(span.spanId, 'span id'),
    parentSpanId: optional(span.parentId, 'span id'),
    name: text(span.name, 'the name of a span'),
    startTimeUnixNano: String(span.startTimeNs),
    endTimeUnixNano: span.endTimeNs === undefined ? undefined : String(span.endTimeNs),
    events: span.events.map((event) => ({
      name: text(event.name, 'the name of an event'),
      timeUnixNano: String(event.timeNs),
      attributes: toKeyValues(event.attributes),
    })),
    links: span.links.map((link) => ({
      traceId: idOf(hexOf(link.traceId)),
      spanId: idOf(text(link.spanId, 'span id')),
      attributes: toKeyValues(link.attributes),
    })),
    status: { code: STATUS_CODES[span.status.code], message: text(span.status.message, 'the status of a span') },
  };
}

/** What every trace that is sent says of itself, one made here and a copy alike. */
export function traceHead(
  info: Pick<TraceInfo, 'traceId' | 'experimentId' | 'requestPreview' | 'responsePreview' | 'requestTimeMs'>,
): WireFields {
  return {
    trace_id: text(info.traceId, 'trace id'),
    trace_location: {
      type: 'MLFLOW_EXPERIMENT',
      mlflow_experiment: { experiment_id: text(info.experimentId, 'experiment id') },
    },
    request_preview: optional(info.requestPreview, 'request'),
    response_preview: optional(info.responsePreview, 'response'),
    request_time: new Date(time(info.requestTimeMs, 'request time')).toISOString(),
  };
}

function traceFields({ info, sourceRunId }: NewTrace): WireFields {
  const source = sourceRunId === undefined ? {} : { 'mlflow.sourceRun': sourceRunId };
  return {
    trace: {
      trace_info: {
        ...traceHead(info),
        execution_duration: `${(info.executionDurationMs ?? 0) / 1000}s`,
        state: info.state,
        trace_metadata: textsOf({ ...info.traceMetadata, ...source }, [MAX_METADATA, MAX_METADATA]),
        tags: textsOf(info.tags, [MAX_TAG_KEY, MAX_TAG_VALUE]),
      },
    },
  };
}

function textsOf(
  from: Readonly<Record<string, string>>,
  [keyLength, valueLength]: readonly [number, number],
): Readonly<Record<string, string>> {
  const pairs = Object.entries(from).map(([key, value]) => [
    takeCodePoints(text(key, 'key'), keyLength),
    takeCodePoints(text(value, key), valueLength),
  ]);
  return Object.fromEntries(pairs) as Readonly<Record<string, string>>; // pairs of texts
}

function hexOf(traceId: string): string {
  return text(traceId, 'trace id').replace(/^tr-/, '');
}
