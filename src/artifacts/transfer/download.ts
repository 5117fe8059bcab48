// Brings one file whole: to another name first, going on where it broke off, large ones in parts at once, its checksum compared.
import { createHash, randomUUID, type Hash } from 'node:crypto';
import { open, rename, rm, type FileHandle } from 'node:fs/promises';
import { crc32 } from 'node:zlib';
import { MlflowError, mlflowError } from '../../errors.ts';
import { joinCrc32 } from './crc32.ts';
import { inParallel } from './parallel.ts';
import { readableSize, readPieces } from './source-file.ts';

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
  /** The whole file's CRC32, where the server knows it; asked for with the file's beginning only. */
  readonly crc32?: number | undefined;
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
    compareCrc32(source, received);
    const { expectedMd5, expectedCrc32, md5 } = received;
    // a file that came in parts is not read over again where the other checksum was compared
    if (expectedMd5 !== undefined && (md5 !== undefined || expectedCrc32 === undefined))
      compareMd5(source, expectedMd5, md5 ?? (await md5Of(part)));
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
  const received = await receive(inOne, sink);
  compareCrc32(source, received);
  const { expectedMd5, md5 } = received;
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
  readonly expectedCrc32: number | undefined;
  readonly crc32: number;
}

/** What of a transfer stays the same over its tries. */
interface Transfer {
  readonly startByte: number;
  readonly endByte: number | undefined;
  atByte: number;
  totalBytes: number | undefined;
  version: string | undefined;
  expectedMd5: string | undefined;
  expectedCrc32: number | undefined;
  /** Of the bytes from the beginning on, where there is something to compare it with. */
  hash: Hash | undefined;
  /** Of the bytes from `startByte` on; undefined where there is nothing to compare it with. */
  crc32: number | undefined;
  /** Set where the file is so large that it is to come in parts. */
  mustSplit: boolean;
}

async function receive(source: ByteSource, sink: Sink): Promise<Received> {
  const whole = newTransfer(0, undefined, undefined);
  await persist(source, sink, whole);
  const { totalBytes = 0, version = '', expectedMd5, expectedCrc32 } = whole;
  if (!whole.mustSplit) return { expectedMd5, md5: whole.hash?.digest('hex'), expectedCrc32, crc32: whole.crc32 ?? 0 };
  const partBytes = source.partBytes ?? totalBytes;
  const starts = Array.from({ length: Math.ceil(totalBytes / partBytes) }, (_, index) => index * partBytes);
  const parts = await inParallel(starts, MAX_PARTS_AT_ONCE, async (startByte) => {
    const part = newTransfer(startByte, Math.min(startByte + partBytes, totalBytes) - 1, version);
    if (expectedCrc32 !== undefined) part.crc32 = 0;
    await persist(source, sink, part);
    return part;
  });
  const joined = parts.reduce((sum, part) => joinCrc32(sum, part.crc32 ?? 0, part.atByte - part.startByte), 0);
  return { expectedMd5, md5: undefined, expectedCrc32, crc32: joined };
}

function newTransfer(startByte: number, endByte: number | undefined, version: string | undefined): Transfer {
  return {
    startByte,
    endByte,
    atByte: startByte,
    totalBytes: undefined,
    version,
    expectedMd5: undefined,
    expectedCrc32: undefined,
    hash: undefined,
    crc32: undefined,
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
  }
  if (transfer.endByte === undefined) {
    transfer.totalBytes = opened.totalBytes;
    transfer.version = opened.version;
    if (opened.startByte === 0) expectSums(transfer, opened);
    const { partBytes = Infinity } = source;
    transfer.mustSplit = transfer.atByte === 0 && (opened.totalBytes ?? 0) > partBytes && opened.version !== undefined;
    if (transfer.mustSplit) return;
  }
  for await (const chunk of opened.bytes) {
    await sink.write(chunk, transfer.atByte);
    transfer.hash?.update(chunk);
    if (transfer.crc32 !== undefined) transfer.crc32 = crc32(chunk, transfer.crc32);
    transfer.atByte += chunk.byteLength;
  }
  const wanted = transfer.endByte === undefined ? transfer.totalBytes : transfer.endByte + 1;
  if (wanted !== undefined && transfer.atByte !== wanted) {
    throw broken(source, `${transfer.atByte} bytes came of ${wanted}`);
  }
}

/** Begins to sum up what the server knows the sum of. */
function expectSums(transfer: Transfer, { md5, crc32: sum }: OpenedBytes): void {
  transfer.expectedMd5 = md5;
  transfer.hash = md5 === undefined ? undefined : createHash('md5');
  transfer.expectedCrc32 = sum;
  transfer.crc32 = sum === undefined ? undefined : 0;
}

function compareCrc32(source: ByteSource, { expectedCrc32, crc32: sum }: Received): void {
  if (expectedCrc32 === undefined || expectedCrc32 === sum) return;
  throw broken(source, `its CRC32 is ${sum.toString(16)}, and the server says ${expectedCrc32.toString(16)}`);
}

function compareMd5(source: ByteSource, expected: string, actual: string): void {
  if (expected !== actual) throw broken(source, `its MD5 is ${actual}, and the server says ${expected}`);
}

async function md5Of(file: string): Promise<string> {
  const hash = createHash('md5');
  for await (const piece of readPieces({ file, startByte: 0, sizeBytes: await readableSize(file) })) hash.update(piece);
  return hash.digest('hex');
}

function broken({ what }: ByteSource, why: string): MlflowError {
  return mlflowError('TEMPORARILY_UNAVAILABLE', `Cannot bring ${what} whole: ${why}.`);
}
