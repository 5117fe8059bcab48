// A disk in memory for what lies under one folder; everything else is the machine's own, to read.
import { hash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { sep } from 'node:path';
import { NodeDisk } from '../outbox/machine/node-system.ts';
import type { Disk, FileStat } from '../outbox/machine/system.ts';

interface MemoryFile {
  bytes: Buffer;
  /** How many of the bytes are written; the rest is room for more. */
  size: number;
  modifiedMs: number;
  changedMs: number;
}

const FIRST_SIZE = 1024;

/**
 * Keeps files and folders under `root` in memory. A path outside is read from the machine's disk, so that a file of the
 * user's can be logged; nothing is ever written there.
 */
export class MemoryDisk implements Disk {
  readonly root: string;
  readonly #real = new NodeDisk();
  readonly #files = new Map<string, MemoryFile>();
  readonly #folders = new Set<string>();
  readonly #open = new Map<number, MemoryFile>();
  #lastDescriptor = 0;

  /** @param root absolute; need not exist on the machine */
  constructor(root: string) {
    this.root = root;
    this.#folders.add(root);
  }

  /** Reads a whole file, from here or from the machine. */
  readBytes(path: string): Uint8Array {
    return this.#isHere(path) ? contentOf(this.#require(path)) : readFileSync(path);
  }

  makeFolder(path: string): void {
    for (let folder = path; this.#isHere(folder); folder = parentOf(folder)) this.#folders.add(folder);
  }

  createFile(path: string): number {
    if (this.#files.has(path)) throw systemError('EEXIST', path);
    return this.#describe(this.#make(path));
  }

  openFile(path: string): number | undefined {
    if (!this.#isHere(path)) return this.#real.openFile(path);
    const file = this.#files.get(path);
    return file === undefined ? undefined : this.#describe(file);
  }

  write(descriptor: number, bytes: Uint8Array): number {
    const file = this.#open.get(descriptor);
    if (file === undefined) throw systemError('EBADF', String(descriptor));
    append(file, bytes);
    return bytes.byteLength;
  }

  read(descriptor: number, into: Uint8Array, position: number): number {
    const file = this.#open.get(descriptor);
    if (file === undefined) return this.#real.read(descriptor, into, position);
    const end = Math.min(file.size, position + into.byteLength);
    if (end <= position) return 0;
    into.set(file.bytes.subarray(position, end));
    return end - position;
  }

  close(descriptor: number): void {
    if (!this.#open.delete(descriptor)) this.#real.close(descriptor);
  }

  sync(): void {
    // Memory has nothing to sync.
  }

  stat(path: string): FileStat | undefined {
    if (!this.#isHere(path)) return this.#real.stat(path);
    const file = this.#files.get(path);
    if (file !== undefined) {
      const { size: sizeBytes, modifiedMs, changedMs } = file;
      return { sizeBytes, modifiedMs, changedMs, isFolder: false, isFile: true };
    }
    if (!this.#folders.has(path)) return undefined;
    return { sizeBytes: 0, modifiedMs: 0, changedMs: 0, isFolder: true, isFile: false };
  }

  list(path: string): readonly string[] {
    const inside = `${path}${sep}`;
    const names = [...this.#files.keys(), ...this.#folders]
      .filter((each) => each.startsWith(inside))
      .map((each) => each.slice(inside.length))
      .filter((name) => !name.includes(sep));
    return [...new Set(names)].toSorted();
  }

  readText(path: string): string | undefined {
    if (!this.#isHere(path)) return this.#real.readText(path);
    const file = this.#files.get(path);
    return file === undefined ? undefined : contentOf(file).toString('utf8');
  }

  replaceText(path: string, text: string): void {
    this.#files.delete(path);
    append(this.#make(path), Buffer.from(text));
  }

  appendText(path: string, text: string): void {
    append(this.#files.get(path) ?? this.#make(path), Buffer.from(text));
  }

  touch(path: string): void {
    this.#require(path).modifiedMs = Date.now();
  }

  checksum(path: string): Promise<string> {
    if (!this.#isHere(path)) return this.#real.checksum(path);
    return Promise.resolve().then(() => `sha256:${hash('sha256', contentOf(this.#require(path)))}`);
  }

  copy(source: string, target: string, how: 'clone' | 'bytes'): Promise<void> {
    if (how === 'clone') return Promise.reject(systemError('ENOTSUP', source));
    try {
      const bytes = this.readBytes(source);
      const descriptor = this.createFile(target);
      this.write(descriptor, bytes);
      this.close(descriptor);
      return Promise.resolve();
    } catch (error) {
      return Promise.reject(error as Error); // what fs throws
    }
  }

  rename(from: string, to: string): boolean {
    if (this.stat(from) === undefined) return false;
    const inside = `${from}${sep}`;
    for (const [path, file] of this.#files) {
      if (path !== from && !path.startsWith(inside)) continue;
      this.#files.delete(path);
      this.#files.set(to + path.slice(from.length), file);
      file.changedMs = Date.now();
    }
    for (const folder of this.#folders) {
      if (folder !== from && !folder.startsWith(inside)) continue;
      this.#folders.delete(folder);
      this.#folders.add(to + folder.slice(from.length));
    }
    return true;
  }

  removeFile(path: string): void {
    this.#files.delete(path);
  }

  removeFolder(path: string): void {
    const inside = `${path}${sep}`;
    for (const file of this.#files.keys()) if (file.startsWith(inside)) this.#files.delete(file);
    for (const folder of this.#folders) if (folder === path || folder.startsWith(inside)) this.#folders.delete(folder);
  }

  #isHere(path: string): boolean {
    return path === this.root || path.startsWith(`${this.root}${sep}`);
  }

  #require(path: string): MemoryFile {
    const file = this.#files.get(path);
    if (file === undefined) throw systemError('ENOENT', path);
    return file;
  }

  #make(path: string): MemoryFile {
    if (!this.#folders.has(parentOf(path))) throw systemError('ENOENT', path);
    const nowMs = Date.now();
    const file = { bytes: Buffer.alloc(FIRST_SIZE), size: 0, modifiedMs: nowMs, changedMs: nowMs };
    this.#files.set(path, file);
    return file;
  }

  #describe(file: MemoryFile): number {
    // Below zero, so that none is ever one of the machine's.
    const descriptor = --this.#lastDescriptor;
    this.#open.set(descriptor, file);
    return descriptor;
  }
}

function append(file: MemoryFile, bytes: Uint8Array): void {
  const size = file.size + bytes.byteLength;
  if (size > file.bytes.length) {
    const larger = Buffer.alloc(Math.max(size, file.bytes.length * 2));
    file.bytes.copy(larger, 0, 0, file.size);
    file.bytes = larger;
  }
  file.bytes.set(bytes, file.size);
  file.size = size;
  file.modifiedMs = Date.now();
}

function contentOf(file: MemoryFile): Buffer {
  return file.bytes.subarray(0, file.size);
}

function parentOf(path: string): string {
  return path.slice(0, path.lastIndexOf(sep));
}

function systemError(code: string, path: string): Error {
  return Object.assign(new Error(`${code}: '${path}'`), { code });
}
