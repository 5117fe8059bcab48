// One process's view of a world's disk: it fails on demand, and dies with its process.
import path from 'node:path';
import type { Disk, FileStat } from '../../../src/outbox/machine/system.ts';
import { type Node, type SimDisk, withoutDropped } from './sim-disk.ts';

/** What an operation meets: nothing; an error; or the death of its process, with so many bytes of it done. */
export type Strike =
  | { readonly kind: 'none' }
  | { readonly kind: 'error'; readonly code: string; readonly doneFraction: number }
  | { readonly kind: 'death'; readonly doneFraction: number };

/** The process is dead: nothing that it still does has an effect. */
export class ProcessDied extends Error {}

/** What a view asks before each operation that changes something. */
export interface DiskFate {
  strike(operation: string): Strike;
  readonly isDead: () => boolean;
  readonly onWrong: (what: string) => void;
  readonly onReplace: (file: string) => void;
}

/** One process's disk. */
export class DiskView implements Disk {
  readonly #disk: SimDisk;
  readonly #fate: DiskFate;
  readonly #open = new Map<number, Node>();
  #next = 3;
  #temporary = 0;

  constructor(disk: SimDisk, fate: DiskFate) {
    this.#disk = disk;
    this.#fate = fate;
  }

  makeFolder(folder: string): void {
    this.#change('makeFolder', () => this.#disk.makeFolder(folder));
  }

