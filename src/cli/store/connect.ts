// Opens the tracking store that the settings name, for reading: a file that is not there is not made, one that is there not written.
import { existsSync } from 'node:fs';
import { resolveMlflowSettings } from '../../config/settings/mlflow-settings.ts';
import { openArtifacts } from '../../artifacts/repositories/open.ts';
import type { ArtifactRepository } from '../../artifacts/contract.ts';
import { RunspanError } from '../../errors.ts';
import type { Store } from '../../stores/contract.ts';
import { folderPath, openStore, sqlitePath } from '../../stores/open/open.ts';

/** Where to look, before what env, `.env` and the settings file say. */
export interface ConnectRequest {
  readonly trackingUri?: string;
}

/** How long one command waits for another process's lock on the file. */
const BUSY_TIMEOUT_MS = 5_000;

/** A tracking store and the way to its runs' files. */
export interface Connection {
  readonly store: Store;
  /** Opens a run's artifacts; rejects where only the server can reach them. */
  openArtifacts(artifactUri: string): Promise<ArtifactRepository>;
}

/**
 * Opens the store.
 *
 * @throws {RunspanError} `FILE_NOT_READABLE` where the file does not exist, `STORE_INCOMPATIBLE` where it is no store
 */
export async function connect(request: ConnectRequest): Promise<Connection> {
  const { absoluteTrackingUri: trackingUri, connection, artifactRoot } = resolveMlflowSettings({ ...request });
  const path = /^sqlite:/i.test(trackingUri) ? sqlitePath(trackingUri) : folderPath(trackingUri);
  if (path !== undefined && !existsSync(path)) {
    throw new RunspanError(
      'FILE_NOT_READABLE',
      `There is no run store at ${path} yet. Run a job here first ('runspan demo' is one), or look elsewhere by --tracking-uri or MLFLOW_TRACKING_URI.`,
    );
  }
  const store = await openStore(trackingUri, {
    connection,
    artifactRoot,
    busyTimeoutMs: BUSY_TIMEOUT_MS,
    isReadOnly: true,
  });
  return { store, openArtifacts: (artifactUri) => openArtifacts(artifactUri, { trackingUri, connection }) };
}
