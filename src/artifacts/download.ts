// Brings one file whole: to another name first, going on where it broke off, large ones in parts at once, its checksum compared.
import { createHash, randomUUID, type Hash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open, rename, rm, type FileHandle } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { MlflowError, mlflowError } from '../errors.ts';
import { inParallel } from './parallel.ts';

/** A part of a file that is asked for. */
export interface ByteRange {
  readonly startByte: number;
  /** The last one; undefined: to the end. */
  readonly endByte: number | undefined;
  /** Which state of the file the other parts are of. */
  readonly version: string;
}

/** What an answer brings. */
export interface OpenedBytes {
  /** Where they begin: 0 where the server does not give parts, whatever was asked for. */
  readonly startByte: number;
  /** The whole file's; undefined where the server does not say. */
  readonly totalBytes: number | undefined;
  /** Changes with the file; without it nothing is resumed. */
  readonly version: string | undefined;
  /** The whole file's MD5, in hex, where the server knows it. */
  readonly md5: string | undefined;
  readonly bytes: AsyncIterable<Uint8Array>;
}

/** Where a file comes from. */
export interface ByteSource {
  /** Named in errors. */
  readonly what: string;
  /** From this size on a file comes in parts of it; undefined: always in one. */
  readonly partBytes: number | undefined;
  /**
   * Asks for the file, or the part that `range` then says, and hands the answer to `read`. It may ask again by itself where that fails
   * in a way that can pass.
   */
  fetch<T>(range: () => ByteRange | undefined, read: (opened: OpenedBytes) => Promise<T>): Promise<T>;
}

/** Parts of one file under way at once. */
const MAX_PARTS_AT_ONCE = 6;

/** So many tries in a row that bring nothing end a transfer; as long as bytes come it goes on. */
const MAX_IDLE_TRIES = 2;

/** Downloads to `targetFile`, whose folder exists; nothing has that name before it is whole. */
export async function downloadTo(targetFile: string, source: ByteSource): Promise<void> {
  const part = `${targetFile}.${randomUUID()}.part`;
  try {
    const file = await open(part, 'wx');
    let received: Received;
    try {
      received = await receive(source, new FileSink(file));
    } finally {
      await file.close();
    }
    const { expectedMd5, md5 } = received;
    if (expectedMd5 !== undefined) compareMd5(source, expectedMd5, md5 ?? (await md5Of(part)));
    await rename(part, targetFile);
  } catch (error) {
    await rm(part, { force: true });
    throw error;
  }
}

/** Reads into memory. */
export async function downloadBytes(source: ByteSource): Promise<Uint8Array> {
  const sink = new MemorySink();
  const inOne = { ...source, partBytes: undefined, fetch: source.fetch.bind(source) };
  const { expectedMd5, md5 } = await receive(inOne, sink);
  if (expectedMd5 !== undefined && md5 !== undefined) compareMd5(source, expectedMd5, md5);
  return sink.bytes();
}

/** Where bytes go. */
interface Sink {
  write(bytes: Uint8Array, atByte: number): Promise<void>;
  /** Forgets all that was written. */
  clear(): Promise<void>;
}

class FileSink implements Sink {
  readonly #file: FileHandle;

  constructor(file: FileHandle) {
    this.#file = file;
  }

  async write(bytes: Uint8Array, atByte: number): Promise<void> {
    for (let done = 0; done < bytes.byteLength;) {
      const { bytesWritten } = await this.#file.write(bytes, done, bytes.byteLength - done, atByte + done);
      done += bytesWritten;
    }
  }

  async clear(): Promise<void> {
    await this.#file.truncate(0);
  }
}

class MemorySink implements Sink {
  #chunks: Uint8Array[] = [];

  async write(bytes: Uint8Array): Promise<void> {
    this.#chunks.push(bytes);
    return Promise.resolve();
  }

  async clear(): Promise<void> {
    this.#chunks = [];
    return Promise.resolve();
  }

