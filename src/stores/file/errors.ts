// What the file system says, in the words the rest of the package acts on: MLflow's code and status, and whether trying again can help.
import { MlflowError, mlflowError, RunspanError } from '../../errors.ts';
import { isError } from '../../model/any-realm.ts';

/** What may pass by itself or by a hand from outside: what waits for delivery is kept. */
const PASSING: Readonly<Record<string, string>> = {
  EACCES: 'it must not be written or read; change its permissions',
  EBUSY: 'it is busy',
  EDQUOT: 'the quota is used up; free some space',
  EIO: 'the disk reported an I/O error',
  EMFILE: 'too many files are open',
  ENFILE: 'too many files are open',
  ENOENT: 'it went away',
  ENOMEM: 'memory is exhausted',
  ENOSPC: 'the disk is full; free some space',
  EPERM: 'it must not be written or read; change its permissions',
  EROFS: 'it is on a read-only file system',
  ESTALE: 'the file server lost it',
  ETIMEDOUT: 'the file server does not answer',
};

/** What this name can never be, in this folder. */
const REFUSED: Readonly<Record<string, string>> = {
  EEXIST: 'something else has this name',
  EISDIR: 'a folder has this name',
  ELOOP: 'it is a symbolic link',
  ENAMETOOLONG: 'its name is longer than the file system takes',
  ENOTDIR: 'a file has the name of its folder',
  ENOTEMPTY: 'something else has this name',
};

/** Returns the system's code of an error, such as `ENOENT`. */
export function codeOf(error: unknown): string | undefined {
  return isError(error) && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}

/** True where what was looked for is not there. */
export function isAbsent(error: unknown): boolean {
  const code = codeOf(error);
  return code === 'ENOENT' || code === 'ENOTDIR';
}

/**
 * Turns what node:fs threw into an error of this package; one that already is comes back as it is.
 *
 * Full, read-only, gone: `TEMPORARILY_UNAVAILABLE` (503, retryable). A name that cannot be: `INVALID_PARAMETER_VALUE`.
 */
export function fileError(error: unknown, root: string): Error {
  if (error instanceof RunspanError) return error;
  const code = codeOf(error) ?? '';
  const reason = isError(error) ? error.message : String(error);
  if (code === 'EXDEV') {
    return new RunspanError('STORE_INCOMPATIBLE', `Cannot use '${root}': it lies on more than one file system.`, {
      cause: error,
      details: { path: root },
    });
  }
  if (PASSING[code] !== undefined) {
    return mlflowError('TEMPORARILY_UNAVAILABLE', `Cannot use '${root}' now: ${PASSING[code]} (${reason}).`, error);
  }
  if (REFUSED[code] !== undefined) {
    return mlflowError('INVALID_PARAMETER_VALUE', `'${root}' cannot hold this: ${REFUSED[code]} (${reason}).`, error);
  }
  return isError(error) ? error : new Error(reason);
}

/** Like {@link fileError}, for the moment a folder is opened: a place that cannot be made is a mistake to tell at once (403). */
export function openFolderError(error: unknown, root: string): Error {
  const code = codeOf(error);
  if (code === 'ENOTDIR' || code === 'EEXIST') {
    return new RunspanError('STORE_INCOMPATIBLE', `Cannot use '${root}' as a folder of runs: a file is in the way.`, {
      cause: error,
      details: { path: root },
    });
  }
  if (code !== 'EACCES' && code !== 'EPERM' && code !== 'EROFS') return fileError(error, root);
  const message = `Cannot create the folder '${root}': ${PASSING[code]}.`;
  return new MlflowError(message, { errorCode: 'PERMISSION_DENIED', status: 403, isRetryable: false, cause: error });
}
