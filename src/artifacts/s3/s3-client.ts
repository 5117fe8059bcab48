// The AWS SDK, loaded when the first s3:// artifact comes, and told what MLflow's boto client would be told.
import type * as clientS3 from '@aws-sdk/client-s3';
import type { S3Client, S3ClientConfig } from '@aws-sdk/client-s3';
import { RunspanError } from '../../errors.ts';
import type { S3Settings } from '../../model/artifact-settings.ts';
import { S3Requests, type S3Connection } from './s3-requests.ts';
import { isError } from '../../model/any-realm.ts';

/** The package of the SDK that is used. */
export type AwsSdk = typeof clientS3;

/** Where neither settings nor the SDK's own chain know a region; boto falls back to the same. */
const DEFAULT_REGION = 'us-east-1';

/**
 * Loads the SDK.
 *
 * @throws {RunspanError} `NOT_SUPPORTED` where it is not installed
 */
export async function loadAwsSdk(load: () => Promise<AwsSdk> = importAwsSdk): Promise<AwsSdk> {
  try {
    return await load();
  } catch (cause) {
    if (!isNotFound(cause)) throw cause;
    throw new RunspanError(
      'NOT_SUPPORTED',
      'Cannot reach S3: the AWS SDK is not installed. Run: npm install @aws-sdk/client-s3',
      { cause },
    );
  }
}

async function importAwsSdk(): Promise<AwsSdk> {
  return await import('@aws-sdk/client-s3');
}

function isNotFound(cause: unknown): boolean {
  const code = isError(cause) && 'code' in cause ? cause.code : undefined;
  return code === 'ERR_MODULE_NOT_FOUND' || code === 'MODULE_NOT_FOUND';
}

/**
 * Makes a client.
 *
 * @throws {RunspanError} `INVALID_SETTINGS` for the proxy's URI
 */
export async function createS3Client(
  sdk: AwsSdk,
  settings: S3Settings,
  connection: S3Connection = {},
): Promise<S3Client> {
  const client = new sdk.S3Client(toConfig(settings, connection));
  try {
    await client.config.region();
    return client;
  } catch {
    // no region in settings, environment or profile
    client.destroy();
    return new sdk.S3Client({ ...toConfig(settings, connection), region: DEFAULT_REGION });
  }
}

function toConfig(settings: S3Settings, connection: S3Connection): S3ClientConfig {
  const { endpointUrl, region, accessKeyId, secretAccessKey, sessionToken, addressingStyle = 'auto' } = settings;
  const isOwnEndpoint = endpointUrl !== undefined;
  const credentials =
    accessKeyId === undefined || secretAccessKey === undefined
      ? undefined
      : { accessKeyId, secretAccessKey, ...(sessionToken === undefined ? {} : { sessionToken }) };
  return {
    // as botocore decides (args.py): the path at an endpoint of one's own unless the style is virtual, the host elsewhere
    forcePathStyle: isOwnEndpoint ? addressingStyle !== 'virtual' : addressingStyle === 'path',
    ...(isOwnEndpoint ? { endpoint: endpointUrl } : { followRegionRedirects: true }),
    ...(region === undefined ? {} : { region }),
    ...(credentials === undefined ? {} : { credentials }),
    requestHandler: new S3Requests(settings, connection),
  };
}
