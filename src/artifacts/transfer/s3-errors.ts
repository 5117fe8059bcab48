// What S3 answers, in our words: refusals as MlflowErrors, their codes as in MLflow's own S3 repository, and checksums.
import { MlflowError } from '../../errors.ts';

/** What is known of a refusal. */
export interface S3Refusal {
  /** S3's own code, such as `NoSuchKey`; the answer to a HEAD has none. */
  readonly code: string;
  /** 0 where no answer came. */
  readonly status: number;
  readonly message: string;
  readonly cause?: unknown;
}

/** MLflow's BOTO_TO_MLFLOW_ERROR (store/artifact/s3_artifact_repo.py). */
const ERROR_CODES: Readonly<Record<string, string>> = {
  AccessDenied: 'PERMISSION_DENIED',
  NoSuchBucket: 'RESOURCE_DOES_NOT_EXIST',
  NoSuchKey: 'RESOURCE_DOES_NOT_EXIST',
  NotFound: 'RESOURCE_DOES_NOT_EXIST',
  InvalidAccessKeyId: 'UNAUTHENTICATED',
  SignatureDoesNotMatch: 'UNAUTHENTICATED',
  CredentialsProviderError: 'UNAUTHENTICATED',
};

const CODE_OF_STATUS: Readonly<Record<number, string>> = {
  0: 'TEMPORARILY_UNAVAILABLE',
  401: 'UNAUTHENTICATED',
  403: 'PERMISSION_DENIED',
  404: 'RESOURCE_DOES_NOT_EXIST',
  412: 'TEMPORARILY_UNAVAILABLE',
  429: 'REQUEST_LIMIT_EXCEEDED',
  503: 'TEMPORARILY_UNAVAILABLE',
};

/** MLflow's statuses where S3's own says something else. */
const STATUSES: Readonly<Record<string, number>> = {
  UNAUTHENTICATED: 401,
  PERMISSION_DENIED: 403,
  RESOURCE_DOES_NOT_EXIST: 404,
};

/** S3's own codes for what passes, under whatever status. */
const PASSING = new Set(['RequestTimeout', 'SlowDown', 'Throttling', 'InternalError', 'ServiceUnavailable']);

/** Builds the error of a refusal; `what` says what was tried, such as `read 's3://bucket/a'`. */
export function s3Error(what: string, { code, status, message, cause }: S3Refusal): MlflowError {
  const errorCode = ERROR_CODES[code] ?? CODE_OF_STATUS[status] ?? (status >= 500 ? 'INTERNAL_ERROR' : 'BAD_REQUEST');
  const isAbsent = errorCode === 'UNAUTHENTICATED' && code === 'CredentialsProviderError';
  const mend = isAbsent ? ' Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE.' : '';
  // without its own message, an answer to a HEAD is called 'UnknownError'
  const said = message === '' || message === 'UnknownError' ? `status ${status}` : message.trim().replace(/\.$/, '');
  const isRefusedForGood = errorCode in STATUSES;
  return new MlflowError(`Cannot ${what}: ${said}${code === '' ? '' : ` (${code})`}.${mend}`, {
    errorCode,
    status: STATUSES[errorCode] ?? status,
    isRetryable:
      !isRefusedForGood && (status === 0 || status >= 500 || [408, 412, 429].includes(status) || PASSING.has(code)),
    cause,
  });
}

/** The CRC32 of a whole object, where S3 has been told it; that of an object in parts may be one of their CRC32s instead. */
export function crc32Of({
  ChecksumCRC32,
  ChecksumType,
  ContentRange,
}: {
  readonly ChecksumCRC32?: string | undefined;
  readonly ChecksumType?: string | undefined;
  readonly ContentRange?: string | undefined;
}): number | undefined {
  const isWhole = ContentRange === undefined && ChecksumType !== 'COMPOSITE';
  if (!isWhole || !/^[A-Za-z0-9+/]{6}==$/.test(ChecksumCRC32 ?? '')) return undefined;
  return Buffer.from(ChecksumCRC32 ?? '', 'base64').readUInt32BE();
}

/** The MD5 that an ETag is where S3 took the bytes in one part and did not encrypt them with a key of its own; undefined elsewhere. */
export function md5OfETag(etag: string | undefined, encryption: string | undefined): string | undefined {
  if (encryption !== undefined && encryption !== 'AES256') return undefined;
  return /^"?([0-9a-f]{32})"?$/.exec(etag ?? '')?.[1];
}
