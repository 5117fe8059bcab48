// The road to a Collector: OTLP exporters with a guard around each, and the SDK's batch processors in front of them.
import type { LogRecordProcessor, ReadableLogRecord } from '@opentelemetry/sdk-logs';
import type { ReadableSpan, SpanProcessor } from '@opentelemetry/sdk-trace';
import { TraceFlags } from '@opentelemetry/api';
import { ExportGuard } from './export-guard.ts';
import type { ExporterLike } from './export-guard.ts';
import type { BatchSettings, ProviderSettings } from './provider-settings.ts';

/** A processor with the guard of its exporter. */
export interface GuardedProcessor<P, T> {
  readonly processor: P;
  readonly guard: ExportGuard<T>;
}

/** A default exporter timeout of 10 s holds a job whose Collector is away for as long; stock exit: 8–9 s, with logs 16–20 s (measured). */
const DEFAULT_EXPORT_TIMEOUT_MS = 2_000;

/** A burst of 20,000 lines or more fits; the SDK's 2048 drops it without a word (measured). */
const DEFAULT_LOG_QUEUE = 32_768;
const DEFAULT_SPAN_QUEUE = 8_192;
const DEFAULT_BATCH = 1_024;
const DEFAULT_LOG_DELAY_MS = 1_000;
const DEFAULT_SPAN_DELAY_MS = 5_000;

interface ExporterOptions {
  readonly url: string;
  readonly timeoutMillis: number;
}

/** Makes the processor that exports spans to a URL. */
export async function createSpanExport(
  url: string,
  settings: ProviderSettings,
): Promise<GuardedProcessor<SpanProcessor, ReadableSpan>> {
  const { BatchSpanProcessor } = await import('@opentelemetry/sdk-trace');
  const exporter = await createSpanExporter(settings.protocol, toExporterOptions(url, settings));
  const batch = toBatch(settings.spanBatch, DEFAULT_SPAN_QUEUE, DEFAULT_SPAN_DELAY_MS);
  const guard = new ExportGuard<ReadableSpan>({ exporter, items: 'spans', maxPending: batch.maxQueueSize });
  const inner = new BatchSpanProcessor({ exporter: guard, ...batch });
  const processor: SpanProcessor = {
    onStart: (span, parent) => inner.onStart(span, parent),
    onEnd: (span) => {
      const isSampled = (span.spanContext().traceFlags & TraceFlags.SAMPLED) !== 0;
      if (isSampled && guard.admit()) inner.onEnd(span);
    },
    forceFlush: () => inner.forceFlush(),
    shutdown: () => inner.shutdown(),
  };
  return { processor, guard };
}

/** Makes the processor that exports log records to a URL. */
export async function createLogExport(
  url: string,
  settings: ProviderSettings,
): Promise<GuardedProcessor<LogRecordProcessor, ReadableLogRecord>> {
  const { BatchLogRecordProcessor } = await import('@opentelemetry/sdk-logs');
  const exporter = await createLogExporter(settings.protocol, toExporterOptions(url, settings));
  const batch = toBatch(settings.logBatch, DEFAULT_LOG_QUEUE, DEFAULT_LOG_DELAY_MS);
  const guard = new ExportGuard<ReadableLogRecord>({ exporter, items: 'log records', maxPending: batch.maxQueueSize });
  const inner = new BatchLogRecordProcessor({ exporter: guard, ...batch });
  const processor: LogRecordProcessor = {
    onEmit: (record) => {
      if (guard.admit()) inner.onEmit(record);
    },
    forceFlush: () => inner.forceFlush(),
    shutdown: () => inner.shutdown(),
  };
  return { processor, guard };
}

async function createSpanExporter(
  protocol: string | undefined,
  options: ExporterOptions,
): Promise<ExporterLike<ReadableSpan>> {
  if (protocol === 'grpc')
    return new (await import('@opentelemetry/exporter-trace-otlp-grpc')).OTLPTraceExporter(options);
  if (protocol === 'http/protobuf') {
    return new (await import('@opentelemetry/exporter-trace-otlp-proto')).OTLPTraceExporter(options);
  }
  return new (await import('@opentelemetry/exporter-trace-otlp-http')).OTLPTraceExporter(options);
}

async function createLogExporter(
  protocol: string | undefined,
  options: ExporterOptions,
): Promise<ExporterLike<ReadableLogRecord>> {
  if (protocol === 'grpc') return new (await import('@opentelemetry/exporter-logs-otlp-grpc')).OTLPLogExporter(options);
  if (protocol === 'http/protobuf') {
    return new (await import('@opentelemetry/exporter-logs-otlp-proto')).OTLPLogExporter(options);
  }
  return new (await import('@opentelemetry/exporter-logs-otlp-http')).OTLPLogExporter(options);
}

function toExporterOptions(url: string, settings: ProviderSettings): ExporterOptions {
  return { url, timeoutMillis: settings.exportTimeoutMs ?? DEFAULT_EXPORT_TIMEOUT_MS };
}

function toBatch(
  given: BatchSettings | undefined,
  queueSize: number,
  delayMs: number,
): { maxQueueSize: number; maxExportBatchSize: number; scheduledDelayMillis: number } {
  const maxQueueSize = given?.maxQueueSize ?? queueSize;
  return {
    maxQueueSize,
    maxExportBatchSize: Math.min(given?.maxExportBatchSize ?? DEFAULT_BATCH, maxQueueSize),
    scheduledDelayMillis: given?.scheduledDelayMs ?? delayMs,
  };
}
