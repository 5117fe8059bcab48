// Turns everything but a good answer into an MlflowError that says what failed, with what, and the mend.
import { MlflowError } from '../../errors.ts';
import { explainAnswer } from '../wire/answer-text.ts';
import { maskSecrets } from './credentials.ts';
import type { Effect } from '../wire/endpoint.ts';
import { mendProxy, type ProxyOptions } from './proxies.ts';
import { readRetryAfterMs } from './retry-after.ts';
import { errorsIn, isError } from '../../model/any-realm.ts';

/** What an error says about the request that failed. */
export interface RequestContext {
  /** Such as `POST runs/create`. */
  readonly what: string;
  /** The server's address, without credentials. */
  readonly uri: string;
  readonly effect: Effect;
  readonly secrets: readonly string[];
  readonly hasCredentials: boolean;
  /** Who leads there. */
  readonly proxies?: ProxyOptions;
}

/** An answer whose status or body is not what was asked for. */
export interface BadAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | undefined>>;
  /** The body, or the beginning of it. */
  readonly text: string;
}

/** Why no whole answer came. */
export interface MissingAnswer {
  readonly cause: unknown;
  /** False where not a byte of the request went out. */
  readonly wasSent: boolean;
  /** Set where our own deadline ended the wait. */
  readonly timeoutMs?: number;
}

/** Statuses after which the same request can succeed; the rest are answers for good. Python retries the same (facts: urllib3's list). */
const RETRYABLE_STATUS: ReadonlySet<number> = new Set([408, 429, 500, 502, 503, 504]);

/** Statuses after which a request may have been carried out: a server, or a proxy before it, gave up halfway. */
const AMBIGUOUS_STATUS: ReadonlySet<number> = new Set([408, 500, 502, 503, 504]);

/** MLflow's code where the answer names none (mlflow/exceptions.py, HTTP_STATUS_TO_ERROR_CODE). */
const CODE_OF_STATUS: Readonly<Record<number, string>> = {
  400: 'BAD_REQUEST',
  401: 'UNAUTHENTICATED',
  403: 'PERMISSION_DENIED',
  404: 'ENDPOINT_NOT_FOUND',
  409: 'RESOURCE_CONFLICT',
  429: 'REQUEST_LIMIT_EXCEEDED',
  499: 'CANCELLED',
  500: 'INTERNAL_ERROR',
  501: 'NOT_IMPLEMENTED',
  502: 'TEMPORARILY_UNAVAILABLE',
  503: 'TEMPORARILY_UNAVAILABLE',
  504: 'DEADLINE_EXCEEDED',
};

/** MLflow answers 503 where its artifact proxy is switched off (server/handlers.py), which no retry mends. */
const NO_ARTIFACTS = '--no-serve-artifacts';

/** How much of a message is shown, in characters. */
const MAX_SHOWN = 500;

/** How much of a message is looked at, so that masking costs nothing on a huge one. */
const MAX_READ = 4096;

/** Builds the error of an answer with a bad status; `nowMs` is for a Retry-After that is a date. */
export function answerError(answer: BadAnswer, context: RequestContext, nowMs: number): MlflowError {
  const explained = explainAnswer(answer.text);
  const isSwitchedOff = explained.message.includes(NO_ARTIFACTS);
  const errorCode = explained.errorCode ?? CODE_OF_STATUS[answer.status] ?? 'INTERNAL_ERROR';
  const said = show(explained.message, context.secrets);
  const retryAfterMs = readRetryAfterMs(answer.headers['retry-after'], nowMs);
  const mend = mendOfStatus(answer.status, explained.message, errorCode, context);
  return new MlflowError(
    `${said === '' ? 'No reason given' : said} (${context.what} on ${context.uri} answered ${answer.status} ${errorCode})${mend}`,
    {
      errorCode,
      status: answer.status,
      isRetryable: !isSwitchedOff && RETRYABLE_STATUS.has(answer.status),
      isAmbiguous: !isSwitchedOff && context.effect !== 'read' && AMBIGUOUS_STATUS.has(answer.status),
      ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    },
  );
}

/** Builds the error of a redirect that is not followed: to another origin, in a circle, or of a write. */
export function redirectError(status: number, target: string, context: RequestContext): MlflowError {
  const location = show(target, context.secrets);
  return new MlflowError(
    `Redirect not followed: ${context.what} on ${context.uri} was sent on to ${location} (${status}). ` +
      'Set MLFLOW_TRACKING_URI to the address that MLflow itself answers at.',
    { errorCode: 'BAD_REQUEST', status, isRetryable: false },
  );
}

