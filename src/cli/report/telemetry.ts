// A run's own spans and log lines, read out of its OTLP-JSON artifacts: ours, or any that a Collector's file exporter wrote.

/** Something that a span or a log line carries; a text, whatever it was. */
export type Attributes = Readonly<Record<string, string>>;

/** One span of the run's trace. */
export interface TraceSpan {
  readonly name: string;
  readonly spanId: string;
  readonly parentSpanId: string | undefined;
  readonly traceId: string;
  readonly startMs: number;
  readonly endMs: number;
  readonly isError: boolean;
  /** What its status says. */
  readonly message: string | undefined;
  readonly attributes: Attributes;
  readonly exceptions: readonly string[];
}

/** One line of the run's log. */
export interface LogLine {
  readonly timeMs: number;
  readonly level: string;
  readonly message: string;
  readonly spanId: string | undefined;
  readonly attributes: Attributes;
}

/** The fields that the job gave a line, without those of the package and of the place in the code. */
export function ownFields(attributes: Attributes): [string, string][] {
  return Object.entries(attributes).filter(([key]) => !/^(?:runspan|mlflow|code)\./.test(key));
}

type Json = Readonly<Record<string, unknown>>;

/** Reads the spans of a file, by their start; lines that are no OTLP are passed over. */
export function readSpans(text: string): readonly TraceSpan[] {
  const names = ['resourceSpans', 'scopeSpans', 'spans'] as const;
  return sortSpans(itemsOf(text, names).map(toSpan));
}

/** Sorts spans by their start; of those that start together the longest comes first. */
export function sortSpans(spans: readonly TraceSpan[]): readonly TraceSpan[] {
  return spans.toSorted((a, b) => a.startMs - b.startMs || b.endMs - a.endMs);
}

/** Reads the log lines of a file, by their time; lines that are no OTLP are passed over. */
export function readLogs(text: string): readonly LogLine[] {
  const names = ['resourceLogs', 'scopeLogs', 'logRecords'] as const;
  return itemsOf(text, names)
    .map(toLogLine)
    .toSorted((a, b) => a.timeMs - b.timeMs);
}

function itemsOf(text: string, [all, scopes, items]: readonly [string, string, string]): Json[] {
  return text
    .split('\n')
    .flatMap((line) => listIn(parse(line), all))
    .flatMap((one) => listIn(one, scopes))
    .flatMap((one) => listIn(one, items));
}

function parse(line: string): Json {
  try {
    return asObject(JSON.parse(line));
  } catch {
    return {}; // an empty line, or one that was cut: the others are worth reading
  }
}

function toSpan(span: Json): TraceSpan {
  const status = asObject(span['status']);
  const events = listIn(span, 'events').filter((event) => event['name'] === 'exception');
  const parent = textOf(span['parentSpanId']);
  const message = textOf(status['message']);
  return {
    name: textOf(span['name']),
    spanId: textOf(span['spanId']),
    parentSpanId: parent === '' ? undefined : parent,
    traceId: textOf(span['traceId']),
    startMs: toMs(span['startTimeUnixNano']),
    endMs: toMs(span['endTimeUnixNano']),
    isError: status['code'] === 2 || status['code'] === 'STATUS_CODE_ERROR',
    message: message === '' ? undefined : message,
    attributes: attributesOf(span),
    exceptions: events.map((event) => {
      const found = attributesOf(event);
      return found['exception.stacktrace'] ?? `${found['exception.type'] ?? ''}: ${found['exception.message'] ?? ''}`;
    }),
  };
}

function toLogLine(record: Json): LogLine {
  const spanId = textOf(record['spanId']);
  const level = textOf(record['severityText']);
  return {
    timeMs: toMs(record['timeUnixNano'] ?? record['observedTimeUnixNano']),
    level: level === '' ? 'INFO' : level,
    message: valueOf(record['body']),
    spanId: spanId === '' ? undefined : spanId,
    attributes: attributesOf(record),
  };
}

/** Nanoseconds as text; a double holds the microseconds of this century. */
function toMs(nanos: unknown): number {
  const text = textOf(nanos);
  return /^\d+$/.test(text) ? Number(BigInt(text) / 1000n) / 1000 : 0;
}

function attributesOf(item: Json): Attributes {
  const found: Record<string, string> = Object.create(null) as Record<string, string>;
  for (const pair of listIn(item, 'attributes')) found[textOf(pair['key'])] = valueOf(pair['value']);
  return found;
}

function valueOf(value: unknown): string {
  const plain = plainOf(value);
  return typeof plain === 'string' ? plain : (JSON.stringify(plain) ?? '');
}

function plainOf(value: unknown): unknown {
  const [[kind, inner] = []] = Object.entries(asObject(value));
  if (kind === 'intValue') return Number(inner);
  if (kind === 'arrayValue') return listIn(asObject(inner), 'values').map(plainOf);
  if (kind === 'kvlistValue')
    return Object.fromEntries(
      listIn(asObject(inner), 'values').map((pair) => [textOf(pair['key']), plainOf(pair['value'])]),
    );
  return inner;
}

function listIn(holder: Json, key: string): Json[] {
  const list = holder[key];
  return Array.isArray(list) ? list.map(asObject) : [];
}

function asObject(value: unknown): Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : {};
}

function textOf(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number' ? String(value) : '';
}
