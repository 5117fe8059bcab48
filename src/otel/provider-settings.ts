// What the shared OpenTelemetry set-up is told; config reads it from files and env.

/** How one signal is queued; what is left out has our default. */
export interface BatchSettings {
  readonly maxQueueSize?: number | undefined;
  readonly maxExportBatchSize?: number | undefined;
  readonly scheduledDelayMs?: number | undefined;
}

/**
 * What the shared OpenTelemetry set-up is told. Headers, compression, certificates, sampler, propagators and resource
 * attributes are read by the SDK itself from OpenTelemetry's own env names.
 */
export interface ProviderSettings {
  /** Base URL of an OTLP endpoint; `/v1/traces` and `/v1/logs` are added. Env: OTEL_EXPORTER_OTLP_ENDPOINT. */
  readonly endpoint?: string | undefined;
  /** Whole URL for spans. Env: OTEL_EXPORTER_OTLP_TRACES_ENDPOINT. */
  readonly tracesEndpoint?: string | undefined;
  /** Whole URL for log records. Env: OTEL_EXPORTER_OTLP_LOGS_ENDPOINT. */
  readonly logsEndpoint?: string | undefined;
  /** `http/json`, `http/protobuf` or `grpc`. @default 'http/json'  Env: OTEL_EXPORTER_OTLP_PROTOCOL. */
  readonly protocol?: string | undefined;
  /** The resource's service.name, beating env. Env: OTEL_SERVICE_NAME. */
  readonly serviceName?: string | undefined;
  /** The resource's service.name where env has none either. */
  readonly defaultServiceName?: string | undefined;
  /** How long one export may take with its retries, in milliseconds. @default 2_000  Env: OTEL_EXPORTER_OTLP_TIMEOUT. */
  readonly exportTimeoutMs?: number | undefined;
  /** No SDK at all; runs still know their context. @default false  Env: OTEL_SDK_DISABLED. */
  readonly isSdkDisabled?: boolean | undefined;
  /** @default true  Env: OTEL_TRACES_EXPORTER (`none` is false). */
  readonly areSpansExported?: boolean | undefined;
  /** @default true  Env: OTEL_LOGS_EXPORTER (`none` is false). */
  readonly areLogsExported?: boolean | undefined;
  readonly spanBatch?: BatchSettings | undefined;
  readonly logBatch?: BatchSettings | undefined;
}

/** Where spans and log records go; undefined where they go nowhere. */
export interface ExportTargets {
  readonly tracesUrl: string | undefined;
  readonly logsUrl: string | undefined;
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
  const at = (path: string): string | undefined => {
    if (base === undefined || settings.protocol === 'grpc') return base;
    return `${base.replace(/\/+$/, '')}/${path}`;
  };
  return {
    tracesUrl: settings.areSpansExported === false ? undefined : settings.tracesEndpoint || at('v1/traces'),
    logsUrl: settings.areLogsExported === false ? undefined : settings.logsEndpoint || at('v1/logs'),
  };
}