  createFile(file: string): number {
    return this.#change('createFile', () => {
      if (this.#disk.nodes.has(file)) throw failure('EEXIST', file);
      this.#needParent(file);
      return this.#openNode(this.#disk.put(file, Buffer.alloc(0)));
    });
  }

  openFile(file: string): number | undefined {
    this.#checkAlive();
    const node = this.#disk.nodes.get(file);
    return node === undefined ? undefined : this.#openNode(node);
  }

  write(descriptor: number, bytes: Uint8Array): number {
    const node = this.#nodeOf(descriptor);
    const strike = this.#fateOf('write');
    if (node.isCutOff === true) this.#fate.onWrong('something was written behind a frame that was cut off');
    const count = strike.kind === 'none' ? bytes.byteLength : Math.floor(bytes.byteLength * strike.doneFraction);
    this.#disk.append(node, bytes.subarray(0, count));
    node.isCutOff = count > 0 && count < bytes.byteLength;
    if (strike.kind === 'death') throw new ProcessDied();
    if (strike.kind === 'error' && count === 0) throw failure(strike.code, 'write');
    return count;
  }

  read(descriptor: number, into: Uint8Array, position: number): number {
    this.#checkAlive();
    const { bytes } = this.#nodeOf(descriptor);
    return bytes?.copy(into, 0, position) ?? 0;
  }

  close(descriptor: number): void {
    this.#checkAlive();
    this.#open.delete(descriptor);
  }

  /** One that fails may drop what it was to write, as Linux does: the next one says nothing of that. */
  sync(file: string): void {
    const node = this.#disk.nodes.get(file);
    const strike = this.#fateOf('sync');
    if (node === undefined) throw failure('ENOENT', file);
    if (strike.kind === 'error') {
      const from = Math.min(node.dropped?.from ?? Number.POSITIVE_INFINITY, node.synced?.byteLength ?? 0);
      if (strike.doneFraction < 0.5) node.dropped = { from, to: node.bytes?.byteLength ?? 0 };
      throw failure(strike.code, file);
    }
    if (node.bytes !== undefined) node.synced = withoutDropped(node, node.bytes);
    if (strike.kind === 'death') throw new ProcessDied();
  }

  stat(file: string): FileStat | undefined {
    this.#checkAlive();
    const node = this.#disk.nodes.get(file);
    if (node === undefined) return undefined;
    const isFolder = node.bytes === undefined;
    const { modifiedMs, changedMs } = node;
    return { sizeBytes: node.bytes?.byteLength ?? 0, modifiedMs, changedMs, isFolder, isFile: !isFolder };
  }

  list(folder: string): readonly string[] {
    this.#checkAlive();
    return this.#disk.list(folder);
  }

  readText(file: string): string | undefined {
    this.#checkAlive();
    return this.#disk.nodes.get(file)?.bytes?.toString('utf8');
  }

  /** Two steps that a death can come between: the temporary file, the rename. */
  replaceText(file: string, text: string, isSynced = false): void {
    const temporary = `${file}.${(this.#temporary += 1)}.tmp`;
    this.#needParent(file);
    const strike = this.#fateOf('replaceText');
    this.#fate.onReplace(file);
    const bytes = Buffer.from(text);
    const count = strike.kind === 'none' ? bytes.byteLength : Math.floor(bytes.byteLength * strike.doneFraction);
    const node = this.#disk.put(temporary, bytes.subarray(0, count));
    // A rename that is not synced may give the old bytes back.
    node.synced = isSynced ? node.bytes : this.#disk.nodes.get(file)?.synced;
    if (strike.kind === 'death') throw new ProcessDied();
    if (strike.kind === 'error') {
      this.#disk.remove(temporary);
      throw failure(strike.code, file);
    }
    this.#change('rename', () => this.#disk.rename(temporary, file));
  }

  appendText(file: string, text: string): void {
    this.#needParent(file);
    const strike = this.#fateOf('appendText');
    const bytes = Buffer.from(text);
    const count = strike.kind === 'none' ? bytes.byteLength : Math.floor(bytes.byteLength * strike.doneFraction);
    this.#disk.append(this.#disk.nodes.get(file) ?? this.#disk.put(file, Buffer.alloc(0)), bytes.subarray(0, count));
    if (strike.kind === 'death') throw new ProcessDied();
    if (strike.kind === 'error') throw failure(strike.code, file);
  }

  touch(file: string): void {
    this.#change('touch', () => {
      const node = this.#disk.nodes.get(file);
      if (node === undefined) throw failure('ENOENT', file);
      this.#disk.touch(node);
    });
  }

  checksum(): Promise<string> {
    return Promise.reject(new Error('no file of this simulation is taken by reference'));
  }

  copy(): Promise<void> {
    return Promise.reject(new Error('no file of this simulation is copied'));
  }

  rename(from: string, to: string): boolean {
    return this.#change('rename', () => this.#disk.rename(from, to));
  }

  removeFile(file: string): void {
    this.#change('removeFile', () => this.#disk.remove(file));
  }

  removeFolder(folder: string): void {
    this.#change('removeFolder', () => this.#disk.remove(folder));
  }

  /** What an upload reads. */
  bytesOf(file: string): Buffer {
    this.#checkAlive();
    const bytes = this.#disk.nodes.get(file)?.bytes;
    if (bytes === undefined) throw failure('ENOENT', file);
    return bytes;
  }

  #change<T>(operation: string, act: () => T): T {
    const strike = this.#fateOf(operation);
    if (strike.kind === 'error') throw failure(strike.code, operation);
    // A step that is one: done or not when death comes.
    if (strike.kind === 'none' || strike.doneFraction >= 0.5) {
      const value = act();
      if (strike.kind === 'none') return value;
    }
    throw new ProcessDied();
  }

  #fateOf(operation: string): Strike {
    this.#checkAlive();
    return this.#fate.strike(operation);
  }

  #checkAlive(): void {
    if (this.#fate.isDead()) throw new ProcessDied();
  }

  #needParent(file: string): void {
    this.#checkAlive();
    if (!this.#disk.nodes.has(path.dirname(file))) throw failure('ENOENT', file);
  }

  #openNode(node: Node): number {
    const descriptor = this.#next++;
    this.#open.set(descriptor, node);
    return descriptor;
  }

  #nodeOf(descriptor: number): Node {
    const node = this.#open.get(descriptor);
    if (node === undefined) throw failure('EBADF', String(descriptor));
    return node;
  }
}

function failure(code: string, what: string): Error {
  return Object.assign(new Error(`${code}: ${what}`), { code });
}
