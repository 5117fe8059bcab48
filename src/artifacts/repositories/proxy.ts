// Artifacts behind the tracking server's own proxy: mlflow-artifacts URIs, over HTTP.
import { MlflowError, mlflowError, RunspanError } from '../../errors.ts';
import { MULTIPART_DEFAULTS, type ArtifactSettings } from '../../model/artifact-settings.ts';
import type { FileInfo } from '../../model/entities.ts';
import { RestApi } from '../../rest/api.ts';
import { getProxiedDownload } from '../../rest/endpoints/artifact-endpoints.ts';
import type { ConnectionOptions } from '../../rest/transport/connection.ts';
import { ENDPOINTS } from '../../rest/endpoints/endpoints.ts';
import type { Pace } from '../../rest/transport/retry.ts';
import { askServerInfo } from '../../rest/server-info.ts';
import type { TransportAnswer } from '../../rest/transport/transport.ts';
import type { ServerInfo } from '../../rest/wire/wire-answers.ts';
import type { ArtifactRepository } from '../contract.ts';
import { downloadBytes, downloadTo, type ByteRange, type ByteSource, type OpenedBytes } from '../transfer/download.ts';
import { uploadInParts } from '../transfer/parted-upload.ts';
import { assertArtifactPath, assertServerPath } from '../paths.ts';
import { SignedUrls } from '../transfer/signed-urls.ts';
import { readableSize, readPieces } from '../transfer/source-file.ts';

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
 * Opens the artifacts under one `mlflow-artifacts` URI; nothing is sent yet. Failed uploads are tried up to three times, downloads as
 * long as bytes come; the connection's timeout is for each wait for progress, not for the whole file. Where the server offers it, large
 * files go to its object store in parts, and files come from there, by URLs that it signs.
 *
 * @throws {RunspanError} `UNKNOWN_SCHEME` for another URI; `INVALID_PATH` for one with `..`; `INVALID_SETTINGS`
 * @see https://mlflow.org/docs/latest/self-hosting/architecture/artifact-store/ (proxied access)
 * @example
 * const artifacts = openProxyArtifacts({ artifactUri: run.info.artifactUri, trackingUri, connection: {} });
 * await artifacts.putFile('plots/loss.png', '/tmp/loss.png');
 */
export function openProxyArtifacts(options: ProxyArtifactsOptions): ArtifactRepository {
  const { host, path: root } = parseArtifactUri(options.artifactUri);
  const { trackingUri, connection, pace } = options;
  const api = new RestApi(trackingUri, connection, { host, pace });
  const uri = `mlflow-artifacts:${host === undefined ? '' : `//${host}`}/${root}`;
  const openUrls = (): SignedUrls => new SignedUrls(api.uri, connection, pace);
  const askInfo = (): Promise<ServerInfo | undefined> => askServerInfo(api, connection);
  return new ProxyArtifacts({ uri, root, api, settings: connection.artifacts ?? {}, openUrls, askInfo });
}

class ProxyArtifacts implements ArtifactRepository {
  readonly uri: string;
  readonly supports = { delete: true } as const;
  /** Below the proxy's root, without a slash at either end. */
  readonly #root: string;
  readonly #api: RestApi;
  readonly #settings: ArtifactSettings;
  readonly #openUrls: () => SignedUrls;
  readonly #askInfo: () => Promise<ServerInfo | undefined>;
  #urls: SignedUrls | undefined;

  constructor({ uri, root, api, settings, openUrls, askInfo }: ProxyPlace) {
    this.uri = uri;
    this.#root = root;
    this.#api = api;
    this.#settings = settings;
    this.#openUrls = openUrls;
    this.#askInfo = askInfo;
  }

