// The one rule for artifact paths, shared by every repository: relative, with `/`, and never out of the root.
import { RunspanError } from '../errors.ts';

/**
 * Returns the path in its plain form: `./a//b/` becomes `a/b`.
 *
 * @throws {RunspanError} `INVALID_PATH`: empty, absolute, with `..`, a backslash (a separator on other systems), a drive or a NUL
 * @example
 * assertArtifactPath('plots/loss.png'); // 'plots/loss.png'
 */
export function assertArtifactPath(path: string): string {
  if (typeof path !== 'string') throw invalidPath(typeof path, 'it is no text');
  if (path.includes('\0')) throw invalidPath(path, 'it holds a NUL');
  if (path.includes('\\')) throw invalidPath(path, 'it holds a backslash; use / between folders');
  // A drive behind `./` would be one all the same once that is gone.
  const parts = path.split('/').filter((part) => part !== '' && part !== '.');
  if (path.startsWith('/') || /^[a-z]:$/i.test(parts[0] ?? '')) throw invalidPath(path, 'it is absolute');
  if (parts.includes('..')) throw invalidPath(path, 'it leads out of the root with ..');
  if (parts.length === 0) throw invalidPath(path, 'it is empty');
  return parts.join('/');
}

/** Builds the refusal of a path. */
export function invalidPath(path: string, reason: string): RunspanError {
  return new RunspanError('INVALID_PATH', `Cannot use artifact path '${path}': ${reason}.`, { details: { path } });
}
