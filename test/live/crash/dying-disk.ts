// The real disk, under a process that dies at one of its changes: before it, or with half of what it writes done.
import { writeFileSync } from 'node:fs';
import { NodeDisk } from '../../../src/outbox/machine/node-system.ts';

/** At which change a process dies. */
export interface Death {
  /** Whose changes are counted. */
  readonly thread: 'job' | 'drain';
  /** From 1 on. */
  readonly at: number;
  /** `before` counts every change; `within` only what writes bytes, of which half are done. */
  readonly moment: 'before' | 'within';
}

/** kill -9 from within: no line of the process' code runs behind it, in no thread. */
function die(): never {
  process.kill(process.pid, 'SIGKILL');
  throw new Error('a killed process went on');
}

/** Counts changes and dies at the one that it was told of. */
export class DyingDisk extends NodeDisk {
  readonly #death: Death | undefined;
  #count = 0;

  /** @param death undefined: it lives on */
  constructor(death: Death | undefined) {
    super();
    this.#death = death;
  }

  override makeFolder(folder: string): void {
    this.#step();
    super.makeFolder(folder);
  }

  override createFile(file: string): number {
    this.#step();
    return super.createFile(file);
  }

  override write(descriptor: number, bytes: Uint8Array): number {
    this.#step(() => super.write(descriptor, bytes.subarray(0, bytes.byteLength / 2)));
    return super.write(descriptor, bytes);
  }

  override replaceText(file: string, text: string): void {
    // The half is in the temporary file: the other step of it is a rename.
    this.#step(() => writeFileSync(`${file}.${process.pid}-0.tmp`, text.slice(0, text.length / 2)));
    super.replaceText(file, text);
  }

  override appendText(file: string, text: string): void {
    this.#step(() => super.appendText(file, text.slice(0, text.length / 2)));
    super.appendText(file, text);
  }

  override sync(file: string): void {
    this.#step();
    super.sync(file);
  }

  override touch(file: string): void {
    this.#step();
    super.touch(file);
  }

  override rename(from: string, to: string): boolean {
    this.#step();
    return super.rename(from, to);
  }

  override removeFile(file: string): void {
    this.#step();
    super.removeFile(file);
  }

  override removeFolder(folder: string): void {
    this.#step();
    super.removeFolder(folder);
  }

  /** @param doHalf absent where a change has no half */
  #step(doHalf?: () => unknown): void {
    if (this.#death === undefined || (this.#death.moment === 'within' && doHalf === undefined)) return;
    this.#count += 1;
    if (this.#count !== this.#death.at) return;
    if (this.#death.moment === 'within') doHalf?.();
    die();
  }
}
