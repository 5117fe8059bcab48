// The files of a file store: each is there whole or not at all, and one writer at a time has the folder.
import {
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { mlflowError, RunspanError } from '../../errors.ts';
import { isValidKey } from '../../model/limits.ts';
import { codeOf, fileError, isAbsent, openFolderError } from './errors.ts';
import { FileLock } from './lock.ts';
import { type Meta, readMeta } from './meta.ts';

/** The file that says what a folder is. */
export const META_FILE = 'meta.yaml';

/** Where deleted experiments are. */
export const TRASH_FOLDER = '.trash';

/**
 * Our own folder: the lock, and what is not whole yet. MLflow looks at no folder of this ending, so what a killed process leaves here
 * hurts nobody.
 */
const OWN_FOLDER = '.runspan.trash';
const LOCK_FILE = 'lock';

/** The longest name of a file, in bytes, on every usual file system. */
const MAX_NAME_BYTES = 255;

/** Python empties a file before it writes it anew: so often, and so long, an empty one that is just changing is looked at again. */
const EMPTY_READS = { count: 5, pauseMs: 10, freshMs: 1_000 } as const;

/** A folder of runs and the way to write into it. */
export class FileTree {
  readonly root: string;
  readonly #lock: FileLock;
  readonly #prepare: () => void;
  #isPrepared = false;
  #isClosed = false;
  #serial = 0;

  /** @param options.prepare makes what a folder of runs must have; called once, before the first write */
  constructor(options: { readonly root: string; readonly busyTimeoutMs: number; readonly prepare: () => void }) {
    this.root = options.root;
    this.#prepare = options.prepare;
    this.#lock = new FileLock(join(options.root, OWN_FOLDER, LOCK_FILE), options.busyTimeoutMs);
  }

  /** Changes something while nobody else of this package does; not to be called within itself. */
  write<T>(work: () => T): T {
    if (!this.#isPrepared && !this.#isClosed) makeOwnFolder(this.root);
    return this.read(() =>
      this.#lock.hold(() => {
        if (!this.#isPrepared) this.#sweep();
        this.#isPrepared = true;
        return work();
      }),
    );
  }

  /** Looks something up; an error of the file system becomes one of this package. */
  read<T>(work: () => T): T {
    if (this.#isClosed) {
      throw new RunspanError('SERVICE_STOPPED', `The store '${this.root}' is closed. Open it again.`);
    }
    try {
      return work();
    } catch (error) {
      throw fileError(error, this.root);
    }
  }

  /** Puts a whole text in a file's place, in one step. */
  replace(path: string, text: string): void {
    this.#withTemporary((temporary) => {
      writeFileSync(temporary, text, { flag: 'wx' });
      intoFolder(path, () => renameSync(temporary, path));
    });
  }

  /** Makes a file with a whole text, in one step; false where there is one already. */
  create(path: string, text: string): boolean {
    return this.#withTemporary((temporary) => {
      writeFileSync(temporary, text, { flag: 'wx' });
      try {
        intoFolder(path, () => linkSync(temporary, path));
      } catch (error) {
        if (codeOf(error) === 'EEXIST') return false;
        if (lstatSync(path, { throwIfNoEntry: false }) !== undefined) throw error;
        renameSync(temporary, path); // a file system without hard links
      }
      return true;
    });
  }

  /** Makes a folder with all its files, in one step. @param files texts by relative path; a path that ends in `/` is a folder */
  makeFolder(path: string, files: Readonly<Record<string, string>>): void {
    this.#withTemporary((temporary) => {
      mkdirSync(temporary);
      for (const [name, text] of Object.entries(files)) {
        const file = join(temporary, name);
        mkdirSync(name.endsWith('/') ? file : dirname(file), { recursive: true });
        if (!name.endsWith('/')) writeFileSync(file, text, { flag: 'wx' });
      }
      intoFolder(path, () => renameSync(temporary, path));
    });
  }

  /** Takes a folder away with all that is in it, in one step. */
  removeFolder(path: string): void {
    this.#withTemporary((temporary) => renameSync(path, temporary));
  }

  /** Reads the fields of a folder's meta.yaml; undefined where there is none, `'malformed'` where it cannot be read as one. */
  meta(folder: string): Meta | 'malformed' | undefined {
    const path = join(folder, META_FILE);
    let text = readText(path);
    for (let reads = 1; text === '' && reads < EMPTY_READS.count && isFresh(path); reads += 1) {
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, EMPTY_READS.pauseMs);
      text = readText(path);
    }
    return text === undefined ? undefined : (readMeta(text) ?? 'malformed');
  }

  /** Lets the lock's file go. */
  close(): void {
    this.#isClosed = true;
    this.#lock.close();
  }

  #sweep(): void {
    // Whatever is here was left by a process that was killed: those that live are waiting for the lock.
    for (const name of readdirSync(join(this.root, OWN_FOLDER))) {
      if (name !== LOCK_FILE) rmSync(join(this.root, OWN_FOLDER, name), { recursive: true, force: true });
    }
    mkdirSync(join(this.root, TRASH_FOLDER), { recursive: true });
    this.#prepare();
  }

  #withTemporary<T>(work: (path: string) => T): T {
    this.#serial += 1;
    const path = join(this.root, OWN_FOLDER, `new-${process.pid}-${this.#serial}`);
    try {
      return work(path);
    } finally {
      rmSync(path, { recursive: true, force: true });
    }
  }
}

