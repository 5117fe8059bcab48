// The road to a Collector: one small processor a signal, a queue behind it, and OTLP over HTTP or gRPC at its end.
import { TraceFlags } from '@opentelemetry/api';
import type { ReadableLogRecord, LogRecordProcessor } from '@opentelemetry/sdk-logs';
import type { ReadableSpan, SpanProcessor } from '@opentelemetry/sdk-trace';
import type { OTLPTraceExporter as HttpSpanExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { readAnswer } from '../collector/answers.ts';
import type { OtlpTarget, Signal } from '../collector/contract.ts';
import { OtlpSender, readTls } from '../collector/sender.ts';
import type { TelemetryOutbox } from '../outbox/telemetry-outbox.ts';
import { ExportQueue } from './export-queue.ts';
import type { ExportOutcome } from './export-queue.ts';
import { exportTargets, httpTargets } from './provider-settings.ts';
import type { BatchSettings, ProviderSettings } from './provider-settings.ts';
import { sayFailure } from './quietly.ts';
import { suppressTracing } from './suppress-tracing.ts';

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

/** A serializer of the SDK, as far as it is used here. */
interface Serializer<T> {
  serializeRequest(items: T[]): Uint8Array | undefined;
  deserializeResponse(body: Uint8Array): unknown;
}

/** An exporter of the SDK; code 0 is success. An error of OTLP over HTTP says what was answered. */
interface SdkExporter<T> {
  export(items: T[], onResult: (result: { readonly code: number; readonly error?: Error }) => void): void;
}

type HttpSpanOptions = NonNullable<ConstructorParameters<typeof HttpSpanExporter>[0]>;

/** An item that may know the resource it belongs to. */
interface OfResource {
  readonly resource: { readonly asyncAttributesPending?: boolean; waitForAsyncAttributes?(): Promise<void> };
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
    settings.protocol === 'http/protobuf'
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
  const { JsonLogsSerializer: json, ProtobufLogsSerializer: protobuf } =
    await import('@opentelemetry/otlp-transformer');
  const send =
    settings.protocol === 'grpc'
      ? byExporter<ReadableLogRecord>(
          async () =>
            new (await import('@opentelemetry/exporter-logs-otlp-grpc')).OTLPLogExporter(
              exporterOptions(logsUrl, settings.logConnection?.timeoutMs),
            ),
        )
      : byHttp<ReadableLogRecord>('logs', settings, settings.protocol === 'http/protobuf' ? protobuf : json);
  const batch = toBatch(settings.logBatch, LOG_QUEUE);
  const queue = createQueue<ReadableLogRecord>({ ...parts, items: 'log records', send, json }, batch);
  const processor: LogRecordProcessor = {
    onEmit: (record) => queue.add(record),
    forceFlush: () => queue.flush(),
    shutdown: () => queue.flush(),
  };
  return { processor, queue };
}

interface QueueParts<T> extends ExportParts {
  readonly items: string;
  readonly send: (batch: readonly T[]) => Promise<ExportOutcome>;
  readonly json: Serializer<T>;
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

/** One try; all further ones are made from the disk, by a thread that holds no job. */
function byHttp<T>(
  signal: Signal,
  settings: ProviderSettings,
  serializer: Serializer<T>,
): (batch: readonly T[]) => Promise<ExportOutcome> {
  // The cast: the caller has seen that the signal goes somewhere, and over HTTP that somewhere is a target.
  const target = httpTargets(settings)[signal] as OtlpTarget;
  const sender = new OtlpSender({ target, isHolding: false });
  const isJson = settings.protocol !== 'http/protobuf';
  return async (batch) => {
    try {
      await awaitResource(batch[0]);
      const body = serializer.serializeRequest([...batch]);
      if (body === undefined) return { status: 'failed', reason: 'it cannot be turned into OTLP' };
      const request = isJson
        ? ({ body, contentType: 'application/json' } as const)
        : ({
            body,
            contentType: 'application/x-protobuf',
            decode: (answer: Uint8Array) => serializer.deserializeResponse(answer),
          } as const);
      const answer = await suppressTracing(() => sender.send(request));
      if (answer.status === 'sent')
        return { status: 'sent', refusedCount: Math.min(answer.rejectedCount, batch.length), reason: answer.message };
      return { status: answer.status === 'rejected' ? 'refused' : 'failed', reason: answer.reason };
    } catch (error) {
      return { status: 'failed', reason: error instanceof Error ? error.message : String(error) };
    }
  };
}

/** By an exporter of the SDK, which is loaded with the first batch: a job's start must not wait for it. */
function byExporter<T>(open: () => Promise<SdkExporter<T>>): (batch: readonly T[]) => Promise<ExportOutcome> {
  let opened: Promise<SdkExporter<T>> | undefined;
  return async (batch) => {
    try {
      await awaitResource(batch[0]);
      opened ??= open();
      const exporter = await opened;
      return await suppressTracing(
        () =>
          new Promise<ExportOutcome>((resolve) => {
            exporter.export([...batch], ({ code, error }) => {
              resolve(code === 0 ? { status: 'sent', refusedCount: 0 } : toOutcome(error));
            });
          }),
      );
    } catch (error) {
      return { status: 'failed', reason: error instanceof Error ? error.message : String(error) };
    }
  };
}

/** Its one retry, a second later, and its timeout are all that it holds the process for. */
async function openSpanExporter(url: string, settings: ProviderSettings): Promise<SdkExporter<ReadableSpan>> {
  const { headers, timeoutMs, isCompressed, tls } = settings.spanConnection ?? {};
  if (settings.protocol === 'grpc')
    return new (await import('@opentelemetry/exporter-trace-otlp-grpc')).OTLPTraceExporter(
      exporterOptions(url, timeoutMs),
    );
  const { OTLPTraceExporter } = await import('@opentelemetry/exporter-trace-otlp-http');
  return new OTLPTraceExporter({
    ...exporterOptions(url, timeoutMs),
    ...(headers && { headers: { ...headers } }),
    // The cast: an enum of the SDK, whose package need not be loaded for a word.
    ...(isCompressed === true && { compression: 'gzip' as NonNullable<HttpSpanOptions['compression']> }),
    ...(tls && { httpAgentOptions: readTls(tls) }),
  });
}

/** What an exporter's error says of the batch: OTLP over HTTP has the status and the body in it. */
function toOutcome(error: (Error & { readonly code?: unknown; readonly data?: unknown }) | undefined): ExportOutcome {
  if (error === undefined) return { status: 'failed', reason: 'the exporter does not say why' };
  const { code: httpStatus, data } = error;
  if (typeof httpStatus !== 'number') return { status: 'failed', reason: error.message };
  const body = Buffer.from(typeof data === 'string' ? data : '');
  const answer = readAnswer({ httpStatus, body, retryAfter: undefined }, Date.now());
  if (answer.status === 'sent') return { status: 'sent', refusedCount: 0 };
  return { status: answer.status === 'rejected' ? 'refused' : 'failed', reason: answer.reason };
}

/** The host's id is read while the job runs already. */
async function awaitResource(item: unknown): Promise<void> {
  // The cast: spans and log records of the SDK have a resource.
  const { resource } = item as OfResource;
  if (resource.asyncAttributesPending === true) await resource.waitForAsyncAttributes?.();
}

function exporterOptions(url: string, timeoutMs = 2_000): { url: string; timeoutMillis: number } {
  return { url, timeoutMillis: timeoutMs };
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