/** Builds the error of an answer with a good status that MLflow would not give: a login page, half a body, another service. */
export function nonsenseError(answer: BadAnswer, why: string, context: RequestContext): MlflowError {
  const said = show(explainAnswer(answer.text).message, context.secrets);
  return new MlflowError(
    `Not an answer of MLflow: ${context.what} on ${context.uri} answered ${answer.status} with ${why}: '${said}'. ` +
      'Check that MLFLOW_TRACKING_URI is the address of an MLflow server, not of a page or login before it.',
    {
      errorCode: 'INTERNAL_ERROR',
      status: answer.status,
      isRetryable: true,
      isAmbiguous: context.effect !== 'read',
    },
  );
}

/** Builds the error of a request that no whole answer came to. */
export function noAnswerError(missing: MissingAnswer, context: RequestContext): MlflowError {
  const isTimeout = missing.timeoutMs !== undefined;
  const reason = isTimeout
    ? `no whole answer within ${missing.timeoutMs} ms. MLFLOW_HTTP_REQUEST_TIMEOUT (seconds) raises the limit.`
    : reasonOf(missing.cause, context);
  return new MlflowError(`Cannot reach MLflow at ${context.uri} for ${context.what}: ${reason}`, {
    errorCode: isTimeout ? 'DEADLINE_EXCEEDED' : 'TEMPORARILY_UNAVAILABLE',
    status: 0,
    isRetryable: true,
    isAmbiguous: context.effect !== 'read' && missing.wasSent,
    cause: missing.cause,
  });
}

function reasonOf(cause: unknown, context: RequestContext): string {
  const code = codeOf(cause);
  const message = show(isError(cause) ? cause.message : String(cause), context.secrets);
  const [reason, mend] = explainCode(code, message, context);
  return `${reason}${code === '' ? '' : ` (${code})`}. ${mend}`;
}

function explainCode(code: string, message: string, { uri, proxies }: RequestContext): readonly [string, string] {
  if (code === 'ECONNREFUSED') return ['connection refused', 'Start the server, or correct MLFLOW_TRACKING_URI.'];
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN')
    return ['host not found', 'Correct the host in MLFLOW_TRACKING_URI.'];
  if (code.startsWith('UND_ERR_PRX') || message.includes('Proxy'))
    return [`the proxy refused: ${message}`, mendProxy(uri, proxies, message.includes('407'))];
  if (/CERT|SIGNATURE|SELF_SIGNED/.test(code))
    return [`TLS certificate refused: ${message}`, 'Name its CA bundle in MLFLOW_TRACKING_SERVER_CERT_PATH.'];
  if (code === 'EPROTO' || code.startsWith('ERR_SSL'))
    return ['no TLS spoken', 'Check whether MLFLOW_TRACKING_URI should say http or https.'];
  if (code === 'UND_ERR_CONNECT_TIMEOUT' || code === 'ETIMEDOUT' || code.endsWith('UNREACH'))
    return ['no connection', 'Check the network and MLFLOW_TRACKING_URI.'];
  return [`connection lost: ${message}`, 'The server, or a proxy before it, closed it before the answer was whole.'];
}

function mendOfStatus(status: number, said: string, errorCode: string, context: RequestContext): string {
  if (status === 401)
    return context.hasCredentials
      ? '. The credentials were refused: check MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD, MLFLOW_TRACKING_TOKEN, or the function that gives the token.'
      : '. Set MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD, or MLFLOW_TRACKING_TOKEN.';
  if (status === 403 && said.includes('Invalid Host header'))
    return `. Start the server with --allowed-hosts ${new URL(context.uri).host} (MLFLOW_SERVER_ALLOWED_HOSTS).`;
  if (status === 403 && said.includes('Cross-origin'))
    return ". A proxy before the server adds an Origin: let it drop that header, or start the server with --cors-allowed-origins and the proxy's address.";
  if (status === 403)
    return '. The user of MLFLOW_TRACKING_USERNAME or MLFLOW_TRACKING_TOKEN needs the permission for it.';
  if (status === 407) return `. ${mendProxy(context.uri, context.proxies, true)}`;
  if (status === 413) return '. A proxy before the server refuses a body of this size: raise its limit.';
  if (errorCode === 'ENDPOINT_NOT_FOUND')
    return '. Check that MLFLOW_TRACKING_URI is the address of an MLflow server, its path included.';
  return '';
}

/** The code of an error, or of the first one within it: Node groups the refusals of several addresses. */
function codeOf(cause: unknown): string {
  if (!isError(cause)) return '';
  if ('code' in cause && typeof cause.code === 'string') return cause.code;
  const [first] = errorsIn(cause) ?? [];
  if (first !== undefined) return codeOf(first);
  return cause.cause === undefined ? '' : codeOf(cause.cause);
}

/** One line, without what could steer a terminal, masked, and no longer than `MAX_SHOWN`. */
function show(text: string, secrets: readonly string[]): string {
  const plain = text
    .slice(0, MAX_READ)
    .replace(/[\s\p{Cc}]+/gu, ' ')
    .trim();
  const masked = maskSecrets(plain, secrets);
  return masked.length > MAX_SHOWN ? `${masked.slice(0, MAX_SHOWN - 1)}…` : masked;
}
