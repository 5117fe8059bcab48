// What the outbox asks of the machine: disk, clock, identity. Passed in everywhere, so that a simulation can own all of it.
import { isError } from '../../model/any-realm.ts';

/** What the outbox needs to know of a file. */
export interface FileStat {
  readonly sizeBytes: number;
  /** By the file system's own clock, in milliseconds since the epoch. */
  readonly modifiedMs: number;
  /** The last change of the entry itself, a rename included. */
  readonly changedMs: number;
  readonly isFolder: boolean;
  /** A regular file: no folder, pipe, socket or device. */
  readonly isFile: boolean;
}

/** The file operations of the outbox, all synchronous; each throws a Node system error unless it says otherwise. */
export interface Disk {
  /** Makes one folder (0700), with its parents. */
  makeFolder(path: string): void;
  /** Makes a new file (0600), opens it for appending and returns its descriptor; `EEXIST` where there is one. */
  createFile(path: string): number;
  /** Opens a file for reading; undefined where there is none. */
  openFile(path: string): number | undefined;
  /** One write(2): returns how many bytes were taken, which can be fewer than were given. */
  write(descriptor: number, bytes: Uint8Array): number;
  /** Reads into the buffer from a position; returns the count, 0 at the end. */
  read(descriptor: number, into: Uint8Array, position: number): number;
  close(descriptor: number): void;
  /** Syncs one file or the names in one folder, by path, to the disk. */
  sync(path: string): void;
  /** Undefined where there is nothing. */
  stat(path: string): FileStat | undefined;
  /** The names in a folder, sorted; empty where there is none. */
  list(path: string): readonly string[];
  /** Undefined where there is no such file. */
  readText(path: string): string | undefined;
  /** Replaces a file as one step: a temporary file (0600), then a rename; where `isSynced`, both on the disk when it returns. */
  replaceText(path: string, text: string, isSynced?: boolean): void;
  /** Appends to a file (0600), which is made where there is none. */
  appendText(path: string, text: string): void;
  /** Makes a file's mtime now, by the file system's clock; `ENOENT` where there is none. */
  touch(path: string): void;
  /** The SHA-256 of a file's bytes, as `sha256:<hex>`; read in pieces. */
  checksum(path: string): Promise<string>;
  /** Copies one file. `clone` fails where the file system cannot share blocks. */
  copy(source: string, target: string, how: 'clone' | 'bytes'): Promise<void>;
  /** False where `from` is not there (any more). */
  rename(from: string, to: string): boolean;
  /** Nothing happens where there is none. */
  removeFile(path: string): void;
  /** Removes a folder with what is in it; nothing happens where there is none. */
  removeFolder(path: string): void;
}

/** Time, and what waits for it. */
export interface Clock {
  /** Milliseconds since the epoch; may step. */
  nowMs(): number;
  /** Milliseconds that never step back. */
  monotonicMs(): number;
  /** Calls back once; the timer keeps no process alive. Returns what cancels it. */
  after(delayMs: number, callback: () => void): () => void;
  /** As after(), but the timer keeps the process alive: somebody awaits what it bounds. */
  afterHolding(delayMs: number, callback: () => void): () => void;
  /** Calls back in the next turn of the event loop. */
  nextTurn(callback: () => void): void;
}

/** Who we are, and who else is alive here. */
export interface Machine {
  readonly hostName: string;
  readonly pid: number;
  /** 0 in the main thread. */
  readonly threadId: number;
  /** Changes with each boot; undefined where the system does not say. */
  readonly bootId: string | undefined;
  /** Process ids of another namespace (container) cannot be judged from here; undefined where there are none. */
  readonly pidNamespace: string | undefined;
  isAlive(pid: number): boolean;
  /** When a process began, in the system's own unit; undefined where it is gone or the system does not say. */
  processStart(pid: number): string | undefined;
}

/** Everything the outbox asks of the machine. */
export interface System {
  readonly disk: Disk;
  readonly clock: Clock;
  readonly machine: Machine;
  /** From 0 to 1, 1 excluded. */
  random(): number;
  /** One line to stderr, synchronous; never throws. */
  say(line: string): void;
}

/** Whether an error of the disk says that the thing is not there. */
export function isAbsent(error: unknown): boolean {
  return codeOf(error) === 'ENOENT';
}

/** Whether something is gone for certain: a disk that cannot even be read says nothing. */
export function isKnownGone(disk: Pick<Disk, 'stat'>, path: string): boolean {
  try {
    return disk.stat(path) === undefined;
  } catch {
    return false;
  }
}

/** The system's code of an error, such as `ENOSPC`; empty where it has none. */
export function codeOf(error: unknown): string {
  return isError(error) && 'code' in error && typeof error.code === 'string' ? error.code : '';
}

/** What an error says, in one line. */
export function messageOf(error: unknown): string {
  return isError(error) ? error.message : String(error);
}
