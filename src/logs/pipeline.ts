// A line's way after pino: masked, told where it was written, formatted, written, and handed to OpenTelemetry.
import { context, ROOT_CONTEXT } from '@opentelemetry/api';
import type { Context } from '@opentelemetry/api';
import type { Redactor } from '../model/redact.ts';
import { activeRun, currentContext } from '../otel/run/run-context.ts';
import { recorderOf } from '../otel/run/run-recorder.ts';
import { isTracingSuppressed } from '../otel/suppress-tracing.ts';
import { createCorrelator, LogEntry, parseLine, redactRecord } from './entry/entry.ts';
import { readFlatLine } from './line/flat-line.ts';
import type { FlatLine } from './line/flat-line.ts';
import type { LogExporter } from './export/emitter.ts';
import { createQuickReader } from './line/quick-line.ts';
import type { QuickLine } from './line/quick-line.ts';
import type { LogSink } from './sink.ts';
import { findLogSource } from './entry/source.ts';
import type { LogSource } from './entry/source.ts';
import type { LineFormatter } from './line/text-line.ts';

/** What a {@link LogPipeline} stands on. */
export interface LogPipelineOptions {
  readonly sink: LogSink;
  readonly format: LineFormatter;
  readonly redactor: Pick<Redactor, 'redactValue' | 'isSensitive'>;
  readonly hasSource: boolean;
}

/** What level, time and braces take in a line of pino's. */
const QUICK_OVERHEAD_CHARS = 44;

/** Lines that wait for an emitter; as many as one holds. */
const MAX_HELD = 8_192;

interface MaskedLine {
  readonly line: string;
  readonly entry: LogEntry;
  readonly flat: FlatLine | undefined;
}

/** The destination of a pino logger; pino calls `mask` with its line and `write` with what that gave. */
export class LogPipeline {
  readonly #options: LogPipelineOptions;
  readonly #correlate = createCorrelator();
  #emitter: LogExporter | undefined;
  /** Lines for the emitter that is on its way; undefined while none is. */
  #held: LogEntry[] | undefined;
  #source: LogSource | undefined;
  #last: MaskedLine | undefined;
  #isKeeping = true;

  constructor(options: LogPipelineOptions) {
    this.#options = options;
  }

  /** Whether lines show their caller. */
  get hasSource(): boolean {
    return this.#options.hasSource;
  }

  /** Holds lines, so many at most, until it is known whether there is an emitter for them. */
  hold(): void {
    this.#held = [];
  }

  /** Hands lines to OpenTelemetry from now on, those held first; undefined: no longer. */
  setEmitter(emitter: LogExporter | undefined): void {
    const held = this.#held ?? [];
    this.#held = undefined;
    this.#emitter = emitter;
    for (const entry of held) emitter?.take(entry);
  }

  /** Leaves keeping the lines of a run to whoever makes log records of them, so that none is kept twice. */
  stopKeeping(): void {
    this.#isKeeping = false;
  }

  /** Makes the reader of calls that need no pino; see {@link createQuickReader}. */
  createReader(): ReturnType<typeof createQuickReader> {
    return createQuickReader(this.#options.redactor.isSensitive);
  }

  /** Runs a level method of pino's with the source of its caller known. */
  withSource(source: LogSource | undefined, write: () => void): void {
    // A serializer may log: its line has another source.
    const outer = this.#source;
    this.#source = source;
    try {
      write();
    } finally {
      this.#source = outer;
    }
  }

  /** Writes a line that pino has not seen; it holds nothing to mask. */
  writeQuick(quick: QuickLine, source: LogSource | undefined): void {
    const sizeChars = quick.fields.length + (quick.message?.length ?? 0) + QUICK_OVERHEAD_CHARS;
    this.#put(new LogEntry('', { context: contextHere(), source, sizeChars }, quick.record), quick);
  }

  /**
   * Masks the secrets in a line of pino's and remembers where it comes from; the line that comes back is what any other
   * stream of the logger sees too.
   */
  readonly mask = (line: string): string => {
    this.#last = this.#mask(line);
    return this.#last.line;
  };

  /** Writes a masked line; pino's name for it. */
  write(line: string): void {
    const { entry, flat } = this.#last?.line === line ? this.#last : this.#mask(line);
    this.#last = undefined;
    this.#put(entry, flat);
  }

  #put(entry: LogEntry, flat: FlatLine | undefined): void {
    if (this.#emitter !== undefined) this.#emitter.take(entry);
    else if (this.#held !== undefined && this.#held.length < MAX_HELD) this.#held.push(entry);
    if (this.#isKeeping) keepLine(entry);
    this.#options.sink.write(this.#options.format(entry, this.#correlate(entry.context), flat));
  }

  #mask(line: string): MaskedLine {
    const { redactor, hasSource } = this.#options;
    const source = hasSource ? (this.#source ?? findLogSource()) : undefined;
    const from = { context: contextHere(), source };
    const flat = readFlatLine(line, redactor.isSensitive);
    if (flat !== undefined) return { line, entry: new LogEntry(line, from), flat };
    const record = parseLine(line);
    const masked = redactRecord(record, redactor) ? `${JSON.stringify(record)}\n` : line;
    return { line: masked, entry: new LogEntry(masked, from, record), flat: undefined };
  }
}

/** The root may only mean that there is no context manager yet, and the process's own run knows better. */
function contextHere(): Context {
  const here = context.active();
  return here === ROOT_CONTEXT ? currentContext() : here;
}

/** Keeps a line for the artifacts of its run, as it is: only the end of the run makes a record of it. */
function keepLine(entry: LogEntry): void {
  const run = activeRun(entry.context);
  if (run === undefined || isTracingSuppressed(entry.context)) return;
  recorderOf(run.runKey)?.addLine(entry);
}
