// Whole folders over any repository: walked, uploaded and downloaded, a bounded number of files at once.
import { mkdir, readdir, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { RunspanError } from '../../errors.ts';
import type { FileInfo } from '../../model/entities.ts';
import type { ArtifactRepository } from '../contract.ts';
import { inParallel } from '../transfer/parallel.ts';
import { assertArtifactPath } from '../paths.ts';
import { isError } from '../../model/any-realm.ts';

/** How a folder travels. */
export interface FolderOptions {
  /** Files under way at once. @default 8 */
  readonly concurrency?: number;
  /** Called once, when it is known what there is to do; `sizeBytes` counts what is known. */
  readonly onFound?: (found: { readonly fileCount: number; readonly sizeBytes: number }) => void;
  /** Called when a file has arrived. */
  readonly onFile?: (path: string, sizeBytes: number) => void;
}

/** A client's connections to one server; more brought nothing against a real one (measured 1 to 16). */
const DEFAULT_CONCURRENCY = 8;

/** A file that is to be uploaded. */
export interface SourceFile {
  /** In the repository. */
  readonly path: string;
  readonly file: string;
  readonly sizeBytes: number;
}

/**
 * Finds every file below a folder, at any depth, folder by folder; the order is that of no one.
 *
 * @example
 * for await (const { path, fileSize } of walkFiles(repository, 'model')) console.log(path, fileSize);
 */
export async function* walkFiles(repository: ArtifactRepository, path = ''): AsyncGenerator<FileInfo, void> {
  let folders = [path];
  while (folders.length > 0) {
    const listings = await inParallel(folders, DEFAULT_CONCURRENCY, (folder) => repository.list(folder));
    folders = [];
    for (const entry of listings.flat()) {
      if (entry.isDir) folders.push(entry.path);
      else yield entry;
    }
  }
}

/**
 * Uploads a folder with all that is in it, below `path` in the repository. Every name is checked before the first file goes. Links to files
 * are followed, links to folders are not, as in Python's client.
 *
 * @returns the paths of the files in the repository, sorted
 * @throws {RunspanError} `FILE_NOT_READABLE`, `INVALID_PATH`; what a file's upload throws, once those under way have ended
 */
export async function putFolder(
  repository: ArtifactRepository,
  folder: string,
  { path = '', concurrency = DEFAULT_CONCURRENCY, onFound, onFile }: FolderOptions & { readonly path?: string } = {},
): Promise<readonly string[]> {
  const root = path === '' ? '' : assertArtifactPath(path);
  const files = await findFiles(folder, root);
  onFound?.({ fileCount: files.length, sizeBytes: sumOf(files.map((source) => source.sizeBytes)) });
  await inParallel(files, concurrency, async (source) => {
    await repository.putFile(source.path, source.file);
    onFile?.(source.path, source.sizeBytes);
  });
  return files.map((source) => source.path).toSorted();
}

/**
 * Downloads a file, or a folder with all that is in it, to the same path below `targetFolder`, which is made where there is none.
 *
 * @param options `isFlat`: to its own name alone below `targetFolder`, as MLflow's Python client does
 * @returns where the file or folder is now
 * @throws {RunspanError} what a file's download throws, once those under way have ended
 */
export async function getFolder(
  repository: ArtifactRepository,
  path: string,
  {
    targetFolder,
    isFlat = false,
    concurrency = DEFAULT_CONCURRENCY,
    onFound,
    onFile,
  }: FolderOptions & { readonly targetFolder: string; readonly isFlat?: boolean },
): Promise<string> {
  const name = path === '' ? '' : assertArtifactPath(path);
  const start = isFlat ? name.lastIndexOf('/') + 1 : 0;
  const placeOf = (file: string): string => join(targetFolder, file.slice(start));
  const target = placeOf(name);
  const files: FileInfo[] = [];
  for await (const file of walkFiles(repository, name)) files.push(file);
  const isFile = files.length === 0 && name !== '';
  const wanted: readonly Pick<FileInfo, 'path' | 'fileSize'>[] = isFile ? [{ path: name, fileSize: undefined }] : files;
  onFound?.({ fileCount: wanted.length, sizeBytes: sumOf(wanted.map((file) => file.fileSize ?? 0)) });
  const folders = new Set(wanted.map((file) => dirname(placeOf(file.path))));
  for (const folder of [isFile ? dirname(target) : target, ...folders]) await mkdir(folder, { recursive: true });
  await inParallel(wanted, concurrency, async ({ path: file, fileSize }) => {
    const to = placeOf(file);
    await repository.getFile(file, to);
    onFile?.(file, fileSize ?? (await stat(to)).size);
  });
  return target;
}

/**
 * Finds every file in a folder of this machine, with the path below `path` that it is to have in a repository.
 *
 * @param onRefused told of what is in it and cannot be read or named, in whose place nothing is found; without it that is thrown
 * @throws {RunspanError} `FILE_NOT_READABLE`, `INVALID_PATH`
 */
export async function findFiles(
  folder: string,
  path: string,
  onRefused: (file: string, error: unknown) => void = rethrow,
): Promise<SourceFile[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch((cause: unknown) => {
    const reason = isError(cause) ? cause.message : String(cause);
    throw new RunspanError('FILE_NOT_READABLE', `Cannot read folder '${folder}': ${reason}.`, { cause });
  });
  const found: SourceFile[] = [];
  for (const entry of entries) {
    const file = join(folder, entry.name);
    try {
      const inside = assertArtifactPath(path === '' ? entry.name : `${path}/${entry.name}`);
      if (entry.isDirectory()) found.push(...(await findFiles(file, inside, onRefused)));
      else {
        const { size: sizeBytes, ...kind } = await statOf(file);
        if (!kind.isFolder) found.push({ path: inside, file, sizeBytes });
      }
    } catch (error) {
      onRefused(file, error);
    }
  }
  return found;
}

function rethrow(_: string, error: unknown): never {
  throw error;
}

async function statOf(file: string): Promise<{ readonly size: number; readonly isFolder: boolean }> {
  try {
    const found = await stat(file);
    return { size: found.size, isFolder: found.isDirectory() };
  } catch (cause) {
    const reason = isError(cause) ? cause.message : String(cause);
    throw new RunspanError('FILE_NOT_READABLE', `Cannot read '${file}': ${reason}.`, { cause });
  }
}

function sumOf(sizes: readonly number[]): number {
  return sizes.reduce((sum, size) => sum + size, 0);
}
