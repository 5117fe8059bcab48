// Reading a settings file's text, with an error that names the file and the mend.
import { readFileSync, statSync } from 'node:fs';
import { RunspanError } from '../../errors.ts';

/** A settings file is written by hand; one beyond this is something else. */
const MAX_FILE_BYTES = 1024 * 1024;
const BYTE_ORDER_MARK = /^\u{FEFF}/u;

/**
 * Returns a settings file's text without its byte order mark.
 *
 * @param name how messages call the file
 * @throws {RunspanError} `INVALID_CONFIG` where it is absent, no file, not readable, over 1 MiB or not UTF-8
 */
export function readConfigText(path: string, name: string): string {
  try {
    const stats = statSync(path);
    if (!stats.isFile()) throw invalidConfig(name, 'it is no file', 'Name a file.');
    if (stats.size > MAX_FILE_BYTES) throw invalidConfig(name, 'it is larger than 1 MiB', 'Name a settings file.');
    return new TextDecoder('utf-8', { fatal: true }).decode(readFileSync(path)).replace(BYTE_ORDER_MARK, '');
  } catch (error) {
    if (error instanceof RunspanError) throw error;
    const { code = '' } = error as NodeJS.ErrnoException; // fs and TextDecoder throw nothing else
    if (code === 'ENOENT') throw invalidConfig(name, 'there is no such file', 'Make it, or name another.', error);
    if (code.startsWith('ERR_')) throw invalidConfig(name, 'it is not UTF-8', 'Save it as UTF-8.', error);
    throw invalidConfig(name, `it cannot be read (${code})`, 'Give this user the right to read it.', error);
  }
}

/** Returns the error for a settings file: which, why, and the mend; `name` may hold a line, never a value of the file. */
export function invalidConfig(name: string, reason: string, mend: string, cause?: unknown): RunspanError {
  return new RunspanError('INVALID_CONFIG', `Cannot use '${name}': ${reason}. ${mend}`, {
    cause,
    details: { file: name },
  });
}
