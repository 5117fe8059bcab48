// Posts OTLP requests to one door of a Collector: node:http alone, because in `exit` there is no time to load a client.
import { readFileSync } from 'node:fs';
import type http from 'node:http';
import type https from 'node:https';
import { gzipSync } from 'node:zlib';
import { readAnswer } from './answers.ts';
import type { Answer, OtlpRequest, OtlpTarget, TlsFiles } from './contract.ts';
import { errorsIn, isError } from '../model/any-realm.ts';

/** How a sender behaves towards its process. */
export interface SenderOptions {
  readonly target: OtlpTarget;
  /** Whether a request under way keeps the process alive. */
  readonly isHolding: boolean;
}

/** Of an answer no more is read. */
const MAX_ANSWER_BYTES = 64 * 1024;

/** Sends to one URL over connections that are kept; never rejects. */
export class OtlpSender {
  readonly #options: SenderOptions;
  #agent: http.Agent | undefined;

  constructor(options: SenderOptions) {
    this.#options = options;
  }

  /** Sends once; trying again is the caller's. */
  async send(request: OtlpRequest): Promise<Answer> {
    try {
      return await this.#post(request);
    } catch (error) {
      return { status: 'away', reason: reasonOf(error), isAnswered: false, retryAfterMs: undefined };
    }
  }

  /** Lets the connections go; requests under way end as unanswered. */
  close(): void {
    this.#agent?.destroy();
    this.#agent = undefined;
  }

  #post({ body, contentType, decode }: OtlpRequest): Promise<Answer> {
    const { target, isHolding } = this.#options;
    const url = new URL(target.url);
    // With the first request: both together cost each import of this package 10 ms, and most jobs send none.
    const isSecure = url.protocol === 'https:';
    const { Agent, request: open } = process.getBuiltinModule(isSecure ? 'node:https' : 'node:http');
    this.#agent ??= new Agent({ keepAlive: true, ...(isSecure ? readTls(target.tls ?? {}) : {}) });
    const bytes = target.isCompressed === true ? gzipSync(body) : body;
    const headers = {
      'user-agent': 'runspan',
      ...target.headers,
      'content-type': contentType,
      'content-length': bytes.byteLength,
      ...(target.isCompressed === true ? { 'content-encoding': 'gzip' } : {}),
    };
    return new Promise((resolve, reject) => {
      const request = open(url, { method: 'POST', headers, agent: this.#agent });
      const timer = setTimeout(
        () => request.destroy(new Error(`no answer within ${target.timeoutMs} ms`)),
        target.timeoutMs,
      );
      if (!isHolding) timer.unref();
      request.on('socket', (socket) => (isHolding ? socket.ref() : socket.unref()));
      request.on('error', reject);
      request.on('close', () => clearTimeout(timer));
      request.on('response', (response) => {
        readBody(response).then((answer) => {
          const { statusCode: httpStatus = 0, headers: answered } = response;
          const retryAfter = answered['retry-after'];
          resolve(readAnswer({ httpStatus, body: answer, retryAfter }, Date.now(), decode));
        }, reject);
      });
      request.end(bytes);
    });
  }
}

async function readBody(response: http.IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  // Read to its end, or the connection could not be used again; kept as far as anybody would read it.
  for await (const chunk of response as AsyncIterable<Buffer>) {
    if (size < MAX_ANSWER_BYTES) chunks.push(chunk);
    size += chunk.byteLength;
  }
  return Buffer.concat(chunks);
}

/** Reads the files of a connection. */
export function readTls(tls: TlsFiles): https.AgentOptions {
  const read = (file: string | undefined): Buffer | undefined => (file === undefined ? undefined : readFileSync(file));
  const [ca, cert, key] = [read(tls.ca), read(tls.cert), read(tls.key)];
  return { ...(ca && { ca }), ...(cert && { cert }), ...(key && { key }) };
}

function reasonOf(error: unknown): string {
  if (!isError(error)) return String(error);
  // Several addresses of one name were tried: Node puts the reasons inside, and nothing in the message.
  const errors = error.message === '' ? errorsIn(error) : undefined;
  return errors?.map((each) => reasonOf(each)).join('; ') ?? error.message;
}
