// Bytes to and from an object store by URLs that the tracking server has signed: no credentials of ours go there, and no package is needed.
import { createHash } from 'node:crypto';
import { MlflowError } from '../../errors.ts';
import type { SignedUrl } from '../../rest/endpoints/artifact-endpoints.ts';
import type { ConnectionOptions } from '../../rest/transport/connection.ts';
import type { ProxyOptions } from '../../rest/transport/proxies.ts';
import { REAL_PACE, withRetries, type Pace } from '../../rest/transport/retry.ts';
import { Transport, type TransportAnswer, type TransportRequest } from '../../rest/transport/transport.ts';
import type { ByteRange, OpenedBytes } from './download.ts';
import { md5OfETag, s3Error } from './s3-errors.ts';
import { readPieces, type FilePart } from './source-file.ts';

/** Python's default for one request, in milliseconds; here for each wait for the next bytes. */
const DEFAULT_TIMEOUT_MS = 120_000;

/** How much of a refusal is read; S3's own are a few hundred bytes. */
const MAX_REFUSAL_BYTES = 16 * 1024;

/** What uses signed URLs. */
export class SignedUrls {
  readonly #transport: Transport;
  readonly #proxies: ProxyOptions;
  readonly #timeoutMs: number;
  readonly #pace: Pace;

  /** @param trackingUri without credentials, for the connection's sake alone */
  constructor(trackingUri: string, connection: ConnectionOptions, pace: Pace = REAL_PACE) {
    const { timeoutMs = DEFAULT_TIMEOUT_MS, serverCertPath, httpProxy, httpsProxy, noProxy, artifacts } = connection;
    const isInsecureTls = artifacts?.s3?.isInsecureTls ?? connection.isInsecureTls ?? false;
    // neither user, password, token, workspace nor client certificate: the URL says all that its host is to know
    this.#transport = new Transport(trackingUri, {
      isInsecureTls,
      ...(serverCertPath === undefined || isInsecureTls ? {} : { serverCertPath }),
      ...(httpProxy === undefined ? {} : { httpProxy }),
      ...(httpsProxy === undefined ? {} : { httpsProxy }),
      ...(noProxy === undefined ? {} : { noProxy }),
    });
    this.#proxies = connection;
    this.#timeoutMs = timeoutMs;
    this.#pace = pace;
  }

  /**
   * Sends bytes; what arrived is compared by MD5 where the store says what it took.
   *
   * @returns the ETag, as the store writes it
   */
  async put({ url, headers }: SignedUrl, part: FilePart, what: string): Promise<string> {
    const hash = { digest: (): string => '' };
    const open = async function* (): AsyncGenerator<Uint8Array, void> {
      const md5 = createHash('md5');
      hash.digest = () => md5.digest('hex');
      for await (const piece of readPieces(part)) {
        md5.update(piece);
        yield piece;
      }
    };
    const request = { method: 'PUT', url, headers, body: { sizeBytes: part.sizeBytes, open } } as const;
    return await this.#send(`write ${what}`, request, async (answer) => {
      for await (const _ of answer.body); // read to its end, so that the connection can be used again
      const { etag = '', 'x-amz-server-side-encryption': encryption } = answer.headers;
      const expected = part.sizeBytes === 0 ? undefined : md5OfETag(etag, encryption);
      if (expected !== undefined && expected !== hash.digest()) {
        const message = 'what was stored has another MD5 than what was sent';
        throw s3Error(`write ${what}`, { code: '', status: 0, message });
      }
      return etag;
    });
  }

  /** Reads bytes, as they are stored. `range` is asked before each attempt. */
  async get<T>(
    { url, headers }: SignedUrl,
    { what, range }: { readonly what: string; readonly range: () => ByteRange | undefined },
    read: (opened: OpenedBytes) => Promise<T>,
  ): Promise<T> {
    const request = { method: 'GET', url, headers, keepsEncoding: true } as const;
    const withRange = (): Readonly<Record<string, string>> => rangeHeaders(range());
    return await this.#send(`read ${what}`, { ...request, withRange }, async (answer) => await read(openedOf(answer)));
  }

  /** Frees the sockets. */
  async close(): Promise<void> {
    await this.#transport.close();
  }

  async #send<T>(
    what: string,
    request: Pick<TransportRequest, 'method' | 'body' | 'keepsEncoding'> & {
      readonly url: string;
      readonly headers: Readonly<Record<string, string>>;
      readonly withRange?: () => Readonly<Record<string, string>>;
    },
    read: (answer: TransportAnswer) => Promise<T>,
  ): Promise<T> {
    const { withRange, ...rest } = request;
    const url = new URL(request.url);
    const context = {
      what,
      uri: url.origin,
      effect: 'repeatable',
      secrets: url.search === '' ? [] : [url.search],
      hasCredentials: false,
      proxies: this.#proxies,
    } as const;
    const attempt = async (): Promise<T> => {
      const headers = { ...lowerCased(request.headers), ...withRange?.() };
      const exchange = { ...rest, url, headers, timeoutMs: this.#timeoutMs, timeoutCovers: 'stall', context } as const;
      return await this.#transport.exchange(exchange, async (answer) => {
        if (answer.status >= 200 && answer.status < 300) return await read(answer);
        throw s3Error(what, { status: answer.status, ...explain(await readText(answer.body)) });
      });
    };
    const { closing } = this.#transport;
    const options = { effect: 'repeatable', timeoutMs: this.#timeoutMs, pace: this.#pace, signal: closing } as const;
    try {
      return await withRetries(attempt, options);
    } catch (error) {
      throw ofObjectStore(what, url.origin, error);
    }
  }
}

/** The transport speaks of MLflow where no answer came; this was another server. */
function ofObjectStore(what: string, origin: string, error: unknown): unknown {
  if (!(error instanceof MlflowError) || error.status !== 0 || !/^(Cannot reach MLflow|Redirect)/.test(error.message))
    return error;
  const reason = error.message.replace(/^Cannot reach MLflow at \S+ for .*?: (?=[^:]+)/, '');
  return s3Error(what, { code: '', status: 0, message: `${origin} does not answer: ${reason}`, cause: error });
}

function rangeHeaders(range: ByteRange | undefined): Readonly<Record<string, string>> {
  if (range === undefined) return {};
  return { range: `bytes=${range.startByte}-${range.endByte ?? ''}`, 'if-match': range.version };
}

function openedOf({ status, headers, body }: TransportAnswer): OpenedBytes {
  const { etag, 'content-length': length, 'content-range': contentRange } = headers;
  const [, start = '0', total = length] = (status === 206 && /^bytes (\d+)-\d+\/(\d+)$/.exec(contentRange ?? '')) || [];
  const encryption =
    headers['x-amz-server-side-encryption-customer-algorithm'] ?? headers['x-amz-server-side-encryption'];
  return {
    startByte: Number(start),
    totalBytes: total === undefined ? undefined : Number(total),
    version: etag,
    md5: md5OfETag(etag, encryption),
    bytes: body,
  };
}

/** S3 says why in XML. */
function explain(text: string): { readonly code: string; readonly message: string } {
  return { code: /<Code>([^<]*)</.exec(text)?.[1] ?? '', message: /<Message>([^<]*)</.exec(text)?.[1] ?? '' };
}

async function readText(body: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    chunks.push(chunk);
    bytes += chunk.byteLength;
    if (bytes >= MAX_REFUSAL_BYTES) break;
  }
  return Buffer.concat(chunks).toString('utf8');
}

function lowerCased(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
}