/** Reads a file; undefined where there is none. */
export function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (isAbsent(error) || codeOf(error) === 'EISDIR') return undefined;
    throw error;
  }
}

/** The names in a folder; none where there is no such folder. */
export function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    if (isAbsent(error)) return [];
    throw error;
  }
}

/** The keys under a folder in order: a file is one, with the folders that lead to it. A symbolic link is none. */
export function keysIn(folder: string): readonly string[] {
  return [...walk(folder, '')].toSorted();
}

/** Reads the texts under a folder by their keys. */
export function textsIn(folder: string): Readonly<Record<string, string>> {
  const texts = keysIn(folder).map((key) => [key, readText(join(folder, key))] as const);
  return Object.fromEntries(texts.filter((pair): pair is readonly [string, string] => pair[1] !== undefined));
}

/**
 * Refuses keys that cannot be files under a folder, before any is written: a key that leads out of it, is too long, or has another
 * key's file as its folder.
 */
export function checkKeys(folder: string, keys: Iterable<string>): void {
  const files = new Set(keys);
  for (const key of files) {
    if (!isValidKey(key)) throw unfit(key, 'MLflow does not take it as a name');
    const parts = key.split('/');
    if (parts.some((part) => Buffer.byteLength(part) > MAX_NAME_BYTES)) {
      throw unfit(key, `it is longer than a file's name may be, which is ${MAX_NAME_BYTES} bytes`);
    }
    for (let count = 1; count < parts.length; count += 1) {
      const above = parts.slice(0, count).join('/');
      const isFile = lstatSync(join(folder, above), { throwIfNoEntry: false })?.isDirectory() === false;
      if (isFile || files.has(above)) throw unfit(key, `'${above}' is a key too, and no file is also a folder`);
    }
    if (lstatSync(join(folder, key), { throwIfNoEntry: false })?.isFile() === false) {
      throw unfit(key, 'it is the beginning of other keys, or a symbolic link');
    }
  }
}

function unfit(key: string, reason: string): Error {
  return mlflowError('INVALID_PARAMETER_VALUE', `A folder of runs cannot hold the key '${key}': ${reason}.`);
}

function* walk(folder: string, prefix: string): Generator<string> {
  let entries;
  try {
    entries = readdirSync(folder, { withFileTypes: true });
  } catch (error) {
    if (isAbsent(error)) return;
    throw error;
  }
  for (const entry of entries) {
    const key = prefix + entry.name;
    if (entry.isDirectory()) yield* walk(join(folder, entry.name), `${key}/`);
    else if (entry.isFile()) yield key;
  }
}

function makeOwnFolder(root: string): void {
  try {
    mkdirSync(join(root, OWN_FOLDER), { recursive: true });
  } catch (error) {
    throw openFolderError(error, root);
  }
}

function intoFolder(path: string, work: () => void): void {
  try {
    work();
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw error;
    mkdirSync(dirname(path), { recursive: true });
    work();
  }
}

function isFresh(path: string): boolean {
  const stat = statSync(path, { throwIfNoEntry: false });
  return stat !== undefined && Date.now() - stat.mtimeMs < EMPTY_READS.freshMs;
}
