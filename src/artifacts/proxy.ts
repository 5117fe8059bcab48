// Artifacts behind the tracking server's own proxy: mlflow-artifacts URIs, over HTTP.
import { randomUUID } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { rename, rm, stat } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { RunspanError } from '../errors.ts';
import type { FileInfo } from '../model/entities.ts';
import { RestApi } from '../rest/api.ts';
import type { ConnectionOptions } from '../rest/connection.ts';
import { ENDPOINTS } from '../rest/endpoints.ts';
import type { Pace } from '../rest/retry.ts';
import type { ArtifactRepository } from './contract.ts';
import { assertArtifactPath } from './paths.ts';

/** Which artifacts, and how to reach them. */
export interface ProxyArtifactsOptions {
  /** `mlflow-artifacts:/path` on the tracking server, or `mlflow-artifacts://host[:port]/path` on another. */
  readonly artifactUri: string;
  /** `http(s)://…`; its origin alone gets the credentials. */
  readonly trackingUri: string;
  readonly connection: ConnectionOptions;
  /** The pace of retries, for tests. */
  readonly pace?: Pace;
}

/**
 * Opens the artifacts under one `mlflow-artifacts` URI; nothing is sent yet. Failed transfers are tried up to three times; the
 * connection's timeout is for each wait for progress, not for the whole file.
 *
 * @throws {RunspanError} `UNKNOWN_SCHEME` for another URI; `INVALID_PATH` for one with `..`; `INVALID_SETTINGS`
 * @see https://mlflow.org/docs/latest/self-hosting/architecture/artifact-store/ (proxied access)
 * @example
 * const artifacts = openProxyArtifacts({ artifactUri: run.info.artifactUri, trackingUri, connection: {} });
 * await artifacts.putFile('plots/loss.png', '/tmp/loss.png');
 */
export function openProxyArtifacts(options: ProxyArtifactsOptions): ArtifactRepository {
  const { host, path } = parseArtifactUri(options.artifactUri);
  const api = new RestApi(options.trackingUri, options.connection, { host, pace: options.pace });
  return new ProxyArtifacts(`mlflow-artifacts:${host === undefined ? '' : `//${host}`}/${path}`, path, api);
}

class ProxyArtifacts implements ArtifactRepository {
  readonly uri: string;
  /** Below the proxy's root, without a slash at either end. */
  readonly #root: string;
  readonly #api: RestApi;

  constructor(uri: string, root: string, api: RestApi) {
    this.uri = uri;
    this.#root = root;
    this.#api = api;
  }

  async putFile(path: string, sourceFile: string): Promise<void> {
    const target = this.#below(assertArtifactPath(path));
    const sizeBytes = await sizeOf(sourceFile);
    // not past the size that was promised, should the file grow meanwhile
    const open = (): Readable => createReadStream(sourceFile, { end: sizeBytes - 1 });
    await this.#api.uploadFile(target, { sizeBytes, open });
  }

  async list(path?: string): Promise<readonly FileInfo[]> {
    const folder = path === undefined || path === '' ? '' : assertArtifactPath(path);
    const { items } = await this.#api.call(ENDPOINTS.listProxiedArtifacts, this.#below(folder));
    // the server names them relative to the folder; what leads out of it is not believed
    const files = items.map((file) => ({ ...file, path: join(folder, assertArtifactPath(file.path)) }));
    return files.toSorted((a, b) => (a.path < b.path ? -1 : 1));
  }

  async getFile(path: string, targetFile: string): Promise<void> {
    const source = this.#below(assertArtifactPath(path));
    const part = `${targetFile}.${randomUUID()}.part`;
    try {
      await this.#api.downloadFile(source, (bytes) => pipeline(bytes, createWriteStream(part)));
      await rename(part, targetFile);
    } catch (error) {
      await rm(part, { force: true });
      throw error;
    }
  }

  async readFile(path: string): Promise<Uint8Array> {
    let chunks: Uint8Array[] = [];
    await this.#api.downloadFile(this.#below(assertArtifactPath(path)), async (bytes) => {
      chunks = []; // a second try begins anew
      for await (const chunk of bytes) chunks.push(chunk);
    });
    return Buffer.concat(chunks);
  }

  async close(): Promise<void> {
    await this.#api.close();
  }

  #below(path: string): string {
    return join(this.#root, path);
  }
}

function parseArtifactUri(uri: string): { readonly host: string | undefined; readonly path: string } {
  const match = /^mlflow-artifacts:(?:\/\/(?:[^/@]*@)?([^/]*))?(\/[^?#]*)?/.exec(uri);
  if (match === null) {
    throw new RunspanError(
      'UNKNOWN_SCHEME',
      `Cannot reach artifacts at '${uri}' by the proxy: it is no mlflow-artifacts URI.`,
    );
  }
  const [, host = '', slashed = ''] = match;
  if (/^\d+$/.test(host)) {
    throw new RunspanError('INVALID_ARGUMENT', `Cannot reach artifacts at '${uri}': it has a port but no host.`);
  }
  const path = slashed.replace(/^\/+|\/+$/g, '');
  return { host: host === '' ? undefined : host, path: path === '' ? '' : assertArtifactPath(path) };
}

async function sizeOf(file: string): Promise<number> {
  const found = await stat(file).catch((cause: unknown) => {
    throw new RunspanError('FILE_NOT_READABLE', `Cannot read '${file}' to send it as an artifact.`, { cause });
  });
  if (found.isFile()) return found.size;
  throw new RunspanError('FILE_NOT_READABLE', `Cannot send '${file}' as an artifact: it is not a file.`);
}

function join(folder: string, name: string): string {
  return folder === '' || name === '' ? folder + name : `${folder}/${name}`;
}
