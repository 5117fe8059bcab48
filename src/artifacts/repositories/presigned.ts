// Artifacts in an object store that the tracking server signs URLs for: s3:// without any AWS package and without its keys.
import { RunspanError } from '../../errors.ts';
import type { FileInfo } from '../../model/entities.ts';
import { MULTIPART_DEFAULTS } from '../../model/artifact-settings.ts';
import { RestApi } from '../../rest/api.ts';
import {
  CREATE_SIGNED_DOWNLOAD,
  CREATE_SIGNED_UPLOAD,
  type ArtifactOwner,
} from '../../rest/endpoints/artifact-endpoints.ts';
import type { ConnectionOptions } from '../../rest/transport/connection.ts';
import { ENDPOINTS } from '../../rest/endpoints/endpoints.ts';
import type { Pace } from '../../rest/transport/retry.ts';
import type { ArtifactRepository } from '../contract.ts';
import { downloadBytes, downloadTo, type ByteSource } from '../transfer/download.ts';
import { assertArtifactPath, assertServerPath, invalidPath } from '../paths.ts';
import { SignedUrls } from '../transfer/signed-urls.ts';
import { readableSize } from '../transfer/source-file.ts';

/** Which artifacts, and who signs. */
export interface PresignedArtifactsOptions {
  /** As MLflow lays it out: `…/<run id>/artifacts` or `…/models/<model id>/artifacts`. */
  readonly artifactUri: string;
  /** `http(s)://…` */
  readonly trackingUri: string;
  readonly connection: ConnectionOptions;
  /** The pace of retries, for tests. */
  readonly pace?: Pace;
}

/**
 * Opens the artifacts of one run, or (for writing only) of one logged model; nothing is sent yet. A file goes in one request, so S3 takes
 * none above 5 GB; nothing can be deleted.
 *
 * @throws {RunspanError} `NOT_SUPPORTED` for a URI that names neither; `UNKNOWN_SCHEME` where the tracking URI is no server's
 * @example
 * const artifacts = openPresignedArtifacts({ artifactUri: run.info.artifactUri, trackingUri, connection });
 */
export function openPresignedArtifacts(options: PresignedArtifactsOptions): ArtifactRepository {
  const { artifactUri, trackingUri, connection, pace } = options;
  const uri = artifactUri.replace(/\/\/[^/@]*@/, '//').replace(/\?.*$/s, '');
  const owner = ownerOf(uri);
  const api = new RestApi(trackingUri, connection, { pace });
  return new PresignedArtifacts({ uri, owner, api, connection, urls: new SignedUrls(api.uri, connection, pace) });
}

function ownerOf(uri: string): ArtifactOwner {
  const runId = /\/([0-9a-f]{32})\/artifacts\/?$/.exec(uri)?.[1];
  if (runId !== undefined) return { runId };
  const modelId = /\/models\/(m-[0-9a-f]{32})\/artifacts\/?$/.exec(uri)?.[1];
  if (modelId !== undefined) return { modelId };
  throw new RunspanError(
    'NOT_SUPPORTED',
    `Cannot ask the tracking server for '${uri}': it signs URLs for the artifacts of runs and models only. ` +
      'Run: npm install @aws-sdk/client-s3',
  );
}

/** What leads out of the folder that was asked for is not believed. */
function checkListed(path: string, folder: string | undefined): string {
  const name = assertArtifactPath(path);
  if (folder === undefined || name.startsWith(`${folder}/`)) return name;
  throw invalidPath(path, `it is not in '${folder}', which was listed`);
}

interface PresignedPlace {
  readonly uri: string;
  readonly owner: ArtifactOwner;
  readonly api: RestApi;
  readonly connection: ConnectionOptions;
  readonly urls: SignedUrls;
}

class PresignedArtifacts implements ArtifactRepository {
  readonly uri: string;
  readonly supports = { delete: false } as const;
  readonly #place: PresignedPlace;

  constructor(place: PresignedPlace) {
    this.uri = place.uri;
    this.#place = place;
  }

  async putFile(path: string, sourceFile: string): Promise<void> {
    const name = assertServerPath(path);
    const sizeBytes = await readableSize(sourceFile);
    const { api, owner, urls } = this.#place;
    const signed = await api.call(CREATE_SIGNED_UPLOAD, { ...owner, path: name });
    await urls.put(signed, { file: sourceFile, startByte: 0, sizeBytes }, this.#what(name));
  }

  async list(path?: string): Promise<readonly FileInfo[]> {
    const folder = path === undefined || path === '' ? undefined : assertServerPath(path);
    const runId = this.#runId('list');
    const files: FileInfo[] = [];
    let pageToken: string | undefined;
    do {
      const request = {
        runId,
        ...(folder === undefined ? {} : { path: folder }),
        ...(pageToken === undefined ? {} : { pageToken }),
      };
      const page = await this.#place.api.call(ENDPOINTS.listRunArtifacts, request);
      files.push(...page.items.map((file) => ({ ...file, path: checkListed(file.path, folder) })));
      pageToken = page.nextPageToken;
    } while (pageToken !== undefined);
    return files.toSorted((a, b) => (a.path < b.path ? -1 : 1));
  }

  async getFile(path: string, targetFile: string): Promise<void> {
    await downloadTo(targetFile, this.#source(assertServerPath(path)));
  }

  async readFile(path: string): Promise<Uint8Array> {
    return await downloadBytes(this.#source(assertServerPath(path)));
  }

  delete(): Promise<void> {
    const message = `Cannot delete at '${this.uri}': the tracking server signs no URL for that. Use s3Access 'direct'.`;
    return Promise.reject(new RunspanError('NOT_SUPPORTED', message));
  }

  async close(): Promise<void> {
    await Promise.all([this.#place.api.close(), this.#place.urls.close()]);
  }

  #source(name: string): ByteSource {
    const runId = this.#runId('read');
    const { api, urls, connection } = this.#place;
    const what = this.#what(name);
    return {
      what,
      partBytes: connection.artifacts?.multipartDownloadChunkBytes ?? MULTIPART_DEFAULTS.multipartDownloadChunkBytes,
      // signed anew for each part: a large file takes longer than a signature holds
      fetch: async (range, read) => {
        const signed = await api.call(CREATE_SIGNED_DOWNLOAD, { runId, path: name });
        return await urls.get(signed, { what, range }, read);
      },
    };
  }

  #runId(verb: string): string {
    const { runId } = this.#place.owner;
    if (runId !== undefined) return runId;
    const message = `Cannot ${verb} '${this.uri}': of a model's files the tracking server signs URLs for writing only. Use s3Access 'direct'.`;
    throw new RunspanError('NOT_SUPPORTED', message);
  }

  #what(name: string): string {
    return `'${this.uri}/${name}'`;
  }
}
