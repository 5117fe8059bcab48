// Log lines as OpenTelemetry log records: taken with their context as they are written, emitted in a later turn.
import { logs } from '@opentelemetry/api';
import type { Logger } from '@opentelemetry/api';
import { INSTRUMENTATION_SCOPE } from '../../otel/attribute-names.ts';
import { isTracingSuppressed } from '../../otel/suppress-tracing.ts';
import type { LogEntry } from '../entry/entry.ts';

/** What became of the lines taken for OpenTelemetry. */
export interface LogEmitterStats {
  readonly emittedCount: number;
  readonly failedCount: number;
  readonly waitingCount: number;
}

/** Where log lines go on their way to OpenTelemetry. */
export interface LogExporter {
  readonly stats: LogEmitterStats;
  /** Whether something is held that only a flush sends. */
  readonly isBusy: boolean;
  /** Takes one line. Never throws. */
  take(entry: LogEntry): void;
  /** Hands over what waits in this turn to whoever sends it, without waiting. Never throws. */
  handOver(): void;
  /** In `exit`: hands over what waits, and sends it where that is the exporter's own. Never throws. */
  drain(timeoutMs: number): void;
  /** Hands over what waits, and sends it where that is the exporter's own. Never rejects; says whether it was done in time. */
  flush(timeoutMs: number): Promise<boolean>;
  /** Flushes, and ends what the exporter holds. Never rejects. */
  end(timeoutMs: number): Promise<void>;
}

/** Emitted in one turn: 1,000 records cost the job's thread about 6 ms. */
const MAX_PER_TURN = 1_000;
/** Lines that wait in one long turn; beyond it they are emitted at the call. */
const MAX_WAITING = 8_192;

/**
 * Emits log lines to whatever logger provider is registered. `take` only keeps the line; it is emitted in a later turn
 * of the event loop, or by `drain`. Never throws.
 */
export class LogEmitter implements LogExporter {
  readonly #onBusyChange: (() => void) | undefined;
  #waiting: LogEntry[] = [];
  #isScheduled = false;
  #emittedCount = 0;
  #failedCount = 0;

  /** @param options `onBusyChange` is called when the first line comes to wait, and when none waits any more */
  constructor(options: { readonly onBusyChange?: () => void } = {}) {
    this.#onBusyChange = options.onBusyChange;
  }

  /** What waits is watched for where somebody listens; what is emitted is the provider's. */
  get isBusy(): boolean {
    return this.#onBusyChange !== undefined && this.#waiting.length > 0;
  }

  /** What became of the lines so far. */
  get stats(): LogEmitterStats {
    return {
      emittedCount: this.#emittedCount,
      failedCount: this.#failedCount,
      waitingCount: this.#waiting.length,
    };
  }

  /** Takes one line; lines that telemetry's own traffic writes are not exported, since exporting them would write more. */
  take(entry: LogEntry): void {
    if (isTracingSuppressed(entry.context)) return;
    this.#waiting.push(entry);
    if (this.#waiting.length === 1) this.#onBusyChange?.();
    if (this.#waiting.length >= MAX_WAITING) this.drain();
    else this.#schedule();
  }

  /** Emits all lines that wait, now. */
  handOver(): void {
    this.drain();
  }

  /** Emits all lines that wait, now. */
  drain(): void {
    this.#emitFirst(this.#waiting.length);
  }

  /** Emits all lines that wait; sending them is the provider's. */
  flush(): Promise<boolean> {
    this.drain();
    return Promise.resolve(true);
  }

  /** Emits all lines that wait. */
  end(): Promise<void> {
    this.drain();
    return Promise.resolve();
  }

  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setImmediate(() => {
      this.#isScheduled = false;
      this.#emitFirst(MAX_PER_TURN);
      if (this.#waiting.length > 0) this.#schedule();
    });
  }

  #emitFirst(count: number): void {
    const entries = this.#waiting.splice(0, count);
    this.#emit(entries);
    if (entries.length > 0 && this.#waiting.length === 0) this.#onBusyChange?.();
  }

  #emit(entries: readonly LogEntry[]): void {
    if (entries.length === 0) return;
    const logger = findLogger();
    if (logger === undefined) return;
    for (const entry of entries) {
      try {
        logger.emit(entry.toLogRecord());
        this.#emittedCount++;
      } catch {
        // A processor of the job's own SDK threw: counted, and the line is in the sink.
        this.#failedCount++;
      }
    }
  }
}

function findLogger(): Logger | undefined {
  try {
    const logger = logs.getLogger(INSTRUMENTATION_SCOPE);
    // A foreign logger may be of an API without `enabled`.
    return typeof logger.enabled !== 'function' || logger.enabled() ? logger : undefined;
  } catch {
    // A foreign provider that throws cannot be used.
    return undefined;
  }
}
