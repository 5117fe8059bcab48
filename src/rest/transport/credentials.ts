// Who we are to the tracking server: its address without credentials, the headers that go to its origin alone, and the texts never shown.
import { RunspanError } from '../../errors.ts';
import { createRedactor, REDACTED } from '../../model/redact.ts';
import type { ConnectionOptions } from './connection.ts';
import { type ProxyOptions, proxySecrets } from './proxies.ts';
import { TokenSource } from './token.ts';

/** What this package calls itself on the wire; the version is package.json's, held by a test. */
export const USER_AGENT = 'runspan/0.1.0';

const redactor = createRedactor();

/** A tracking server's address and what proves who we are there. */
export interface TrackingServer {
  /** `http(s)://host[:port][/path]`, without credentials, query or a slash at its end. */
  readonly uri: string;
  readonly origin: string;
  /** Sent to `origin` only. */
  readonly headers: Readonly<Record<string, string>>;
  /** What must never show in a message: passwords, the proxy's too, token, and the headers that hold them. */
  readonly secrets: readonly string[];
  readonly hasCredentials: boolean;
  /** Who leads there. */
  readonly proxies: ProxyOptions;
  /** Whom to ask for a token before each request; its answer takes the place of `authorization`. */
  readonly tokens: TokenSource | undefined;
}

/**
 * Reads a tracking URI and its connection; basic auth wins over a token, and the URI's own user over both, as in
 * Python's client.
 *
 * @throws {RunspanError} `UNKNOWN_SCHEME` unless http or https; `INVALID_SETTINGS` for what is no URI or cannot be a header
 */
export function readTrackingServer(uri: string, connection: ConnectionOptions): TrackingServer {
  const url = parseHttpUri(uri);
  const isPair = url.username !== '' && url.password !== '';
  const username = isPair ? decode(url.username) : (connection.username ?? '');
  const password = isPair ? decode(url.password) : (connection.password ?? '');
  const { getToken, token } = connection;
  const authorization = getToken === undefined ? readAuthorization(username, password, token) : undefined;
  const proof = authorization?.replace(/^\w+ /, '');
  const known = [password, token, url.password, proof, ...proxySecrets(connection)];
  // grows with the tokens that are given: whoever masks looks at it then
  const secrets = known.filter((secret): secret is string => secret !== undefined && secret !== '');
  return {
    uri: `${url.origin}${url.pathname.replace(/\/+$/, '')}`,
    origin: url.origin,
    headers: {
      ...(authorization === undefined ? {} : { authorization }),
      ...(connection.workspace === undefined
        ? {}
        : { 'x-mlflow-workspace': header('workspace', connection.workspace) }),
    },
    secrets,
    hasCredentials: authorization !== undefined || getToken !== undefined,
    proxies: connection,
    tokens: getToken === undefined ? undefined : new TokenSource(getToken, secrets),
  };
}

/** Masks the given secrets, and what the redaction policy knows as one (passwords in URLs, `token=…`), in a text. */
export function maskSecrets(text: string, secrets: readonly string[]): string {
  let masked = text;
  // the longest first: one may hold another
  for (const secret of secrets.toSorted((a, b) => b.length - a.length)) masked = masked.replaceAll(secret, REDACTED);
  return redactor.redactText(masked);
}

function parseHttpUri(uri: string): URL {
  const url = URL.parse(uri);
  if (url === null) {
    throw new RunspanError('INVALID_SETTINGS', `Cannot read tracking URI '${maskSecrets(uri, [])}': it is not a URI.`);
  }
  if (url.protocol === 'http:' || url.protocol === 'https:') return url;
  throw new RunspanError(
    'UNKNOWN_SCHEME',
    `Cannot open store '${maskSecrets(uri, [])}' over HTTP: its scheme is '${url.protocol}'. Use http or https.`,
  );
}

function readAuthorization(username: string, password: string, token: string | undefined): string | undefined {
  if (username !== '' && password !== '') {
    return `Basic ${Buffer.from(`${username}:${password}`, 'utf8').toString('base64')}`;
  }
  return token === undefined || token === '' ? undefined : `Bearer ${header('token', token)}`;
}

function header(field: string, value: string): string {
  if (/^[\x20-\x7e]*$/.test(value)) return value;
  // the value itself may be the secret, so it is not named
  throw new RunspanError('INVALID_SETTINGS', `Cannot send '${field}' as a header: it holds a line break or non-ASCII.`);
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    // a bare % in a password: taken as it stands
    return text;
  }
}
