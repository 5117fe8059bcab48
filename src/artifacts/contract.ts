// The contract of an artifact repository: where a run's files go. One suite tests all of them.
import type { FileInfo } from '../model/entities.ts';

/**
 * The artifacts under one URI. Paths are relative, with `/`; an absolute path or one with `..` rejects with `INVALID_PATH`,
 * before anything is touched. Server errors are `MlflowError`s with `isRetryable`. Folders, of any depth, are `putFolder`,
 * `getFolder` and `walkFiles` of `folders.ts`, over any repository.
 */
export interface ArtifactRepository {
  /** The root, without credentials. */
  readonly uri: string;
  /** What this kind of repository can do beside the rest; without it a call rejects with `NOT_SUPPORTED`. */
  readonly supports: { readonly delete: boolean };
  /** Writes one file, replacing what was there; an upload that fails leaves no half file under the name. */
  putFile(path: string, sourceFile: string): Promise<void>;
  /** Lists one folder whole, however many pages that takes, sorted by path; empty where there is none. Paths are relative to the root. */
  list(path?: string): Promise<readonly FileInfo[]>;
  /**
   * Downloads one file to `targetFile`, whose folder exists. It has that name only once it is whole; a transfer that breaks off goes on
   * where it stopped where the server allows that, and else begins again.
   */
  getFile(path: string, targetFile: string): Promise<void>;
  /** Reads one file into memory; for small ones. */
  readFile(path: string): Promise<Uint8Array>;
  /** Removes a file, or a folder with all that is in it; without a path all there is. Nothing there is fine. */
  delete(path?: string): Promise<void>;
  /** Frees what it holds open. */
  close(): Promise<void>;
}
