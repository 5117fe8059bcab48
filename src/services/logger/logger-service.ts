// The logger: pino lines to a sink at once, the same lines as OpenTelemetry log records, spans around pieces of work.
import type { Attributes } from '@opentelemetry/api';
import { resolveLoggerSettings } from '../../config/settings/logger-settings.ts';
import type { EnvSnapshot } from '../../config/env.ts';
import type { LoggerOptions, LoggerSettings } from '../../config/settings/logger-settings.ts';
import { findVariable, loadSources } from '../../config/settings/sources.ts';
import type { SettingsSources } from '../../config/settings/sources.ts';
import { createRedactor } from '../../model/redact.ts';
import type { Redactor } from '../../model/redact.ts';
import type { Providers } from '../../otel/setup/providers.ts';
import { span } from '../../otel/span.ts';
import type { SpanBody } from '../../otel/span.ts';
import { joinExits, watchExits } from '../lifecycle/exits.ts';
import { watchThrows } from '../../logs/entry/frame-variables.ts';
import { createJsonFormatter } from '../../logs/line/json-line.ts';
import { LogEmitter } from '../../logs/export/emitter.ts';
import type { LogExporter } from '../../logs/export/emitter.ts';
import { LogPipeline } from '../../logs/pipeline.ts';
import { createPinoLogger, isInstrumented } from '../../logs/pino-logger.ts';
import type { RunspanLogger } from '../../logs/pino-logger.ts';
import { LogSink } from '../../logs/sink.ts';
import { createTemplateFormatter } from '../../logs/line/template-line.ts';
import { createTextFormatter } from '../../logs/line/text-line.ts';
import type { LineFormatter } from '../../logs/line/text-line.ts';
import { bringUpOtel } from './otel-setup.ts';
import { TELEMETRY_EXIT_MS, joinTelemetryExits } from '../lifecycle/telemetry-exits.ts';
import { Service } from '../lifecycle/service.ts';
import type { StopOptions } from '../lifecycle/service.ts';
import { createWorkerEmitter } from './worker-export.ts';

export type { RunspanLogger } from '../../logs/pino-logger.ts';
export type {
  LogExport,
  LoggerOptions,
  LoggerSettings,
  LogLevel,
  LogLevelName,
} from '../../config/settings/logger-settings.ts';
export type { RedactOptions } from '../../config/settings/redact-fields.ts';

/** What became of the lines of a logger. */
export interface LoggerStats {
  /** Lines that the sink did not take. */
  readonly sinkFailureCount: number;
  /** Lines handed to OpenTelemetry as log records. */
  readonly emittedCount: number;
  /** Lines that the logger provider refused by throwing. */
  readonly emitFailureCount: number;
  /** Lines that are still to be handed over. */
  readonly waitingCount: number;
  /** Spans and log records that are not sent yet, in memory or on disk, over the whole process. */
  readonly exportPendingCount: number;
  /** Spans and log records that the Collector refused for good, over the whole process. */
  readonly exportRefusedCount: number;
  /** Spans and log records that our exporters gave up on, over the whole process. */
  readonly exportLostCount: number;
  /** Spans and log records that found our export queues full, over the whole process. */
  readonly exportDroppedCount: number;
}

/** For tests, and for the services that bring a logger of their own. */
export interface LoggerDependencies {
  /** Takes each line, its newline included. @default the sink */
  readonly write?: (line: string) => void;
  /** Whether it takes part in exits. @default true */
  readonly exitHooks?: boolean;
  /** RUNSPAN_DIR, where the service has it from elsewhere. */
  readonly directory?: string;
}

/** How long a flush waits where nobody says. */
const DEFAULT_FLUSH_TIMEOUT_MS = 2_000;

/**
 * Logs lines to stderr, stdout or a file, each written when the call returns, and emits them as OpenTelemetry log
 * records. Every line shows time, level and source, inside a run its trace id, span id and run key.
 *
 * The logger works before start() and after stop() too: lines are written, but nothing goes to OpenTelemetry; after
 * stop() the lines of a file sink go to stderr.
 *
 * @throws {RunspanError} `INVALID_SETTINGS` for an unknown key, a wrong type, an unknown level or a wrong template
 * @example
 * const service = new LoggerService({ level: 'INFO' });
 * await service.start();
 * service.logger().info({ rows: 442 }, 'loaded'); // [2026-11-23 14:05:06.789][INFO][train:main:3] loaded rows=442
 * await service.stop();
 */
