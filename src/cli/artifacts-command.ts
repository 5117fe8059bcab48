// `runspan artifacts`: a run's files listed, downloaded and uploaded.
import { stat } from 'node:fs/promises';
import { basename, posix, resolve } from 'node:path';
import type { ArtifactRepository } from '../artifacts/contract.ts';
import { getFolder, putFolder, walkFiles, type FolderOptions } from '../artifacts/repositories/folders.ts';
import type { FileInfo } from '../model/entities.ts';
import { drawBar } from './command-parts.ts';
import type { Connection } from './store/connect.ts';
import { findRun } from './store/find-run.ts';
import { formatSize } from './text/format.ts';
import { layOut } from './text/table.ts';

/** What `runspan artifacts` was asked for. */
export interface ArtifactsRequest {
  /** A run's id, key, name, or the beginning of its id or key. */
  readonly run: string;
  /** In the run. @default the root */
  readonly path?: string;
  readonly json?: boolean;
}

/** What to print, and what to say beside it. */
export interface Printed {
  readonly text: string;
  readonly note?: string;
}

/** Says how far it is; written over itself on a terminal. */
export type SayProgress = (line: string) => void;

/** Lists every file below a path. */
export async function listArtifacts(connection: Connection, request: ArtifactsRequest): Promise<Printed> {
  return await withRun(connection, request, async (repository) => {
    const files: FileInfo[] = [];
    for await (const file of walkFiles(repository, request.path ?? '')) files.push(file);
    files.sort((a, b) => (a.path < b.path ? -1 : 1));
    if (request.json === true) {
      return JSON.stringify(
        files.map(({ path, fileSize }) => ({ path, sizeBytes: fileSize })),
        undefined,
        2,
      );
    }
    const rows = files.map(({ path, fileSize }) => [fileSize === undefined ? '' : formatSize(fileSize), path]);
    return rows.length === 0 ? 'There are no files.' : layOut([['SIZE', 'PATH'], ...rows]);
  });
}

/** Downloads a file or a folder into a folder of this machine. */
export async function downloadArtifacts(
  connection: Connection,
  request: ArtifactsRequest & { readonly out?: string },
  say: SayProgress,
): Promise<Printed> {
  const targetFolder = resolve(request.out ?? '.');
  return await withRun(connection, request, async (repository) => {
    const counted = countFiles(say);
    const target = await getFolder(repository, request.path ?? '', { targetFolder, ...counted.options });
    return counted.print(request, 'Downloaded', target);
  });
}

/** Uploads a file, or what is in a folder. */
export async function uploadArtifacts(
  connection: Connection,
  request: ArtifactsRequest & { readonly source: string },
  say: SayProgress,
): Promise<Printed> {
  const { source, path = '' } = request;
  return await withRun(connection, request, async (repository) => {
    const counted = countFiles(say);
    const { options } = counted;
    const found = await stat(source).catch(() => undefined); // the upload says that it cannot be read
    if (found?.isDirectory() === true) await putFolder(repository, source, { path, ...options });
    else {
      const name = posix.join(path, basename(source));
      options.onFound?.({ fileCount: 1, sizeBytes: found?.size ?? 0 });
      await repository.putFile(name, source);
      options.onFile?.(name, found?.size ?? 0);
    }
    return counted.print(request, 'Uploaded', `${repository.uri}${path === '' ? '' : `/${path}`}`);
  });
}

async function withRun(
  connection: Connection,
  request: ArtifactsRequest,
  use: (repository: ArtifactRepository) => Promise<string>,
): Promise<Printed> {
  const { run, note } = await findRun(connection.store, request.run);
  const repository = await connection.openArtifacts(run.info.artifactUri);
  try {
    const text = await use(repository);
    return { text, ...(note === undefined ? {} : { note }) };
  } finally {
    await repository.close();
  }
}

function countFiles(say: SayProgress): {
  readonly options: FolderOptions;
  readonly print: (request: ArtifactsRequest, done: string, where: string) => string;
} {
  let total = { fileCount: 0, sizeBytes: 0 };
  let fileCount = 0;
  let sizeBytes = 0;
  const show = (): void => {
    // by bytes where they are known: one file can be most of it
    const share = total.sizeBytes > 0 ? sizeBytes / total.sizeBytes : fileCount / Math.max(1, total.fileCount);
    say(`${drawBar(share)} ${fileCount} of ${total.fileCount} files, ${formatSize(sizeBytes)}`);
  };
  const options: FolderOptions = {
    onFound: (found) => {
      total = found;
      show();
    },
    onFile: (_, size) => {
      fileCount += 1;
      sizeBytes += size;
      show();
    },
  };
  const print = ({ json }: ArtifactsRequest, done: string, where: string): string => {
    if (json === true) return JSON.stringify({ where, fileCount, sizeBytes }, undefined, 2);
    return `${done} ${fileCount} ${fileCount === 1 ? 'file' : 'files'}, ${formatSize(sizeBytes)}: ${where}`;
  };
  return { options, print };
}
