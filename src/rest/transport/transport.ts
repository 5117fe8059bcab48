// Sends one request and reads its answer within one deadline; credentials go to the tracking server's own origin and no other.
import type { Dispatcher } from 'undici';
import { RunspanError } from '../../errors.ts';
import type { ConnectionOptions } from './connection.ts';
import { readTrackingServer, USER_AGENT, type TrackingServer } from './credentials.ts';
import { Deadline } from './deadline.ts';
import { decoded } from './decoded.ts';
import { Dispatchers } from './dispatchers.ts';
import { noAnswerError, redirectError, type RequestContext } from './errors.ts';
import type { TokenSource } from './token.ts';
import { untraced } from './untraced.ts';

/** A body that is read while it is sent. */
export interface StreamedBody {
  readonly sizeBytes: number;
  /** Once for each attempt; a piece is asked for when the socket has taken those before it. */
  readonly open: () => AsyncIterable<Uint8Array>;
}

/** One request. */
export interface TransportRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly url: URL;
  /** Beside those that every request has. */
  readonly headers?: Readonly<Record<string, string>>;
  /** JSON as text, or a file as a stream. */
  readonly body?: string | StreamedBody;
  /** In milliseconds. */
  readonly timeoutMs: number;
  /** What the time covers: the whole exchange, or each wait for the next bytes, for files of any size. */
  readonly timeoutCovers: 'exchange' | 'stall';
  /** Hands on the body as it is stored, where its encoding is the file's own and not the wire's. @default false */
  readonly keepsEncoding?: boolean;
  readonly context: RequestContext;
}

/** An answer; its body rejects with an MlflowError where it breaks off. */
export interface TransportAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: AsyncIterable<Uint8Array>;
}

/** What is known of one request under way. */
interface Exchange {
  readonly request: TransportRequest;
  readonly deadline: Deadline;
  /** Whether a byte of it may have gone out. */
  wasSent: boolean;
  /** The streamed body of the last attempt. */
  sent: AsyncGenerator<Uint8Array, void> | undefined;
  /** Why the body could not be read, where that is what failed. */
  sourceError: unknown;
  /** The token of the last attempt was answered 401. */
  isTokenRefused: boolean;
}

/** As many as Python's client follows is 30; one or two are real. */
const MAX_REDIRECTS = 5;

/** How one process speaks to one tracking server. */
export class Transport {
  readonly server: TrackingServer;
  readonly #dispatchers: Dispatchers;
  readonly #closing = new AbortController();

  /** @throws {RunspanError} `UNKNOWN_SCHEME`, `INVALID_SETTINGS`, `FILE_NOT_READABLE` */
  constructor(trackingUri: string, connection: ConnectionOptions) {
    this.server = readTrackingServer(trackingUri, connection);
    this.#dispatchers = new Dispatchers(this.server.origin, connection);
  }

  /** Aborted by `close`. */
  get closing(): AbortSignal {
    return this.#closing.signal;
  }

  /**
   * Sends a request and hands its answer, whatever its status, to `read`; what `read` leaves unread is dropped.
   *
   * @returns what `read` returns
   * @throws {MlflowError} where no whole answer came, or a redirect that is not to be followed
   * @throws {RunspanError} `SERVICE_STOPPED` after close; `FILE_NOT_READABLE` where the body could not be read
   */
  async exchange<T>(request: TransportRequest, read: (answer: TransportAnswer) => Promise<T>): Promise<T> {
    if (this.closing.aborted) {
      throw new RunspanError('SERVICE_STOPPED', `Cannot send ${request.context.what}: the store was closed.`);
    }
    const deadline = new Deadline(request.timeoutMs);
    const exchange: Exchange = {
      request,
      deadline,
      wasSent: false,
      sent: undefined,
      sourceError: undefined,
      isTokenRefused: false,
    };
    try {
      return await untraced(() => this.#follow(exchange, read));
    } finally {
      deadline.clear();
    }
  }

  /** Closes every socket; what is under way fails. Idempotent. */
  async close(): Promise<void> {
    this.#closing.abort();
    await this.#dispatchers.destroy();
  }

  async #follow<T>(exchange: Exchange, read: (answer: TransportAnswer) => Promise<T>): Promise<T> {
    let { url } = exchange.request;
    for (let redirects = 0; ; redirects++) {
      const { statusCode: status, headers: raw, body } = await this.#send(exchange, url);
      // what is left unread is dropped below, and that is no error of ours
      body.on('error', () => undefined);
      try {
        const headers = plainHeaders(raw);
        if (status === 401 && this.#tokensFor(url) !== undefined && !exchange.isTokenRefused) {
          // nothing was carried out: once more, with a token that is asked for anew
          exchange.isTokenRefused = true;
          exchange.wasSent = false;
          await exchange.deadline.race(body.dump());
          continue;
        }
        const next = redirectTarget(url, status, headers['location']);
        if (next === undefined)
          return await read({
            status,
            headers,
            body: chunksOf(
              exchange.request.keepsEncoding === true ? body : decoded(body, headers['content-encoding']),
              exchange,
            ),
          });
        const canFollow = exchange.request.method === 'GET' && next.origin === url.origin && redirects < MAX_REDIRECTS;
        if (!canFollow) throw redirectError(status, `${next.origin}${next.pathname}`, exchange.request.context);
        url = next;
        await exchange.deadline.race(body.dump());
      } finally {
        body.destroy();
        endSending(exchange);
      }
    }
  }

