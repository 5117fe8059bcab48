// Keeps artifact files in the outbox folder until they are delivered, so that the job may change or delete its own.
import path from 'node:path';
import { RunspanError } from '../errors.ts';
import type { SpooledSource } from './contract.ts';
import type { System } from './system.ts';
import { messageOf } from './system.ts';

/** Above this a file that cannot be cloned is taken by reference. */
const COPY_LIMIT_BYTES = 64 * 1024 * 1024;

/** The spool of one folder. */
export class Spool {
  readonly #system: System;
  readonly #folder: string | undefined;
  #count = 0;

  /** @param folder the folder's `spool/`; undefined where there is none: files are taken by reference, bytes refused */
  constructor(system: System, folder: string | undefined) {
    this.#system = system;
    this.#folder = folder;
  }

  /**
   * Keeps bytes.
   *
   * @throws {RunspanError} `OUTBOX_FULL` where the disk does not take them
   */
  keepBytes(bytes: Uint8Array): SpooledSource {
    const { disk } = this.#system;
    const file = this.#nextName();
    if (this.#folder === undefined) throw full('there is no folder that can be written');
    const target = path.join(this.#folder, file);
    try {
      const descriptor = disk.createFile(target);
      try {
        for (let at = 0; at < bytes.byteLength;) {
          const written = disk.write(descriptor, bytes.subarray(at));
          if (written <= 0) throw new Error('the disk takes nothing');
          at += written;
        }
      } finally {
        disk.close(descriptor);
      }
    } catch (error) {
      this.#discard(target);
      throw full(messageOf(error));
    }
    return { kind: 'spool', file };
  }

  /**
   * Keeps a file: a clone that shares its blocks, else a copy up to 64 MiB, above that a reference with size and time.
   * Rejects `FILE_NOT_READABLE`.
   */
  async keepFile(source: string): Promise<SpooledSource> {
    const { disk } = this.#system;
    const absolute = path.resolve(source);
    const stat = disk.stat(absolute);
    if (stat === undefined || stat.isFolder) {
      const what = stat === undefined ? 'there is no such file' : 'it is a folder';
      throw new RunspanError('FILE_NOT_READABLE', `Cannot log '${absolute}' as an artifact: ${what}.`);
    }
    this.#checkReadable(absolute);
    const byReference: SpooledSource = {
      kind: 'file',
      file: absolute,
      sizeBytes: stat.sizeBytes,
      modifiedMs: stat.modifiedMs,
    };
    if (this.#folder === undefined) return byReference;
    const file = this.#nextName();
    const target = path.join(this.#folder, file);
    const hows = stat.sizeBytes <= COPY_LIMIT_BYTES ? (['clone', 'bytes'] as const) : (['clone'] as const);
    for (const how of hows) {
      try {
        await disk.copy(absolute, target, how);
        return { kind: 'spool', file };
      } catch {
        // No shared blocks here, or no room for a copy: the next way, and at last the reference.
        this.#discard(target);
      }
    }
    return byReference;
  }

  #checkReadable(file: string): void {
    const { disk } = this.#system;
    try {
      const descriptor = disk.openFile(file);
      if (descriptor !== undefined) disk.close(descriptor);
    } catch (cause) {
      const message = `Cannot log '${file}' as an artifact: ${messageOf(cause)}`;
      throw new RunspanError('FILE_NOT_READABLE', message, { cause });
    }
  }

  #nextName(): string {
    this.#count += 1;
    return `${String(this.#count).padStart(6, '0')}-${Math.floor(this.#system.random() * 0x1_0000_0000).toString(16)}`;
  }

  #discard(file: string): void {
    try {
      this.#system.disk.removeFile(file);
    } catch {
      // Half a file that no record speaks of goes with the folder.
    }
  }
}

function full(reason: string): RunspanError {
  return new RunspanError(
    'OUTBOX_FULL',
    `The outbox cannot keep this artifact: ${reason}. Free space or set RUNSPAN_DIR to a writable folder.`,
  );
}
