// Reads what a Collector answered: OTLP's rules for what may be sent again, and its partial success.
import { readRetryAfterMs } from '../rest/transport/retry-after.ts';
import type { Answer } from './contract.ts';

/** The parts of an HTTP answer that say what became of a request. */
export interface HttpAnswer {
  readonly httpStatus: number;
  readonly body: Buffer;
  readonly retryAfter: string | undefined;
}

/** The statuses that OTLP lets a client repeat. */
const RETRYABLE: ReadonlySet<number> = new Set([429, 502, 503, 504]);
/** The statuses that speak of who sent it or where to: wrong credentials or a wrong path, which the next start may have right. */
const REFUSED: ReadonlySet<number> = new Set([401, 403, 404, 405, 407]);
const MAX_WORDS = 500;

/**
 * Tells what an answer means.
 *
 * @param nowMs milliseconds since the epoch, to read a date in Retry-After
 * @param decode reads the body of a success. @default as JSON
 * @see https://opentelemetry.io/docs/specs/otlp/#otlphttp-response
 */
export function readAnswer(
  { httpStatus, body, retryAfter }: HttpAnswer,
  nowMs: number,
  decode: (body: Uint8Array) => unknown = readJson,
): Answer {
  if (httpStatus >= 200 && httpStatus < 300)
    return { status: 'sent', ...readPartialSuccess(decodeQuietly(body, decode)) };
  const words = wordsOf(body);
  const reason = words === '' ? `HTTP ${httpStatus}` : `HTTP ${httpStatus}: ${words}`;
  if (RETRYABLE.has(httpStatus))
    return { status: 'away', reason, isAnswered: true, retryAfterMs: readRetryAfterMs(retryAfter, nowMs) };
  // A redirect is not followed: the headers belong to the host that was configured.
  const isRefused = REFUSED.has(httpStatus) || (httpStatus >= 300 && httpStatus < 400);
  return { status: isRefused ? 'refused' : 'rejected', reason, httpStatus };
}

/**
 * Reads how much of a batch was refused by an answer that took the rest.
 *
 * @param response decoded, of whatever shape
 */
export function readPartialSuccess(response: unknown): { readonly rejectedCount: number; readonly message: string } {
  const said = field(response, 'partialSuccess');
  // int64 is a string in OTLP's JSON; servers send numbers too.
  const rejectedCount = Number(field(said, 'rejectedSpans') ?? field(said, 'rejectedLogRecords') ?? 0);
  const message = field(said, 'errorMessage');
  return {
    rejectedCount: Number.isSafeInteger(rejectedCount) && rejectedCount > 0 ? rejectedCount : 0,
    message: typeof message === 'string' ? message.slice(0, MAX_WORDS) : '',
  };
}

function wordsOf(body: Buffer): string {
  const message = field(decodeQuietly(body, readJson), 'message');
  const words = typeof message === 'string' ? message : body.toString();
  return words
    .replaceAll(/[\p{C}\s]+/gu, ' ')
    .trim()
    .slice(0, MAX_WORDS);
}

function decodeQuietly(body: Buffer, decode: (body: Uint8Array) => unknown): unknown {
  try {
    return body.byteLength === 0 ? undefined : decode(body);
  } catch {
    // A page of a proxy, or half an answer: the status alone speaks.
    return undefined;
  }
}

function readJson(body: Uint8Array): unknown {
  return JSON.parse(Buffer.from(body).toString());
}

function field(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
}
