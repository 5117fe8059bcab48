// The JSON of traces, turned into this package's nouns: infos, spans as protobuf has them, and spans as MLflow's file has them.
import { z } from 'zod';
import { mlflowError } from '../../errors.ts';
import type { Page } from '../../model/entities.ts';
import type { KeptSpan, SpanStatusCode, Trace, TraceInfo, TraceSpan } from '../../model/traces.ts';
import type { Decoder } from './endpoint.ts';
import { parseExact, writeExact } from './exact-json.ts';
import { fromKeyValues } from './otlp-values.ts';
import { assessment } from './wire-assessments.ts';
import { absent, pageOf, pageToken, rfc3339Ms, text } from './wire-values.ts';

const texts = z.record(z.string(), z.string()).default({});
const duration = z
  .string()
  .regex(/^-?\d+(\.\d+)?s$/)
  .transform((from) => Math.trunc(Number((Number.parseFloat(from) * 1000).toFixed(6))));
const nanos = z.union([z.bigint(), z.number(), z.string().regex(/^\d+$/)]).transform((from) => BigInt(from));
const STATUSES: Readonly<Record<string, SpanStatusCode>> = {
  STATUS_CODE_OK: 'OK',
  OK: 'OK',
  STATUS_CODE_ERROR: 'ERROR',
  ERROR: 'ERROR',
};
const status = z
  .object({ code: z.string().optional(), message: z.string().nullish() })
  .default({})
  .transform((from) => ({ code: STATUSES[from.code ?? ''] ?? 'UNSET', message: from.message ?? '' }));

const info = z
  .object({
    trace_id: z.string(),
    trace_location: z.object({ mlflow_experiment: z.object({ experiment_id: z.string() }).optional() }).default({}),
    request_time: rfc3339Ms,
    execution_duration: duration.optional(),
    state: z.enum(['OK', 'ERROR', 'IN_PROGRESS', 'STATE_UNSPECIFIED']).default('STATE_UNSPECIFIED'),
    request_preview: absent,
    response_preview: absent,
    client_request_id: absent,
    trace_metadata: texts,
    tags: texts,
    assessments: z.array(assessment).default([]),
  })
  .transform((from): TraceInfo => ({
    traceId: from.trace_id,
    experimentId: from.trace_location.mlflow_experiment?.experiment_id,
    requestTimeMs: from.request_time,
    executionDurationMs: from.execution_duration,
    state: from.state,
    requestPreview: from.request_preview,
    responsePreview: from.response_preview,
    clientRequestId: from.client_request_id,
    traceMetadata: from.trace_metadata,
    tags: from.tags,
    assessments: from.assessments,
  }));

/** A span of protobuf's JSON: ids in base64, attributes as OTLP's values. */
const protoSpan = z
  .object({
    trace_id: z.string().transform(hexOf),
    span_id: z.string().transform(hexOf),
    parent_span_id: z.string().optional(),
    name: text,
    start_time_unix_nano: nanos,
    end_time_unix_nano: nanos.optional(),
    attributes: z.unknown().optional().transform(fromKeyValues),
    events: z
      .array(z.object({ time_unix_nano: nanos.default(0n), name: text, attributes: z.unknown().optional() }))
      .default([]),
    links: z
      .array(z.object({ trace_id: z.string(), span_id: z.string(), attributes: z.unknown().optional() }))
      .default([])
      .transform((all) =>
        all.map((link) => ({
          traceId: `tr-${hexOf(link.trace_id)}`,
          spanId: hexOf(link.span_id),
          attributes: fromKeyValues(link.attributes),
        })),
      ),
    status,
  })
  .transform((from) =>
    toSpan({ ...from, events: from.events.map((e) => ({ ...e, attributes: fromKeyValues(e.attributes) })) }),
  );

/** A span of MLflow's own file, `traces.json`, and of its database: each attribute is a text of JSON. */
const writtenSpan = z
  .object({
    trace_id: z.string().transform(hexOf),
    span_id: z.string().transform(hexOf),
    parent_span_id: z.string().nullish(),
    name: text,
    start_time_unix_nano: nanos,
    end_time_unix_nano: nanos.nullish(),
    attributes: z.record(z.string(), z.unknown()).default({}),
    events: z
      .array(z.object({ time_unix_nano: nanos, name: text, attributes: z.record(z.string(), z.unknown()).nullish() }))
      .default([]),
    links: z
      .array(
        z.object({
          trace_id: z.string(),
          span_id: z.string(),
          attributes: z.record(z.string(), z.unknown()).nullish(),
        }),
      )
      .default([])
      .transform((all) =>
        all.map((link) => ({ traceId: link.trace_id, spanId: link.span_id, attributes: link.attributes ?? {} })),
      ),
    status,
  })
  .transform((from) => ({ ...from, events: from.events.map((e) => ({ ...e, attributes: e.attributes ?? {} })) }));

