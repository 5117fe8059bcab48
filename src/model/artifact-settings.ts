// How artifacts travel where they do not go through the tracking server whole: to S3 itself, and in parts. No I/O, no defaults of S3's.

/** How S3 is reached; what is left out is found by the AWS SDK's own chain. */
export interface S3Settings {
  /** Another server than that of AWS. */
  readonly endpointUrl?: string;
  /** Accept any TLS certificate. */
  readonly isInsecureTls?: boolean;
  /** A CA bundle's path. */
  readonly caBundlePath?: string;
  /** As boto's: `auto` is `path` at an endpoint of one's own, and `virtual` at AWS. */
  readonly addressingStyle?: 'auto' | 'path' | 'virtual';
  /** Fields of S3's PutObject that every upload carries, such as `{ ServerSideEncryption: 'AES256' }`. */
  readonly uploadExtraArgs?: Readonly<Record<string, unknown>>;
  /** The account that the bucket must belong to. */
  readonly expectedBucketOwner?: string;
  /** Such as `eu-west-1`. */
  readonly region?: string;
  /** Both or none. */
  readonly accessKeyId?: string;
  readonly secretAccessKey?: string;
  readonly sessionToken?: string;
}

/** What a repository of artifacts is told beside its URI. */
export interface ArtifactSettings {
  readonly s3?: S3Settings;
  /** Who talks to S3: this process (`direct`), or it asks the tracking server for URLs that are signed already. */
  readonly s3Access?: 'auto' | 'direct' | 'presigned';
  /** Whether large files go to the object store behind the proxy in parts; undefined: as the server says. */
  readonly hasMultipartUploads?: boolean;
  /** Whether files come from the object store behind the proxy itself; undefined: as the server says. */
  readonly hasMultipartDownloads?: boolean;
  /** From this size on an upload goes in parts. */
  readonly multipartUploadMinBytes?: number;
  readonly multipartUploadChunkBytes?: number;
  readonly multipartDownloadChunkBytes?: number;
}

/** MLflow's own sizes (mlflow/environment_variables.py). */
export const MULTIPART_DEFAULTS: Readonly<
  Record<'multipartUploadMinBytes' | 'multipartUploadChunkBytes' | 'multipartDownloadChunkBytes', number>
> = {
  multipartUploadMinBytes: 500 * 1024 * 1024,
  multipartUploadChunkBytes: 10 * 1024 * 1024,
  multipartDownloadChunkBytes: 100 * 1024 * 1024,
};
