// The sockets: one pool of kept-alive connections an origin, with the TLS and the proxy that the settings ask for.
import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { Pool, ProxyAgent, type Dispatcher } from 'undici';
import { RunspanError } from '../../errors.ts';
import type { ConnectionOptions } from './connection.ts';
import { proxyFor, type ProxyOptions } from './proxies.ts';

/** Connections to a tracking server; more brought no gain against a real one (measured 1 to 16). */
const MAX_CONNECTIONS = 8;

/** How long a connection may take to stand, in milliseconds, undici's default: what waits for it longer only piles up. */
const MAX_CONNECT_MS = 10_000;

const CA_SETTING = 'MLFLOW_TRACKING_SERVER_CERT_PATH';

/** What is not the tracking server's. */
interface PoolOptions {
  readonly maxConnections?: number;
  readonly caSetting?: string;
}

/** What both ends of TLS need; `cert` and `key` prove who we are, so they go to the tracking server only. */
interface TlsOptions {
  readonly trust: { readonly rejectUnauthorized?: boolean; readonly ca?: string };
  readonly identity: { readonly cert?: string; readonly key?: string };
}

/** The pools of one transport, made when first needed. */
export class Dispatchers {
  readonly #trackingOrigin: string;
  readonly #connectTimeoutMs: number;
  readonly #proxies: ProxyOptions;
  readonly #tls: TlsOptions;
  readonly #maxConnections: number;
  readonly #ofOrigin = new Map<string, Dispatcher>();

  /**
   * @param limits `maxConnections`: an origin; `caSetting`: what named `serverCertPath`, for errors
   * @throws {RunspanError} `FILE_NOT_READABLE`, `INVALID_SETTINGS` for what the TLS settings or the proxy's URI say
   */
  constructor(
    trackingOrigin: string,
    connection: ConnectionOptions,
    { maxConnections = MAX_CONNECTIONS, caSetting = CA_SETTING }: PoolOptions = {},
  ) {
    this.#trackingOrigin = trackingOrigin;
    this.#connectTimeoutMs = Math.min(connection.timeoutMs ?? MAX_CONNECT_MS, MAX_CONNECT_MS);
    this.#proxies = connection;
    this.#maxConnections = maxConnections;
    this.#tls = readTls(connection, caSetting);
    // what is wrong with it is said at once, not at the first request
    proxyFor(trackingOrigin, connection);
  }

  /** The pool of one origin. */
  get(origin: string): Dispatcher {
    const known = this.#ofOrigin.get(origin);
    if (known !== undefined) return known;
    const made = this.#make(origin);
    this.#ofOrigin.set(origin, made);
    return made;
  }

  /** Closes every socket at once; what is under way fails. */
  async destroy(): Promise<void> {
    const all = [...this.#ofOrigin.values()];
    this.#ofOrigin.clear();
    await Promise.all(all.map((dispatcher) => dispatcher.destroy()));
  }

  #make(origin: string): Dispatcher {
    const tls = origin === this.#trackingOrigin ? { ...this.#tls.trust, ...this.#tls.identity } : this.#tls.trust;
    // the one deadline of a request rules: undici's own are off
    const limits = { connections: this.#maxConnections, headersTimeout: 0, bodyTimeout: 0, allowH2: false };
    const proxyUri = proxyFor(origin, this.#proxies);
    if (proxyUri === undefined) {
      return new Pool(origin, { ...limits, connect: { ...tls, timeout: this.#connectTimeoutMs } });
    }
    return new ProxyAgent({
      ...limits,
      uri: proxyUri,
      requestTls: tls,
      proxyTls: this.#tls.trust,
      connectTimeout: this.#connectTimeoutMs,
    });
  }
}

function readTls(connection: ConnectionOptions, caSetting: string): TlsOptions {
  const { serverCertPath: ca, clientCertPath: client } = connection;
  const isInsecure = connection.isInsecureTls === true;
  if (isInsecure && ca !== undefined) {
    throw new RunspanError(
      'INVALID_SETTINGS',
      'MLFLOW_TRACKING_INSECURE_TLS and MLFLOW_TRACKING_SERVER_CERT_PATH exclude each other: set one.',
    );
  }
  const pem = client === undefined ? undefined : readPem(client, 'MLFLOW_TRACKING_CLIENT_CERT_PATH');
  return {
    trust: {
      ...(isInsecure ? { rejectUnauthorized: false } : {}),
      ...(ca === undefined ? {} : { ca: readAuthorities(ca, caSetting) }),
    },
    identity: pem === undefined ? {} : { cert: pem, key: pem },
  };
}

/** Node takes a file without certificates in silence, and then trusts nobody. */
function readAuthorities(path: string, setting: string): string {
  const pem = readPem(path, setting);
  try {
    // OpenSSL's own form, which Node takes for an authority but not here.
    if (!pem.includes('-----BEGIN TRUSTED CERTIFICATE-----')) new X509Certificate(pem);
    return pem;
  } catch (cause) {
    throw new RunspanError(
      'INVALID_SETTINGS',
      `There is no certificate in '${path}', which ${setting} names. It must be a PEM file with -----BEGIN CERTIFICATE-----.`,
      { cause },
    );
  }
}

function readPem(path: string, setting: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    throw new RunspanError('FILE_NOT_READABLE', `Cannot read '${path}', which ${setting} names.`, { cause });
  }
}
