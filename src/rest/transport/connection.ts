// How to reach a tracking server: what transport, auth and TLS need. Held in memory only, never written down.
import type { ArtifactSettings } from '../../model/artifact-settings.ts';
import type { GetToken } from '../../model/get-token.ts';
import type { ProxyOptions } from './proxies.ts';

/** Everything one tracking server needs; credentials go to its own origin and no other. */
export interface ConnectionOptions extends ProxyOptions {
  /** Basic auth; wins over `token`, as in Python's code. Env: MLFLOW_TRACKING_USERNAME */
  readonly username?: string;
  /** Env: MLFLOW_TRACKING_PASSWORD */
  readonly password?: string;
  /** Bearer token. Env: MLFLOW_TRACKING_TOKEN */
  readonly token?: string;
  /** Asked for a bearer token before each request, and again after a 401; wins over all of the above. A function crosses no thread. */
  readonly getToken?: GetToken;
  /** Sent as X-MLFLOW-WORKSPACE. Env: MLFLOW_WORKSPACE */
  readonly workspace?: string;
  /** How long one request may take, in milliseconds. @default 120_000  Env: MLFLOW_HTTP_REQUEST_TIMEOUT, in seconds as in Python */
  readonly timeoutMs?: number;
  /** Accept any TLS certificate. Env: MLFLOW_TRACKING_INSECURE_TLS */
  readonly isInsecureTls?: boolean;
  /** A CA bundle's path. Env: MLFLOW_TRACKING_SERVER_CERT_PATH */
  readonly serverCertPath?: string;
  /** A client certificate with its key, one PEM file. Env: MLFLOW_TRACKING_CLIENT_CERT_PATH */
  readonly clientCertPath?: string;
  /** How artifacts travel beside it; for whoever opens a repository with this connection. */
  readonly artifacts?: ArtifactSettings;
}
