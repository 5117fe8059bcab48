// The one error class and the closed union of its codes; the ground floor, it imports nothing.

/** Every code that a {@link RunspanError} can carry; stable, listed in the README. */
export type ErrorCode =
  | 'INVALID_SETTINGS'
  | 'INVALID_CONFIG'
  | 'INVALID_ARGUMENT'
  | 'INVALID_VALUE'
  | 'INVALID_PATH'
  | 'NOT_SUPPORTED'
  | 'SERVICE_NOT_STARTED'
  | 'SERVICE_STOPPED'
  | 'RUN_ALREADY_ACTIVE'
  | 'RUN_ENDED'
  | 'UNKNOWN_SCHEME'
  | 'STORE_INCOMPATIBLE'
  | 'OUTBOX_FULL'
  | 'DEADLINE_EXCEEDED'
  | 'FILE_NOT_READABLE'
  | 'MLFLOW_ERROR';

/** What an error may carry besides its message. */
export interface RunspanErrorOptions {
  /** What led to it. */
  readonly cause?: unknown;
  /** Plain values that a program can act on; never a secret. */
  readonly details?: Readonly<Record<string, unknown>>;
}

/**
 * The error that everything of this package throws. The message says what failed, with what, and the mend.
 *
 * @example
 * try {
 *   new MlflowService({ trackingUri: 'http:/localhost' });
 * } catch (error) {
 *   if (error instanceof RunspanError) console.error(error.code); // INVALID_SETTINGS
 * }
 */
export class RunspanError extends Error {
  override readonly name: string = 'RunspanError';
  /** What went wrong, for a program. */
  readonly code: ErrorCode;
  /** Plain values that a program can act on; never a secret. */
  readonly details: Readonly<Record<string, unknown>>;

  constructor(code: ErrorCode, message: string, options: RunspanErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.details = options.details ?? {};
  }
}

/** What MLflow answered, over HTTP or from an embedded store; see {@link MlflowError}. */
export interface MlflowErrorOptions extends RunspanErrorOptions {
  /** MLflow's own error code, such as `RESOURCE_DOES_NOT_EXIST`. */
  readonly errorCode: string;
  /** HTTP status; 0 where no answer came (refused, reset, timed out). */
  readonly status: number;
  /** Whether trying again can help. */
  readonly isRetryable: boolean;
  /** True where the request may have been carried out although its answer was lost or an error. */
  readonly isAmbiguous?: boolean;
  /** How long the server asks to wait, in milliseconds. */
  readonly retryAfterMs?: number;
}

/**
 * An error of the tracking store, with the same `errorCode` and `status` whether a server or an embedded store answered.
 *
 * @see https://mlflow.org/docs/latest/rest-api.html
 * @example
 * await mlflow.client().getRun('absent').catch((error) => {
 *   if (error instanceof MlflowError && error.errorCode === 'RESOURCE_DOES_NOT_EXIST') return undefined;
 *   throw error;
 * });
 */
export class MlflowError extends RunspanError {
  override readonly name: string = 'MlflowError';
  /** MLflow's own error code, such as `RESOURCE_DOES_NOT_EXIST`. */
  readonly errorCode: string;
  /** HTTP status; 0 where no answer came. */
  readonly status: number;
  /** Whether trying again can help. */
  readonly isRetryable: boolean;
  /** Whether the request may have been carried out although it failed. */
  readonly isAmbiguous: boolean;
  /** How long the server asks to wait, in milliseconds; undefined where it says nothing. */
  readonly retryAfterMs: number | undefined;

  constructor(message: string, options: MlflowErrorOptions) {
    super('MLFLOW_ERROR', message, options);
    this.errorCode = options.errorCode;
    this.status = options.status;
    this.isRetryable = options.isRetryable;
    this.isAmbiguous = options.isAmbiguous ?? false;
    this.retryAfterMs = options.retryAfterMs;
  }
}

/** The HTTP status of each MLflow error code that a store of ours raises itself (mlflow/exceptions.py). */
const STATUS_OF: Readonly<Record<string, number>> = {
  INVALID_PARAMETER_VALUE: 400,
  RESOURCE_ALREADY_EXISTS: 400,
  BAD_REQUEST: 400,
  RESOURCE_DOES_NOT_EXIST: 404,
  TEMPORARILY_UNAVAILABLE: 503,
  INTERNAL_ERROR: 500,
};

/**
 * Builds the error that MLflow's server would answer with this code.
 *
 * @example
 * throw mlflowError('RESOURCE_DOES_NOT_EXIST', `Run with id=${runId} not found`);
 */
export function mlflowError(errorCode: string, message: string, cause?: unknown): MlflowError {
  const status = STATUS_OF[errorCode] ?? 500;
  return new MlflowError(message, { errorCode, status, isRetryable: status >= 500, cause });
}

/**
 * Builds the error of Python's client where it gives no code of its own: `INTERNAL_ERROR`, which trying again does not mend.
 *
 * @example
 * throw uncodedError(`Not a proper models:/ URI: ${uri}`);
 */
export function uncodedError(message: string, cause?: unknown): MlflowError {
  return new MlflowError(message, { errorCode: 'INTERNAL_ERROR', status: 500, isRetryable: false, cause });
}
