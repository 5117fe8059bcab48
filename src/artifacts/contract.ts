// The contract of an artifact repository: where a run's files go. One suite tests all of them.
import type { FileInfo } from '../model/entities.ts';

/**
 * The artifacts under one URI. Paths are relative, with `/`; an absolute path or one with `..` rejects with `INVALID_PATH`,
 * before anything is touched. Server errors are `MlflowError`s with `isRetryable`.
 */
export interface ArtifactRepository {
  /** The root, without credentials. */
  readonly uri: string;
  /** Writes one file, replacing what was there; an upload that fails leaves no half file under the name. */
  putFile(path: string, sourceFile: string): Promise<void>;
  /** Lists one folder, sorted by path; empty where there is none. Paths are relative to the root. */
  list(path?: string): Promise<readonly FileInfo[]>;
  /** Downloads one file to `targetFile`, whose folder exists. */
  getFile(path: string, targetFile: string): Promise<void>;
  /** Reads one file into memory; for small ones. */
  readFile(path: string): Promise<Uint8Array>;
  /** Frees what it holds open. */
  close(): Promise<void>;
}
