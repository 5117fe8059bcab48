// How large a trace is, as Python's client measures it: MLflow's pages read it, and its server knows by it whether all spans have come.
import type { TraceInfo, TraceSpan } from '../../model/traces.ts';
import { toPythonJson } from './trace-preview.ts';

/** Bytes of `, ` between two spans. */
const SEPARATOR_BYTES = 2;
const STATUS_CODES = { OK: 'STATUS_CODE_OK', ERROR: 'STATUS_CODE_ERROR', UNSET: 'STATUS_CODE_UNSET' } as const;

/**
 * The metadata that says how large a trace is.
 *
 * @param spans at least one
 */
export function sizeMetadata(
  info: Omit<TraceInfo, 'assessments' | 'clientRequestId'>,
  spans: readonly TraceSpan[],
): Readonly<Record<'mlflow.trace.sizeStats' | 'mlflow.trace.sizeBytes', string>> {
  const sizes = spans.map((span) => asciiBytes(spanFile(span))).toSorted((a, b) => a - b);
  const separators = (sizes.length - 1) * SEPARATOR_BYTES;
  const total = sizes.reduce(
    (all, size) => all + size,
    asciiBytes({ info: infoFile(info), data: { spans: [] } }) + separators,
  );
  const stats = {
    total_size_bytes: total,
    num_spans: sizes.length,
    max: sizes.at(-1),
    p25: percentile(sizes, 0.25),
    p50: percentile(sizes, 0.5),
    p75: percentile(sizes, 0.75),
  };
  return { 'mlflow.trace.sizeStats': toPythonJson(stats) ?? '', 'mlflow.trace.sizeBytes': String(total) };
}

/** As `json.dumps` writes it where it is not told otherwise: what is no ASCII takes six bytes a UTF-16 unit. */
function asciiBytes(value: unknown): number {
  const text = toPythonJson(value) ?? '';
  // oxlint-disable-next-line no-control-regex -- the range is ASCII itself
  return text.length + 5 * (text.match(/[^\u0000-\u007f]/g)?.length ?? 0);
}

/** A span as Python's `to_dict` has it: each attribute is a text of JSON. */
function spanFile(span: TraceSpan): unknown {
  const attributes = Object.entries(span.attributes).map(([key, value]) => [
    key,
    toPythonJson(value ?? null) ?? 'null',
  ]);
  return {
    trace_id: base64(span.traceId.replace(/^tr-/, '')),
    span_id: base64(span.spanId),
    parent_span_id: span.parentId === undefined ? null : base64(span.parentId),
    name: span.name,
    start_time_unix_nano: span.startTimeNs,
    end_time_unix_nano: span.endTimeNs ?? null,
    events: span.events.map(({ name, timeNs, attributes: own }) => ({ name, time_unix_nano: timeNs, attributes: own })),
    status: { code: STATUS_CODES[span.status.code], message: span.status.message },
    attributes: Object.fromEntries(attributes) as unknown,
    links: span.links.map(({ traceId, spanId, attributes: own }) => ({
      trace_id: traceId,
      span_id: spanId,
      attributes: own,
    })),
  };
}

function infoFile(info: Omit<TraceInfo, 'assessments' | 'clientRequestId'>): unknown {
  return {
    trace_id: info.traceId,
    trace_location: { type: 'MLFLOW_EXPERIMENT', mlflow_experiment: { experiment_id: info.experimentId } },
    request_preview: info.requestPreview,
    response_preview: info.responsePreview,
    request_time: new Date(info.requestTimeMs).toISOString(),
    state: info.state,
    trace_metadata: info.traceMetadata,
    tags: info.tags,
    execution_duration_ms: info.executionDurationMs,
  };
}

/** Between two sizes in proportion, cut to a whole number. */
function percentile(sorted: readonly number[], share: number): number {
  const index = share * (sorted.length - 1);
  const lower = sorted[Math.floor(index)] ?? 0;
  const upper = sorted[Math.ceil(index)] ?? lower;
  return Math.trunc(lower + (upper - lower) * (index - Math.floor(index)));
}

function base64(hex: string): string {
  return Buffer.from(hex, 'hex').toString('base64');
}
