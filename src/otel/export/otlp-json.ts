// A run's spans and log records as OTLP-JSON lines, the format of the Collector's file exporter and its otlpjsonfile receiver.
// By hand rather than by @opentelemetry/otlp-transformer: that costs 28 ms to load, at the end of every job. A test holds the two equal.
import { trace } from '@opentelemetry/api';
import type { Attributes, HrTime, SpanContext } from '@opentelemetry/api';
import { INSTRUMENTATION_SCOPE } from '../attribute-names.ts';
import type { KeptLine, KeptLog } from '../run/run-recorder.ts';
import type { SpanRedactor } from '../span-attributes.ts';
import { toHrTime } from '../span-time.ts';
import type { EndedSpan, Scope, TelemetryResource } from '../sdk-types.ts';

/** How the lines are made. */
export interface OtlpLineOptions {
  readonly redactor?: SpanRedactor | undefined;
  /** The resource of lines of our own logger. */
  readonly resource?: TelemetryResource | undefined;
}

type Json = Readonly<Record<string, unknown>>;

/** An item that is JSON already, and what it is grouped by. */
interface Item {
  readonly resource: TelemetryResource | undefined;
  readonly scope: Scope;
  readonly json: Json;
}

/** Items in one line. The receiver takes lines of up to 1 MiB; 64 spans are about 60 kB. */
const MAX_ITEMS = 64;
const MAX_LINE_CHARS = 500_000;
const HAS_IS_REMOTE = 0x100;
const IS_REMOTE = 0x200;

/** Writes spans as lines of `{"resourceSpans":[…]}`. */
export function writeSpanLines(spans: readonly EndedSpan[], options: OtlpLineOptions = {}): string {
  const items = spans.map((span): Item => {
    const scope = span.instrumentationScope ?? { name: INSTRUMENTATION_SCOPE };
    return { resource: span.resource ?? options.resource, scope, json: toSpan(span, options.redactor) };
  });
  return writeLines(items, { all: 'resourceSpans', scopes: 'scopeSpans', items: 'spans' });
}

/** Writes log records as lines of `{"resourceLogs":[…]}`. */
export function writeLogLines(logs: readonly KeptLog[], options: OtlpLineOptions = {}): string {
  const items = logs.map((log) =>
    log.kind === 'line' ? lineItem(log.toLogRecord(), options) : recordItem(log, options),
  );
  return writeLines(items, { all: 'resourceLogs', scopes: 'scopeLogs', items: 'logRecords' });
}

function toSpan(span: EndedSpan, redactor: SpanRedactor | undefined): Json {
  const own = span.spanContext();
  const parent = span.parentSpanContext;
  return {
    traceId: own.traceId,
    spanId: own.spanId,
    ...(own.traceState === undefined ? {} : { traceState: own.traceState.serialize() }),
    ...(parent?.spanId === undefined ? {} : { parentSpanId: parent.spanId }),
    name: redactor?.redactText(span.name) ?? span.name,
    kind: (span.kind ?? 0) + 1,
    startTimeUnixNano: toNanos(span.startTime),
    endTimeUnixNano: toNanos(span.endTime),
    attributes: toKeyValues(span.attributes, redactor),
    droppedAttributesCount: span.droppedAttributesCount ?? 0,
    events: span.events.map((event) => ({
      timeUnixNano: toNanos(event.time),
      name: event.name,
      attributes: toKeyValues(event.attributes, redactor),
      droppedAttributesCount: 0,
    })),
    droppedEventsCount: span.droppedEventsCount ?? 0,
    links: (span.links ?? []).map((link) => ({
      traceId: link.context.traceId,
      spanId: link.context.spanId,
      attributes: toKeyValues(link.attributes, redactor),
      droppedAttributesCount: 0,
      flags: toFlags(link.context, link.context.isRemote),
    })),
    droppedLinksCount: span.droppedLinksCount ?? 0,
    status: toStatus(span.status, redactor),
    flags: toFlags(own, parent?.isRemote),
  };
}

function toStatus(status: EndedSpan['status'], redactor: SpanRedactor | undefined): Json {
  const { code, message } = status;
  return message === undefined ? { code } : { code, message: redactor?.redactText(message) ?? message };
}

function toFlags({ traceFlags }: SpanContext, isRemote: boolean | undefined): number {
  return (traceFlags & 0xff) | HAS_IS_REMOTE | (isRemote === true ? IS_REMOTE : 0);
}

