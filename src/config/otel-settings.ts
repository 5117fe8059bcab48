// OpenTelemetry's own variables, as far as we decide something by them; the SDK reads the others itself.
import { findVariable, loadSources } from './sources.ts';
import type { SettingsSources } from './sources.ts';

/** What OpenTelemetry's variables say about where spans and log records go; the names are the SDK's own. */
export interface OtelSettings {
  /** OTEL_EXPORTER_OTLP_ENDPOINT */
  readonly endpoint: string | undefined;
  /** OTEL_EXPORTER_OTLP_TRACES_ENDPOINT */
  readonly tracesEndpoint: string | undefined;
  /** OTEL_EXPORTER_OTLP_LOGS_ENDPOINT */
  readonly logsEndpoint: string | undefined;
  /** OTEL_EXPORTER_OTLP_PROTOCOL */
  readonly protocol: string | undefined;
  /** OTEL_EXPORTER_OTLP_TIMEOUT, in milliseconds */
  readonly exportTimeoutMs: number | undefined;
  /** OTEL_SDK_DISABLED */
  readonly isSdkDisabled: boolean;
  /** False where OTEL_TRACES_EXPORTER is `none`. */
  readonly areSpansExported: boolean;
  /** False where OTEL_LOGS_EXPORTER is `none`. */
  readonly areLogsExported: boolean;
}

/**
 * Reads OpenTelemetry's variables from the process and `.env`; as its specification has it, an empty one is unset and a
 * number that is none is ignored.
 *
 * @see https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/
 * @example
 * readOtelSettings().endpoint; // 'http://localhost:4318'
 */
export function readOtelSettings(sources: SettingsSources = loadSources()): OtelSettings {
  const read = (name: string): string | undefined => findVariable(sources, name)?.text.trim() || undefined;
  const timeoutMs = Number(read('OTEL_EXPORTER_OTLP_TIMEOUT') ?? Number.NaN);
  return {
    endpoint: read('OTEL_EXPORTER_OTLP_ENDPOINT'),
    tracesEndpoint: read('OTEL_EXPORTER_OTLP_TRACES_ENDPOINT'),
    logsEndpoint: read('OTEL_EXPORTER_OTLP_LOGS_ENDPOINT'),
    protocol: read('OTEL_EXPORTER_OTLP_PROTOCOL'),
    exportTimeoutMs: timeoutMs > 0 ? timeoutMs : undefined,
    isSdkDisabled: read('OTEL_SDK_DISABLED')?.toLowerCase() === 'true',
    areSpansExported: read('OTEL_TRACES_EXPORTER') !== 'none',
    areLogsExported: read('OTEL_LOGS_EXPORTER') !== 'none',
  };
}

/** The variables of OpenTelemetry that `.env` sets: the SDK reads the process's only, so they are put there. */
export function otelVariablesOfDotenv(sources: SettingsSources = loadSources()): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(sources.dotenv?.values ?? {}).filter(([name]) => name.startsWith('OTEL_')));
}