  async putFile(path: string, sourceFile: string): Promise<void> {
    const target = this.#below(assertServerPath(path));
    const sizeBytes = await readableSize(sourceFile);
    if (await this.#uploadInParts(target, sourceFile, sizeBytes)) return;
    // not past the size that was promised, should the file grow meanwhile
    const open = (): AsyncIterable<Uint8Array> => readPieces({ file: sourceFile, startByte: 0, sizeBytes });
    await this.#api.uploadFile(target, { sizeBytes, open });
  }

  async list(path?: string): Promise<readonly FileInfo[]> {
    const folder = path === undefined || path === '' ? '' : assertServerPath(path);
    const { items } = await this.#api.call(ENDPOINTS.listProxiedArtifacts, this.#below(folder));
    // the server names them relative to the folder; what leads out of it is not believed
    const files = items.map((file) => ({ ...file, path: join(folder, assertArtifactPath(file.path)) }));
    return files.toSorted((a, b) => (a.path < b.path ? -1 : 1));
  }

  async getFile(path: string, targetFile: string): Promise<void> {
    const name = assertServerPath(path);
    const target = this.#below(name);
    if (await this.#downloadFromStore(target, targetFile)) return;
    await this.#reading(name, () => downloadTo(targetFile, this.#source(target)));
  }

  async readFile(path: string): Promise<Uint8Array> {
    const name = assertServerPath(path);
    return await this.#reading(name, () => downloadBytes(this.#source(this.#below(name))));
  }

  async delete(path?: string): Promise<void> {
    const target = this.#below(path === undefined || path === '' ? '' : assertServerPath(path));
    if (target === '') throw new RunspanError('INVALID_PATH', "Cannot delete the proxy's root: it holds every run.");
    await this.#api.deleteFile(target);
  }

  async close(): Promise<void> {
    await Promise.all([this.#api.close(), this.#urls?.close()]);
  }

  /** A server on S3 answers 500 for a file that is not there (seen on 3.17.2). */
  async #reading<T>(name: string, read: () => Promise<T>): Promise<T> {
    try {
      return await read();
    } catch (error) {
      if (!(error instanceof MlflowError) || error.status !== 500) throw error;
      const siblings = await this.list(name.slice(0, Math.max(0, name.lastIndexOf('/'))));
      if (siblings.some((file) => file.path === name)) throw error;
      throw mlflowError('RESOURCE_DOES_NOT_EXIST', `No such artifact: '${name}'`, error);
    }
  }

  /** Whether the file went to the object store itself. */
  async #uploadInParts(target: string, file: string, sizeBytes: number): Promise<boolean> {
    const { hasMultipartUploads, multipartUploadMinBytes, multipartUploadChunkBytes } = this.#settings;
    const at = target.lastIndexOf('/');
    // the server's own way of naming it has a folder; few files are so large that the server is asked at all
    if (at < 0 || sizeBytes < (multipartUploadMinBytes ?? MULTIPART_DEFAULTS.multipartUploadMinBytes)) return false;
    if (!(hasMultipartUploads ?? (await this.#askInfo())?.hasMultipartUploads ?? false)) return false;
    const chunkBytes = multipartUploadChunkBytes ?? MULTIPART_DEFAULTS.multipartUploadChunkBytes;
    const parted = { folder: target.slice(0, at), name: target.slice(at + 1), file, sizeBytes, chunkBytes };
    return await unlessNotThere(() => uploadInParts(this.#api, this.#signedUrls(), parted));
  }

  /** Whether the file came from the object store itself. */
  async #downloadFromStore(target: string, targetFile: string): Promise<boolean> {
    const { hasMultipartDownloads, multipartDownloadChunkBytes } = this.#settings;
    if (!(hasMultipartDownloads ?? (await this.#askInfo())?.hasMultipartDownloads ?? false)) return false;
    const what = `'${target}'`;
    const source: ByteSource = {
      what,
      partBytes: multipartDownloadChunkBytes ?? MULTIPART_DEFAULTS.multipartDownloadChunkBytes,
      // signed anew for each part: a large file takes longer than a signature holds
      fetch: async (range, read) => {
        const signed = await this.#api.call(getProxiedDownload(target), undefined);
        return await this.#signedUrls().get(signed, { what, range }, read);
      },
    };
    return await unlessNotThere(() => downloadTo(targetFile, source));
  }

  /** Through the server; it resumes where the server names the state of the file, which it does for those on its own disk. */
  #source(target: string): ByteSource {
    return {
      what: `'${target}'`,
      partBytes: undefined,
      fetch: async (range, read) =>
        await this.#api.downloadFile(
          target,
          async (answer) => await read(openedOf(answer)),
          () => rangeHeaders(range()),
        ),
    };
  }

  #signedUrls(): SignedUrls {
    this.#urls ??= this.#openUrls();
    return this.#urls;
  }

  #below(path: string): string {
    return join(this.#root, path);
  }
}

/** What a proxied repository stands on. */
interface ProxyPlace {
  readonly uri: string;
  readonly root: string;
  readonly api: RestApi;
  readonly settings: ArtifactSettings;
  readonly openUrls: () => SignedUrls;
  /** What the server says about itself; undefined where it does not. */
  readonly askInfo: () => Promise<ServerInfo | undefined>;
}

/** False where the server has no such way: its object store cannot sign, or it is older than that. */
async function unlessNotThere(work: () => Promise<void>): Promise<boolean> {
  try {
    await work();
    return true;
  } catch (error) {
    if (error instanceof MlflowError && ['NOT_IMPLEMENTED', 'ENDPOINT_NOT_FOUND'].includes(error.errorCode))
      return false;
    throw error;
  }
}

function rangeHeaders(range: ByteRange | undefined): Readonly<Record<string, string>> {
  return range === undefined ? {} : { range: `bytes=${range.startByte}-`, 'if-range': range.version };
}

function openedOf({ status, headers, body }: TransportAnswer): OpenedBytes {
  const { etag, 'content-encoding': encoding, 'content-length': length, 'content-range': contentRange } = headers;
  // packed on the way, its bytes are others than those that a range counts
  const isPacked = encoding !== undefined && encoding !== 'identity';
  const [, start = '0', total = length] = (status === 206 && /^bytes (\d+)-\d+\/(\d+)$/.exec(contentRange ?? '')) || [];
  return {
    startByte: Number(start),
    totalBytes: total === undefined || isPacked ? undefined : Number(total),
    version: isPacked ? undefined : etag,
    md5: undefined, // the server's ETag is made of time and size
    bytes: body,
  };
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

function join(folder: string, name: string): string {
  return folder === '' || name === '' ? folder + name : `${folder}/${name}`;
}
