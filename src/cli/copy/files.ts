// The artifacts of a run or model: found in the source, brought to the target where they are missing there or have changed.
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { isAbsolute, join } from 'node:path';
import type { ArtifactRepository } from '../../artifacts/contract.ts';
import { walkFiles } from '../../artifacts/repositories/folders.ts';
import { inParallel } from '../../artifacts/transfer/parallel.ts';
import type { Copying } from './copying.ts';

/** A file of the source. */
export interface SourceFile {
  readonly path: string;
  readonly sizeBytes: number | undefined;
  /** Undefined where the source is no folder of this machine. */
  readonly modifiedMs: number | undefined;
}

const CONCURRENCY = 4;
/** How far the times of a file system may be off: the coarsest tell two seconds apart. */
const TIME_GRAIN_MS = 2000;

/** Opens a repository for a while. */
export async function withArtifacts<T>(
  open: () => Promise<ArtifactRepository>,
  use: (repository: ArtifactRepository) => Promise<T>,
): Promise<T> {
  const repository = await open();
  try {
    return await use(repository);
  } finally {
    await repository.close();
  }
}

/** Finds every file, sorted by path. */
export async function findSourceFiles(repository: ArtifactRepository): Promise<readonly SourceFile[]> {
  const files: SourceFile[] = [];
  for await (const { path, fileSize: sizeBytes } of walkFiles(repository)) {
    const local = localPath(repository, path);
    const modifiedMs = local === undefined ? undefined : Math.trunc((await stat(local)).mtimeMs);
    files.push({ path, sizeBytes, modifiedMs });
  }
  return files.toSorted((a, b) => (a.path < b.path ? -1 : 1));
}

/** One transfer of files. */
export interface FileCopy {
  readonly files: readonly SourceFile[];
  readonly from: ArtifactRepository;
  readonly to: ArtifactRepository;
  /** When the last copy that became whole began; undefined where there was none. */
  readonly copiedAtMs: number | undefined;
  /** Nothing can be there yet. */
  readonly isFresh: boolean;
}

/** Copies the files that the target has not, or has otherwise. */
export async function copyFiles(copying: Copying, { files, from, to, copiedAtMs, isFresh }: FileCopy): Promise<void> {
  // A copy of a database within one folder has its files where they are.
  if (from.uri === to.uri) return;
  const there = new Map<string, number>();
  if (!isFresh && files.length > 0) {
    for await (const { path, fileSize } of walkFiles(to)) there.set(path, fileSize ?? 0);
  }
  const isThere = ({ path, sizeBytes, modifiedMs }: SourceFile): boolean => {
    // A server says nothing of the size of an empty file.
    if (there.get(path) !== (sizeBytes ?? 0)) return false;
    return modifiedMs === undefined || copiedAtMs === undefined || modifiedMs + TIME_GRAIN_MS < copiedAtMs;
  };
  const missing = files.filter((file) => !isThere(file));
  await inParallel(missing, CONCURRENCY, async ({ path }) => {
    const sizeBytes = await copyFile(copying, { from, to, path });
    copying.counts.files += 1;
    copying.counts.bytes += sizeBytes;
    copying.onProgress();
  });
}

async function copyFile(
  copying: Copying,
  { from, to, path }: { readonly from: ArtifactRepository; readonly to: ArtifactRepository; readonly path: string },
): Promise<number> {
  const local = localPath(from, path);
  if (local !== undefined) {
    await copying.attempt(() => to.putFile(path, local));
    return (await stat(local)).size;
  }
  const folder = await mkdtemp(join(tmpdir(), 'runspan-copy-'));
  const file = join(folder, 'file');
  try {
    await copying.attempt(() => from.getFile(path, file));
    await copying.attempt(() => to.putFile(path, file));
    return (await stat(file)).size;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** A file that was listed, where its repository is a folder of this machine; what leads out of the folder is not listed. */
function localPath({ uri }: ArtifactRepository, path: string): string | undefined {
  return isAbsolute(uri) ? join(uri, path) : undefined;
}
