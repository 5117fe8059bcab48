// Log lines for machines: loguru's JSON, one object a line, with the ids of span and run beside it.
import { basename } from 'node:path';
import { threadId } from 'node:worker_threads';
import { RECORD_KEYS } from './entry.ts';
import type { LogEntry, LogRecord } from './entry.ts';
import { ERROR_KEY, errorOf } from './error-text.ts';
import { levelOf } from './levels.ts';
import { createTextFormatter, toMessage } from './text-line.ts';
import type { LineFormatter } from './text-line.ts';
import { formatLocalTime, formatOffset } from './time.ts';

const MS_PER_S = 1_000;
/** Seconds in a minute, minutes in an hour. */
const PER_MINUTE = 60;

/** Makes the formatter of loguru's lines: `{"text","record":{…}}` plus `trace_id`, `span_id`, `trace_flags`, `run_key` inside a run. */
export function createJsonFormatter(options: { readonly hasBacktrace: boolean }): LineFormatter {
  const toText = createTextFormatter({ isColored: false, hasBacktrace: options.hasBacktrace });
  return (entry, correlation) => {
    const line = { text: toText(entry, correlation), record: toLoguruRecord(entry), ...correlation };
    return `${JSON.stringify(line)}\n`;
  };
}

function toLoguruRecord({ record, source }: LogEntry): Readonly<Record<string, unknown>> {
  const level = levelOf(record['level']);
  const ms = Number(record['time']);
  return {
    elapsed: toElapsed(ms - performance.timeOrigin),
    exception: toException(record),
    extra: toExtra(record),
    file: source === undefined ? null : { name: basename(source.path), path: source.path },
    function: source?.function ?? null,
    level: { icon: '', name: level.name, no: level.no },
    line: source?.line ?? null,
    message: toMessage(record['msg'] ?? ''),
    module: source?.name ?? null,
    name: source?.name ?? null,
    process: { id: process.pid, name: 'MainProcess' },
    thread: { id: threadId, name: threadId === 0 ? 'MainThread' : `Thread-${threadId}` },
    time: { repr: `${formatLocalTime(ms)}${formatOffset(ms)}`, timestamp: ms / MS_PER_S },
  };
}

/** As Python prints a timedelta: `0:00:01.234000`. */
function toElapsed(ms: number): { repr: string; seconds: number } {
  const whole = Math.max(0, Math.floor(ms));
  const seconds = Math.floor(whole / MS_PER_S);
  const minutes = Math.floor(seconds / PER_MINUTE);
  const clock = `${Math.floor(minutes / PER_MINUTE)}:${pad(minutes % PER_MINUTE, 2)}:${pad(seconds % PER_MINUTE, 2)}`;
  return { repr: `${clock}.${pad(whole % MS_PER_S, 3)}000`, seconds: ms / MS_PER_S };
}

function pad(part: number, width: number): string {
  return String(part).padStart(width, '0');
}

function toException(record: LogRecord): { type: string; value: string; traceback: boolean } | null {
  const error = errorOf(record[ERROR_KEY]);
  return error === undefined ? null : { type: error.type, value: error.message, traceback: error.stack !== undefined };
}

function toExtra(record: LogRecord): LogRecord {
  const extra: LogRecord = {};
  for (const key in record) if (!RECORD_KEYS.has(key)) extra[key] = record[key];
  return extra;
}
