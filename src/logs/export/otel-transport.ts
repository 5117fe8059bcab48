// Runs in the worker of `otel: 'worker'`: pino-opentelemetry-transport, with a flush that sends, and a word about what was not sent.
import { createRequire } from 'node:module';
import type { Duplex } from 'node:stream';
import { parentPort } from 'node:worker_threads';
import { isError } from '../../model/any-realm.ts';

/** What pino-opentelemetry-transport is told. */
export interface OtelTransportOptions {
  readonly loggerName: string;
  readonly resourceAttributes: Readonly<Record<string, unknown>>;
  readonly severityNumberMap: Readonly<Record<number, number>>;
  readonly logRecordProcessorOptions: Readonly<Record<string, unknown>>;
}

/** What the worker is started with. */
export interface OtelWorkerOptions {
  readonly transport: OtelTransportOptions;
  /** One integer: the worker sets it to 1 and wakes who waits when a flush by {@link FLUSH_MESSAGE} is done. */
  readonly flushed: SharedArrayBuffer;
}

/** Asks for a flush in `exit`, where only a shared integer can answer. */
export const FLUSH_MESSAGE = 'runspan-flush';

/** The event that tells the job's thread that a batch was given up. */
export const LOST_EVENT = 'runspan-lost';

interface Flushable {
  forceFlush?(): Promise<void>;
  _getDelegate?(): Flushable;
}

/** The transport's own copies of OpenTelemetry: only these know its provider and its failures. */
interface Copies {
  readonly logs: { getLoggerProvider(): Flushable };
  setGlobalErrorHandler(handler: (error: unknown) => void): void;
}

/** Starts the transport; what is written to it is a line of pino's JSON. Called by thread-stream. */
async function startTransport({ transport, flushed }: OtelWorkerOptions): Promise<Duplex> {
  const require = createRequire(import.meta.url);
  // What is loaded by name has no types here.
  const start = require('pino-opentelemetry-transport') as (options: OtelTransportOptions) => Promise<Duplex>;
  const itsRequire = createRequire(require.resolve('pino-opentelemetry-transport'));
  const sdkRequire = createRequire(itsRequire.resolve('@opentelemetry/sdk-logs'));
  const core = sdkRequire('@opentelemetry/core') as Copies;
  core.setGlobalErrorHandler(sayLost);
  const stream = await start(transport);
  const { logs } = itsRequire('@opentelemetry/api-logs') as Copies;
  const flushAll = (): Promise<void> => flush(stream, logs.getLoggerProvider());
  parentPort?.on('message', (message: unknown) => {
    if (message === FLUSH_MESSAGE) void flushAll().then(() => answer(new Int32Array(flushed)));
  });
  // thread-stream awaits it before it says that a flush is done; without it, flushed would only mean handed over.
  return Object.assign(stream, { flush: flushAll });
}

function answer(flushed: Int32Array): void {
  Atomics.store(flushed, 0, 1);
  Atomics.notify(flushed, 0);
}

async function flush(stream: Duplex, provider: Flushable): Promise<void> {
  // Lines on their way through the stream are not yet the provider's.
  while (stream.writableLength + stream.readableLength > 0) await new Promise((resolve) => setImmediate(resolve));
  await new Promise((resolve) => setImmediate(resolve));
  await (provider._getDelegate?.() ?? provider).forceFlush?.();
}

function sayLost(error: unknown): void {
  const why = isError(error) ? error.message : String(error);
  parentPort?.postMessage({ code: 'EVENT', name: LOST_EVENT, args: [why] });
}

// thread-stream takes the default export of the file that it is given.
export { startTransport as default };
