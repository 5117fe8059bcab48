// How artifacts reach S3 or another object store, under MLflow's own names, and what repositories are told of it.
import { MULTIPART_DEFAULTS } from '../../model/artifact-settings.ts';
import type { ArtifactSettings, S3Settings } from '../../model/artifact-settings.ts';
import type { Field, Fields } from './fields.ts';

/**
 * How artifacts reach S3 or another object store. start() sets `s3…` and `aws…` in the process for other S3 clients, only where
 * configured and the variable is unset or empty.
 */
export interface S3Options {
  /** Env: MLFLOW_S3_ENDPOINT_URL, AWS_ENDPOINT_URL_S3, AWS_ENDPOINT_URL */
  readonly s3EndpointUrl?: string;
  /** Env: MLFLOW_S3_IGNORE_TLS */
  readonly s3IgnoreTls?: boolean;
  /** A CA bundle for the S3 server's certificate. Env: AWS_CA_BUNDLE */
  readonly s3CaBundlePath?: string;
  /** `auto` puts the bucket into the path at an endpoint of your own, and into the host at AWS. @default 'auto'  Env: MLFLOW_BOTO_CLIENT_ADDRESSING_STYLE */
  readonly s3AddressingStyle?: 'auto' | 'path' | 'virtual';
  /** JSON of what every upload carries, such as `{"ServerSideEncryption":"AES256"}`. Env: MLFLOW_S3_UPLOAD_EXTRA_ARGS */
  readonly s3UploadExtraArgs?: string;
  /** The account that the bucket must belong to. Env: MLFLOW_S3_EXPECTED_BUCKET_OWNER */
  readonly s3ExpectedBucketOwner?: string;
  /**
   * Who talks to S3 where a run's artifacts are at `s3://`: this process with the AWS SDK (`direct`), or with URLs that the tracking server
   * signs (`presigned`); `auto` is `direct` where `@aws-sdk/client-s3` is installed. @default 'auto'  Env: RUNSPAN_MLFLOW_S3_ACCESS
   */
  readonly s3Access?: 'auto' | 'direct' | 'presigned';
  /** Env: AWS_ACCESS_KEY_ID */
  readonly awsAccessKeyId?: string;
  /** Env: AWS_SECRET_ACCESS_KEY */
  readonly awsSecretAccessKey?: string;
  /** Env: AWS_SESSION_TOKEN */
  readonly awsSessionToken?: string;
  /** Env: AWS_REGION, AWS_DEFAULT_REGION */
  readonly awsRegion?: string;
  /** Whether large files go to the object store behind the server's proxy in parts. @default as the server says  Env: MLFLOW_ENABLE_PROXY_MULTIPART_UPLOAD */
  readonly proxyMultipartUpload?: boolean;
  /** Whether files come from the object store behind the proxy itself. @default as the server says  Env: MLFLOW_ENABLE_PROXY_MULTIPART_DOWNLOAD */
  readonly proxyMultipartDownload?: boolean;
  /** From this size on an upload goes in parts. @default 524_288_000  Env: MLFLOW_MULTIPART_UPLOAD_MINIMUM_FILE_SIZE */
  readonly multipartUploadMinBytes?: number;
  /** The size of one part. @default 10_485_760  Env: MLFLOW_MULTIPART_UPLOAD_CHUNK_SIZE */
  readonly multipartUploadChunkBytes?: number;
  /** The size of one part. @default 104_857_600  Env: MLFLOW_MULTIPART_DOWNLOAD_CHUNK_SIZE */
  readonly multipartDownloadChunkBytes?: number;
}

type Always = 's3AddressingStyle' | 's3Access' | keyof typeof MULTIPART_DEFAULTS;

/** What S3 clients are told, as resolved. */
export type S3Fields = Required<Pick<S3Options, Always>> & {
  readonly [K in Exclude<keyof S3Options, Always>]-?: S3Options[K] | undefined;
};

/** S3 takes no smaller part than the last. */
const MIN_PART_BYTES = 5 * 1024 * 1024;

