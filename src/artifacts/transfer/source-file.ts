// A file on this machine that is to be sent: readable, regular, how large, and read into memory that is used over and over.
import { constants } from 'node:fs';
import { access, open, stat, type FileHandle } from 'node:fs/promises';
import { getDefaultHighWaterMark } from 'node:stream';
import { RunspanError } from '../../errors.ts';
import { isError } from '../../model/any-realm.ts';

/** A part of a file on this machine; its size is that of the whole where it is the whole. */
export interface FilePart {
  readonly file: string;
  readonly startByte: number;
  readonly sizeBytes: number;
}

/** How much of a file is read at once: 64 KiB cost three times the CPU (measured). */
const READ_BYTES = 1024 * 1024;

/**
 * Returns the size of a regular file that can be read.
 *
 * @throws {RunspanError} `FILE_NOT_READABLE` for anything else
 */
export async function readableSize(file: string): Promise<number> {
  let isFolder: boolean;
  try {
    await access(file, constants.R_OK);
    const found = await stat(file);
    if (found.isFile()) return found.size;
    isFolder = found.isDirectory();
  } catch (cause) {
    const reason = isError(cause) ? cause.message : String(cause);
    throw new RunspanError('FILE_NOT_READABLE', `Cannot read '${file}': ${reason}.`, { cause });
  }
  // Reading a pipe waits for a writer who may never come, and holds a thread of the pool meanwhile.
  const reason = isFolder ? 'it is a folder. Give its files one by one.' : 'it is no regular file.';
  throw new RunspanError('FILE_NOT_READABLE', `Cannot read '${file}': ${reason}`);
}

/**
 * Reads a part of a file piece by piece, the next one while this one is used. A piece's memory is written over later: new memory for each
 * made the garbage collector go through the whole heap over and over, for two thirds of an upload's CPU time (measured). Whoever takes a
 * piece from here has written all but a high-water mark of Node's streams of what came before it, as every writer that heeds `drain` has.
 *
 * @throws {RunspanError} `FILE_NOT_READABLE` where the file is shorter; else what the disk says
 * @example
 * for await (const piece of readPieces({ file, startByte: 0, sizeBytes })) hash.update(piece);
 */
export async function* readPieces({ file, startByte, sizeBytes }: FilePart): AsyncGenerator<Uint8Array, void> {
  const source = await open(file);
  const memory: Buffer[] = [];
  const count = memoryCount();
  const read = async (index: number): Promise<Buffer> => {
    const at = index * READ_BYTES;
    const whole = (memory[index % count] ??= Buffer.allocUnsafeSlow(Math.min(READ_BYTES, sizeBytes)));
    const piece = whole.subarray(0, Math.min(READ_BYTES, sizeBytes - at));
    await fill(piece, { file, source, startByte: startByte + at });
    return piece;
  };
  try {
    let ahead = read(0);
    for (let next = 1; (next - 1) * READ_BYTES < sizeBytes; next++) {
      const piece = await ahead;
      if (next * READ_BYTES < sizeBytes) ahead = read(next);
      // where it fails, that is heard when its turn comes, or never
      ahead.catch(() => undefined);
      yield piece;
    }
  } finally {
    await source.close();
  }
}

/** Pieces of memory that one reader needs: the one that is used, the one that is read, and what a socket may still hold. */
function memoryCount(): number {
  return 2 + Math.ceil(getDefaultHighWaterMark(false) / READ_BYTES);
}

/**
 * Reads until the memory is full.
 *
 * @throws {RunspanError} `FILE_NOT_READABLE` where the file ends before
 */
export async function fill(
  memory: Buffer,
  { file, source, startByte }: { readonly file: string; readonly source: FileHandle; readonly startByte: number },
): Promise<void> {
  for (let done = 0; done < memory.byteLength;) {
    const { bytesRead } = await source.read(memory, done, memory.byteLength - done, startByte + done);
    if (bytesRead === 0)
      throw new RunspanError('FILE_NOT_READABLE', `Cannot read '${file}': its size changed while it was read.`);
    done += bytesRead;
  }
}
