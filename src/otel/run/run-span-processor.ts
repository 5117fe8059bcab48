// Stamps every span and log record inside a run with the run's key and, once they are known, its id and link.
import type { Context } from '@opentelemetry/api';
import { ATTR_MLFLOW_RUN_ID, ATTR_MLFLOW_RUN_URL, ATTR_RUN_KEY, INSTRUMENTATION_SCOPE } from '../attribute-names.ts';
import { sayFailure } from '../quietly.ts';
import { activeRun } from './run-context.ts';
import type { RunIdentity } from './run-context.ts';
import { recorderOf } from './run-recorder.ts';
import type {
  EmittedLogRecord,
  EndedSpan,
  KeptLogRecord,
  LogRecordProcessorLike,
  SpanProcessorLike,
  StartedSpan,
} from '../sdk-types.ts';

/**
 * Puts `runspan.run_key`, `mlflow.run_id` and `mlflow.run_url` on each span that starts inside a run. What
 * becomes known while the span is open is put on when the span ends. Ended spans are kept for the run's artifacts
 * (`keepTelemetry`). For your own NodeSDK; never throws.
 *
 * @example
 * new NodeSDK({ spanProcessors: [new RunSpanProcessor(), new BatchSpanProcessor({ exporter })] });
 */
export class RunSpanProcessor implements SpanProcessorLike {
  // Only spans that started before their run's id or page was known; they are few, and let go with the span.
  readonly #waiting = new WeakMap<StartedSpan, RunIdentity>();
  #waitingCount = 0;

  onStart(span: StartedSpan, parentContext: Context): void {
    try {
      const run = activeRun(parentContext);
      if (run === undefined) return;
      stamp(span, run);
      if (run.runId !== undefined && run.isPageDue !== true) return;
      this.#waiting.set(span, run);
      this.#waitingCount++;
    } catch (error) {
      sayFailure('stamping a span', error);
    }
  }

  onEnding(span: StartedSpan): void {
    if (this.#waitingCount === 0) return;
    try {
      const run = this.#waiting.get(span);
      if (run === undefined) return;
      this.#waiting.delete(span);
      this.#waitingCount--;
      stamp(span, run);
    } catch (error) {
      sayFailure('stamping a span', error);
    }
  }

  onEnd(span: EndedSpan): void {
    try {
      recorderOf(span.attributes[ATTR_RUN_KEY])?.addSpan(span);
    } catch (error) {
      sayFailure('keeping a span', error);
    }
  }

  async forceFlush(): Promise<void> {
    // Nothing is held back.
  }

  async shutdown(): Promise<void> {
    // Nothing is held open.
  }
}

/**
 * Puts `runspan.run_key`, `mlflow.run_id` and `mlflow.run_url` on each log record emitted inside a run, and keeps those of
 * other loggers for the run's artifacts. For your own NodeSDK, before the processor that exports; never throws.
 *
 * @example
 * new NodeSDK({ logRecordProcessors: [new RunLogProcessor(), new BatchLogRecordProcessor({ exporter })] });
 */
export class RunLogProcessor implements LogRecordProcessorLike {
  onEmit(record: EmittedLogRecord, context?: Context): void {
    try {
      const run = activeRun(context);
      if (run === undefined) return;
      stampRecord(record, run);
      keepRecord(record, run);
    } catch (error) {
      sayFailure('stamping a log record', error);
    }
  }

  async forceFlush(): Promise<void> {
    // Nothing is held back.
  }

  async shutdown(): Promise<void> {
    // Nothing is held open.
  }
}

/** What stands there already is not set anew, which costs the SDK as much as the first time: lines of our own logger have it all. */
function stampRecord(record: EmittedLogRecord & Pick<KeptLogRecord, 'attributes'>, run: RunIdentity): void {
  const { attributes } = record;
  if (attributes?.[ATTR_RUN_KEY] !== run.runKey) record.setAttribute(ATTR_RUN_KEY, run.runKey);
  if (run.runId !== undefined && attributes?.[ATTR_MLFLOW_RUN_ID] !== run.runId)
    record.setAttribute(ATTR_MLFLOW_RUN_ID, run.runId);
  if (run.runUrl !== undefined && attributes?.[ATTR_MLFLOW_RUN_URL] !== run.runUrl)
    record.setAttribute(ATTR_MLFLOW_RUN_URL, run.runUrl);
}

/** Lines of our own logger are kept where they are written. */
function keepRecord(record: KeptLogRecord, { runKey }: RunIdentity): void {
  if (record.instrumentationScope?.name !== INSTRUMENTATION_SCOPE) recorderOf(runKey)?.addRecord(record);
}

function stamp(span: StartedSpan, run: RunIdentity): void {
  if (isStamped(span, run)) return;
  span.setAttribute(ATTR_RUN_KEY, run.runKey);
  if (run.runId !== undefined) span.setAttribute(ATTR_MLFLOW_RUN_ID, run.runId);
  if (run.runUrl !== undefined) span.setAttribute(ATTR_MLFLOW_RUN_URL, run.runUrl);
}

/**
 * Writes straight into the attributes of the span, where the SDK shows its own: it checks each value, which for two costs a span 6 %
 * (measured), and its limits of number and length must not cut off whose span it is. A line each: a loop over the names costs as much.
 */
function isStamped(span: StartedSpan, { runKey, runId, runUrl }: RunIdentity): boolean {
  try {
    const { attributes } = span;
    if (attributes === undefined) return false;
    attributes[ATTR_RUN_KEY] = runKey;
    if (runId !== undefined) attributes[ATTR_MLFLOW_RUN_ID] = runId;
    if (runUrl !== undefined) attributes[ATTR_MLFLOW_RUN_URL] = runUrl;
    // It may have shown a copy.
    return span.attributes?.[ATTR_RUN_KEY] === runKey;
  } catch {
    return false; // They are frozen.
  }
}
