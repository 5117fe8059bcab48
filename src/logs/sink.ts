// Where log lines are written, at once: a stream of the process or a file. What fails here does not reach the job.
import { closeSync, mkdirSync, openSync, writeSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { isatty } from 'node:tty';
import { isError } from '../model/any-realm.ts';

/** What a {@link LogSink} stands on. */
export interface LogSinkOptions {
  /** `stderr`, `stdout` or a file's path. */
  readonly sink: string;
  /** Whether failures stay here; else they are thrown at the caller. */
  readonly isCatching: boolean;
  /** Writes some bytes, as fs.writeSync does; tests own it. */
  readonly write?: (fd: number, data: string | Buffer) => number;
}

const STANDARD_STREAMS: Readonly<Record<string, number>> = { stdout: 1, stderr: 2 };
const STDERR = 2;

/** A full pipe is asked again this often, for this long; then the line is given up: the job comes first. */
const FULL_PIPE_PAUSE_MS = 5;
const FULL_PIPE_LIMIT_MS = 1_000;

/** Writes lines synchronously, so that each is out when the call returns. Opens a file at the first line or at `open()`. */
export class LogSink {
  readonly #options: LogSinkOptions;
  readonly #write: (fd: number, data: string | Buffer) => number;
  #fd: number | undefined;
  #isClosed = false;
  #hasSaid = false;
  #failureCount = 0;

  constructor(options: LogSinkOptions) {
    this.#options = options;
    this.#write =
      options.write ?? ((fd, data): number => (typeof data === 'string' ? writeSync(fd, data) : writeSync(fd, data)));
    this.#fd = STANDARD_STREAMS[options.sink];
  }

  /** How many lines were lost because they could not be written. */
  get failureCount(): number {
    return this.#failureCount;
  }

  /** Whether a person looks at it. */
  get isTerminal(): boolean {
    const fd = STANDARD_STREAMS[this.#options.sink];
    return fd !== undefined && isatty(fd);
  }

  /** Opens the file, its folders too; after `close()` again. */
  open(): void {
    this.#isClosed = false;
    this.#guard(() => this.#descriptor());
  }

  /** Writes one line, its newline included. After `close()` a file's lines go to stderr, so that none is lost unseen. */
  write(line: string): void {
    this.#guard(() => this.#writeAll(this.#descriptor(), line));
  }

  /** Closes a file; the process's own streams stay open. */
  close(): void {
    if (this.#options.sink in STANDARD_STREAMS) return;
    this.#isClosed = true;
    const fd = this.#fd;
    this.#fd = undefined;
    if (fd !== undefined) this.#guard(() => closeSync(fd));
  }

  #descriptor(): number {
    if (this.#isClosed) return STDERR;
    if (this.#fd === undefined) {
      const path = resolve(this.#options.sink);
      mkdirSync(dirname(path), { recursive: true });
      this.#fd = openSync(path, 'a');
    }
    return this.#fd;
  }

  #writeAll(fd: number, line: string): void {
    let written = this.#writeSome(fd, line);
    if (written === Buffer.byteLength(line)) return;
    const bytes = Buffer.from(line);
    while (written < bytes.length) written += this.#writeSome(fd, bytes.subarray(written));
  }

  #writeSome(fd: number, data: string | Buffer): number {
    for (let waitedMs = 0; ; waitedMs += FULL_PIPE_PAUSE_MS) {
      try {
        return this.#write(fd, data);
      } catch (error) {
        const isFull = (error as NodeJS.ErrnoException).code === 'EAGAIN';
        if (!isFull || waitedMs >= FULL_PIPE_LIMIT_MS) throw error;
        pause(FULL_PIPE_PAUSE_MS);
      }
    }
  }

  #guard(work: () => void): void {
    try {
      work();
    } catch (error) {
      this.#failureCount++;
      if (!this.#options.isCatching) throw error;
      this.#sayOnce(error);
    }
  }

  #sayOnce(error: unknown): void {
    if (this.#hasSaid) return;
    this.#hasSaid = true;
    const why = isError(error) ? error.message : String(error);
    try {
      writeSync(
        STDERR,
        `runspan: cannot write log lines to '${this.#options.sink}': ${why}. They are counted, not kept.\n`,
      );
    } catch {
      // Stderr is gone as well: nobody is left to be told.
    }
  }
}

function pause(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT)), 0, 0, ms);
}
