// The disk in memory answers as the machine's own does, call by call.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { NodeDisk } from '../../src/outbox/machine/node-system.ts';
import type { Disk } from '../../src/outbox/machine/system.ts';
import { MemoryDisk } from '../../src/testing/memory-disk.ts';

const FILES = ['a', 'b', 'd/x', 'd/y', 'e/z'];
const FOLDERS = ['d', 'e', 'd/deep'];

/** One call, with what it answered or the code of what it threw. */
type Call = (disk: Disk, root: string) => unknown;

const file = fc.constantFrom(...FILES);
const folder = fc.constantFrom(...FOLDERS);
const calls: fc.Arbitrary<Call> = fc.oneof(
  folder.map(
    (name): Call =>
      (disk, root) =>
        disk.makeFolder(join(root, name)),
  ),
  fc.tuple(file, fc.string()).map(
    ([name, text]): Call =>
      (disk, root) =>
        writeWhole(disk, join(root, name), text),
  ),
  fc.tuple(file, fc.string()).map(
    ([name, text]): Call =>
      (disk, root) =>
        disk.appendText(join(root, name), text),
  ),
  fc.tuple(file, fc.string()).map(
    ([name, text]): Call =>
      (disk, root) =>
        disk.replaceText(join(root, name), text),
  ),
  file.map(
    (name): Call =>
      (disk, root) =>
        disk.readText(join(root, name)),
  ),
  fc.tuple(file, fc.nat(20)).map(
    ([name, at]): Call =>
      (disk, root) =>
        readAt(disk, join(root, name), at),
  ),
  file.map(
    (name): Call =>
      (disk, root) =>
        disk.stat(join(root, name))?.sizeBytes,
  ),
  folder.map(
    (name): Call =>
      (disk, root) =>
        disk.stat(join(root, name))?.isFolder,
  ),
  folder.map(
    (name): Call =>
      (disk, root) =>
        disk.list(join(root, name)),
  ),
  fc.constant<Call>((disk, root) => disk.list(root)),
  file.map(
    (name): Call =>
      (disk, root) =>
        disk.removeFile(join(root, name)),
  ),
  folder.map(
    (name): Call =>
      (disk, root) =>
        disk.removeFolder(join(root, name)),
  ),
  fc.tuple(file, fc.constantFrom('moved', 'moved2')).map(
    ([from, to]): Call =>
      (disk, root) =>
        disk.rename(join(root, from), join(root, to)),
  ),
  fc.constant<Call>(
    (disk, root) => disk.stat(join(root, 'f')) === undefined && disk.rename(join(root, 'd'), join(root, 'f')),
  ),
  file.map(
    (name): Call =>
      (disk, root) =>
        disk.touch(join(root, name)),
  ),
);

function writeWhole(disk: Disk, path: string, text: string): number {
  const descriptor = disk.createFile(path);
  const written = disk.write(descriptor, Buffer.from(text));
  disk.close(descriptor);
  return written;
}

function readAt(disk: Disk, path: string, position: number): string | undefined {
  const descriptor = disk.openFile(path);
  if (descriptor === undefined) return undefined;
  const into = new Uint8Array(8);
  const count = disk.read(descriptor, into, position);
  disk.close(descriptor);
  return Buffer.from(into.subarray(0, count)).toString('hex');
}

function answer(call: Call, disk: Disk, root: string): unknown {
  try {
    return call(disk, root);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? error;
  }
}

test('answers every call as a real disk does', () => {
  fc.assert(
    fc.property(fc.array(calls, { maxLength: 40 }), (sequence) => {
      const real = mkdtempSync(join(tmpdir(), 'runspan-disk-'));
      const memory = new MemoryDisk('/memory-root');
      try {
        for (const call of sequence)
          expect(answer(call, memory, memory.root)).toEqual(answer(call, new NodeDisk(), real));
      } finally {
        rmSync(real, { recursive: true });
      }
    }),
    { numRuns: 200 },
  );
});