export class LoggerService extends Service {
  /** Every setting with its resolved value; see docs/settings.md. */
  readonly settings: LoggerSettings;
  readonly #sources: SettingsSources;
  readonly #hasOwnServiceName: boolean;
  readonly #redactor: Redactor;
  readonly #dependencies: LoggerDependencies;
  readonly #sink: LogSink;
  readonly #pipeline: LogPipeline;
  #emitter: LogExporter = new LogEmitter();
  readonly #logger: RunspanLogger;
  #providers: Providers | undefined;
  #leaveExits: (() => void) | undefined;
  #unwatchThrows: (() => void) | undefined;

  constructor(options: LoggerOptions = {}, dependencies: LoggerDependencies = {}) {
    super();
    this.#dependencies = dependencies;
    const { write } = dependencies;
    this.#sources = loadSources();
    this.settings = resolveLoggerSettings(options, this.#sources);
    this.#hasOwnServiceName = options.serviceName !== undefined;
    const { sink, level, redactAdd, redactRemove, source } = this.settings;
    this.#sink = new LogSink({ sink, isCatching: this.settings.catch, ...(write && { write: taking(write) }) });
    this.#redactor = createRedactor({ add: redactAdd, remove: redactRemove });
    this.#pipeline = new LogPipeline({
      sink: this.#sink,
      format: createFormatter(this.settings, this.#sink.isTerminal && wantsColor(this.#sources.env)),
      redactor: this.#redactor,
      hasSource: source,
    });
    this.#logger = createPinoLogger(level, this.#pipeline);
  }

  /**
   * Gives the logger: pino's, with `success` and `critical`. The same object at every call and across restarts.
   *
   * @example
   * service.logger().child({ fold: 3 }).success('done');
   */
  logger(): RunspanLogger {
    return this.#logger;
  }

  /**
   * Runs work in a child span of the active one and returns what it returns; what it throws is recorded and thrown on.
   *
   * @example
   * const rows = await service.span('load', { 'data.format': 'csv' }, () => load());
   */
  span<T>(name: string, body: SpanBody<T>): T;
  span<T>(name: string, attributes: Attributes, body: SpanBody<T>): T;
  span<T>(name: string, attributesOrBody: Attributes | SpanBody<T>, body?: SpanBody<T>): T {
    // The same two forms; which one it is, span() finds out itself.
    return span(name, attributesOrBody as Attributes, body as SpanBody<T>);
  }

