// Log lines for machines: loguru's JSON, one object a line, with the ids of span and run beside it.
import { basename } from 'node:path';
import { threadId } from 'node:worker_threads';
import { RECORD_KEYS, toMessage } from '../entry/entry.ts';
import type { LogEntry, LogRecord } from '../entry/entry.ts';
import { ERROR_KEY, errorOf } from '../entry/error-text.ts';
import { levelOf } from '../entry/levels.ts';
import { toElapsed } from '../template/template-fields.ts';
import type { LineFormatter } from './text-line.ts';
import { formatLocalTime, formatOffset } from '../entry/time.ts';

const MS_PER_S = 1_000;

/**
 * Makes the formatter of loguru's lines: `{"text","record":{…}}` plus
 * `trace_id`, `span_id`, `trace_flags`, `run_key` inside a run. `toText` writes its text.
 */
export function createJsonFormatter(toText: LineFormatter): LineFormatter {
  return (entry, correlation) => {
    const line = { text: toText(entry, correlation), record: toLoguruRecord(entry), ...correlation };
    return `${JSON.stringify(line)}\n`;
  };
}

function toLoguruRecord({ record, source }: LogEntry): Readonly<Record<string, unknown>> {
  const level = levelOf(record['level']);
  const ms = Number(record['time']);
  const elapsedMs = ms - performance.timeOrigin;
  return {
    elapsed: { repr: toElapsed(elapsedMs), seconds: elapsedMs / MS_PER_S },
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

function toException(record: LogRecord): { type: string; value: string; traceback: boolean } | null {
  const error = errorOf(record[ERROR_KEY]);
  return error === undefined ? null : { type: error.type, value: error.message, traceback: error.stack !== undefined };
}

function toExtra(record: LogRecord): LogRecord {
  const extra: LogRecord = {};
  for (const key in record) if (!RECORD_KEYS.has(key)) extra[key] = record[key];
  return extra;
}
