// A run's artifact URI to its repository; one line a scheme.
import { resolve } from 'node:path';
import { RunspanError } from '../../errors.ts';
import type { ConnectionOptions } from '../../rest/transport/connection.ts';
import type { ArtifactRepository } from '../contract.ts';
import { openLocalArtifacts } from './local.ts';
import type { AwsSdk } from '../s3/s3-client.ts';

/** How to reach the server that keeps a proxied run's artifacts. */
export interface OpenArtifactsOptions {
  readonly trackingUri: string;
  readonly connection: ConnectionOptions;
  /** Loads the AWS SDK, for tests. */
  readonly loadSdk?: () => Promise<AwsSdk>;
}

/**
 * Opens the artifacts under a run's `artifactUri`: a path or `file:` is a folder of this machine, `mlflow-artifacts:` goes
 * through the tracking server, `s3:` goes to S3 by the AWS SDK, and where that is not installed by URLs that the tracking server signs.
 *
 * @throws {RunspanError} `NOT_SUPPORTED` for other stores, and for `s3:` with neither; it says what to install
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
  if (scheme === 's3') return openS3(artifactUri, options);
  throw new RunspanError(
    'NOT_SUPPORTED',
    `Cannot open artifacts at '${withoutCredentials(artifactUri)}': there is no repository for ${scheme}. ` +
      `Let the server keep them: start it with --serve-artifacts and an mlflow-artifacts:/ root.`,
  );
}

async function openS3(artifactUri: string, options: OpenArtifactsOptions): Promise<ArtifactRepository> {
  const { trackingUri, connection, loadSdk } = options;
  const { s3: settings = {}, s3Access = 'auto' } = connection.artifacts ?? {};
  const [{ loadAwsSdk }, { openS3Artifacts }] = await Promise.all([
    import('../s3/s3-client.ts'),
    import('../s3/s3.ts'),
  ]);
  const canAsk = /^https?:/i.test(trackingUri);
  if (s3Access !== 'presigned') {
    try {
      const sdk = await loadAwsSdk(loadSdk);
      return await openS3Artifacts({ artifactUri, settings, sdk, connection });
    } catch (error) {
      const isNotInstalled = error instanceof RunspanError && error.code === 'NOT_SUPPORTED';
      if (!isNotInstalled || s3Access === 'direct' || !canAsk) throw error;
    }
  }
  const { openPresignedArtifacts } = await import('./presigned.ts');
  return openPresignedArtifacts({ artifactUri, trackingUri, connection });
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
