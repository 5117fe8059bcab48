// The endpoints that a copied trace goes by: as new ones, but nothing is cut, and what is thought of the trace keeps its ids and times.
import type { Assessment } from '../../model/assessments.ts';
import type { KeptSpan, TraceInfo } from '../../model/traces.ts';
import { keptFields } from './assessments.ts';
import { optional, text } from '../wire/checked.ts';
import { API_3, post, type Endpoint, type WireFields } from '../wire/endpoint.ts';
import { parseExact } from '../wire/exact-json.ts';
import { type NewSpans, resourceSpans, spanFields, traceHead } from './new-traces.ts';
import { toAnyValue } from '../wire/otlp-values.ts';
import { assessmentAnswer } from '../wire/wire-assessments.ts';
import { traceAnswer } from '../wire/wire-traces.ts';
import { nothing } from '../wire/wire-values.ts';

/** Spans of one experiment, as they were kept. */
export interface CopiedSpans extends Pick<NewSpans, 'experimentId' | 'linkIds'> {
  readonly spans: readonly KeptSpan[];
}

/** The endpoints, by the name this package has for them. */
export interface TraceCopyEndpoints {
  readonly copySpans: Endpoint<CopiedSpans, void>;
  /** Its assessments are all new: one that is there already would be valid again. */
  readonly copyTrace: Endpoint<TraceInfo, unknown>;
  /** One that overrides another, which then is no longer valid. */
  readonly copyAssessment: Endpoint<Assessment, Assessment>;
}

/** The table. */
export const TRACE_COPY_ENDPOINTS: TraceCopyEndpoints = {
  copySpans: {
    ...post(
      '/v1/traces',
      'repeatable',
      ({ spans, linkIds }: CopiedSpans) =>
        resourceSpans(
          spans.map((span) => ({ ...spanFields(span, linkIds), attributes: attributeFields(span.attributes) })),
        ),
      nothing,
    ),
    isSilent: true,
    headers: ({ experimentId }) => ({ 'x-mlflow-experiment-id': text(experimentId, 'experiment id') }),
  },
  copyTrace: post(`${API_3}traces`, 'repeatable', traceFields, traceAnswer),
  copyAssessment: post(
    `${API_3}traces/{trace_id}/assessments`,
    'once',
    (from) => ({ trace_id: text(from.traceId, 'trace id'), assessment: keptFields(from) }),
    assessmentAnswer,
  ),
};

/**
 * A text, a list or an object goes as its JSON in a text: the server takes one layer off again, and so has what was written to the
 * letter. Sent as values, a text that looks like JSON would become what it looks like.
 */
function attributeFields(from: KeptSpan['attributes']): readonly WireFields[] {
  return Object.entries(from).map(([key, value]) => ({ key: text(key, 'key'), value: attributeValue(value) }));
}

function attributeValue(json: string): WireFields {
  if (/^-?\d+$/.test(json)) return toAnyValue(BigInt(json));
  let value: unknown;
  try {
    value = parseExact(json);
  } catch {
    return { stringValue: text(json, 'attribute') }; // no JSON: a text that somebody wrote as it is
  }
  if (typeof value === 'number') return { doubleValue: Number.isFinite(value) ? value : String(value) };
  const isScalar = typeof value === 'boolean' || value === null;
  return isScalar ? toAnyValue(value) : { stringValue: text(json, 'attribute') };
}

function traceFields(info: TraceInfo): WireFields {
  const { executionDurationMs: durationMs } = info;
  return {
    trace: {
      trace_info: {
        ...traceHead(info),
        client_request_id: optional(info.clientRequestId, 'client request id'),
        execution_duration: durationMs === undefined ? undefined : `${durationMs / 1000}s`,
        state: info.state,
        trace_metadata: texts(info.traceMetadata),
        tags: texts(info.tags),
        assessments: info.assessments.map(keptFields),
      },
    },
  };
}

function texts(from: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(from).map(([key, value]) => [text(key, 'key'), text(value, key)]));
}