/** The table of these settings. */
export const S3_FIELDS: Fields<S3Fields> = {
  s3EndpointUrl: {
    kind: 'string',
    env: ['MLFLOW_S3_ENDPOINT_URL', 'AWS_ENDPOINT_URL_S3', 'AWS_ENDPOINT_URL'],
    defaultValue: undefined,
    doc: 'The address of an S3 server other than that of AWS.',
  },
  s3IgnoreTls: {
    kind: 'boolean',
    env: ['MLFLOW_S3_IGNORE_TLS'],
    defaultValue: undefined,
    doc: 'Accept any TLS certificate of the S3 server.',
  },
  s3CaBundlePath: {
    kind: 'string',
    env: ['AWS_CA_BUNDLE'],
    defaultValue: undefined,
    doc: "A CA bundle for the S3 server's certificate.",
  },
  s3AddressingStyle: {
    kind: 'choice',
    env: ['MLFLOW_BOTO_CLIENT_ADDRESSING_STYLE'],
    defaultValue: 'auto',
    choices: { auto: 'auto', path: 'path', virtual: 'virtual' },
    doc: 'Where the bucket stands in a URL of S3; `auto`: in the path at an endpoint of your own, in the host at AWS.',
  },
  s3UploadExtraArgs: {
    kind: 'string',
    env: ['MLFLOW_S3_UPLOAD_EXTRA_ARGS'],
    defaultValue: undefined,
    expected: (text) => (readObject(text) === undefined ? 'a JSON object' : undefined),
    doc: 'JSON of what every upload to S3 carries.',
  },
  s3ExpectedBucketOwner: {
    kind: 'string',
    env: ['MLFLOW_S3_EXPECTED_BUCKET_OWNER'],
    defaultValue: undefined,
    doc: 'The account that the bucket must belong to.',
  },
  s3Access: {
    kind: 'choice',
    env: ['RUNSPAN_MLFLOW_S3_ACCESS'],
    defaultValue: 'auto',
    choices: { auto: 'auto', direct: 'direct', presigned: 'presigned' },
    doc: 'Who talks to S3: this process with the AWS SDK, or with URLs that the tracking server signs.',
  },
  awsAccessKeyId: { kind: 'string', env: ['AWS_ACCESS_KEY_ID'], defaultValue: undefined, doc: 'For S3.' },
  awsSecretAccessKey: {
    kind: 'string',
    env: ['AWS_SECRET_ACCESS_KEY'],
    defaultValue: undefined,
    isSensitive: true,
    doc: 'For S3.',
  },
  awsSessionToken: {
    kind: 'string',
    env: ['AWS_SESSION_TOKEN'],
    defaultValue: undefined,
    isSensitive: true,
    doc: 'For S3.',
  },
  awsRegion: { kind: 'string', env: ['AWS_REGION', 'AWS_DEFAULT_REGION'], defaultValue: undefined, doc: 'For S3.' },
  proxyMultipartUpload: {
    kind: 'boolean',
    env: ['MLFLOW_ENABLE_PROXY_MULTIPART_UPLOAD'],
    defaultValue: undefined,
    doc: "Whether large files go to the object store behind the server's proxy in parts; else as the server says.",
  },
  proxyMultipartDownload: {
    kind: 'boolean',
    env: ['MLFLOW_ENABLE_PROXY_MULTIPART_DOWNLOAD'],
    defaultValue: undefined,
    doc: 'Whether files come from the object store behind the proxy itself; else as the server says.',
  },
  multipartUploadMinBytes: size(
    'multipartUploadMinBytes',
    'MLFLOW_MULTIPART_UPLOAD_MINIMUM_FILE_SIZE',
    'From this size on an upload goes in parts.',
  ),
  multipartUploadChunkBytes: size(
    'multipartUploadChunkBytes',
    'MLFLOW_MULTIPART_UPLOAD_CHUNK_SIZE',
    'The size of one part of an upload.',
  ),
  multipartDownloadChunkBytes: size(
    'multipartDownloadChunkBytes',
    'MLFLOW_MULTIPART_DOWNLOAD_CHUNK_SIZE',
    'The size of one part of a download.',
  ),
};

/** What a repository of artifacts is told of them. */
export function toArtifactSettings(fields: S3Fields): ArtifactSettings {
  const s3: { readonly [K in keyof S3Settings]: S3Settings[K] | undefined } = {
    endpointUrl: fields.s3EndpointUrl,
    isInsecureTls: fields.s3IgnoreTls,
    caBundlePath: fields.s3CaBundlePath,
    addressingStyle: fields.s3AddressingStyle,
    uploadExtraArgs: readObject(fields.s3UploadExtraArgs ?? ''),
    expectedBucketOwner: fields.s3ExpectedBucketOwner,
    region: fields.awsRegion,
    accessKeyId: fields.awsAccessKeyId,
    secretAccessKey: fields.awsSecretAccessKey,
    sessionToken: fields.awsSessionToken,
  };
  return withoutUndefined({
    s3: withoutUndefined(s3),
    s3Access: fields.s3Access,
    hasMultipartUploads: fields.proxyMultipartUpload,
    hasMultipartDownloads: fields.proxyMultipartDownload,
    multipartUploadMinBytes: fields.multipartUploadMinBytes,
    multipartUploadChunkBytes: fields.multipartUploadChunkBytes,
    multipartDownloadChunkBytes: fields.multipartDownloadChunkBytes,
  });
}

/** The same without what is undefined; the cast says just that. */
function withoutUndefined<T extends object>(from: T): { readonly [K in keyof T]: Exclude<T[K], undefined> } {
  return Object.freeze(Object.fromEntries(Object.entries(from).filter(([, value]) => value !== undefined))) as {
    readonly [K in keyof T]: Exclude<T[K], undefined>;
  };
}

function readObject(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
    return isObject ? (value as Readonly<Record<string, unknown>>) : undefined; // an object has keys
  } catch {
    return undefined; // no JSON: who asks says what it should be
  }
}

function size(name: keyof typeof MULTIPART_DEFAULTS, variable: string, doc: string): Field<number> {
  const isPart = name !== 'multipartUploadMinBytes';
  return {
    kind: 'integer',
    env: [variable],
    defaultValue: MULTIPART_DEFAULTS[name],
    min: isPart ? MIN_PART_BYTES : 0,
    doc,
  };
}
