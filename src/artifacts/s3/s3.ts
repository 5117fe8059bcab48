// Artifacts in S3 and what speaks like it, by the AWS SDK: s3://bucket/path.
import type { ObjectIdentifier, S3Client } from '@aws-sdk/client-s3';
import { readFile } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { RunspanError } from '../../errors.ts';
import type { S3Settings } from '../../model/artifact-settings.ts';
import type { FileInfo } from '../../model/entities.ts';
import { untraced } from '../../rest/transport/untraced.ts';
import type { ArtifactRepository } from '../contract.ts';
import { downloadBytes, downloadTo, type ByteRange, type ByteSource, type OpenedBytes } from '../transfer/download.ts';
import { guessMediaType } from '../media-types.ts';
import { assertArtifactPath, invalidPath } from '../paths.ts';
import { createS3Client, type AwsSdk } from './s3-client.ts';
import type { S3Connection } from './s3-requests.ts';
import { crc32Of, md5OfETag, s3Error } from '../transfer/s3-errors.ts';
import { PART_BYTES, PartBuffers, putInParts } from './s3-upload.ts';
import { readableSize } from '../transfer/source-file.ts';
import { isError } from '../../model/any-realm.ts';

/** Which artifacts, and how to reach them. */
export interface S3ArtifactsOptions {
  /** `s3://bucket/path`. */
  readonly artifactUri: string;
  readonly settings: S3Settings;
  /** What holds of the tracking server's connection too: the timeout, for each wait for the next bytes, and the proxies. */
  readonly connection?: S3Connection;
  readonly sdk: AwsSdk;
}

/** Larger than that of uploads: a part costs a request, and is never held in memory. */
const DOWNLOAD_PART_BYTES = 64 * 1024 * 1024;

/**
 * Opens the artifacts under one `s3://` URI; nothing is sent yet.
 *
 * @throws {RunspanError} `UNKNOWN_SCHEME` for another URI; `INVALID_PATH` for one with `..`; `INVALID_SETTINGS` for a proxy's URI
 * @example
 * const artifacts = await openS3Artifacts({ artifactUri: 's3://bucket/0/run/artifacts', settings: {}, sdk: await loadAwsSdk() });
 */
export async function openS3Artifacts(options: S3ArtifactsOptions): Promise<ArtifactRepository> {
  const { artifactUri, settings, sdk, connection } = options;
  const { bucket, root } = parseS3Uri(artifactUri);
  return new S3Artifacts({ bucket, root, settings, sdk, client: await createS3Client(sdk, settings, connection) });
}

