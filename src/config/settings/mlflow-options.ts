// What MlflowService can be told, and what it makes of that.
import type { GetToken } from '../../model/get-token.ts';
import type { S3Options } from './artifact-fields.ts';
import type { RedactOptions } from './redact-fields.ts';
import type { JournalOptions } from './journal-fields.ts';
import type { SystemMetricsOptions } from './system-metrics-fields.ts';

export type { S3Options } from './artifact-fields.ts';

/** The origin's flags of MLflow's autolog, with its defaults. Env of each: RUNSPAN_MLFLOW_AUTOLOG_… (`autologLogModels`: …_LOG_MODELS) */
export interface AutologOptions {
  /** Log no training by itself. @default false */
  readonly autologDisable?: boolean;
  /** Log nothing for versions that were not tested, instead of a warning. @default false */
  readonly autologDisableForUnsupportedVersions?: boolean;
  /** Do not log to runs that the user opened. @default false */
  readonly autologExclusive?: boolean;
  /** Keep the first five rows with a logged model. @default true */
  readonly autologLogInputExamples?: boolean;
  /** Keep what a logged model takes and gives. @default true */
  readonly autologLogModelSignatures?: boolean;
  /** Keep trained models. @default false */
  readonly autologLogModels?: boolean;
  /** Record the data that was trained on. @default false */
  readonly autologLogDatasets?: boolean;
  /** Say nothing of what could not be logged. @default false */
  readonly autologSilent?: boolean;
}

/** How a tracking server is reached; MLflow's own variables, with their own units. */
export interface ServerOptions {
  /**
   * Basic auth, with a password. As in Python a user and password in the URI win over it, it wins over `~/.mlflow/credentials`, and all of
   * them over the token. Env: MLFLOW_TRACKING_USERNAME
   */
  readonly username?: string;
  /** Env: MLFLOW_TRACKING_PASSWORD */
  readonly password?: string;
  /**
   * Bearer token, or a function that gives one: it is asked on the job's thread before each request, and again after a 401, and wins over
   * user and password. See docs/settings.md for what a thread that is busy means to it. Env: MLFLOW_TRACKING_TOKEN
   */
  readonly token?: string | GetToken;
  /** The server's workspace. Env: MLFLOW_WORKSPACE */
  readonly workspace?: string;
  /** How long one request may take, in milliseconds. @default 120_000  Env: MLFLOW_HTTP_REQUEST_TIMEOUT, in seconds as in Python */
  readonly timeoutMs?: number;
  /** Accept any TLS certificate; excludes serverCertPath. @default false  Env: MLFLOW_TRACKING_INSECURE_TLS */
  readonly insecureTls?: boolean;
  /** A bundle of CA certificates. Env: MLFLOW_TRACKING_SERVER_CERT_PATH */
  readonly serverCertPath?: string;
  /** The job's own certificate with its key, one PEM file. Env: MLFLOW_TRACKING_CLIENT_CERT_PATH */
  readonly clientCertPath?: string;
  /** The proxy for `http:` servers, `http(s)://[user:password@]host:port`. Env: http_proxy, HTTP_PROXY, all_proxy, ALL_PROXY */
  readonly httpProxy?: string;
  /** The proxy for `https:` servers. Env: https_proxy, HTTPS_PROXY, all_proxy, ALL_PROXY */
  readonly httpsProxy?: string;
  /** Who is reached without one: `*`, hosts with those below them, networks (`10.0.0.0/8`); each may have a port. Env: no_proxy, NO_PROXY */
  readonly noProxy?: string;
}