const fileSpan = writtenSpan.transform((from) => toSpan({ ...from, attributes: readTexts(from.attributes) }));

const keptSpan = writtenSpan.transform((from): KeptSpan => {
  const { spanType: _type, inputs: _inputs, outputs: _outputs, ...span } = toSpan(from);
  return { ...span, traceId: `tr-${from.trace_id}`, attributes: writeTexts(from.attributes) };
});

const trace = z
  .object({ trace_info: info, spans: z.array(protoSpan).default([]) })
  .transform((from): Trace => ({ info: from.trace_info, data: { spans: from.spans } }));

/** One trace, with or without spans. */
export const traceAnswer: Decoder<Trace> = z.object({ trace }).transform((from) => from.trace);

/** `traces/batchGet`: those that are there. */
export const tracesAnswer: Decoder<readonly Trace[]> = z
  .object({ traces: z.array(trace).default([]) })
  .transform((from) => from.traces);

/** `traces/search`. */
export const traceInfosAnswer: Decoder<Page<TraceInfo>> = z
  .object({ traces: z.array(info).default([]), next_page_token: pageToken })
  .transform((from) => pageOf(from.traces, from.next_page_token));

/** The spans of MLflow's own file. */
export const traceFileAnswer: Decoder<readonly TraceSpan[]> = z
  .object({ spans: z.array(fileSpan).default([]) })
  .transform((from) => from.spans);

/** The same, each attribute as it was written. */
export const keptSpansAnswer: Decoder<readonly KeptSpan[]> = z
  .object({ spans: z.array(keptSpan).default([]) })
  .transform((from) => from.spans);

/**
 * Reads the text of MLflow's own file, each attribute as it was written.
 *
 * @throws {MlflowError} `INVALID_STATE` where it is no such file
 */
export function readKeptSpans(text: string): readonly KeptSpan[] {
  try {
    return keptSpansAnswer.parse(parseExact(text));
  } catch (cause) {
    throw mlflowError('INVALID_STATE', 'The file of its spans, traces.json, is damaged.', cause);
  }
}

/** What is known of a trace. */
export const traceInfoAnswer: Decoder<TraceInfo> = info;

/** How many traces are gone. */
export const deletedTracesAnswer: Decoder<number> = z
  .object({ traces_deleted: z.number().default(0) })
  .transform((from) => from.traces_deleted);

interface WireSpan {
  readonly trace_id: string;
  readonly span_id: string;
  readonly parent_span_id?: string | null | undefined;
  readonly name: string;
  readonly start_time_unix_nano: bigint;
  readonly end_time_unix_nano?: bigint | null | undefined;
  readonly attributes: TraceSpan['attributes'];
  readonly events: readonly {
    readonly name: string;
    readonly time_unix_nano: bigint;
    readonly attributes: TraceSpan['attributes'];
  }[];
  readonly links: TraceSpan['links'];
  readonly status: TraceSpan['status'];
}

function toSpan(from: WireSpan): TraceSpan {
  const { attributes, parent_span_id: parent, end_time_unix_nano: end } = from;
  return {
    traceId: textOr(attributes['mlflow.traceRequestId'], `tr-${from.trace_id}`),
    spanId: from.span_id,
    parentId: parent === undefined || parent === null || parent === '' ? undefined : hexOf(parent),
    name: from.name,
    spanType: textOr(attributes['mlflow.spanType'], 'UNKNOWN'),
    startTimeNs: from.start_time_unix_nano,
    endTimeNs: end === 0n || end === null ? undefined : end,
    status: from.status,
    inputs: attributes['mlflow.spanInputs'],
    outputs: attributes['mlflow.spanOutputs'],
    attributes,
    events: from.events.map((event) => ({
      name: event.name,
      timeNs: event.time_unix_nano,
      attributes: event.attributes,
    })),
    links: from.links,
  };
}

/** Some versions of MLflow wrote hex; no id in base64 is as long. */
function hexOf(id: string): string {
  return /^([0-9a-f]{16}|[0-9a-f]{32})$/.test(id) ? id : Buffer.from(id, 'base64').toString('hex');
}

function textOr(value: unknown, other: string): string {
  return typeof value === 'string' ? value : other;
}

function readTexts(from: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.entries(from).map(([key, value]) => [key, readText(value)]));
}

function writeTexts(from: Readonly<Record<string, unknown>>): Readonly<Record<string, string>> {
  const texts = Object.entries(from).map(([key, value]) => [
    key,
    typeof value === 'string' ? value : writeExact(value),
  ]);
  return Object.fromEntries(texts) as Readonly<Record<string, string>>; // what was read as JSON is written as such
}

function readText(value: unknown): unknown {
  if (typeof value !== 'string') return value;
  try {
    return parseExact(value);
  } catch {
    // a text that is no JSON is itself, as in Python
    return value;
  }
}
