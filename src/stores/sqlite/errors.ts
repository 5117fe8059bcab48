// What SQLite says, in the words the rest of the package acts on: MLflow's code and status, and whether trying again can help.
import { MlflowError, mlflowError, RunspanError } from '../../errors.ts';
import { isError } from '../../model/any-realm.ts';

/** Primary result codes, https://www.sqlite.org/rescode.html. */
const SQLITE_ERROR = 1;
const SQLITE_READONLY = 8;
const SQLITE_CORRUPT = 11;
const SQLITE_CANTOPEN = 14;
const SQLITE_TOOBIG = 18;
const SQLITE_CONSTRAINT = 19;
const SQLITE_NOTADB = 26;

/** What may pass by itself or by a hand from outside: MLflow answers 503 to all of these, and what waits for delivery is kept. */
const PASSING: Readonly<Record<number, string>> = {
  5: 'another process holds its lock',
  6: 'another connection holds a lock on a table',
  7: 'memory is exhausted',
  8: 'it is read-only; make the file and its folder writable',
  10: 'the disk reported an I/O error',
  13: 'the disk is full; free some space',
  14: 'it cannot be opened; check the file, its folder and their permissions',
  15: 'its lock protocol failed; is it on a network file system?',
};

/** What SQLite says where a search goes beyond its limits, https://www.sqlite.org/limits.html; its code is that of any bad SQL. */
const BEYOND_LIMITS = /too (?:large|complex|many|big)|at most \d+ tables|parser stack overflow/;

/** Returns SQLite's primary result code, or undefined where the error is not SQLite's. */
export function sqliteCode(error: unknown): number | undefined {
  if (!isError(error) || !('errcode' in error) || typeof error.errcode !== 'number') return undefined;
  return error.errcode & 0xff; // the upper bytes are the extended code
}

/** True where another connection holds a lock that this one needs. */
export function isLocked(error: unknown): boolean {
  const code = sqliteCode(error);
  return code === 5 || code === 6;
}

/**
 * Turns what node:sqlite threw into an error of this package; one that already is comes back as it is.
 *
 * Locked, full, read-only, unreadable: `TEMPORARILY_UNAVAILABLE` (503, retryable). Damaged, or not MLflow's tables: `STORE_INCOMPATIBLE`.
 * A broken constraint: `BAD_REQUEST`, as MLflow answers.
 */
export function storeError(error: unknown, path: string): Error {
  if (error instanceof RunspanError) return error;
  const code = sqliteCode(error);
  const reason = isError(error) ? error.message : String(error);
  if (code === undefined) return foreignError(error, path, reason);
  if (code === SQLITE_TOOBIG || (code === SQLITE_ERROR && BEYOND_LIMITS.test(reason))) {
    return mlflowError(
      'INVALID_PARAMETER_VALUE',
      `This is more than SQLite takes in '${path}': ${reason}. Ask for less at once.`,
      error,
    );
  }
  const passing = PASSING[code];
  if (passing !== undefined) {
    return mlflowError('TEMPORARILY_UNAVAILABLE', `Cannot use '${path}' now: ${passing} (${reason}).`, error);
  }
  if (code === SQLITE_CORRUPT || code === SQLITE_NOTADB || code === SQLITE_ERROR) {
    return incompatible(
      path,
      code === SQLITE_ERROR ? reason : `it is damaged or no SQLite database (${reason})`,
      error,
    );
  }
  if (code === SQLITE_CONSTRAINT) return mlflowError('BAD_REQUEST', `'${path}' refuses the row: ${reason}`, error);
  return mlflowError('INTERNAL_ERROR', `SQLite failed on '${path}': ${reason}`, error);
}

/**
 * Like {@link storeError}, for the moment a file is opened: a place that cannot be opened or written at all is a mistake to tell
 * at once (`PERMISSION_DENIED`, 403), not an outage to wait for.
 */
export function openError(error: unknown, path: string): Error {
  const code = sqliteCode(error);
  if (code !== SQLITE_CANTOPEN && code !== SQLITE_READONLY) return storeError(error, path);
  const reason = PASSING[code] ?? 'it cannot be opened';
  return denied(`Cannot open '${path}': ${reason}.`, error);
}

/** Builds the refusal of a file that this store must not write into. */
export function incompatible(path: string, reason: string, cause?: unknown): RunspanError {
  return new RunspanError('STORE_INCOMPATIBLE', `Cannot use '${path}' as an MLflow database: ${reason}.`, {
    cause,
    details: { path },
  });
}

function foreignError(error: unknown, path: string, reason: string): Error {
  const code = isError(error) && 'code' in error ? error.code : undefined;
  if (code === 'ERR_INVALID_STATE') {
    return new RunspanError('SERVICE_STOPPED', `The store '${path}' is closed. Open it again.`, { cause: error });
  }
  if (code === 'ERR_INVALID_ARG_TYPE' || code === 'ERR_INVALID_ARG_VALUE') {
    return mlflowError('INVALID_PARAMETER_VALUE', `'${path}' cannot hold the value: ${reason}`, error);
  }
  if (code === 'EACCES' || code === 'EPERM' || code === 'EROFS' || code === 'ENOTDIR' || code === 'EEXIST') {
    return denied(
      `Cannot create the folder of '${path}': ${reason}. Choose another place or change its permissions.`,
      error,
    );
  }
  return isError(error) ? error : new Error(reason);
}

function denied(message: string, cause: unknown): MlflowError {
  return new MlflowError(message, { errorCode: 'PERMISSION_DENIED', status: 403, isRetryable: false, cause });
}
