// The AWS SDK's requests, sent by the sockets that everything else here goes by: the same proxies, TLS and pools.
import { Readable } from 'node:stream';
import type { S3Settings } from '../../model/artifact-settings.ts';
import type { ConnectionOptions } from '../../rest/transport/connection.ts';
import { mendProxy, type ProxyOptions } from '../../rest/transport/proxies.ts';
import { Dispatchers } from '../../rest/transport/dispatchers.ts';

/** What of the tracking server's connection holds for S3 too; none of its credentials. */
export type S3Connection = Pick<ConnectionOptions, 'timeoutMs' | keyof ProxyOptions>;

/** What is used of the SDK's requests. */
interface Request {
  readonly protocol: string;
  readonly hostname: string;
  readonly port?: number;
  readonly method: string;
  readonly path: string;
  readonly query: Readonly<Record<string, string | readonly string[] | null>>;
  readonly headers: Readonly<Record<string, string>>;
  /** Bytes, XML or nothing. */
  readonly body?: unknown;
}

/** What the SDK needs of an answer. */
interface Answer {
  readonly response: {
    readonly statusCode: number;
    readonly headers: Record<string, string>;
    readonly body: Readable;
  };
}

/** Connections a repository holds at most: parts of several files at once. */
const MAX_CONNECTIONS = 32;

/** For each wait for an answer or for its next bytes, as Python's for one request. */
const DEFAULT_TIMEOUT_MS = 120_000;

/** A larger body is written in pieces, so that a slow network is told from one that hangs. */
const PIECE_BYTES = 512 * 1024;

/** Sends what the SDK has signed; one of its handlers of requests. */
export class S3Requests {
  readonly metadata = { handlerProtocol: 'http/1.1' };
  readonly #dispatchers: Dispatchers;
  readonly #proxies: ProxyOptions;
  readonly #timeoutMs: number;

  /** @throws {RunspanError} `INVALID_SETTINGS` for the proxy's URI, `FILE_NOT_READABLE` for the CA bundle */
  constructor(settings: S3Settings, connection: S3Connection) {
    const { timeoutMs = DEFAULT_TIMEOUT_MS, httpProxy, httpsProxy, noProxy } = connection;
    this.#proxies = connection;
    this.#timeoutMs = timeoutMs;
    this.#dispatchers = new Dispatchers(
      settings.endpointUrl ?? 'https://s3.amazonaws.com',
      {
        timeoutMs,
        ...trustOf(settings),
        ...(httpProxy === undefined ? {} : { httpProxy }),
        ...(httpsProxy === undefined ? {} : { httpsProxy }),
        ...(noProxy === undefined ? {} : { noProxy }),
      },
      { maxConnections: MAX_CONNECTIONS, caSetting: 'AWS_CA_BUNDLE' },
    );
  }

  /** Sends one request; what fails without an answer is, in the SDK's words, transient: it tries again. */
  async handle(request: Request, { abortSignal }: { readonly abortSignal?: unknown } = {}): Promise<Answer> {
    const { protocol, hostname, port, method, path, query } = request;
    const { expect: _, Expect: __, ...headers } = request.headers; // asked for by the SDK, and not spoken by undici
    const origin = `${protocol}//${hostname}${port === undefined ? '' : `:${port}`}`;
    try {
      const {
        statusCode,
        headers: received,
        body,
      } = await this.#dispatchers.get(origin).request({
        origin,
        path: `${path}${queryOf(query)}`,
        method: method as 'GET', // or another that S3 has
        headers,
        body: bodyOf(request.body),
        headersTimeout: this.#timeoutMs,
        bodyTimeout: this.#timeoutMs,
        ...(abortSignal instanceof AbortSignal ? { signal: abortSignal } : {}),
      });
      return { response: { statusCode, headers: joined(received), body } };
    } catch (cause) {
      throw transient(cause, (wantsPassword) => mendProxy(origin, this.#proxies, wantsPassword));
    }
  }

  /** Fails what is under way. */
  destroy(): void {
    void this.#dispatchers.destroy();
  }

  /** The SDK's way to change a handler, which nobody uses here. */
  updateHttpClientConfig(): void {
    // all was said at the beginning
  }

  /** What `updateHttpClientConfig` has set. */
  httpHandlerConfigs(): object {
    return {};
  }
}

function trustOf({
  isInsecureTls = false,
  caBundlePath,
}: S3Settings): Pick<ConnectionOptions, 'isInsecureTls' | 'serverCertPath'> {
  // as boto, which asks for no bundle where it is not to check
  return isInsecureTls || caBundlePath === undefined ? { isInsecureTls } : { serverCertPath: caBundlePath };
}

function bodyOf(body: unknown): string | Uint8Array | Readable | null {
  if (!(body instanceof Uint8Array)) return (body ?? null) as string | null; // see Request
  return body.byteLength <= PIECE_BYTES ? body : Readable.from(piecesOf(body));
}

function* piecesOf(body: Uint8Array): Generator<Uint8Array, void> {
  for (let at = 0; at < body.byteLength; at += PIECE_BYTES) yield body.subarray(at, at + PIECE_BYTES);
}

/** As S3 reads it to check the signature. */
function queryOf(query: Request['query']): string {
  const pairs = Object.entries(query).flatMap(([name, value]) =>
    (typeof value === 'string' || value === null ? [value] : value).map((one) =>
      one === null ? encoded(name) : `${encoded(name)}=${encoded(one)}`,
    ),
  );
  return pairs.length === 0 ? '' : `?${pairs.join('&')}`;
}

function encoded(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, (one) => `%${one.charCodeAt(0).toString(16).toUpperCase()}`);
}

function joined(headers: Readonly<Record<string, string | string[] | undefined>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, Array.isArray(value) ? value.join(', ') : (value ?? '')]),
  );
}

function transient(cause: unknown, mendOfProxy: (wantsPassword: boolean) => string): Error {
  const { message, code } = cause as { readonly message?: unknown; readonly code?: unknown }; // undici throws errors
  const text = String(message);
  const mend = /certificate|CERT/.test(`${text} ${String(code)}`)
    ? '. Name its CA bundle in AWS_CA_BUNDLE, or set MLFLOW_S3_IGNORE_TLS'
    : text.includes('Proxy')
      ? `. ${mendOfProxy(text.includes('407'))}`
      : '';
  return Object.assign(new Error(`${text}${mend}`, { cause }), { name: 'TimeoutError', code });
}
