// `otel: 'worker'`: log records made and sent by pino-opentelemetry-transport in a worker thread.
import { once } from 'node:events';
import type { EventEmitter } from 'node:events';
import { pino } from 'pino';
import { settlesWithin } from '../../otel/deadline.ts';
import { isTracingSuppressed } from '../../otel/suppress-tracing.ts';
import type { LogEmitterStats, LogExporter } from './emitter.ts';
import type { LogEntry } from '../entry/entry.ts';
import { LOG_LEVELS } from '../entry/levels.ts';
import { FLUSH_MESSAGE, LOST_EVENT } from './otel-transport.ts';
import type { OtelTransportOptions, OtelWorkerOptions } from './otel-transport.ts';
import { toWorkerLine } from './worker-line.ts';
import { isError } from '../../model/any-realm.ts';

/** What a {@link WorkerEmitter} stands on. */
export interface WorkerEmitterOptions {
  readonly transport: OtelTransportOptions;
  /** The worker's whole environment: its exporter reads headers, compression and certificates from it. */
  readonly env: Readonly<Record<string, string>>;
  /** Called when the first line since a flush is taken, and when all are flushed. */
  readonly onBusyChange: () => void;
  /** Tells a person, once, that something was not sent. */
  readonly say: (message: string) => void;
}

/** What is used of pino's ThreadStream. */
interface WorkerStream extends EventEmitter {
  readonly worker: { terminate(): Promise<unknown>; unref(): void; postMessage(message: unknown): void };
  readonly writableNeedDrain: boolean;
  readonly destroyed: boolean;
  write(line: string): boolean;
  flush(done: (error?: Error | null) => void): void;
  flushSync(): void;
  end(): void;
}

/** What may lie in this thread for a worker that is slower than the job; lines above it are counted and dropped. */
const MAX_WAITING_BYTES = 64 * 1024 * 1024;

const CONFIG = {
  messageKey: 'msg',
  errorKey: 'err',
  levels: {
    labels: Object.fromEntries(LOG_LEVELS.map(({ value, name }) => [value, name])),
    values: Object.fromEntries(LOG_LEVELS.map(({ value, name }) => [name, value])),
  },
};

/**
 * Hands log lines to a worker thread, whose transport makes log records of them and sends them. Never throws.
 *
 * Limits: the worker costs about 40 MB of memory and 12 µs of a second core a line; it counts nothing that it gives up (the first
 * is said once); what SIGKILL, or the end of the time that an exit may take, finds in its queue is lost.
 */
export class WorkerEmitter implements LogExporter {
  readonly #options: WorkerEmitterOptions;
  #stream: WorkerStream | undefined;
  #takenCount = 0;
  #flushedCount = 0;
  #failedCount = 0;
  #waitingBytes = 0;
  #hasSaid = false;
  readonly #flushed = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));

  constructor(options: WorkerEmitterOptions) {
    this.#options = options;
    this.#stream = this.#open();
  }

  /** Waits until the worker runs: until then pino holds a process that exits for up to 10 s. Never rejects. */
  async untilReady(timeoutMs: number): Promise<void> {
    const stream = this.#stream;
    if (stream !== undefined) await settlesWithin(once(stream, 'ready'), timeoutMs);
  }