function lineItem(record: ReturnType<KeptLine['toLogRecord']>, options: OtlpLineOptions): Item {
  const time = toHrTime(record.timestamp);
  const ids = record.context === undefined ? undefined : trace.getSpanContext(record.context);
  const json = { ...record, hrTime: time, hrTimeObserved: time, spanContext: ids };
  return { resource: options.resource, scope: { name: INSTRUMENTATION_SCOPE }, json: toLog(json, options.redactor) };
}

function recordItem({ record }: Extract<KeptLog, { kind: 'record' }>, options: OtlpLineOptions): Item {
  const scope = record.instrumentationScope ?? { name: '' };
  return { resource: record.resource ?? options.resource, scope, json: toLog(record, options.redactor) };
}

function toLog(
  record: Omit<Extract<KeptLog, { kind: 'record' }>['record'], 'setAttribute'>,
  redactor: SpanRedactor | undefined,
): Json {
  const { spanContext, severityNumber, severityText, body } = record;
  const safe = redactor === undefined ? body : redactor.redactValue('body', body);
  return {
    timeUnixNano: toNanos(record.hrTime ?? [0, 0]),
    observedTimeUnixNano: toNanos(record.hrTimeObserved ?? record.hrTime ?? [0, 0]),
    ...(severityNumber === undefined ? {} : { severityNumber }),
    ...(severityText === undefined ? {} : { severityText }),
    body: toAnyValue(safe),
    attributes: toKeyValues(record.attributes, redactor),
    droppedAttributesCount: 0,
    ...(spanContext === undefined
      ? {}
      : { flags: spanContext.traceFlags, traceId: spanContext.traceId, spanId: spanContext.spanId }),
  };
}

function toNanos([seconds, nanos]: HrTime): string {
  return String(BigInt(seconds) * 1_000_000_000n + BigInt(Math.trunc(nanos)));
}

function toKeyValues(attributes: Attributes | undefined, redactor?: SpanRedactor): Json[] {
  const found: Json[] = [];
  for (const [key, value] of Object.entries(attributes ?? {})) {
    if (value === undefined) continue;
    found.push({ key, value: toAnyValue(redactor === undefined ? value : redactor.redactValue(key, value)) });
  }
  return found;
}

function toAnyValue(value: unknown): Json {
  switch (typeof value) {
    case 'string':
      return { stringValue: value };
    case 'boolean':
      return { boolValue: value };
    case 'number':
      // As protobuf's JSON has them: 64-bit integers as text, and names for what JSON cannot say.
      if (Number.isSafeInteger(value)) return { intValue: String(value) };
      return { doubleValue: Number.isFinite(value) ? value : String(value) };
    case 'bigint':
      return { intValue: String(value) };
    default:
  }
  if (value instanceof Uint8Array) return { bytesValue: Buffer.from(value).toString('base64') };
  if (Array.isArray(value)) return { arrayValue: { values: value.map(toAnyValue) } };
  if (typeof value === 'object' && value !== null) return { kvlistValue: { values: toKeyValues(value as Attributes) } };
  return {};
}

interface Names {
  readonly all: string;
  readonly scopes: string;
  readonly items: string;
}

function writeLines(items: readonly Item[], names: Names): string {
  let text = '';
  for (let at = 0; at < items.length; at += MAX_ITEMS) text += writeChunk(items.slice(at, at + MAX_ITEMS), names);
  return text;
}

/** One line; two where it would be too long for the receiver. */
function writeChunk(items: readonly Item[], names: Names): string {
  const line = `${JSON.stringify({ [names.all]: group(items, names) })}\n`;
  if (line.length <= MAX_LINE_CHARS || items.length === 1) return line;
  const half = Math.ceil(items.length / 2);
  return writeChunk(items.slice(0, half), names) + writeChunk(items.slice(half), names);
}

function group(items: readonly Item[], names: Names): Json[] {
  return groupBy(items, ({ resource }) => resource).map(([resource, ofResource]) => ({
    resource: { attributes: toKeyValues(resource?.attributes), droppedAttributesCount: 0 },
    [names.scopes]: groupBy(ofResource, ({ scope }) => `${scope.name}@${scope.version ?? ''}`).map(([, ofScope]) => ({
      scope: ofScope[0]?.scope === undefined ? {} : toScope(ofScope[0].scope),
      [names.items]: ofScope.map(({ json }) => json),
    })),
  }));
}

function groupBy<K>(items: readonly Item[], keyOf: (item: Item) => K): [K, Item[]][] {
  const groups = new Map<K, Item[]>();
  for (const item of items) {
    const key = keyOf(item);
    const found = groups.get(key);
    if (found === undefined) groups.set(key, [item]);
    else found.push(item);
  }
  return [...groups];
}

function toScope({ name, version }: Scope): Json {
  return version === undefined ? { name } : { name, version };
}
