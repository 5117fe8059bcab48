// What the shared OpenTelemetry set-up is told; config reads it from files and env.
import type { OtlpTarget, OtlpTargets, Signal, TlsFiles } from '../../collector/contract.ts';

/** How one signal's endpoint is spoken to; what is left out has the default. */
export interface SignalConnection {
  /** @default that of both signals  Env: OTEL_EXPORTER_OTLP_TRACES_PROTOCOL, OTEL_EXPORTER_OTLP_LOGS_PROTOCOL. */
  readonly protocol?: string | undefined;
  /** Env: OTEL_EXPORTER_OTLP_HEADERS. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** How long one export may take, in milliseconds. @default 2_000  Env: OTEL_EXPORTER_OTLP_TIMEOUT. */
  readonly timeoutMs?: number | undefined;
  /** @default false  Env: OTEL_EXPORTER_OTLP_COMPRESSION (`gzip` is true). */
  readonly isCompressed?: boolean | undefined;
  /** Env: OTEL_EXPORTER_OTLP_CERTIFICATE, OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE, OTEL_EXPORTER_OTLP_CLIENT_KEY. */
  readonly tls?: TlsFiles | undefined;
}

/** How one signal is queued; what is left out has our default. */
export interface BatchSettings {
  readonly maxQueueSize?: number | undefined;
  readonly maxExportBatchSize?: number | undefined;
  readonly scheduledDelayMs?: number | undefined;
}

/**
 * What the shared OpenTelemetry set-up is told. Sampler, propagators and resource attributes are read by the SDK itself
 * from OpenTelemetry's own env names.
 */
export interface ProviderSettings {
  /** Base URL of an OTLP endpoint; `/v1/traces` and `/v1/logs` are added. Env: OTEL_EXPORTER_OTLP_ENDPOINT. */
  readonly endpoint?: string | undefined;
  /** Whole URL for spans. Env: OTEL_EXPORTER_OTLP_TRACES_ENDPOINT. */
  readonly tracesEndpoint?: string | undefined;
  /** Whole URL for log records. Env: OTEL_EXPORTER_OTLP_LOGS_ENDPOINT. */
  readonly logsEndpoint?: string | undefined;
  /** Base URL of the same Collector's OTLP over HTTP, where it is spoken to by gRPC: what was kept on disk goes there. @default port 4318 beside 4317  Env: RUNSPAN_OTLP_HTTP_ENDPOINT. */
  readonly httpEndpoint?: string | undefined;
  /** `http/json`, `http/protobuf` or `grpc`. @default 'http/json'  Env: OTEL_EXPORTER_OTLP_PROTOCOL. */
  readonly protocol?: string | undefined;
  /** The resource's service.name, beating env. Env: OTEL_SERVICE_NAME. */
  readonly serviceName?: string | undefined;
  /** The resource's service.name where env has none either. */
  readonly defaultServiceName?: string | undefined;
  readonly spanConnection?: SignalConnection | undefined;
  readonly logConnection?: SignalConnection | undefined;
  /** RUNSPAN_DIR: where telemetry that is not sent waits on disk; without it, it is lost and counted. */
  readonly directory?: string | undefined;
  /** No SDK at all; runs still know their context. @default false  Env: OTEL_SDK_DISABLED. */
  readonly isSdkDisabled?: boolean | undefined;
  /** @default true  Env: OTEL_TRACES_EXPORTER (`otlp` among its names, or no name). */
  readonly areSpansExported?: boolean | undefined;
  /** @default true  Env: OTEL_LOGS_EXPORTER (`otlp` among its names, or no name). */
  readonly areLogsExported?: boolean | undefined;
  /** Whether spans are printed on stdout as well, by the SDK's own exporter. @default false  Env: OTEL_TRACES_EXPORTER (`console`). */
  readonly areSpansPrinted?: boolean | undefined;
  /** @default false  Env: OTEL_LOGS_EXPORTER (`console`). */
  readonly areLogsPrinted?: boolean | undefined;
  /** Exporters that were asked for and are none of these. */
  readonly unknownExporters?: readonly string[] | undefined;
  /** Protocols that were asked for and are none of ours. */
  readonly unknownProtocols?: readonly string[] | undefined;
  /** Variables that should name a URL and do not. */
  readonly misspeltEndpoints?: readonly string[] | undefined;
  /** The providers by hand, and no NodeSDK: a job under register waits for its first line meanwhile. @default false */
  readonly isLean?: boolean | undefined;
  readonly spanBatch?: BatchSettings | undefined;
  readonly logBatch?: BatchSettings | undefined;
}