  /**
   * Hands waiting lines to OpenTelemetry and sends what its providers hold back. Never rejects.
   *
   * @returns whether all was done in time
   */
  async flush(options: { readonly timeoutMs?: number } = {}): Promise<boolean> {
    const { timeoutMs = DEFAULT_FLUSH_TIMEOUT_MS } = options;
    const done = await Promise.all([this.#emitter.flush(timeoutMs), this.#providers?.flush({ timeoutMs }) ?? true]);
    return done.every((isDone) => isDone);
  }

  /** Says what became of the lines so far. */
  stats(): LoggerStats {
    const { emittedCount, failedCount, waitingCount } = this.#emitter.stats;
    const counts = this.#providers?.counts;
    return {
      sinkFailureCount: this.#sink.failureCount,
      emittedCount,
      emitFailureCount: failedCount,
      waitingCount,
      exportPendingCount: counts?.pendingCount ?? 0,
      exportRefusedCount: counts?.refusedCount ?? 0,
      exportLostCount: counts?.lostCount ?? 0,
      exportDroppedCount: counts?.droppedCount ?? 0,
    };
  }

  protected override async onStart(): Promise<void> {
    this.#sink.open();
    if (this.settings.diagnose)
      this.#unwatchThrows = watchThrows({ redactor: this.#redactor, say: (message) => this.#logger.warn(message) });
    if (isDisabled(this.#sources)) return;
    const { serviceName, otel } = this.settings;
    // What is said until the set-up stands is exported too.
    if (otel !== 'off') this.#pipeline.hold();
    const { directory } = this.#dependencies;
    this.#providers = await bringUpOtel({
      sources: this.#sources,
      ...(directory === undefined ? {} : { directory }),
      ...(this.#hasOwnServiceName ? { serviceName } : { defaultServiceName: serviceName }),
    });
    for (const warning of this.#providers.warnings) this.#logger.warn(warning);
    if (isInstrumented(this.#logger)) {
      this.#pipeline.stopKeeping();
      this.#pipeline.setEmitter(undefined);
    } else if (otel !== 'off') await this.#startExport();
    if (this.#dependencies.exitHooks === false) return;
    joinTelemetryExits(this.#providers);
    this.#leaveExits = joinExits({
      // What a worker holds is lost after it; what our queues hold is kept on disk.
      exitTimeoutMs: otel === 'worker' ? DEFAULT_FLUSH_TIMEOUT_MS : TELEMETRY_EXIT_MS,
      isBusy: () => this.#emitter.isBusy,
      endRunsNow: () => undefined,
      noteUncaught: () => undefined,
      handOver: () => this.#emitter.handOver(),
      flush: async (timeoutMs) => void (await this.flush({ timeoutMs })),
      drainInExit: (timeoutMs) => this.#emitter.drain(timeoutMs),
    });
  }

  protected override async onStop(options: StopOptions): Promise<void> {
    this.#leaveExits?.();
    this.#unwatchThrows?.();
    const { timeoutMs = DEFAULT_FLUSH_TIMEOUT_MS } = options;
    await Promise.all([this.#emitter.end(timeoutMs), this.#providers?.flush({ timeoutMs })]);
    // From here on lines are written only: what telemetry says of itself would be the next thing to be sent.
    this.#pipeline.setEmitter(undefined);
    this.#sayLosses();
    this.#sink.close();
  }

  async #startExport(): Promise<void> {
    const { otel, serviceName } = this.settings;
    if (otel === 'worker') {
      const worker = await createWorkerEmitter({
        sources: this.#sources,
        serviceName,
        onBusyChange: watchExits,
        say: (message) => this.#logger.warn(message),
      });
      if (worker === undefined) {
        this.#pipeline.setEmitter(undefined);
        return;
      }
      this.#emitter = worker;
    } else if (this.#providers?.kind === 'exporting') this.#emitter = new LogEmitter({ onBusyChange: watchExits });
    this.#pipeline.setEmitter(this.#emitter);
  }

  #sayLosses(): void {
    const left = this.#providers?.describeWhatIsLeft();
    if (left !== undefined) this.#logger.warn(left);
    const { exportLostCount, exportDroppedCount, exportRefusedCount } = this.stats();
    if (exportLostCount + exportDroppedCount + exportRefusedCount === 0) return;
    const counts = { exportLostCount, exportDroppedCount, exportRefusedCount };
    this.#logger.warn(counts, 'spans and log records did not reach the OTLP endpoint');
  }
}

/** With RUNSPAN_DISABLED a job's lines are still its own; nothing else is set up. */
function isDisabled(sources: SettingsSources): boolean {
  return /^(?:yes|true|1|on)$/i.test(findVariable(sources, 'RUNSPAN_DISABLED')?.text.trim() ?? '');
}

/** A terminal has colours unless its user wants none or it knows none; see https://no-color.org. */
function wantsColor(env: EnvSnapshot): boolean {
  return (env['NO_COLOR'] ?? '') === '' && env['TERM'] !== 'dumb';
}

function createFormatter(settings: LoggerSettings, isColorful: boolean): LineFormatter {
  const { serialize, format, backtrace: hasBacktrace } = settings;
  const style = { isColored: !serialize && (settings.colorize ?? isColorful), hasBacktrace };
  const toText = format === undefined ? createTextFormatter(style) : createTemplateFormatter(format, style);
  return serialize ? createJsonFormatter(toText) : toText;
}

/** A sink's way of writing that hands each line on whole. */
function taking(write: (line: string) => void): (fd: number, data: string | Buffer) => number {
  return (_, data) => {
    write(String(data));
    return Buffer.byteLength(data);
  };
}
