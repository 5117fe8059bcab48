// Keeps artifact files in the outbox folder until they are delivered, so that the job may change or delete its own.
import { createHash } from 'node:crypto';
import path from 'node:path';
import { RunspanError } from '../../errors.ts';
import type { SpooledSource } from '../contract.ts';
import type { FileStat, System } from '../machine/system.ts';
import { messageOf } from '../machine/system.ts';

/** Above this a file that cannot be cloned is taken by reference. */
const COPY_LIMIT_BYTES = 64 * 1024 * 1024;

/** A file that changes while it is looked at is looked at so often. */
const LOOK_LIMIT = 3;

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
    return { kind: 'spool', file, checksum: `sha256:${createHash('sha256').update(bytes).digest('hex')}` };
  }

  /**
   * Keeps a file: a clone that shares its blocks, else a copy up to 64 MiB, above that a reference with size, time and checksum.
   * Rejects `FILE_NOT_READABLE`, also for what is no regular file: a pipe or a device has no end to wait for.
   */
  async keepFile(source: string): Promise<SpooledSource> {
    const absolute = path.resolve(source);
    const stat = this.#statOf(absolute);
    this.#checkReadable(absolute);
    if (this.#folder === undefined) return this.#refer(absolute, stat);
    const target = path.join(this.#folder, this.#nextName());
    const hows = stat.sizeBytes <= COPY_LIMIT_BYTES ? (['clone', 'bytes'] as const) : (['clone'] as const);
    for (const how of hows) {
      try {
        await this.#copy(absolute, target, how);
        // That of a large file would take this thread longer than the clone.
        const checksum =
          stat.sizeBytes <= COPY_LIMIT_BYTES ? { checksum: await this.#system.disk.checksum(target) } : {};
        return { kind: 'spool', file: path.basename(target), ...checksum };
      } catch {
        // No shared blocks here, or no room for a copy: the next way, and at last the reference.
        this.#discard(target);
      }
    }
    return this.#refer(absolute, this.#statOf(absolute));
  }

  /** Again where it was changed meanwhile; one that is always written to, a log, is kept as it was last seen. */
  async #copy(source: string, target: string, how: 'clone' | 'bytes'): Promise<void> {
    for (let look = 1; ; look += 1) {
      const before = this.#statOf(source);
      await this.#system.disk.copy(source, target, how);
      if (look === LOOK_LIMIT || isSame(before, this.#statOf(source))) return;
      this.#discard(target);
    }
  }

  async #refer(file: string, first: FileStat): Promise<SpooledSource> {
    let stat = first;
    for (let look = 1; look <= LOOK_LIMIT; look += 1) {
      const checksum = await this.#checksumOf(file);
      const { sizeBytes, modifiedMs } = stat;
      const now = this.#statOf(file);
      if (isSame(stat, now)) return { kind: 'file', file, sizeBytes, modifiedMs, checksum };
      stat = now;
    }
    throw unreadable(file, 'it is too large to copy and is being written to. Log it once it is finished.');
  }

  async #checksumOf(file: string): Promise<string> {
    try {
      return await this.#system.disk.checksum(file);
    } catch (cause) {
      throw unreadable(file, messageOf(cause), cause);
    }
  }

  #statOf(file: string): FileStat {
    let stat: FileStat | undefined;
    try {
      stat = this.#system.disk.stat(file);
    } catch (cause) {
      throw unreadable(file, messageOf(cause), cause);
    }
    if (stat === undefined) throw unreadable(file, 'there is no such file.');
    if (stat.isFile) return stat;
    const reason = stat.isFolder ? 'it is a folder. Log its files one by one.' : 'it is no regular file.';
    throw unreadable(file, reason);
  }

  #checkReadable(file: string): void {
    const { disk } = this.#system;
    try {
      const descriptor = disk.openFile(file);
      if (descriptor !== undefined) disk.close(descriptor);
    } catch (cause) {
      throw unreadable(file, messageOf(cause), cause);
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

function isSame(a: FileStat, b: FileStat): boolean {
  return a.sizeBytes === b.sizeBytes && a.modifiedMs === b.modifiedMs;
}

function unreadable(file: string, reason: string, cause?: unknown): RunspanError {
  return new RunspanError('FILE_NOT_READABLE', `Cannot log '${file}' as an artifact: ${reason}`, { cause });
}

function full(reason: string): RunspanError {
  return new RunspanError(
    'OUTBOX_FULL',
    `The outbox cannot keep this artifact: ${reason}. Free space or set RUNSPAN_DIR to a writable folder.`,
  );
}
