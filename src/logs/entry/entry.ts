// One log line on its way from pino to the sink and to OpenTelemetry.
import { isSpanContextValid, trace } from '@opentelemetry/api';
import type { Attributes, Context, LogRecord as OtelLogRecord } from '@opentelemetry/api';
import type { Redactor } from '../../model/redact.ts';
import {
  ATTR_CODE_FILE_PATH,
  ATTR_CODE_FUNCTION_NAME,
  ATTR_CODE_LINE_NUMBER,
  ATTR_EXCEPTION_MESSAGE,
  ATTR_EXCEPTION_STACKTRACE,
  ATTR_EXCEPTION_TYPE,
  ATTR_MLFLOW_RUN_ID,
  ATTR_RUN_KEY,
} from '../../otel/attribute-names.ts';
import { activeRun } from '../../otel/run/run-context.ts';
import type { KeptLine } from '../../otel/run/run-recorder.ts';
import { ERROR_KEY, errorOf } from './error-text.ts';
import { levelOf } from './levels.ts';
import type { LogSource } from './source.ts';

/** What pino made of a call: its JSON, parsed. */
export type LogRecord = Record<string, unknown>;

/** One line with where it was written; a run keeps it as it is, without anything around it. */
export class LogEntry implements KeptLine {
  readonly context: Context;
  readonly source: LogSource | undefined;
  readonly sizeChars: number;
  readonly #line: string;
  #record: LogRecord | undefined;

  /** @param record the line parsed and masked, where that was done; a line without one has nothing to mask */
  constructor(
    line: string,
    from: { readonly context: Context; readonly source: LogSource | undefined; readonly sizeChars?: number },
    record?: LogRecord,
  ) {
    this.#line = line;
    this.context = from.context;
    this.source = from.source;
    this.sizeChars = from.sizeChars ?? line.length;
    this.#record = record;
  }

  get kind(): 'line' {
    return 'line';
  }

  /** Masked; holds `level`, `time` (milliseconds since the epoch), `msg` and the fields. Parsed when it is first asked for. */
  get record(): LogRecord {
    return (this.#record ??= parseLine(this.#line));
  }

  /** Makes it a record of OpenTelemetry's. */
  toLogRecord(): OtelLogRecord {
    return toLogRecord(this);
  }
}

/** What ties a line to its span and run; what there is not is left out. */
export interface Correlation {
  readonly trace_id?: string;
  readonly span_id?: string;
  readonly trace_flags?: string;
  readonly run_key?: string;
}

/** The fields of a record that are not the user's. */
export const RECORD_KEYS: ReadonlySet<string> = new Set(['level', 'time', 'msg']);

/** How many hex digits trace flags have. */
const TRACE_FLAGS_LENGTH = 2;

/** Gives the trace id, span id and run key of the active context; empty outside a span and run. Quick within one context. */
export function createCorrelator(): (at: Context) => Correlation {
  let lastContext: Context | undefined;
  let last: Correlation = {};
  return (at) => {
    if (at === lastContext) return last;
    const ids = trace.getSpanContext(at);
    const run = activeRun(at);
    const spanPart =
      ids !== undefined && isSpanContextValid(ids)
        ? {
            trace_id: ids.traceId,
            span_id: ids.spanId,
            trace_flags: ids.traceFlags.toString(16).padStart(TRACE_FLAGS_LENGTH, '0'),
          }
        : {};
    last = { ...spanPart, ...(run === undefined ? {} : { run_key: run.runKey }) };
    lastContext = at;
    return last;
  };
}

/** What a line of pino's begins with. A field of the job's that is called so stands after it, and JSON.parse keeps the last. */
const HEAD = /^\{"level":("[^"\\]*"|\d+),"time":("[^"\\]*"|\d+)[,}]/;

/**
 * Parses a line of pino's; a line that is no JSON object becomes one with the line as its message. A field of the job's that is
 * called `level` or `time` gets the name `level_` or `time_`.
 */
export function parseLine(line: string): LogRecord {
  try {
    const record: unknown = JSON.parse(line);
    if (typeof record === 'object' && record !== null && !Array.isArray(record))
      return keepHead(record as LogRecord, HEAD.exec(line));
  } catch {
    // A formatter of a child logger may write what is no JSON; the line is worth more than its form.
  }
  return { level: 30, time: Date.now(), msg: line.trimEnd() };
}

function keepHead(record: LogRecord, head: RegExpExecArray | null): LogRecord {
  if (head === null) return record;
  for (const [at, key] of ['level', 'time'].entries()) {
    const own: unknown = JSON.parse(head[at + 1] ?? '');
    if (record[key] === own) continue;
    record[`${key}_`] = record[key];
    record[key] = own;
  }
  return record;
}

/**
 * Masks the secrets of a record in place: values of secret names, passwords inside texts.
 *
 * @returns whether anything was masked
 */
export function redactRecord(record: LogRecord, redactor: Pick<Redactor, 'redactValue'>): boolean {
  let isChanged = false;
  for (const key in record) {
    if (key === 'level' || key === 'time') continue;
    const value = record[key];
    const redacted = redactor.redactValue(key, value);
    if (redacted === value) continue;
    record[key] = redacted;
    isChanged = true;
  }
  return isChanged;
}

/** Writes the message of a record, which may be any JSON. */
export function toMessage(message: unknown): string {
  return typeof message === 'string' ? message : JSON.stringify(message);
}

function toLogRecord({ record, context, source }: LogEntry): OtelLogRecord {
  const level = levelOf(record['level']);
  const attributes: Attributes = {};
  for (const key in record) {
    // JSON.parse made it: any value of JSON is an attribute's.
    if (!RECORD_KEYS.has(key) && key !== ERROR_KEY) attributes[key] = record[key] as Attributes[string];
  }
  addError(attributes, record[ERROR_KEY]);
  if (source !== undefined) {
    attributes[ATTR_CODE_FUNCTION_NAME] = source.function;
    attributes[ATTR_CODE_FILE_PATH] = source.path;
    attributes[ATTR_CODE_LINE_NUMBER] = source.line;
  }
  const run = activeRun(context);
  if (run !== undefined) attributes[ATTR_RUN_KEY] = run.runKey;
  if (run?.runId !== undefined) attributes[ATTR_MLFLOW_RUN_ID] = run.runId;
  return {
    timestamp: Number(record['time']),
    severityNumber: level.severity,
    severityText: level.name,
    body: toMessage(record['msg'] ?? ''),
    attributes,
    context,
  };
}

function addError(attributes: Attributes, value: unknown): void {
  if (value === undefined) return;
  const error = errorOf(value);
  if (error === undefined) {
    attributes[ERROR_KEY] = value as Attributes[string];
    return;
  }
  attributes[ATTR_EXCEPTION_TYPE] = error.type;
  attributes[ATTR_EXCEPTION_MESSAGE] = error.message;
  if (error.stack !== undefined) attributes[ATTR_EXCEPTION_STACKTRACE] = error.stack;
}
