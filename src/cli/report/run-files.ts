// What `runspan show` reads of a run's artifacts: their names, and the spans and log lines among them.
import type { ArtifactRepository } from '../../artifacts/contract.ts';
import type { FileInfo } from '../../model/entities.ts';
import { KEPT_FOLDER, kindOfKept } from '../../runs/files/run-telemetry.ts';
import { readLogs, readSpans } from './telemetry.ts';
import type { LogLine, TraceSpan } from './telemetry.ts';
import { isError } from '../../model/any-realm.ts';

/** Files listed at most; a run of checkpoints can have thousands. */
const MAX_FILES = 200;

/** A run's files, as far as they can be reached from here. */
export interface RunFiles {
  /** Undefined where they cannot be reached. */
  readonly files: readonly FileInfo[] | undefined;
  readonly hasMore: boolean;
  readonly spans: readonly TraceSpan[];
  readonly logs: readonly LogLine[];
  /** Why there is less than there could be. */
  readonly note?: string;
}

/** Reads them; what cannot be reached is a note, never an error: the rest of the run is worth showing. */
export async function readRunFiles(open: () => Promise<ArtifactRepository>): Promise<RunFiles> {
  let repository: ArtifactRepository | undefined;
  try {
    repository = await open();
    const files = await listFiles(repository);
    const kept = await repository.list(KEPT_FOLDER);
    const spans = readSpans(await readAll(repository, kept, 'trace'));
    const logs = readLogs(await readAll(repository, kept, 'logs'));
    return { files: files.slice(0, MAX_FILES), hasMore: files.length > MAX_FILES, spans, logs };
  } catch (error) {
    const note = isError(error) ? error.message : String(error);
    return { files: undefined, hasMore: false, spans: [], logs: [], note };
  } finally {
    await repository?.close();
  }
}

/** The text of what a run keeps of one kind; empty where it cannot be reached. */
export async function readKept(open: () => Promise<ArtifactRepository>, kind: 'trace' | 'logs'): Promise<string> {
  let repository: ArtifactRepository | undefined;
  try {
    repository = await open();
    return await readAll(repository, await repository.list(KEPT_FOLDER), kind);
  } catch {
    return ''; // The run that is shown says where its own files are.
  } finally {
    await repository?.close();
  }
}

async function listFiles(repository: ArtifactRepository): Promise<FileInfo[]> {
  const files: FileInfo[] = [];
  const folders: (string | undefined)[] = [undefined];
  for (const folder of folders) {
    const entries = await repository.list(folder);
    files.push(...entries.filter(({ isDir }) => !isDir));
    folders.push(...entries.filter(({ isDir }) => isDir).map(({ path }) => path));
    if (files.length > MAX_FILES) break;
  }
  return files.toSorted((a, b) => (a.path < b.path ? -1 : 1));
}

/** The texts of one kind, of every process that took part in the run. */
async function readAll(
  repository: ArtifactRepository,
  files: readonly FileInfo[],
  kind: 'trace' | 'logs',
): Promise<string> {
  let text = '';
  for (const { path } of files.filter((file) => kindOfKept(file.path) === kind))
    text += `${new TextDecoder().decode(await repository.readFile(path))}\n`;
  return text;
}
