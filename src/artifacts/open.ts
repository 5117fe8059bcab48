// A run's artifact URI to its repository; one line a scheme.
import { resolve } from 'node:path';
import { RunspanError } from '../errors.ts';
import type { ConnectionOptions } from '../rest/connection.ts';
import type { ArtifactRepository } from './contract.ts';
import { openLocalArtifacts } from './local.ts';

/** How to reach the server that keeps a proxied run's artifacts. */
export interface OpenArtifactsOptions {
  readonly trackingUri: string;
  readonly connection: ConnectionOptions;
}

/**
 * Opens the artifacts under a run's `artifactUri`: a path or `file:` is a folder of this machine, `mlflow-artifacts:` goes
 * through the tracking server.
 *
 * @throws {RunspanError} `NOT_SUPPORTED` for stores that only the server can reach, such as `s3://`
 * @example
 * const artifacts = await openArtifacts(run.info.artifactUri, { trackingUri, connection });
 */
export async function openArtifacts(artifactUri: string, options: OpenArtifactsOptions): Promise<ArtifactRepository> {
  const scheme = /^([a-z][a-z0-9+.-]+):/i.exec(artifactUri)?.[1]?.toLowerCase();
  if (scheme === undefined || scheme === 'file') return openLocalArtifacts(folderOf(artifactUri));
  if (scheme === 'mlflow-artifacts') {
    const { openProxyArtifacts } = await import('./proxy.ts'); // an embedded job never pays for the HTTP client
    return openProxyArtifacts({ artifactUri, ...options });
  }
  throw new RunspanError(
    'NOT_SUPPORTED',
    `Cannot open artifacts at '${withoutCredentials(artifactUri)}': ${scheme} comes with a later version. ` +
      `Let the server keep them: start it with --serve-artifacts and an mlflow-artifacts:/ root.`,
  );
}

/** Reads a path or `file:` URI as MLflow's Python client does: percent signs are decoded in both. */
function folderOf(uri: string): string {
  const [, machine = '', path = uri] = /^file:(?:\/\/([^/]*))?(.*)$/is.exec(uri) ?? [];
  if (machine !== '' && machine !== 'localhost') {
    throw new RunspanError('NOT_SUPPORTED', `Cannot open artifacts at '${uri}': it names another machine.`);
  }
  return resolve(path.replace(/(?:%[0-9a-f]{2})+/gi, decoded));
}

function decoded(encoded: string): string {
  try {
    return decodeURIComponent(encoded);
  } catch {
    return encoded; // no UTF-8, so no encoding of a name
  }
}

function withoutCredentials(uri: string): string {
  return uri.replace(/\/\/.*@/s, '//').replace(/\?.*$/s, '');
}