  async #send(exchange: Exchange, url: URL): Promise<Dispatcher.ResponseData> {
    const { request, deadline } = exchange;
    const dispatcher = this.#dispatchers.get(url.origin).compose(noteSending(exchange));
    const headers = await this.#headersFor(exchange, url);
    try {
      // raced, because a request that waits for its connection does not hear the signal
      return await deadline.race(
        dispatcher.request({
          origin: url.origin,
          path: `${url.pathname}${url.search}`,
          method: request.method,
          headers,
          body: bodyOf(exchange) as string | Buffer | null, // or what is iterated over, which undici documents and its types leave out
          signal: deadline.signal,
        }),
      );
    } catch (cause) {
      endSending(exchange);
      throw failure(exchange, cause);
    }
  }

  async #headersFor(exchange: Exchange, url: URL): Promise<Record<string, string>> {
    const { body, headers: own } = exchange.request;
    const headers: Record<string, string> = { 'user-agent': USER_AGENT, ...own };
    if (url.origin === this.server.origin) Object.assign(headers, this.server.headers);
    const tokens = this.#tokensFor(url);
    if (tokens !== undefined) headers['authorization'] = await askForToken(tokens, exchange);
    if (typeof body === 'string') headers['content-type'] = 'application/json';
    else if (body !== undefined) {
      headers['content-type'] ??= 'application/octet-stream';
      headers['content-length'] = String(body.sizeBytes);
    }
    return headers;
  }

  #tokensFor(url: URL): TokenSource | undefined {
    return url.origin === this.server.origin ? this.server.tokens : undefined;
  }
}

async function askForToken(tokens: TokenSource, exchange: Exchange): Promise<string> {
  const { deadline, isTokenRefused: isRefused } = exchange;
  try {
    return await deadline.race(tokens.authorize({ isRefused }));
  } catch (error) {
    throw deadline.hasExpired ? failure(exchange, error) : error;
  }
}

/** Notes the moment in which undici begins to write: before it, nothing can have happened on the server. */
function noteSending(exchange: Exchange): Dispatcher.DispatcherComposeInterceptor {
  return (dispatch) => (options, handler) => {
    const start = handler.onRequestStart?.bind(handler);
    handler.onRequestStart = (controller, started): void => {
      exchange.wasSent = true;
      start?.(controller, started);
    };
    return dispatch(options, handler);
  };
}

function bodyOf(exchange: Exchange): string | Buffer | AsyncIterable<Uint8Array> | null {
  const { body } = exchange.request;
  if (body === undefined || typeof body === 'string') return body ?? null;
  // undici would send an empty one without its length
  if (body.sizeBytes === 0) return Buffer.alloc(0);
  exchange.sent = counted(body, exchange);
  return exchange.sent;
}

/** Closes the source, as soon as it stands still: undici leaves it open where an answer comes before all is sent and the socket is reset. */
function endSending({ sent }: Exchange): void {
  sent?.return().catch(() => undefined);
}

/** Lets the bytes through, and fails before the last of them where there are more or fewer than were promised. */
async function* counted({ sizeBytes, open }: StreamedBody, exchange: Exchange): AsyncGenerator<Uint8Array, void> {
  let leftBytes = sizeBytes;
  let last: Uint8Array | undefined;
  try {
    for await (const chunk of open()) {
      touch(exchange);
      leftBytes -= chunk.byteLength;
      if (leftBytes > 0) yield chunk;
      else if (leftBytes === 0) last ??= chunk;
      else break;
    }
    if (leftBytes !== 0 || last === undefined) throw new Error('its size changed while it was read');
  } catch (error) {
    exchange.sourceError = error;
    throw error;
  }
  yield last;
}

async function* chunksOf(body: AsyncIterable<Uint8Array>, exchange: Exchange): AsyncGenerator<Uint8Array, void> {
  try {
    for await (const chunk of body) {
      touch(exchange);
      yield chunk;
    }
  } catch (cause) {
    throw failure(exchange, cause);
  }
}

function touch(exchange: Exchange): void {
  if (exchange.request.timeoutCovers === 'stall') exchange.deadline.touch();
}

function failure(exchange: Exchange, cause: unknown): Error {
  const { deadline, request, sourceError, wasSent } = exchange;
  if (sourceError !== undefined) {
    return new RunspanError('FILE_NOT_READABLE', `Cannot read the file to send for ${request.context.what}.`, {
      cause: sourceError,
    });
  }
  const timeout = deadline.hasExpired ? { timeoutMs: deadline.timeoutMs } : {};
  return noAnswerError({ cause, wasSent, ...timeout }, request.context);
}

function redirectTarget(from: URL, status: number, location: string | undefined): URL | undefined {
  const isRedirect = [301, 302, 303, 307, 308].includes(status) && location !== undefined;
  return isRedirect ? (URL.parse(location, from.href) ?? undefined) : undefined;
}

function plainHeaders(
  raw: Readonly<Record<string, string | string[] | undefined>>,
): Record<string, string | undefined> {
  return Object.fromEntries(
    Object.entries(raw).map(([name, value]) => [name, Array.isArray(value) ? value[0] : value]),
  );
}
