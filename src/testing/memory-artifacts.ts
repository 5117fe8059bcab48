// Artifacts in memory, one repository a run, held to the contract of all others.
import { writeFile } from 'node:fs/promises';
import { assertArtifactPath } from '../artifacts/paths.ts';
import type { ArtifactRepository } from '../artifacts/contract.ts';
import { mlflowError, RunspanError } from '../errors.ts';
import type { FileInfo } from '../model/entities.ts';

/** What a {@link MemoryArtifacts} stands on. */
export interface MemoryArtifactsOptions {
  readonly uri: string;
  /** Reads a source file whole; throws where it cannot be read. */
  readonly readSource: (path: string) => Uint8Array;
}

/** Keeps the files of one artifact URI. */
export class MemoryArtifacts implements ArtifactRepository {
  readonly uri: string;
  readonly supports = { delete: true } as const;
  readonly #readSource: (path: string) => Uint8Array;
  readonly #files = new Map<string, Uint8Array>();

  constructor({ uri, readSource }: MemoryArtifactsOptions) {
    this.uri = uri;
    this.#readSource = readSource;
  }

  async putFile(path: string, sourceFile: string): Promise<void> {
    const name = assertArtifactPath(path);
    let bytes: Uint8Array;
    try {
      bytes = this.#readSource(sourceFile);
    } catch (cause) {
      throw new RunspanError('FILE_NOT_READABLE', `Cannot read '${sourceFile}'.`, { cause });
    }
    this.#files.set(name, Uint8Array.from(bytes));
    return Promise.resolve();
  }

  list(path = ''): Promise<readonly FileInfo[]> {
    return Promise.resolve().then(() => {
      const inside = path === '' ? '' : `${assertArtifactPath(path)}/`;
      const found = new Map<string, FileInfo>();
      for (const [name, bytes] of this.#files) {
        if (!name.startsWith(inside)) continue;
        const [first = '', ...deeper] = name.slice(inside.length).split('/');
        const isDir = deeper.length > 0;
        found.set(inside + first, {
          path: inside + first,
          isDir,
          fileSize: isDir ? undefined : bytes.byteLength,
        });
      }
      return [...found.values()].toSorted((a, b) => (a.path < b.path ? -1 : 1));
    });
  }

  async getFile(path: string, targetFile: string): Promise<void> {
    await writeFile(targetFile, await this.readFile(path));
  }

  readFile(path: string): Promise<Uint8Array> {
    return Promise.resolve().then(() => {
      const bytes = this.#files.get(assertArtifactPath(path));
      if (bytes === undefined) throw mlflowError('RESOURCE_DOES_NOT_EXIST', `No such artifact: '${path}'`);
      return bytes;
    });
  }

  delete(path = ''): Promise<void> {
    return Promise.resolve().then(() => {
      const name = path === '' ? '' : assertArtifactPath(path);
      for (const file of this.#files.keys())
        if (name === '' || file === name || file.startsWith(`${name}/`)) this.#files.delete(file);
    });
  }

  async close(): Promise<void> {
    // memory holds nothing open, and what was put is still to be read
  }
}
