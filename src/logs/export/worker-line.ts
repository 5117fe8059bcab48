// A log line as the worker's transport takes it: pino's JSON, masked, with the ids and names that only this thread knows.
import { isSpanContextValid, trace } from '@opentelemetry/api';
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
import type { LogEntry, LogRecord } from '../entry/entry.ts';
import { ERROR_KEY, errorOf } from '../entry/error-text.ts';
import { levelOf } from '../entry/levels.ts';

const MS_PER_S = 1_000;
const NS_PER_MS = 1_000_000;

/**
 * Writes the line: time as seconds and nanoseconds (the transport takes a number below the worker's own start for a distance from
 * it), the level one of ours, trace flags as a number, an error as `exception.*`.
 */
export function toWorkerLine(entry: LogEntry): string {
  const { record } = entry;
  const ms = Number(record['time']);
  const line: LogRecord = {
    ...withoutError(record),
    ...readContext(entry),
    level: levelOf(record['level']).value,
    time: [Math.floor(ms / MS_PER_S), Math.round((ms % MS_PER_S) * NS_PER_MS)],
  };
  return `${JSON.stringify(line)}\n`;
}

function withoutError(record: LogRecord): LogRecord {
  const error = errorOf(record[ERROR_KEY]);
  if (error === undefined) return record;
  const { [ERROR_KEY]: _, ...rest } = record;
  return {
    ...rest,
    [ATTR_EXCEPTION_TYPE]: error.type,
    [ATTR_EXCEPTION_MESSAGE]: error.message,
    [ATTR_EXCEPTION_STACKTRACE]: error.stack,
  };
}

function readContext({ context, source }: LogEntry): LogRecord {
  const ids = trace.getSpanContext(context);
  const run = activeRun(context);
  const isValid = ids !== undefined && isSpanContextValid(ids);
  // What is undefined is left out by JSON.
  return {
    trace_id: isValid ? ids.traceId : undefined,
    span_id: isValid ? ids.spanId : undefined,
    trace_flags: isValid ? ids.traceFlags : undefined,
    [ATTR_RUN_KEY]: run?.runKey,
    [ATTR_MLFLOW_RUN_ID]: run?.runId,
    [ATTR_CODE_FUNCTION_NAME]: source?.function,
    [ATTR_CODE_FILE_PATH]: source?.path,
    [ATTR_CODE_LINE_NUMBER]: source?.line,
  };
}
