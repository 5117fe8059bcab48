// MLflow on an S3 server, which lets large files past it: for the tests of artifacts, which need it while they are collected.
import type { S3Settings } from '../../src/model/artifact-settings.ts';
import { startForCollection } from './require-backend.ts';

/** The two servers. */
export interface ArtifactServer {
  /** False where they cannot be brought up, and the tests are to be skipped. */
  readonly isThere: boolean;
  readonly trackingUri: string;
  /** How S3 itself is reached; its bucket is `runspan`. */
  readonly s3: S3Settings & Required<Pick<S3Settings, 'endpointUrl' | 'accessKeyId' | 'secretAccessKey'>>;
  /** For Python. */
  readonly env: Readonly<Record<string, string>>;
}

/** Through the tracking server, not past it. */
export const THROUGH_SERVER = { hasMultipartUploads: false, hasMultipartDownloads: false } as const;

/** Starts them; they are stopped after the tests of the file. */
export async function startArtifactServer(): Promise<ArtifactServer> {
  const options = { MLFLOW_ENABLE_PROXY_MULTIPART_UPLOAD: 'true', MLFLOW_ENABLE_PROXY_MULTIPART_DOWNLOAD: 'true' };
  const backend = await startForCollection('mlflow-s3', { env: options });
  const env: Readonly<Record<string, string>> = backend?.env ?? {};
  return {
    isThere: backend !== undefined,
    trackingUri: env['MLFLOW_TRACKING_URI'] ?? '',
    s3: {
      endpointUrl: env['MLFLOW_S3_ENDPOINT_URL'] ?? '',
      accessKeyId: env['AWS_ACCESS_KEY_ID'] ?? '',
      secretAccessKey: env['AWS_SECRET_ACCESS_KEY'] ?? '',
    },
    env,
  };
}
