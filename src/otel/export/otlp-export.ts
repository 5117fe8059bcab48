// The road to a Collector: one small processor a signal, a queue behind it, and OTLP over HTTP or gRPC at its end.
import { TraceFlags } from '@opentelemetry/api';
import type { ReadableLogRecord, LogRecordProcessor } from '@opentelemetry/sdk-logs';
import type { ReadableSpan, SpanProcessor } from '@opentelemetry/sdk-trace';
import type { TelemetryOutbox } from '../../outbox/telemetry/telemetry-outbox.ts';
import { ExportQueue } from './export-queue.ts';
import { logJsonSerializer } from './otlp-log-json.ts';
import { byExporter, byHttp, openGrpcLogExporter, openSpanExporter } from './otlp-senders.ts';
import type { RequestSerializer, SendBatch } from './otlp-senders.ts';
import { exportTargets, protocolOf } from './provider-settings.ts';
import type { BatchSettings, ProviderSettings } from './provider-settings.ts';
import { sayFailure } from '../quietly.ts';

/** What an exporter is built on. */
export interface ExportParts {
  readonly settings: ProviderSettings;
  /** Keeps what cannot be sent; undefined where there is no folder for it. */
  readonly outbox: Pick<TelemetryOutbox, 'spill'> | undefined;
  /** Called when the first item comes to wait and when none waits any more. */
  readonly onBusy: () => void;
}

/** A processor with the queue behind it. */
export interface QueuedProcessor<P, T> {
  readonly processor: P;
  readonly queue: ExportQueue<T>;
}

/** A burst of 20,000 lines or more fits; above it what waits is spilled. */
const LOG_QUEUE = { maxQueueSize: 32_768, scheduledDelayMs: 1_000 };
const SPAN_QUEUE = { maxQueueSize: 8_192, scheduledDelayMs: 5_000 };
const DEFAULT_BATCH = 1_024;

/** Makes the processor that exports spans; undefined where they go nowhere. */
export async function createSpanExport(
  parts: ExportParts,
): Promise<QueuedProcessor<SpanProcessor, ReadableSpan> | undefined> {
  const { settings } = parts;
  const { tracesUrl } = exportTargets(settings);
  if (tracesUrl === undefined) return undefined;
  const { JsonTraceSerializer: json, ProtobufTraceSerializer: protobuf } =
    await import('@opentelemetry/otlp-transformer');
  const send =
    protocolOf(settings, 'traces') === 'http/protobuf'
      ? byHttp<ReadableSpan>('traces', settings, protobuf)
      : byExporter<ReadableSpan>(() => openSpanExporter(tracesUrl, settings));
  const queue = createQueue<ReadableSpan>(
    { ...parts, items: 'spans', send, json },
    toBatch(settings.spanBatch, SPAN_QUEUE),
  );
  const processor: SpanProcessor = {
    onStart: () => undefined,
    onEnd: (span) => {
      if ((span.spanContext().traceFlags & TraceFlags.SAMPLED) !== 0) queue.add(span);
    },
    forceFlush: () => queue.flush(),
    shutdown: () => queue.flush(),
  };
  return { processor, queue };
}

/** Makes the processor that exports log records; undefined where they go nowhere. */
export async function createLogExport(
  parts: ExportParts,
): Promise<QueuedProcessor<LogRecordProcessor, ReadableLogRecord> | undefined> {
  const { settings } = parts;
  const { logsUrl } = exportTargets(settings);
  if (logsUrl === undefined) return undefined;
  const { ProtobufLogsSerializer: protobuf } = await import('@opentelemetry/otlp-transformer');
  const protocol = protocolOf(settings, 'logs');
  const send =
    protocol === 'grpc'
      ? byExporter<ReadableLogRecord>(() => openGrpcLogExporter(logsUrl, settings))
      : byHttp<ReadableLogRecord>('logs', settings, protocol === 'http/protobuf' ? protobuf : logJsonSerializer);
  const batch = toBatch(settings.logBatch, LOG_QUEUE);
  const queue = createQueue<ReadableLogRecord>(
    { ...parts, items: 'log records', send, json: logJsonSerializer },
    batch,
  );
  const processor: LogRecordProcessor = {
    onEmit: (record) => queue.add(record),
    forceFlush: () => queue.flush(),
    shutdown: () => queue.flush(),
  };
  return { processor, queue };
}

interface QueueParts<T> extends ExportParts {
  readonly items: string;
  readonly send: SendBatch<T>;
  readonly json: RequestSerializer<T>;
}

function createQueue<T>(
  { items, send, json, outbox, onBusy }: QueueParts<T>,
  batch: { maxQueueSize: number; batchSize: number; delayMs: number },
): ExportQueue<T> {
  const spill = (list: readonly T[]): boolean => {
    try {
      const line = json.serializeRequest([...list]);
      return line !== undefined && outbox?.spill(Buffer.from(line).toString(), list.length) === true;
    } catch (error) {
      sayFailure(`keeping ${items}`, error);
      return false;
    }
  };
  return new ExportQueue<T>({ items, send, spill: outbox === undefined ? undefined : spill, onBusy, ...batch });
}

function toBatch(
  given: BatchSettings | undefined,
  defaults: { readonly maxQueueSize: number; readonly scheduledDelayMs: number },
): { maxQueueSize: number; batchSize: number; delayMs: number } {
  const maxQueueSize = given?.maxQueueSize ?? defaults.maxQueueSize;
  return {
    maxQueueSize,
    batchSize: Math.min(given?.maxExportBatchSize ?? DEFAULT_BATCH, maxQueueSize),
    delayMs: given?.scheduledDelayMs ?? defaults.scheduledDelayMs,
  };
}
