// How a tracking server is reached: the fields of MLflow's own variables, and of the machine's proxies.
import { MAX_TIMEOUT_MS } from './fields.ts';
import type { Fields, WithUndefined } from './fields.ts';
import type { ServerOptions } from './mlflow-options.ts';

/** How a server is reached, as resolved. */
export type ServerFields = WithUndefined<
  ServerOptions,
  | 'username'
  | 'password'
  | 'token'
  | 'workspace'
  | 'serverCertPath'
  | 'clientCertPath'
  | 'httpProxy'
  | 'httpsProxy'
  | 'noProxy'
>;

/** The table of how a server is reached. */
export const SERVER_FIELDS: Fields<ServerFields> = {
  username: { kind: 'string', env: ['MLFLOW_TRACKING_USERNAME'], defaultValue: undefined, doc: 'Basic auth.' },
  password: {
    kind: 'string',
    env: ['MLFLOW_TRACKING_PASSWORD'],
    defaultValue: undefined,
    isSensitive: true,
    doc: 'Basic auth.',
  },
  token: {
    kind: 'string',
    env: ['MLFLOW_TRACKING_TOKEN'],
    defaultValue: undefined,
    isSensitive: true,
    allowsFunction: true,
    doc: 'Bearer token; in code also a function that gives one.',
  },
  workspace: {
    kind: 'string',
    env: ['MLFLOW_WORKSPACE'],
    defaultValue: undefined,
    doc: 'The workspace of the server.',
  },
  timeoutMs: {
    kind: 'integer',
    env: ['MLFLOW_HTTP_REQUEST_TIMEOUT'],
    defaultValue: 120_000,
    envFactor: 1000,
    min: 1,
    max: MAX_TIMEOUT_MS,
    doc: 'How long one request may take; the variable is in seconds.',
  },
  insecureTls: {
    kind: 'boolean',
    env: ['MLFLOW_TRACKING_INSECURE_TLS'],
    defaultValue: false,
    doc: 'Accept any TLS certificate.',
  },
  serverCertPath: {
    kind: 'path',
    env: ['MLFLOW_TRACKING_SERVER_CERT_PATH'],
    defaultValue: undefined,
    doc: 'A bundle of CA certificates.',
  },
  clientCertPath: {
    kind: 'path',
    env: ['MLFLOW_TRACKING_CLIENT_CERT_PATH'],
    defaultValue: undefined,
    doc: "The job's own certificate with its key, one PEM file.",
  },
  httpProxy: {
    kind: 'string',
    env: ['http_proxy', 'HTTP_PROXY', 'all_proxy', 'ALL_PROXY'],
    defaultValue: undefined,
    isSensitive: true,
    doc: 'The proxy for http servers; http(s)://[user:password@]host:port.',
  },
  httpsProxy: {
    kind: 'string',
    env: ['https_proxy', 'HTTPS_PROXY', 'all_proxy', 'ALL_PROXY'],
    defaultValue: undefined,
    isSensitive: true,
    doc: 'The proxy for https servers.',
  },
  noProxy: {
    kind: 'string',
    env: ['no_proxy', 'NO_PROXY'],
    defaultValue: undefined,
    doc: 'Who is reached without one: *, hosts with those below them, networks; each may have a port.',
  },
};
