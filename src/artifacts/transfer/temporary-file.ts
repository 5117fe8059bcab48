// Bytes that are not in a file yet, in one for as long as they are sent.
import { createWriteStream } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';

/** Bytes, or where they come from piece by piece. */
export type ByteInput = Uint8Array | AsyncIterable<Uint8Array | string> | ReadableStream<Uint8Array>;

/** Writes bytes into a file of their own, readable by this user alone, calls `use` with it, and removes it. */
export async function withTemporaryFile<T>(bytes: ByteInput, use: (file: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'runspan-artifact-'));
  try {
    const file = join(folder, 'content');
    if (bytes instanceof Uint8Array) await writeFile(file, bytes);
    else await pipeline(Readable.from(bytes), createWriteStream(file));
    return await use(file);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
