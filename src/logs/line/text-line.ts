// Log lines for people: time, level, source, message, fields, and inside a run its ids.
import { RECORD_KEYS, toMessage } from '../entry/entry.ts';
import type { Correlation, LogEntry, LogRecord } from '../entry/entry.ts';
import { ERROR_KEY, errorOf, toErrorLine, toErrorText } from '../entry/error-text.ts';
import type { FlatLine } from './flat-line.ts';
import { levelOf } from '../entry/levels.ts';
import type { LogSource } from '../entry/source.ts';
import { formatLocalTime } from '../entry/time.ts';

/** Makes the line that is written; `flat` is the line read quickly, where that was possible. */
export type LineFormatter = (entry: LogEntry, correlation: Correlation, flat?: FlatLine) => string;

/** How {@link createTextFormatter} writes. */
export interface TextFormat {
  readonly isColored: boolean;
  /** Errors with stack and causes; else one line. */
  readonly hasBacktrace: boolean;
}

const GREEN = '32';
const CYAN = '36';

/** A value that needs no quotes to be read back as one. */
const PLAIN = /^[^\s"=]+$/;

/**
 * Makes the formatter of lines like
 * `[2026-11-23 14:05:06.789][INFO][train:main:12] loaded rows=442 trace_id=… span_id=… run=…`.
 */
export function createTextFormatter({ isColored, hasBacktrace }: TextFormat): LineFormatter {
  const paint = isColored ? color : (text: string): string => text;
  const toIds = createIdWriter();
  return (entry, correlation, flat) => {
    const { level, time, message, fields, trace = '' } = flat ?? readRecord(entry.record, hasBacktrace);
    const { name, color: levelColor } = levelOf(level);
    const head = paint(`[${formatLocalTime(time)}]`, GREEN) + paint(`[${name}]`, levelColor);
    const from = entry.source === undefined ? '' : paint(`[${toSourceText(entry.source)}]`, CYAN);
    const body = message === undefined ? '' : ` ${paint(message, levelColor)}`;
    return `${head}${from}${body}${fields}${toIds(correlation)}${trace}\n`;
  };
}

/** Writes a source as `name:function:line`. */
export function toSourceText(source: LogSource): string {
  return `${source.name}:${source.function}:${source.line}`;
}

interface ReadLine extends Omit<FlatLine, 'level' | 'time'> {
  readonly level: unknown;
  readonly time: unknown;
}

function readRecord(record: LogRecord, hasBacktrace: boolean): ReadLine {
  const message = record['msg'];
  const error = errorOf(record[ERROR_KEY]);
  return {
    level: record['level'],
    time: record['time'],
    message: message === undefined ? undefined : toMessage(message),
    fields: toFields(record, hasBacktrace),
    trace: error !== undefined && hasBacktrace ? `\n${toErrorText(error)}` : '',
  };
}

function toFields(record: LogRecord, hasBacktrace: boolean): string {
  let text = '';
  for (const key in record) {
    if (RECORD_KEYS.has(key)) continue;
    const error = key === ERROR_KEY ? errorOf(record[key]) : undefined;
    if (error === undefined) text += ` ${key}=${toValue(record[key])}`;
    else if (!hasBacktrace) text += ` ${key}=${toValue(toErrorLine(error))}`;
  }
  return text;
}

function toValue(value: unknown): string {
  return typeof value === 'string' && PLAIN.test(value) ? value : JSON.stringify(value);
}

/** Writes the ids of span and run; within one context they are the same text. */
function createIdWriter(): (correlation: Correlation) => string {
  let last: Correlation | undefined;
  let text = '';
  return (correlation) => {
    if (correlation === last) return text;
    const { trace_id: traceId, span_id: spanId, run_key: runKey } = correlation;
    const span = traceId === undefined ? '' : ` trace_id=${traceId} span_id=${spanId ?? ''}`;
    text = runKey === undefined ? span : `${span} run=${runKey}`;
    last = correlation;
    return text;
  };
}

function color(text: string, code: string): string {
  return `\u001B[${code}m${text}\u001B[0m`;
}