/** Splits `s3://bucket/path`, without user, query and slashes at the path's ends. */
export function parseS3Uri(uri: string): { readonly bucket: string; readonly root: string } {
  const [, bucket = '', path = ''] = /^s3:\/\/(?:[^/@]*@)?([^/?#]*)(\/[^?#]*)?/i.exec(uri) ?? [];
  if (bucket === '') {
    throw new RunspanError('UNKNOWN_SCHEME', `Cannot reach artifacts at '${uri}' in S3: it is no s3://bucket/path.`);
  }
  const root = path.replace(/^\/+|\/+$/g, '');
  return { bucket, root: root === '' ? '' : assertArtifactPath(root) };
}

interface S3Place {
  readonly bucket: string;
  readonly root: string;
  readonly settings: S3Settings;
  readonly sdk: AwsSdk;
  readonly client: S3Client;
}

class S3Artifacts implements ArtifactRepository {
  readonly uri: string;
  readonly supports = { delete: true } as const;
  readonly #place: S3Place;
  readonly #buffers = new PartBuffers();
  /** What every request carries. */
  readonly #base: { readonly Bucket: string; readonly ExpectedBucketOwner?: string };

  constructor(place: S3Place) {
    const { bucket, root, settings } = place;
    this.uri = `s3://${bucket}${root === '' ? '' : `/${root}`}`;
    this.#place = place;
    const owner = settings.expectedBucketOwner;
    this.#base = { Bucket: bucket, ...(owner === undefined ? {} : { ExpectedBucketOwner: owner }) };
  }

  async putFile(path: string, sourceFile: string): Promise<void> {
    const name = assertArtifactPath(path);
    const sizeBytes = await readableSize(sourceFile);
    const { type, encoding } = guessMediaType(name);
    const params = {
      ...this.#base,
      Key: this.#key(name),
      ...(type === undefined ? {} : { ContentType: type }),
      ...(encoding === undefined ? {} : { ContentEncoding: encoding }),
      ...this.#place.settings.uploadExtraArgs,
    };
    await this.#asking(`write '${this.uri}/${name}'`, async ({ sdk, client }) => {
      if (sizeBytes <= PART_BYTES) {
        await client.send(new sdk.PutObjectCommand({ ...params, Body: await readFile(sourceFile) }));
        return;
      }
      await putInParts({ sdk, client, buffers: this.#buffers }, { file: sourceFile, sizeBytes, params });
    });
  }

  async list(path?: string): Promise<readonly FileInfo[]> {
    const folder = path === undefined || path === '' ? '' : assertArtifactPath(path);
    const key = this.#key(folder);
    const prefix = key === '' ? '' : `${key}/`;
    const files: FileInfo[] = [];
    for await (const page of this.#pages(prefix, '/')) {
      for (const { Prefix = '' } of page.CommonPrefixes ?? [])
        files.push({ path: this.#pathOf(Prefix.slice(0, -1)), isDir: true, fileSize: undefined });
      for (const { Key = '', Size = 0 } of page.Contents ?? []) {
        // an empty object that ends in a slash is how some tools keep an empty folder
        if (Key.endsWith('/') && Size === 0) continue;
        files.push({ path: this.#pathOf(Key), isDir: false, fileSize: Size });
      }
    }
    return files.toSorted((a, b) => (a.path < b.path ? -1 : 1));
  }

  async getFile(path: string, targetFile: string): Promise<void> {
    await downloadTo(targetFile, this.#source(assertArtifactPath(path)));
  }

  async readFile(path: string): Promise<Uint8Array> {
    return await downloadBytes(this.#source(assertArtifactPath(path)));
  }

  async delete(path?: string): Promise<void> {
    const key = this.#key(path === undefined || path === '' ? '' : assertArtifactPath(path));
    for await (const page of this.#pages(key, undefined)) {
      const keys = (page.Contents ?? []).map((object) => object.Key ?? '');
      // a prefix finds neighbours too: of 'a' also 'ab'
      const inside = keys.filter((found) => key === '' || found === key || found.startsWith(`${key}/`));
      if (inside.length > 0) await this.#deleteKeys(inside.map((Key) => ({ Key })));
    }
  }

  async close(): Promise<void> {
    this.#place.client.destroy();
    return Promise.resolve();
  }

  async #deleteKeys(Objects: ObjectIdentifier[]): Promise<void> {
    const what = `delete at '${this.uri}'`;
    const { Errors: [first] = [] } = await this.#asking(what, ({ sdk, client }) =>
      client.send(new sdk.DeleteObjectsCommand({ ...this.#base, Delete: { Objects, Quiet: true } })),
    );
    if (first === undefined) return;
    const { Code: code = '', Message: message = '', Key = '' } = first;
    throw s3Error(`delete 's3://${this.#place.bucket}/${Key}'`, { code, status: 403, message });
  }

  /** Every page of a listing; S3 gives at most 1000 keys in one. */
  async *#pages(prefix: string, delimiter: string | undefined): AsyncGenerator<S3Page, void> {
    let token: string | undefined;
    do {
      const input = {
        ...this.#base,
        Prefix: prefix,
        ...(delimiter === undefined ? {} : { Delimiter: delimiter }),
        ...(token === undefined ? {} : { ContinuationToken: token }),
      };
      const page = await this.#asking(`list '${this.uri}'`, ({ sdk, client }) =>
        client.send(new sdk.ListObjectsV2Command(input)),
      );
      yield page;
      token = page.IsTruncated === true ? page.NextContinuationToken : undefined;
    } while (token !== undefined);
  }

  #source(name: string): ByteSource {
    const what = `'${this.uri}/${name}'`;
    return {
      what,
      partBytes: DOWNLOAD_PART_BYTES,
      fetch: async (range, read) =>
        await this.#asking(`read ${what}`, (place) =>
          this.#read(place, { Key: this.#key(name), range: range() }, read),
        ),
    };
  }

  async #read<T>(
    { sdk, client }: S3Place,
    { Key, range }: { readonly Key: string; readonly range: ByteRange | undefined },
    read: (opened: OpenedBytes) => Promise<T>,
  ): Promise<T> {
    const part =
      range === undefined ? {} : { Range: `bytes=${range.startByte}-${range.endByte ?? ''}`, IfMatch: range.version };
    const command = new sdk.GetObjectCommand({ ...this.#base, Key, ChecksumMode: 'ENABLED', ...part });
    const ending = new AbortController();
    try {
      const answer = await client.send(command, { abortSignal: ending.signal });
      const bytes = answer.Body as Readable; // in Node it is one
      // what is left unread is dropped below, and that is no error of ours
      bytes.on('error', () => undefined);
      const { ContentRange, ContentLength, ETag: version } = answer;
      return await read({
        startByte: ContentRange === undefined ? 0 : (range?.startByte ?? 0),
        totalBytes: ContentRange === undefined ? ContentLength : Number(/\/(\d+)$/.exec(ContentRange)?.[1]),
        version,
        md5: md5OfETag(version, answer.SSECustomerAlgorithm ?? answer.ServerSideEncryption),
        crc32: crc32Of(answer),
        bytes,
      });
    } finally {
      ending.abort(); // the SDK's stream does not give the connection back where it is left unread
    }
  }

  #key(path: string): string {
    const { root } = this.#place;
    return root === '' || path === '' ? root + path : `${root}/${path}`;
  }

  /** What leads out of the root is not believed, nor what another key would be written as. */
  #pathOf(key: string): string {
    const { root } = this.#place;
    const path = root === '' ? key : key.slice(root.length + 1);
    if (assertArtifactPath(path) !== path) throw invalidPath(path, 'it is not in its plain form');
    return path;
  }

  async #asking<T>(what: string, ask: (place: S3Place) => Promise<T>): Promise<T> {
    try {
      return await untraced(() => ask(this.#place));
    } catch (error) {
      throw toMlflowError(what, error);
    }
  }
}

interface S3Page {
  readonly CommonPrefixes?: readonly { readonly Prefix?: string | undefined }[] | undefined;
  readonly Contents?: readonly { readonly Key?: string | undefined; readonly Size?: number | undefined }[] | undefined;
}

/** How Node and the SDK call a connection that did not come about or broke; a full disk is none of these. */
const NETWORK_CODES = new Set(
  'EAI_AGAIN ECONNABORTED ECONNREFUSED ECONNRESET EHOSTUNREACH ENETUNREACH ENOTFOUND EPIPE EPROTO ERR_STREAM_PREMATURE_CLOSE ETIMEDOUT'.split(
    ' ',
  ),
);
const NETWORK_NAMES = new Set(['TimeoutError', 'AbortError']);

function toMlflowError(what: string, error: unknown): unknown {
  if (!isError(error) || error instanceof RunspanError) return error;
  const answer = error as Error & {
    readonly $metadata?: { readonly httpStatusCode?: number };
    readonly code?: unknown;
  };
  const status = answer.$metadata?.httpStatusCode;
  const { name: code, message } = error;
  if (status !== undefined) return s3Error(what, { code, status, message, cause: error });
  if (code === 'CredentialsProviderError') return s3Error(what, { code, status: 401, message, cause: error });
  const systemCode = typeof answer.code === 'string' ? answer.code : '';
  const isNetwork =
    systemCode.startsWith('UND_ERR_') ||
    NETWORK_CODES.has(systemCode) ||
    NETWORK_NAMES.has(code) ||
    message === 'aborted';
  const isDamaged = message.startsWith('Checksum mismatch');
  if (!isNetwork && !isDamaged) return error;
  return s3Error(what, { code: systemCode, status: 0, message, cause: error });
}