/** How long each phase may take, in milliseconds. */
export interface DeadlineOptions {
  /** Over HTTP: how long start and startRun wait for the server's answer. @default 2_000  Env: RUNSPAN_MLFLOW_START_TIMEOUT_MS */
  readonly startTimeoutMs?: number;
  /** How long flush() waits for delivery. @default 30_000  Env: RUNSPAN_MLFLOW_FLUSH_TIMEOUT_MS */
  readonly flushTimeoutMs?: number;
  /** How long stop() may take; a server that is away is given up as at an exit. @default 10_000  Env: RUNSPAN_MLFLOW_STOP_TIMEOUT_MS */
  readonly stopTimeoutMs?: number;
  /**
   * How long a process that ends waits for delivery. A server that is away (no connection, no address, 5xx) is given up after a quarter of
   * it, counted from where nothing got through any more; one that refuses what is sent (401, 403, a path without MLflow) after a second;
   * each is tried for a second at least. One that dawdles is waited for to the last. @default 10_000  Env: RUNSPAN_MLFLOW_EXIT_TIMEOUT_MS
   */
  readonly exitTimeoutMs?: number;
  /** How long a call of client() may take. @default 30_000  Env: RUNSPAN_MLFLOW_CLIENT_TIMEOUT_MS */
  readonly clientTimeoutMs?: number;
}

/** How runs are tracked; strict: an unknown key or a wrong type throws `INVALID_SETTINGS`. */
export interface MlflowOptions
  extends
    AutologOptions,
    ServerOptions,
    S3Options,
    DeadlineOptions,
    JournalOptions,
    RedactOptions,
    SystemMetricsOptions {
  /** `sqlite:///file`, `http(s)://server`, or MLflow's folder of runs: `./mlruns`, `file:///…`. @default 'sqlite:///mlflow.db'  Env: MLFLOW_TRACKING_URI */
  readonly trackingUri?: string;
  /** Where registered models are. @default trackingUri  Env: MLFLOW_REGISTRY_URI */
  readonly registryUri?: string;
  /** Made where there is none. @default the nearest package.json's name, else the folder's  Env: MLFLOW_EXPERIMENT_NAME */
  readonly experimentName?: string;
  /** The registered model that `registerModel` adds to where it is given no name. @default the project's name without `@`, `/`, `:`  Env: MLFLOW_REGISTERED_MODEL_NAME */
  readonly registryName?: string;
  /** Where the artifacts of experiments go that are made in a database, a folder or `s3://bucket/path`; a folder of runs keeps its own. @default './mlruns'  Env: RUNSPAN_ARTIFACT_ROOT */
  readonly artifactRoot?: string;
  /** Throw on values that would have been mended. @default false  Env: RUNSPAN_MLFLOW_STRICT */
  readonly strict?: boolean;
  /** Handlers for signals, crashes and the end of the process, while a run is open. @default true  Env: RUNSPAN_MLFLOW_EXIT_HOOKS */
  readonly exitHooks?: boolean;
  /** A trace's page, with `{traceId}` in it: `http://jaeger/trace/{traceId}`. Env: RUNSPAN_TRACE_URL_TEMPLATE */
  readonly traceUrlTemplate?: string;
  /**
   * Keep a run's spans and log lines as `runspan/trace.otlp.jsonl` and `runspan/logs.otlp.jsonl`, artifacts of it: the newest 10,000 of
   * each, 8 MB of text at most; tags `runspan.dropped_spans` and `runspan.dropped_logs` count the rest. A killed run has none.
   * @default true  Env: RUNSPAN_MLFLOW_KEEP_TELEMETRY
   */
  readonly keepTelemetry?: boolean;
  /**
   * Show a run's spans as its trace in MLflow, where the tracking URI is a server that takes them (`POST /v1/traces`). They are sent
   * when the run has ended, out of the journal as everything else. Needs `keepTelemetry`.
   * @default true  Env: RUNSPAN_MLFLOW_LOG_TRACES
   */
  readonly logTraces?: boolean;
  /** Log no line where a run starts and ends. @default false  Env: MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT */
  readonly suppressRunLines?: boolean;
  /** Everything is kept in the journal and nothing is sent, until `runspan sync`. @default false  Env: RUNSPAN_OFFLINE */
  readonly isOffline?: boolean;
  /** Bodies run, nothing is written or sent. @default false  Env: RUNSPAN_DISABLED */
  readonly isDisabled?: boolean;
}