  /** What became of the lines so far; waiting are those that no flush has sent yet. */
  get stats(): LogEmitterStats {
    const waitingCount = this.#takenCount - this.#flushedCount;
    return { emittedCount: this.#takenCount, failedCount: this.#failedCount, waitingCount };
  }

  /** Whether a line has been taken that no flush has sent. */
  get isBusy(): boolean {
    return this.#takenCount > this.#flushedCount;
  }

  /** Takes one line; those that telemetry's own traffic writes are not exported. */
  take(entry: LogEntry): void {
    if (isTracingSuppressed(entry.context)) return;
    const stream = this.#stream;
    if (stream === undefined || stream.destroyed || this.#waitingBytes > MAX_WAITING_BYTES) {
      this.#failedCount++;
      return;
    }
    const line = toWorkerLine(entry);
    const isFirst = !this.isBusy;
    this.#takenCount++;
    this.#waitingBytes = stream.write(line) ? 0 : this.#waitingBytes + line.length;
    if (isFirst) this.#options.onBusyChange();
  }

  /** The worker has it. */
  handOver(): void {
    // Written when it was taken.
  }

  /** In `exit`: sends what was taken, blocking this thread until it is sent or the time is over. */
  drain(timeoutMs: number): void {
    const stream = this.#stream;
    if (stream === undefined || stream.destroyed || !this.isBusy) return;
    try {
      stream.flushSync();
      Atomics.store(this.#flushed, 0, 0);
      stream.worker.postMessage(FLUSH_MESSAGE);
      if (Atomics.wait(this.#flushed, 0, 0, timeoutMs) !== 'timed-out') return;
    } catch {
      // The worker died or does not read: the line below says what is lost.
    }
    this.#say(`the time to send ${this.#takenCount - this.#flushedCount} of them is over`);
  }

  /** Sends all that was taken. Never rejects; says whether it was done in time. */
  async flush(timeoutMs: number): Promise<boolean> {
    const stream = this.#stream;
    if (stream === undefined || stream.destroyed || !this.isBusy) return true;
    const count = this.#takenCount;
    const flushed = new Promise<void>((resolve) => stream.flush(() => resolve()));
    const isDone = await settlesWithin(flushed, timeoutMs);
    if (isDone) {
      this.#flushedCount = Math.max(this.#flushedCount, count);
      if (!this.isBusy) this.#options.onBusyChange();
    } else if (!stream.destroyed) {
      // A flush that goes on would keep the process alive.
      stream.worker.unref();
    }
    return isDone;
  }

  /** Sends what was taken and ends the worker, hard where the time is over; what is taken later is counted as failed. */
  async end(timeoutMs: number): Promise<void> {
    const isDone = await this.flush(timeoutMs);
    const stream = this.#stream;
    this.#stream = undefined;
    if (stream === undefined || stream.destroyed) return;
    const lostCount = this.#takenCount - this.#flushedCount;
    this.#failedCount += lostCount;
    if (lostCount > 0) this.#say(`the time to send ${lostCount} of them is over`);
    this.#flushedCount = this.#takenCount;
    this.#options.onBusyChange();
    // end() blocks this thread until the worker is done: for an instant when all is sent, else for up to 10 s.
    if (isDone) {
      const closed = new Promise((resolve) => stream.once('close', resolve));
      stream.end();
      await settlesWithin(closed, timeoutMs);
    } else await stream.worker.terminate();
  }

  #open(): WorkerStream | undefined {
    try {
      const isSource = import.meta.url.endsWith('.ts');
      // pino's own types have no word for its stream.
      const stream = pino.transport({
        target: new URL(`otel-transport.${isSource ? 'ts' : 'js'}`, import.meta.url).href,
        options: { transport: this.#options.transport, flushed: this.#flushed.buffer } satisfies OtelWorkerOptions,
        // Its own exit hook would wait for 10 s; drain() waits for as long as it may.
        worker: { env: this.#options.env, execArgv: [], autoEnd: false },
      }) as unknown as WorkerStream;
      stream.on('error', (error: Error) => this.#say(error.message));
      stream.on('drain', () => (this.#waitingBytes = 0));
      stream.on(LOST_EVENT, (why: string) => this.#say(why));
      stream.emit('message', { code: 'PINO_CONFIG', config: CONFIG });
      return stream;
    } catch (error) {
      this.#say(isError(error) ? error.message : String(error));
      return undefined;
    }
  }

  #say(why: string): void {
    if (this.#hasSaid) return;
    this.#hasSaid = true;
    this.#options.say(`log records may not have reached the OTLP endpoint: ${why}`);
  }
}
