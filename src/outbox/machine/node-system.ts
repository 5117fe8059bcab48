// The real machine behind system.ts: node:fs, timers, /proc.
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { threadId } from 'node:worker_threads';
import type { Clock, Disk, FileStat, Machine, System } from './system.ts';
import { isAbsent } from './system.ts';
import { isError } from '../../model/any-realm.ts';

/** Hashed in one go, about a third of a millisecond of the thread. */
const CHECKSUM_PIECE_BYTES = 256 * 1024;

/** The disk of this machine, through node:fs. */
export class NodeDisk implements Disk {
  makeFolder(folder: string): void {
    // Never `recursive`: it turns for ever where a folder is there and mkdir in it answers ENOENT, as in /proc.
    try {
      fs.mkdirSync(folder, { mode: 0o700 });
    } catch (error) {
      const parent = path.dirname(folder);
      if (isAbsent(error) && !fs.existsSync(parent)) {
        this.makeFolder(parent);
        this.makeFolder(folder);
      } else if (!fs.statSync(folder, { throwIfNoEntry: false })?.isDirectory()) throw error;
    }
  }

  createFile(file: string): number {
    return fs.openSync(file, 'ax', 0o600);
  }

  openFile(file: string): number | undefined {
    return unlessAbsent(() => fs.openSync(file, 'r'));
  }

  write(descriptor: number, bytes: Uint8Array): number {
    return fs.writeSync(descriptor, bytes, 0, bytes.byteLength);
  }

  read(descriptor: number, into: Uint8Array, position: number): number {
    return fs.readSync(descriptor, into, 0, into.byteLength, position);
  }

  close(descriptor: number): void {
    fs.closeSync(descriptor);
  }

  sync(file: string): void {
    const descriptor = fs.openSync(file, 'r');
    try {
      fs.fsyncSync(descriptor);
    } finally {
      fs.closeSync(descriptor);
    }
  }

  stat(file: string): FileStat | undefined {
    const stat = fs.statSync(file, { throwIfNoEntry: false });
    if (stat === undefined) return undefined;
    return {
      sizeBytes: stat.size,
      modifiedMs: Math.trunc(stat.mtimeMs),
      changedMs: Math.trunc(stat.ctimeMs),
      isFolder: stat.isDirectory(),
      isFile: stat.isFile(),
    };
  }

  list(folder: string): readonly string[] {
    return unlessAbsent(() => fs.readdirSync(folder).toSorted()) ?? [];
  }

  readText(file: string): string | undefined {
    return unlessAbsent(() => fs.readFileSync(file, 'utf8'));
  }

  replaceText(file: string, text: string, isSynced = false): void {
    const temporary = `${file}.${process.pid}-${threadId}.tmp`;
    fs.writeFileSync(temporary, text, { mode: 0o600, flush: isSynced });
    fs.renameSync(temporary, file);
    if (isSynced) this.sync(path.dirname(file));
  }

  appendText(file: string, text: string): void {
    fs.appendFileSync(file, text, { mode: 0o600 });
  }

  touch(file: string): void {
    // utimes() would set this process' clock; rewriting one byte sets the file system's, which all hosts of a share have in common.
    const descriptor = fs.openSync(file, 'r+');
    try {
      const first = new Uint8Array(1);
      if (fs.readSync(descriptor, first, 0, 1, 0) === 1) fs.writeSync(descriptor, first, 0, 1, 0);
    } finally {
      fs.closeSync(descriptor);
    }
  }

  async checksum(file: string): Promise<string> {
    const hash = createHash('sha256');
    for await (const piece of fs.createReadStream(file, { highWaterMark: CHECKSUM_PIECE_BYTES })) {
      // The cast: without an encoding a stream of a file gives buffers.
      hash.update(piece as Buffer);
    }
    return `sha256:${hash.digest('hex')}`;
  }

  async copy(source: string, target: string, how: 'clone' | 'bytes'): Promise<void> {
    const exclusive = fs.constants.COPYFILE_EXCL;
    await fs.promises.copyFile(
      source,
      target,
      how === 'clone' ? exclusive | fs.constants.COPYFILE_FICLONE_FORCE : exclusive,
    );
    await fs.promises.chmod(target, 0o600);
  }

  rename(from: string, to: string): boolean {
    return (
      unlessAbsent(() => {
        fs.renameSync(from, to);
        return true;
      }) ?? false
    );
  }

  removeFile(file: string): void {
    fs.rmSync(file, { force: true });
  }

  removeFolder(folder: string): void {
    fs.rmSync(folder, { recursive: true, force: true });
  }
}

/** The clocks and timers of this process. */
export const nodeClock: Clock = {
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  after: (delayMs, callback) => {
    const timer = setTimeout(callback, delayMs);
    timer.unref();
    return () => clearTimeout(timer);
  },
  afterHolding: (delayMs, callback) => {
    const timer = setTimeout(callback, delayMs);
    return () => clearTimeout(timer);
  },
  nextTurn: (callback) => {
    setImmediate(callback);
  },
};

/** Reads who this process is; a container's own process ids are told apart by their namespace. */
export function nodeMachine(): Machine {
  return {
    hostName: os.hostname(),
    pid: process.pid,
    threadId,
    bootId: readQuietly(() => fs.readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()),
    pidNamespace: readQuietly(() => fs.readlinkSync('/proc/self/ns/pid')),
    isAlive: (pid) => {
      try {
        process.kill(pid, 0);
        return true;
      } catch (error) {
        // EPERM: it is there, and another user's.
        return isError(error) && 'code' in error && error.code === 'EPERM';
      }
    },
    processStart: (pid) =>
      readQuietly(() => {
        const stat = fs.readFileSync(path.join('/proc', String(pid), 'stat'), 'utf8');
        // The name (field 2) is in parentheses and may hold spaces; the start time is field 22.
        return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
      }),
  };
}

/** The real machine. */
export function nodeSystem(): System {
  return {
    disk: new NodeDisk(),
    clock: nodeClock,
    machine: nodeMachine(),
    random: () => Math.random(),
    say: (line) => {
      try {
        fs.writeSync(2, `${line}\n`);
      } catch {
        // stderr is closed or full: there is nobody left to tell.
      }
    },
  };
}

function unlessAbsent<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (isAbsent(error)) return undefined;
    throw error;
  }
}

/** For what not every system has (/proc): undefined is the honest answer there. */
function readQuietly(read: () => string | undefined): string | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
