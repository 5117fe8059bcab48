// MLflow's REST API as typed calls and files: what stores and artifacts call; encodes, sends, retries shortly, decodes, or rejects.
import { RunspanError, type MlflowError } from '../errors.ts';
import type { ConnectionOptions } from './transport/connection.ts';
import type { Effect, Endpoint, WireFields } from './wire/endpoint.ts';
import { PROXIED_ARTIFACTS } from './endpoints/endpoints.ts';
import { parseExact } from './wire/exact-json.ts';
import { answerError, nonsenseError, type RequestContext } from './transport/errors.ts';
import { REAL_PACE, withRetries, type Pace } from './transport/retry.ts';
import { Transport, type StreamedBody, type TransportAnswer, type TransportRequest } from './transport/transport.ts';

/** What is different from calling the tracking server itself. */
export interface RestApiOptions {
  /** `host[:port]` to go to instead, with the tracking URI's scheme and path; it gets no credentials. */
  readonly host?: string | undefined;
  /** The pace of retries, for tests. */
  readonly pace?: Pace | undefined;
}

/** A request, with what each attempt adds to it. */
interface SentRequest extends Omit<TransportRequest, 'timeoutMs'> {
  readonly headersOfAttempt?: (() => Readonly<Record<string, string>>) | undefined;
}

/** Python's default for one request, in milliseconds. */
const DEFAULT_TIMEOUT_MS = 120_000;

/** The largest JSON answer that is read: 50,000 runs of 5 kB each. */
const MAX_ANSWER_BYTES = 256 * 1024 * 1024;

/** How much of a refusal is read; what is shown of it is far less. */
const MAX_REFUSAL_BYTES = 64 * 1024;

/** One tracking server's API. */
export class RestApi {
  /** Where requests go, without credentials. */
  readonly uri: string;
  readonly #transport: Transport;
  readonly #timeoutMs: number;
  readonly #pace: Pace;

  /** @throws {RunspanError} `UNKNOWN_SCHEME`, `INVALID_SETTINGS`, `FILE_NOT_READABLE` */
  constructor(trackingUri: string, connection: ConnectionOptions, options: RestApiOptions = {}) {
    this.#transport = new Transport(trackingUri, connection);
    this.uri = uriAt(this.#transport.server.uri, options.host);
    this.#timeoutMs = connection.timeoutMs ?? DEFAULT_TIMEOUT_MS;
    this.#pace = options.pace ?? REAL_PACE;
  }

  /**
   * Calls one endpoint; the connection's timeout covers all its attempts.
   *
   * @throws {MlflowError} what the server said, or that it said nothing
   * @throws {RunspanError} `INVALID_VALUE`, before anything is sent; `SERVICE_STOPPED` after close
   */
  async call<Q, A>(endpoint: Endpoint<Q, A>, request: Q): Promise<A> {
    const isGet = endpoint.method === 'GET';
    const fields = endpoint.encode(request);
    const { path, others } = placeFields(endpoint.path, fields);
    const url = new URL(`${this.uri}${path}${isGet ? queryOf(others) : ''}`);
    const context = this.#contextOf(endpoint.method, endpoint.path, endpoint.effect);
    // whole: what ends a logged model must name it in the body too, else the server answers 400 (seen on 3.17.2)
    const body = isGet ? {} : { body: JSON.stringify(fields) };
    const headers = endpoint.headers?.(request) ?? {};
    return await this.#send(
      { method: endpoint.method, url, headers, ...body, timeoutCovers: 'exchange', context },
      async (answer) => await readAnswer(answer, endpoint, context),
    );
  }

  /** Sends one file to the artifact proxy; `path` is below the proxy's root, with `/`. The timeout is for each wait for progress. */
  async uploadFile(path: string, file: StreamedBody): Promise<void> {
    const context = this.#contextOf('PUT', `${PROXIED_ARTIFACTS}/${path}`, 'repeatable');
    await this.#send(
      { method: 'PUT', url: this.#fileUrl(path), body: file, timeoutCovers: 'stall', context },
      async (answer) => {
        const text = await readText(answer.body, MAX_REFUSAL_BYTES);
        // the proxy answers an upload with nothing: a page is somebody else's, and the file is nowhere
        if (text.trim().startsWith('<')) throw nonsenseError({ ...answer, text }, 'a page', context);
      },
    );
  }

