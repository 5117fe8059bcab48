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

/**
 * The same for a path that goes to MLflow's server, which decodes it over and over: `%41` would be `A`, another file. A name of two lines
 * fits none of its routes.
 *
 * @throws {RunspanError} `INVALID_PATH`, also for what looks percent-encoded, and for a line break
 */
export function assertServerPath(path: string): string {
  const plain = assertArtifactPath(path);
  if (plain.includes('\n'))
    throw invalidPath(path, "it holds a line break, which MLflow's server cannot take. Rename it");
  const encoded = /%[0-9a-f]{2}/i.exec(plain)?.[0];
  if (encoded === undefined) return plain;
  throw invalidPath(path, `MLflow's server would decode ${encoded} in it, and use another file. Rename it`);
}

/** Builds the refusal of a path. */
export function invalidPath(path: string, reason: string): RunspanError {
  return new RunspanError('INVALID_PATH', `Cannot use artifact path '${path}': ${reason}.`, { details: { path } });
}
