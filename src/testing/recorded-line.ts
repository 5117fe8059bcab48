// A line that the job logged, from the logger's own JSON.

/** A line that the job logged. */
export interface RecordedLine {
  /** Such as `INFO` or `SUCCESS`. */
  readonly level: string;
  /** Without fields. */
  readonly message: string;
  /** What was given beside the message, and what child loggers add. */
  readonly fields: Readonly<Record<string, unknown>>;
  /** The run that it belongs to. */
  readonly runKey: string | undefined;
  /** Of the span that was active. */
  readonly traceId: string | undefined;
  /** Of the span that was active. */
  readonly spanId: string | undefined;
}

/** A line of the logger, as far as it is read here. */
interface SerializedLine {
  readonly record: {
    readonly level: { readonly name: string };
    readonly message: string;
    readonly extra: Readonly<Record<string, unknown>>;
  };
  readonly run_key?: string;
  readonly trace_id?: string;
  readonly span_id?: string;
}

/** Reads a line that LoggerService wrote with `serialize`. */
export function readLine(line: string): RecordedLine {
  // Written by our own formatter a moment ago.
  const { record, run_key: runKey, trace_id: traceId, span_id: spanId } = JSON.parse(line) as SerializedLine;
  return { level: record.level.name, message: record.message, fields: record.extra, runKey, traceId, spanId };
}
