// The file that is uploaded: its pieces are whole though their memory is used over and over, however slowly they are taken.
import { createHash } from 'node:crypto';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, truncateSync, writeSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { getDefaultHighWaterMark, setDefaultHighWaterMark } from 'node:stream';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it, onTestFinished } from 'vitest';
import { openProxyArtifacts } from '../../../src/artifacts/repositories/proxy.ts';
import { readPieces } from '../../../src/artifacts/transfer/source-file.ts';

const MEBIBYTE = 1024 * 1024;
const folder = mkdtempSync(join(tmpdir(), 'runspan-source-'));
const source = join(folder, 'source');
afterAll(() => rmSync(folder, { recursive: true }));

/** A file no two blocks of which are alike. */
function write(sizeBytes: number): void {
  const file = openSync(source, 'w');
  const block = Buffer.alloc(4096);
  for (let at = 0; at < sizeBytes; at += block.length) {
    block.writeUInt32LE(at / block.length, at % 1024);
    writeSync(file, block, 0, Math.min(block.length, sizeBytes - at), at);
  }
  closeSync(file);
}

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

describe('the pieces of a file', () => {
  it.each([
    ['less than a piece', 0, 10],
    ['a piece', 0, MEBIBYTE],
    ['pieces and a rest', 0, 5 * MEBIBYTE + 7],
    ['a part that begins and ends within', 1_234_567, 3 * MEBIBYTE + 1],
  ])('are its bytes: %s', async (_, startByte, sizeBytes) => {
    write(7 * MEBIBYTE);
    const hash = createHash('sha256');
    for await (const piece of readPieces({ file: source, startByte, sizeBytes })) hash.update(piece);
    expect(hash.digest('hex')).toBe(sha256(readFileSync(source).subarray(startByte, startByte + sizeBytes)));
  });

  it('are in memory that is used over and over', async () => {
    write(10 * MEBIBYTE);
    const memory = new Set<ArrayBufferLike>();
    for await (const piece of readPieces({ file: source, startByte: 0, sizeBytes: 10 * MEBIBYTE }))
      memory.add(piece.buffer);
    expect(memory.size).toBe(3);
  });

  it('stay what they are while a socket holds them, where the job has given streams a high-water mark of its own', async () => {
    const before = getDefaultHighWaterMark(false);
    onTestFinished(() => setDefaultHighWaterMark(false, before));
    setDefaultHighWaterMark(false, 5 * MEBIBYTE);
    write(24 * MEBIBYTE);
    const hash = createHash('sha256');
    const held: Uint8Array[] = [];
    for await (const piece of readPieces({ file: source, startByte: 0, sizeBytes: 24 * MEBIBYTE })) {
      held.push(piece);
      // as a socket: it says when it is full, and asks for more when all is written
      if (held.length === 5) for (const one of held.splice(0)) hash.update(one);
    }
    for (const one of held) hash.update(one);
    expect(hash.digest('hex')).toBe(sha256(readFileSync(source)));
  });

  it('end in an error where the file shrinks meanwhile, and where nobody asks for more it is heard by nobody', async () => {
    write(4 * MEBIBYTE);
    const part = { file: source, startByte: 0, sizeBytes: 4 * MEBIBYTE };
    const pieces = readPieces(part);
    await pieces.next();
    truncateSync(source, 10);
    const rest = async (): Promise<void> => {
      for await (const _ of pieces);
    };
    await expect(rest()).rejects.toMatchObject({ code: 'FILE_NOT_READABLE' });
    write(MEBIBYTE);
    const left = readPieces(part);
    await left.next();
    expect(await left.return()).toEqual({ done: true, value: undefined });
  });
});

describe('an upload', () => {
  /** Takes little at a time, so that the socket holds what was read before. */
  async function startSlowServer(): Promise<{ readonly url: string; readonly digest: () => string }> {
    const hash = createHash('sha256');
    const server = createServer({ highWaterMark: 16 * 1024 }, (socket) => {
      let leftBytes: number | undefined;
      socket.on('error', () => undefined);
      socket.on('data', (chunk) => {
        const head = leftBytes === undefined ? chunk.indexOf('\r\n\r\n') + 4 : 0;
        leftBytes ??= Number(/content-length: (\d+)/i.exec(chunk.toString('latin1'))?.[1]);
        hash.update(chunk.subarray(head));
        leftBytes -= chunk.length - head;
        if (leftBytes === 0) socket.write('HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n');
        socket.pause();
        void nextTurn().then(() => socket.resume());
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void server.close());
    const { port } = server.address() as AddressInfo; // listening, so it has one
    return { url: `http://127.0.0.1:${port}`, digest: () => hash.digest('hex') };
  }

  it('to a slow server arrives as it was', async () => {
    write(24 * MEBIBYTE);
    const server = await startSlowServer();
    const connection = { artifacts: { hasMultipartUploads: false } };
    const artifacts = openProxyArtifacts({ artifactUri: 'mlflow-artifacts:/1', trackingUri: server.url, connection });
    onTestFinished(() => artifacts.close());
    await artifacts.putFile('a', source);
    expect(server.digest()).toBe(sha256(readFileSync(source)));
  });
});
