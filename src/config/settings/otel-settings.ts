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
  /** RUNSPAN_OTLP_HTTP_ENDPOINT, of a Collector that is spoken to by gRPC at another port than its usual one. */
  readonly httpEndpoint: string | undefined;
  /** How spans are sent; each variable of the common name or of `OTEL_EXPORTER_OTLP_TRACES_…`. */
  readonly spanConnection: OtelConnection;
  /** How log records are sent; each variable of the common name or of `OTEL_EXPORTER_OTLP_LOGS_…`. */
  readonly logConnection: OtelConnection;
  /** OTEL_SDK_DISABLED */
  readonly isSdkDisabled: boolean;
  /** Whether OTEL_TRACES_EXPORTER names `otlp`, or nothing. */
  readonly areSpansExported: boolean;
  /** Whether OTEL_LOGS_EXPORTER names `otlp`, or nothing. */
  readonly areLogsExported: boolean;
  /** Whether OTEL_TRACES_EXPORTER names `console`. */
  readonly areSpansPrinted: boolean;
  /** Whether OTEL_LOGS_EXPORTER names `console`. */
  readonly areLogsPrinted: boolean;
  /** What these two name beside `otlp`, `console` and `none`. */
  readonly unknownExporters: readonly string[];
  /** What OTEL_EXPORTER_OTLP_PROTOCOL, or a signal's own, names beside `http/json`, `http/protobuf` and `grpc`. */
  readonly unknownProtocols: readonly string[];
  /** Which variables name an endpoint for HTTP that is no http:// or https:// URL. */
  readonly misspeltEndpoints: readonly string[];
}

/** How an OTLP endpoint is spoken to. */
export interface OtelConnection {
  /** OTEL_EXPORTER_OTLP_PROTOCOL, where it is one that there is. */
  readonly protocol: string | undefined;
  /** OTEL_EXPORTER_OTLP_HEADERS */
  readonly headers: Readonly<Record<string, string>>;
  /** OTEL_EXPORTER_OTLP_TIMEOUT, in milliseconds */
  readonly timeoutMs: number | undefined;
  /** OTEL_EXPORTER_OTLP_COMPRESSION: whether it is `gzip`. */
  readonly isCompressed: boolean;
  /** OTEL_EXPORTER_OTLP_CERTIFICATE, _CLIENT_CERTIFICATE and _CLIENT_KEY: names of files in PEM. */
  readonly tls: {
    readonly ca: string | undefined;
    readonly cert: string | undefined;
    readonly key: string | undefined;
  };
}

const KNOWN_PROTOCOLS: ReadonlySet<string> = new Set(['http/json', 'http/protobuf', 'grpc']);
const KNOWN_EXPORTERS: ReadonlySet<string> = new Set(['otlp', 'console', 'none']);

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
  const exporters = (name: string): readonly string[] =>
    (read(name) ?? 'otlp').split(',').flatMap((part) => part.trim() || []);
  const [spanConnection, logConnection] = [readConnection(read, 'TRACES'), readConnection(read, 'LOGS')];
  const [spans, logs] = [exporters('OTEL_TRACES_EXPORTER'), exporters('OTEL_LOGS_EXPORTER')];
  return {
    endpoint: read('OTEL_EXPORTER_OTLP_ENDPOINT'),
    tracesEndpoint: read('OTEL_EXPORTER_OTLP_TRACES_ENDPOINT'),
    logsEndpoint: read('OTEL_EXPORTER_OTLP_LOGS_ENDPOINT'),
    httpEndpoint: read('RUNSPAN_OTLP_HTTP_ENDPOINT'),
    spanConnection,
    logConnection,
    isSdkDisabled: read('OTEL_SDK_DISABLED')?.toLowerCase() === 'true',
    areSpansExported: spans.includes('otlp'),
    areLogsExported: logs.includes('otlp'),
    areSpansPrinted: spans.includes('console'),
    areLogsPrinted: logs.includes('console'),
    unknownExporters: [...new Set([...spans, ...logs])].filter((name) => !KNOWN_EXPORTERS.has(name)),
    unknownProtocols: readUnknownProtocols(read),
    misspeltEndpoints: [
      ...misspelt('OTEL_EXPORTER_OTLP_ENDPOINT', read, [spanConnection, logConnection]),
      ...misspelt('OTEL_EXPORTER_OTLP_TRACES_ENDPOINT', read, [spanConnection]),
      ...misspelt('OTEL_EXPORTER_OTLP_LOGS_ENDPOINT', read, [logConnection]),
    ],
  };
}

/** gRPC takes a host and port alone. */
function misspelt(
  name: string,
  read: (name: string) => string | undefined,
  users: readonly OtelConnection[],
): readonly string[] {
  const text = read(name);
  const isRight = text === undefined || (/^https?:\/\//i.test(text) && URL.canParse(text));
  return isRight || users.every(({ protocol }) => protocol === 'grpc') ? [] : [name];
}

function readConnection(read: (name: string) => string | undefined, signal: 'TRACES' | 'LOGS'): OtelConnection {
  const find = (name: string): string | undefined =>
    read(`OTEL_EXPORTER_OTLP_${signal}_${name}`) ?? read(`OTEL_EXPORTER_OTLP_${name}`);
  const protocol = find('PROTOCOL') ?? '';
  const timeoutMs = Number(find('TIMEOUT') ?? Number.NaN);
  return {
    protocol: KNOWN_PROTOCOLS.has(protocol) ? protocol : undefined,
    // The specification: headers of both names are merged, the signal's own win.
    headers: {
      ...readHeaders(read('OTEL_EXPORTER_OTLP_HEADERS')),
      ...readHeaders(read(`OTEL_EXPORTER_OTLP_${signal}_HEADERS`)),
    },
    timeoutMs: timeoutMs > 0 ? timeoutMs : undefined,
    isCompressed: find('COMPRESSION') === 'gzip',
    tls: { ca: find('CERTIFICATE'), cert: find('CLIENT_CERTIFICATE'), key: find('CLIENT_KEY') },
  };
}

function readUnknownProtocols(read: (name: string) => string | undefined): readonly string[] {
  const named = ['', 'TRACES_', 'LOGS_'].flatMap((signal) => read(`OTEL_EXPORTER_OTLP_${signal}PROTOCOL`) ?? []);
  return [...new Set(named)].filter((name) => !KNOWN_PROTOCOLS.has(name));
}

/** `name=value,name=value`, values percent-encoded; what is none of that is passed over. */
function readHeaders(text = ''): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const pair of text.split(',')) {
    const [, name = '', value = ''] = /^\s*([^=\s]+)\s*=(.*)$/.exec(pair) ?? [];
    if (name !== '') headers[name.toLowerCase()] = decode(value.trim());
  }
  return headers;
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    // A bare percent sign: many write their tokens as they are.
    return text;
  }
}

/** The variables of OpenTelemetry that `.env` sets: the SDK reads the process's only, so they are put there. */
export function otelVariablesOfDotenv(sources: SettingsSources = loadSources()): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(sources.dotenv?.values ?? {}).filter(([name]) => name.startsWith('OTEL_')));
}