  /**
   * Reads one file of the artifact proxy. `read` takes its bytes, at each attempt anew; `headers` says before each what part to ask for.
   */
  async downloadFile<T>(
    path: string,
    read: (answer: TransportAnswer) => Promise<T>,
    headers?: () => Readonly<Record<string, string>>,
  ): Promise<T> {
    const context = this.#contextOf('GET', `${PROXIED_ARTIFACTS}/${path}`, 'read');
    const request = { method: 'GET', url: this.#fileUrl(path), timeoutCovers: 'stall', context } as const;
    return await this.#send({ ...request, headersOfAttempt: headers }, async (answer) => {
      const { 'content-type': type = '', 'content-disposition': disposition } = answer.headers;
      // MLflow gives every artifact as an attachment: a page that is none is a login's, or another service's
      if (type.startsWith('text/html') && disposition === undefined) {
        throw nonsenseError({ ...answer, text: await readText(answer.body, MAX_REFUSAL_BYTES) }, 'a page', context);
      }
      return await read(answer);
    });
  }

  /** Removes a file of the artifact proxy, or a folder with all that is in it. */
  async deleteFile(path: string): Promise<void> {
    const context = this.#contextOf('DELETE', `${PROXIED_ARTIFACTS}/${path}`, 'repeatable');
    const request = { method: 'DELETE', url: this.#fileUrl(path), timeoutCovers: 'stall', context } as const;
    await this.#send(request, async (answer) => {
      const text = await readText(answer.body, MAX_REFUSAL_BYTES);
      if (text.trim().startsWith('<')) throw nonsenseError({ ...answer, text }, 'a page', context);
    });
  }

  /** Frees the sockets; what is under way fails. Idempotent. */
  async close(): Promise<void> {
    await this.#transport.close();
  }

  async #send<T>(request: SentRequest, read: (answer: TransportAnswer) => Promise<T>): Promise<T> {
    const { context } = request;
    const attempt = (leftMs: number): Promise<T> => {
      const timeoutMs = request.timeoutCovers === 'stall' ? this.#timeoutMs : leftMs;
      const headers = { ...request.headers, ...request.headersOfAttempt?.() };
      return this.#transport.exchange({ ...request, headers, timeoutMs }, async (answer) => {
        if (answer.status >= 200 && answer.status < 300) return await read(answer);
        const text = await readText(answer.body, MAX_REFUSAL_BYTES);
        throw answerError({ ...answer, text }, context, this.#pace.now());
      });
    };
    const { closing } = this.#transport;
    return await withRetries(attempt, {
      effect: context.effect,
      timeoutMs: this.#timeoutMs,
      pace: this.#pace,
      signal: closing,
    });
  }

  #fileUrl(path: string): URL {
    return new URL(`${this.uri}${PROXIED_ARTIFACTS}/${path.split('/').map(encodeURIComponent).join('/')}`);
  }

  #contextOf(method: string, path: string, effect: Effect): RequestContext {
    const { secrets, hasCredentials, proxies } = this.#transport.server;
    const what = `${method} ${path.replace(/^\/api\/\d\.\d\/(mlflow\/)?/, '')}`;
    return { what, uri: this.uri, effect, secrets, hasCredentials, proxies };
  }
}

function uriAt(trackingUri: string, host: string | undefined): string {
  if (host === undefined) return trackingUri;
  const { protocol, pathname } = new URL(trackingUri);
  return `${protocol}//${host}${pathname.replace(/\/$/, '')}`;
}

async function readAnswer<A>(
  answer: TransportAnswer,
  { answer: decoder, isSilent, isExact = false }: Pick<Endpoint<never, A>, 'answer' | 'isSilent' | 'isExact'>,
  context: RequestContext,
): Promise<A> {
  const text = await readText(answer.body, MAX_ANSWER_BYTES);
  const refuse = (why: string): MlflowError => nonsenseError({ ...answer, text }, why, context);
  let json: unknown;
  try {
    json = isSilent === true && text === '' ? {} : isExact ? parseExact(text) : JSON.parse(text);
  } catch {
    throw refuse(text.trim() === '' ? 'an empty body' : 'a body that is not JSON');
  }
  try {
    return decoder.parse(json);
  } catch {
    // which field it was says little to a user; the beginning of the body says whose it is
    throw refuse('JSON of another shape');
  }
}

/** Reads at most `maxBytes`, or a chunk more; the rest is dropped with the connection, and what is cut is no JSON. */
async function readText(body: AsyncIterable<Uint8Array>, maxBytes: number): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    chunks.push(chunk);
    bytes += chunk.byteLength;
    if (bytes >= maxBytes) break;
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** The path with the fields that it names, and the others. */
function placeFields(template: string, fields: WireFields): { path: string; others: WireFields } {
  const others = { ...fields };
  const path = template.replaceAll(/\{(\w+)\}/g, (_, name: string) => {
    const value = others[name];
    Reflect.deleteProperty(others, name);
    // what is empty, '.' or '..' names another path: such a name cannot be there
    if (typeof value === 'string' && !/^\.{0,2}$/.test(value)) return encodeURIComponent(value);
    throw new RunspanError('INVALID_VALUE', `Cannot send ${name.replaceAll('_', ' ')}: it names nothing.`);
  });
  return { path, others };
}

/** A list is its field over and over, as protobuf has it. */
function queryOf(fields: WireFields): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(fields)) {
    for (const one of Array.isArray(value) ? (value as readonly unknown[]) : [value]) {
      if (one !== undefined) query.append(name, typeof one === 'string' ? one : JSON.stringify(one));
    }
  }
  return query.size === 0 ? '' : `?${query.toString()}`;
}