/** Where spans and log records go; undefined where they go nowhere. */
export interface ExportTargets {
  readonly tracesUrl: string | undefined;
  readonly logsUrl: string | undefined;
}

/** Gives the protocol that a signal's endpoint is spoken to by. */
export function protocolOf(settings: ProviderSettings, signal: Signal): string {
  const connection = signal === 'traces' ? settings.spanConnection : settings.logConnection;
  return connection?.protocol ?? settings.protocol ?? 'http/json';
}

/**
 * Works out where spans and log records go.
 *
 * @see https://opentelemetry.io/docs/specs/otel/protocol/exporter/ (endpoint URLs)
 * @example
 * exportTargets({ endpoint: 'http://localhost:4318' }).logsUrl; // http://localhost:4318/v1/logs
 */
export function exportTargets(settings: ProviderSettings): ExportTargets {
  if (settings.isSdkDisabled === true) return { tracesUrl: undefined, logsUrl: undefined };
  const base = settings.endpoint || undefined;
  const at = (signal: Signal): string | undefined => {
    return base === undefined || protocolOf(settings, signal) === 'grpc' ? base : doorOf(base, signal);
  };
  return {
    tracesUrl: settings.areSpansExported === false ? undefined : settings.tracesEndpoint || at('traces'),
    logsUrl: settings.areLogsExported === false ? undefined : settings.logsEndpoint || at('logs'),
  };
}

/** How long one export may take where nobody says: a job must not be held for the 10 s that the SDK gives it. */
const DEFAULT_TIMEOUT_MS = 2_000;
/** The ports at which a Collector speaks gRPC and HTTP. */
const GRPC_PORT = '4317';
const HTTP_PORT = '4318';

/**
 * Works out where OTLP over HTTP goes. With gRPC that is `httpEndpoint`, or where the endpoint has the Collector's own port 4317, port
 * 4318 of the same host; else it is not known.
 *
 * @example
 * httpTargets({ endpoint: 'http://localhost:4317', protocol: 'grpc' }).logs?.url; // http://localhost:4318/v1/logs
 */
export function httpTargets(settings: ProviderSettings): OtlpTargets {
  const { tracesUrl, logsUrl } = exportTargets(settings);
  const isGrpc = (signal: Signal): boolean => protocolOf(settings, signal) === 'grpc';
  const traces = isGrpc('traces') ? besideGrpc(tracesUrl, 'traces', settings) : tracesUrl;
  const logs = isGrpc('logs') ? besideGrpc(logsUrl, 'logs', settings) : logsUrl;
  return {
    ...(traces !== undefined && { traces: toTarget(traces, settings.spanConnection) }),
    ...(logs !== undefined && { logs: toTarget(logs, settings.logConnection) }),
  };
}

function toTarget(url: string, connection: SignalConnection = {}): OtlpTarget {
  const { headers = {}, timeoutMs = DEFAULT_TIMEOUT_MS, isCompressed, tls } = connection;
  return { url, headers, timeoutMs, isCompressed, tls };
}

function doorOf(base: string, signal: Signal): string {
  return `${base.replace(/\/+$/, '')}/v1/${signal}`;
}

function besideGrpc(
  endpoint: string | undefined,
  signal: Signal,
  { httpEndpoint }: ProviderSettings,
): string | undefined {
  if (endpoint === undefined) return undefined;
  if (httpEndpoint) return doorOf(httpEndpoint, signal);
  if (!/^https?:/i.test(endpoint) || !URL.canParse(endpoint)) return undefined;
  const url = new URL(endpoint);
  if (url.port !== GRPC_PORT) return undefined;
  return doorOf(`${url.protocol}//${url.hostname}:${HTTP_PORT}`, signal);
}
