// A tracking URI to its store; one line a scheme.
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { RunspanError } from '../../errors.ts';
import type { ConnectionOptions } from '../../rest/transport/connection.ts';
import type { Store } from '../contract.ts';

/** What a store may need besides its URI. */
export interface OpenStoreOptions {
  readonly connection: ConnectionOptions;
  /** Where a database's experiments put their artifacts, where it makes them: an absolute folder. A folder of runs keeps its own. */
  readonly artifactRoot: string;
  /** How long an embedded store waits for another process's lock. @default 20_000; give 0 on a thread that must not block */
  readonly busyTimeoutMs?: number;
  /** Only looked at: a database that is no store is refused, and nothing of it is written; a folder that is looked at never is. @default false */
  readonly isReadOnly?: boolean;
}

/**
 * Opens the store of a tracking URI: `sqlite:///relative.db`, `sqlite:////absolute.db`, `http://…`, `https://…`, or a folder of runs:
 * `./mlruns`, `/absolute/mlruns`, `file:///absolute/mlruns`.
 *
 * @throws {RunspanError} `UNKNOWN_SCHEME`; `NOT_SUPPORTED` for a database in memory or another machine's folder; `STORE_INCOMPATIBLE`
 * @example
 * const store = await openStore('sqlite:///mlflow.db', { connection: {}, artifactRoot: resolve('mlruns') });
 */
export async function openStore(uri: string, options: OpenStoreOptions): Promise<Store> {
  const scheme = /^([a-z][a-z0-9+.-]+):/i.exec(uri)?.[1]?.toLowerCase();
  // Each store is loaded when it is wanted: an embedded job never pays for the HTTP client, nor the other way round.
  if (scheme === 'http' || scheme === 'https') {
    const { openHttpStore } = await import('../http/http-store.ts');
    return openHttpStore(uri, options.connection);
  }
  if (scheme === 'sqlite') {
    const { openSqliteStore } = await import('../sqlite/sqlite-store.ts');
    const { artifactRoot, busyTimeoutMs, isReadOnly = false } = options;
    const path = sqlitePath(uri);
    return openSqliteStore({
      path,
      artifactRoot,
      isReadOnly,
      ...(busyTimeoutMs === undefined ? {} : { busyTimeoutMs }),
    });
  }
  const path = folderPath(uri);
  if (path !== undefined) {
    const { openFileStore } = await import('../file/file-store.ts');
    const { busyTimeoutMs } = options;
    return openFileStore({
      path,
      uri,
      // As Python's client says it: a URI where it was given one, a path where it was given that.
      ...(scheme === 'file' ? { artifactRoot: pathToFileURL(path).href } : {}),
      ...(busyTimeoutMs === undefined ? {} : { busyTimeoutMs }),
    });
  }
  throw unknownScheme(uri);
}

/**
 * Refuses a tracking URI that no store has, without looking for anything.
 *
 * @throws {RunspanError} `UNKNOWN_SCHEME`; `NOT_SUPPORTED` for a database in memory or another machine's folder
 */
export function requireStoreUri(uri: string): void {
  if (/^https?:/i.test(uri)) return;
  if (/^sqlite:/i.test(uri)) sqlitePath(uri);
  else if (folderPath(uri) === undefined) throw unknownScheme(uri);
}

function unknownScheme(uri: string): RunspanError {
  return new RunspanError(
    'UNKNOWN_SCHEME',
    `Cannot open store '${withoutCredentials(uri)}': unknown scheme. Use http, https, sqlite or file.`,
  );
}

/**
 * Returns the absolute path of a folder of runs, relative ones against the working directory; undefined for a URI of another kind. As
 * in MLflow's Python client percent signs are decoded, in plain paths too.
 *
 * @throws {RunspanError} `NOT_SUPPORTED` where the URI names no folder of this machine
 */
export function folderPath(uri: string): string | undefined {
  const [, machine = '', path = uri] = /^file:(?:\/\/([^/]*))?(.*)$/is.exec(uri) ?? [];
  if (/^[a-z][a-z0-9+.-]+:/i.test(path) || path === 'databricks') return undefined;
  if (path === '' || (machine !== '' && machine !== 'localhost')) {
    throw new RunspanError(
      'NOT_SUPPORTED',
      `Cannot open store '${withoutCredentials(uri)}': it names no folder of this machine. Use ./mlruns or file:///absolute/mlruns.`,
    );
  }
  return resolve(path.replaceAll(/(?:%[0-9a-f]{2})+/gi, decoded));
}

/**
 * Returns the absolute path of a `sqlite:///` URI, relative ones against the working directory.
 *
 * @throws {RunspanError} `NOT_SUPPORTED` where the URI names no file, or says more than a file
 */
export function sqlitePath(uri: string): string {
  const path = /^sqlite:\/\/\/(.+)$/is.exec(uri)?.[1];
  if (path === undefined || path === ':memory:' || path.includes('?')) {
    throw new RunspanError(
      'NOT_SUPPORTED',
      `Cannot open store '${withoutCredentials(uri)}': it names no file. Use sqlite:///relative.db or sqlite:////absolute.db.`,
    );
  }
  return resolve(path);
}

function decoded(encoded: string): string {
  try {
    return decodeURIComponent(encoded);
  } catch {
    return encoded; // no UTF-8, so no encoding of a name
  }
}

function withoutCredentials(uri: string): string {
  return uri.replace(/\/\/.*@/s, '//');
}
