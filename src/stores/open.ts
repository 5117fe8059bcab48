// A tracking URI to its store; one line a scheme.
import { resolve } from 'node:path';
import { RunspanError } from '../errors.ts';
import type { ConnectionOptions } from '../rest/connection.ts';
import type { Store } from './contract.ts';

/** What a store may need besides its URI. */
export interface OpenStoreOptions {
  readonly connection: ConnectionOptions;
  /** Where an embedded store puts artifacts of experiments it makes: an absolute folder. */
  readonly artifactRoot: string;
  /** How long an embedded store waits for another process's lock. @default 20_000; give 0 on a thread that must not block */
  readonly busyTimeoutMs?: number;
}

/**
 * Opens the store of a tracking URI: `sqlite:///relative.db`, `sqlite:////absolute.db`, `http://…`, `https://…`.
 *
 * @throws {RunspanError} `UNKNOWN_SCHEME`; `NOT_SUPPORTED` for a folder of runs or a database in memory; `STORE_INCOMPATIBLE`
 * @example
 * const store = await openStore('sqlite:///mlflow.db', { connection: {}, artifactRoot: resolve('mlruns') });
 */
export async function openStore(uri: string, options: OpenStoreOptions): Promise<Store> {
  const scheme = /^([a-z][a-z0-9+.-]+):/i.exec(uri)?.[1]?.toLowerCase();
  // Each store is loaded when it is wanted: an embedded job never pays for the HTTP client, nor the other way round.
  if (scheme === 'http' || scheme === 'https') {
    const { openHttpStore } = await import('./http.ts');
    return openHttpStore(uri, options.connection);
  }
  if (scheme === 'sqlite') {
    const { openSqliteStore } = await import('./sqlite.ts');
    const { artifactRoot, busyTimeoutMs } = options;
    const path = sqlitePath(uri);
    return openSqliteStore({ path, artifactRoot, ...(busyTimeoutMs === undefined ? {} : { busyTimeoutMs }) });
  }
  if (scheme === undefined || scheme === 'file') {
    throw new RunspanError(
      'NOT_SUPPORTED',
      `Cannot open store '${uri}': the file store comes with a later version. Use sqlite:///mlflow.db or http(s)://.`,
    );
  }
  throw new RunspanError(
    'UNKNOWN_SCHEME',
    `Cannot open store '${withoutCredentials(uri)}': unknown scheme. Use http, https or sqlite.`,
  );
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

function withoutCredentials(uri: string): string {
  return uri.replace(/\/\/.*@/s, '//');
}
