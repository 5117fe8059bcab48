// A line's way after pino: masked, told where it was written, formatted, written, and handed to OpenTelemetry.
import { context } from '@opentelemetry/api';
import type { Redactor } from '../model/redact.ts';
import { createCorrelator, parseLine, redactRecord } from './log-entry.ts';
import type { LogEntry } from './log-entry.ts';
import type { LogEmitter } from './log-otel.ts';
import type { LogSink } from './log-sink.ts';
import { findLogSource } from './log-source.ts';
import type { LineFormatter } from './log-text.ts';

/** What a {@link LogPipeline} stands on. */
export interface LogPipelineOptions {
  readonly sink: LogSink;
  readonly format: LineFormatter;
  readonly redactor: Pick<Redactor, 'redactValue'>;
  readonly hasSource: boolean;
}

/** The destination of a pino logger; pino calls `mask` with its line and `write` with what that gave. */
export class LogPipeline {
  readonly #options: LogPipelineOptions;
  readonly #correlate = createCorrelator();
  #emitter: LogEmitter | undefined;
  #last: { readonly line: string; readonly entry: LogEntry } | undefined;

  constructor(options: LogPipelineOptions) {
    this.#options = options;
  }

  /** Hands lines to OpenTelemetry from now on; undefined: no longer. */
  setEmitter(emitter: LogEmitter | undefined): void {
    this.#emitter = emitter;
  }

  /**
   * Masks the secrets in a line of pino's and remembers where it comes from; the line that comes back is what any other
   * stream of the logger sees too.
   */
  readonly mask = (line: string): string => {
    const entry = this.#toEntry(line);
    const masked = redactRecord(entry.record, this.#options.redactor) ? `${JSON.stringify(entry.record)}\n` : line;
    this.#last = { line: masked, entry };
    return masked;
  };

  /** Writes a masked line; pino's name for it. */
  write(line: string): void {
    const entry = this.#last?.line === line ? this.#last.entry : this.#toEntry(line);
    this.#last = undefined;
    this.#emitter?.take(entry);
    this.#options.sink.write(this.#options.format(entry, this.#correlate(entry.context)));
  }

  #toEntry(line: string): LogEntry {
    const source = this.#options.hasSource ? findLogSource() : undefined;
    return { record: parseLine(line), context: context.active(), source };
  }
}