  bytes(): Uint8Array {
    return Buffer.concat(this.#chunks);
  }
}

/** What is known of the bytes once all are there. */
interface Received {
  readonly expectedMd5: string | undefined;
  /** Undefined where they came in parts. */
  readonly md5: string | undefined;
}

/** What of a transfer stays the same over its tries. */
interface Transfer {
  readonly startByte: number;
  readonly endByte: number | undefined;
  atByte: number;
  totalBytes: number | undefined;
  version: string | undefined;
  expectedMd5: string | undefined;
  /** Of the bytes from the beginning on. */
  hash: Hash;
  /** Set where the file is so large that it is to come in parts. */
  mustSplit: boolean;
}

async function receive(source: ByteSource, sink: Sink): Promise<Received> {
  const whole = newTransfer(0, undefined, undefined);
  await persist(source, sink, whole);
  const { totalBytes = 0, version = '', expectedMd5 } = whole;
  if (!whole.mustSplit) return { expectedMd5, md5: whole.hash.digest('hex') };
  const partBytes = source.partBytes ?? totalBytes;
  const starts = Array.from({ length: Math.ceil(totalBytes / partBytes) }, (_, index) => index * partBytes);
  await inParallel(starts, MAX_PARTS_AT_ONCE, async (startByte) => {
    const part = newTransfer(startByte, Math.min(startByte + partBytes, totalBytes) - 1, version);
    await persist(source, sink, part);
  });
  return { expectedMd5, md5: undefined };
}

function newTransfer(startByte: number, endByte: number | undefined, version: string | undefined): Transfer {
  return {
    startByte,
    endByte,
    atByte: startByte,
    totalBytes: undefined,
    version,
    expectedMd5: undefined,
    hash: createHash('md5'),
    mustSplit: false,
  };
}

/** Tries again as long as that brings something. */
async function persist(source: ByteSource, sink: Sink, transfer: Transfer): Promise<void> {
  for (let idle = 0; ;) {
    const before = transfer.atByte;
    try {
      const range = (): ByteRange | undefined => rangeOf(transfer);
      return await source.fetch(range, async (opened) => await take(source, { opened, sink, transfer }));
    } catch (error) {
      idle = transfer.atByte > before ? 0 : idle + 1;
      // another file is there by now: the whole of that one
      if (error instanceof MlflowError && error.status === 412 && transfer.endByte === undefined)
        transfer.version = undefined;
      const canPass = error instanceof MlflowError && error.isRetryable;
      if (!canPass || idle >= MAX_IDLE_TRIES) throw error;
    }
  }
}

function rangeOf({ atByte, endByte, version }: Transfer): ByteRange | undefined {
  const isWhole = atByte === 0 && endByte === undefined;
  return isWhole || version === undefined ? undefined : { startByte: atByte, endByte, version };
}

async function take(
  source: ByteSource,
  { opened, sink, transfer }: { readonly opened: OpenedBytes; readonly sink: Sink; readonly transfer: Transfer },
): Promise<void> {
  if (opened.startByte !== transfer.atByte) {
    // the server gave the whole where a part was asked for, or the file has changed
    if (transfer.endByte !== undefined) throw broken(source, 'the server gives no parts of it');
    await sink.clear();
    transfer.atByte = 0;
    transfer.hash = createHash('md5');
  }
  if (transfer.endByte === undefined) {
    transfer.totalBytes = opened.totalBytes;
    transfer.version = opened.version;
    transfer.expectedMd5 = opened.md5;
    const { partBytes = Infinity } = source;
    transfer.mustSplit = transfer.atByte === 0 && (opened.totalBytes ?? 0) > partBytes && opened.version !== undefined;
    if (transfer.mustSplit) return;
  }
  for await (const chunk of opened.bytes) {
    await sink.write(chunk, transfer.atByte);
    if (transfer.endByte === undefined) transfer.hash.update(chunk);
    transfer.atByte += chunk.byteLength;
  }
  const wanted = transfer.endByte === undefined ? transfer.totalBytes : transfer.endByte + 1;
  if (wanted !== undefined && transfer.atByte !== wanted) {
    throw broken(source, `${transfer.atByte} bytes came of ${wanted}`);
  }
}

function compareMd5(source: ByteSource, expected: string, actual: string): void {
  if (expected !== actual) throw broken(source, `its MD5 is ${actual}, and the server says ${expected}`);
}

async function md5Of(file: string): Promise<string> {
  const hash = createHash('md5');
  await pipeline(createReadStream(file, { highWaterMark: 1024 * 1024 }), hash);
  return hash.digest('hex');
}

function broken({ what }: ByteSource, why: string): MlflowError {
  return mlflowError('TEMPORARILY_UNAVAILABLE', `Cannot bring ${what} whole: ${why}.`);
}
