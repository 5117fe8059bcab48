// The ways of a batch to a Collector: our own sender over HTTP, or an exporter of the SDK. Both say what was taken and what was refused.
import type { ReadableLogRecord } from '@opentelemetry/sdk-logs';
import type { ReadableSpan } from '@opentelemetry/sdk-trace';
import type { OTLPTraceExporter as HttpSpanExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { readAnswer, readPartialSuccess } from '../../collector/answers.ts';
import type { OtlpTarget, Signal } from '../../collector/contract.ts';
import { OtlpSender, readTls } from '../../collector/sender.ts';
import type { ExportOutcome } from './export-queue.ts';
import { httpTargets, protocolOf } from './provider-settings.ts';
import type { ProviderSettings } from './provider-settings.ts';
import { suppressTracing } from '../suppress-tracing.ts';
import { isError } from '../../model/any-realm.ts';

/** Sends one batch once; never rejects. All further tries are made from the disk, by a thread that holds no job. */
export type SendBatch<T> = (batch: readonly T[]) => Promise<ExportOutcome>;

/** What turns a batch into the body of a request. */
export interface RequestSerializer<T> {
  serializeRequest(items: T[]): Uint8Array | undefined;
}

/** A serializer of the SDK, as far as it is used here. */
export interface Serializer<T> extends RequestSerializer<T> {
  deserializeResponse(body: Uint8Array): unknown;
}

/** An exporter of the SDK; code 0 is success. An error of OTLP over HTTP says what was answered. */
export interface SdkExporter<T> {
  export(items: T[], onResult: (result: { readonly code: number; readonly error?: Error }) => void): void;
}

type HttpSpanOptions = NonNullable<ConstructorParameters<typeof HttpSpanExporter>[0]>;

/** An item that may know the resource it belongs to. */
interface OfResource {
  readonly resource: { readonly asyncAttributesPending?: boolean; waitForAsyncAttributes?(): Promise<void> };
}

const DEFAULT_TIMEOUT_MS = 2_000;
/** Below it are gRPC's codes. */
const FIRST_HTTP_STATUS = 100;
/**
 * What is wrong with the batch itself: UNKNOWN, INVALID_ARGUMENT, ALREADY_EXISTS, FAILED_PRECONDITION, INTERNAL. The others say that
 * the Collector is away, or speak of who sent it or where to, which the next start may have right.
 *
 * @see https://opentelemetry.io/docs/specs/otlp/#failures
 */
const GRPC_REJECTIONS: ReadonlySet<number> = new Set([2, 3, 6, 9, 13]);

/** By our own sender; a serializer that reads answers too is one of protobuf. */
export function byHttp<T>(
  signal: Signal,
  settings: ProviderSettings,
  serializer: RequestSerializer<T> | Serializer<T>,
): SendBatch<T> {
  // The cast: the caller has seen that the signal goes somewhere, and over HTTP that somewhere is a target.
  const target = httpTargets(settings)[signal] as OtlpTarget;
  const sender = new OtlpSender({ target, isHolding: false });
  return async (batch) => {
    try {
      await awaitResource(batch[0]);
      const body = serializer.serializeRequest([...batch]);
      if (body === undefined) return { status: 'failed', reason: 'it cannot be turned into OTLP' };
      const request =
        'deserializeResponse' in serializer
          ? ({
              body,
              contentType: 'application/x-protobuf',
              decode: (answer: Uint8Array) => serializer.deserializeResponse(answer),
            } as const)
          : ({ body, contentType: 'application/json' } as const);
      const answer = await suppressTracing(() => sender.send(request));
      if (answer.status === 'sent') return toSent(answer, batch.length);
      return { status: answer.status === 'rejected' ? 'refused' : 'failed', reason: answer.reason };
    } catch (error) {
      return { status: 'failed', reason: isError(error) ? error.message : String(error) };
    }
  };
}

/** By an exporter of the SDK, which is loaded with the first batch: a job's start must not wait for it. */
export function byExporter<T>(open: () => Promise<SdkExporter<T>>): SendBatch<T> {
  let opened: Promise<SdkExporter<T>> | undefined;
  let answer: unknown;
  const openOnce = async (): Promise<SdkExporter<T>> => {
    const exporter = await open();
    listenToAnswers(exporter, (response) => (answer = response));
    return exporter;
  };
  return async (batch) => {
    try {
      await awaitResource(batch[0]);
      opened ??= openOnce();
      const exporter = await opened;
      // A queue sends one batch at a time: the next answer is this one's.
      answer = undefined;
      return await suppressTracing(
        () =>
          new Promise<ExportOutcome>((resolve) => {
            exporter.export([...batch], ({ code, error }) => {
              resolve(code === 0 ? toSent(readPartialSuccess(answer), batch.length) : toOutcome(error));
            });
          }),
      );
    } catch (error) {
      return { status: 'failed', reason: isError(error) ? error.message : String(error) };
    }
  };
}

/** The exporter of spans. Its one retry, a second later, and its timeout are all that it holds the process for. */
export async function openSpanExporter(url: string, settings: ProviderSettings): Promise<SdkExporter<ReadableSpan>> {
  const { headers, timeoutMs, isCompressed, tls } = settings.spanConnection ?? {};
  if (protocolOf(settings, 'traces') === 'grpc')
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

/** The exporter of log records by gRPC; headers and certificates it reads from the environment itself. */
export async function openGrpcLogExporter(
  url: string,
  settings: ProviderSettings,
): Promise<SdkExporter<ReadableLogRecord>> {
  const { OTLPLogExporter } = await import('@opentelemetry/exporter-logs-otlp-grpc');
  return new OTLPLogExporter(exporterOptions(url, settings.logConnection?.timeoutMs));
}

function exporterOptions(url: string, timeoutMs = DEFAULT_TIMEOUT_MS): { url: string; timeoutMillis: number } {
  return { url, timeoutMillis: timeoutMs };
}

/**
 * What a Collector refuses of a batch that it takes, an exporter says in the SDK's log alone: its reader of answers is listened to.
 * Where another version keeps that elsewhere, such a refusal is said there and not counted (a test holds ours).
 */
function listenToAnswers(exporter: object, onAnswer: (response: unknown) => void): void {
  const delegate: unknown = Reflect.get(exporter, '_delegate');
  const serializer: unknown =
    typeof delegate === 'object' && delegate !== null ? Reflect.get(delegate, '_serializer') : undefined;
  if (typeof serializer !== 'object' || serializer === null) return;
  // The cast: what serializes requests in the SDK is this.
  const reader = serializer as Serializer<unknown>;
  const listening: Serializer<unknown> = {
    serializeRequest: (items) => reader.serializeRequest(items),
    deserializeResponse: (body) => {
      const response = reader.deserializeResponse(body);
      onAnswer(response);
      return response;
    },
  };
  Reflect.set(delegate as object, '_serializer', listening);
}

function toSent(
  { rejectedCount, message }: { readonly rejectedCount: number; readonly message: string },
  batchSize: number,
): ExportOutcome {
  return { status: 'sent', refusedCount: Math.min(rejectedCount, batchSize), reason: message };
}

/** What an exporter's error says of the batch: OTLP over HTTP has the status and the body in it, gRPC a code of its own. */
function toOutcome(error: (Error & { readonly code?: unknown; readonly data?: unknown }) | undefined): ExportOutcome {
  if (error === undefined) return { status: 'failed', reason: 'the exporter does not say why' };
  const { code: httpStatus, data } = error;
  if (typeof httpStatus !== 'number') return { status: 'failed', reason: error.message };
  if (httpStatus < FIRST_HTTP_STATUS)
    return { status: GRPC_REJECTIONS.has(httpStatus) ? 'refused' : 'failed', reason: error.message };
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
