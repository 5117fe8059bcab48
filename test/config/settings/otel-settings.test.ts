import { describe, expect, test } from 'vitest';
import { otelVariablesOfDotenv, readOtelSettings } from '../../../src/config/settings/otel-settings.ts';
import type { SettingsSources } from '../../../src/config/settings/sources.ts';

const sources = (env: Record<string, string>, dotenv: Record<string, string> = {}): SettingsSources => ({
  folder: '/',
  env,
  dotenv: { name: '.env', values: dotenv },
  file: undefined,
});

const plain = {
  protocol: undefined,
  headers: {},
  timeoutMs: undefined,
  isCompressed: false,
  tls: { ca: undefined, cert: undefined, key: undefined },
};

describe('readOtelSettings', () => {
  test('is silent where nothing is set: no endpoint, nothing disabled', () => {
    expect(readOtelSettings(sources({}))).toEqual({
      endpoint: undefined,
      tracesEndpoint: undefined,
      logsEndpoint: undefined,
      httpEndpoint: undefined,
      spanConnection: plain,
      logConnection: plain,
      isSdkDisabled: false,
      areSpansExported: true,
      areLogsExported: true,
      areSpansPrinted: false,
      areLogsPrinted: false,
      unknownExporters: [],
      unknownProtocols: [],
      misspeltEndpoints: [],
    });
  });

  test.each([
    ['grpc', undefined, ['grpc', 'grpc'], []],
    ['grpc', 'http/protobuf', ['http/protobuf', 'grpc'], []],
    ['carrier pigeon', 'http/json', ['http/json', undefined], ['carrier pigeon']],
  ])('reads protocol %j, and %j for spans', (common, ofSpans, protocols, unknownProtocols) => {
    const env = {
      OTEL_EXPORTER_OTLP_PROTOCOL: common,
      ...(ofSpans && { OTEL_EXPORTER_OTLP_TRACES_PROTOCOL: ofSpans }),
    };
    const settings = readOtelSettings(sources(env));
    expect([settings.spanConnection.protocol, settings.logConnection.protocol]).toEqual(protocols);
    expect(settings.unknownProtocols).toEqual(unknownProtocols);
  });

  test.each([
    ['otlp, console', { areSpansExported: true, areSpansPrinted: true, unknownExporters: [] }],
    ['console', { areSpansExported: false, areSpansPrinted: true, unknownExporters: [] }],
    ['zipkin,otlp', { areSpansExported: true, areSpansPrinted: false, unknownExporters: ['zipkin'] }],
    ['none', { areSpansExported: false, areSpansPrinted: false, unknownExporters: [] }],
  ])('reads the exporters %j', (text, expected) => {
    expect(readOtelSettings(sources({ OTEL_TRACES_EXPORTER: text }))).toMatchObject(expected);
  });

  test('reads each variable, the process before .env', () => {
    const env = {
      OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector:4318',
      OTEL_EXPORTER_OTLP_TIMEOUT: '500',
      OTEL_SDK_DISABLED: 'TRUE',
      OTEL_TRACES_EXPORTER: 'none',
      OTEL_LOGS_EXPORTER: 'otlp',
    };
    const dotenv = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://other', OTEL_EXPORTER_OTLP_LOGS_ENDPOINT: 'http://logs' };
    expect(readOtelSettings(sources(env, dotenv))).toMatchObject({
      endpoint: 'http://collector:4318',
      logsEndpoint: 'http://logs',
      spanConnection: { timeoutMs: 500 },
      logConnection: { timeoutMs: 500 },
      isSdkDisabled: true,
      areSpansExported: false,
      areLogsExported: true,
    });
  });

  test.each(['', 'soon', '-1', '0'])('ignores a timeout of %j', (text) => {
    const { spanConnection } = readOtelSettings(sources({ OTEL_EXPORTER_OTLP_TIMEOUT: text }));
    expect(spanConnection.timeoutMs).toBeUndefined();
  });

  test('reads how each signal is sent: its own names before the common ones, headers of both', () => {
    const env = {
      OTEL_EXPORTER_OTLP_HEADERS: 'Authorization=Bearer%20abc=, x-tenant = blue,nonsense,=none',
      OTEL_EXPORTER_OTLP_LOGS_HEADERS: 'x-tenant=100%',
      OTEL_EXPORTER_OTLP_COMPRESSION: 'gzip',
      OTEL_EXPORTER_OTLP_TRACES_COMPRESSION: 'none',
      OTEL_EXPORTER_OTLP_TIMEOUT: '500',
      OTEL_EXPORTER_OTLP_TRACES_TIMEOUT: '700',
      OTEL_EXPORTER_OTLP_CERTIFICATE: '/ca.pem',
      OTEL_EXPORTER_OTLP_LOGS_CLIENT_CERTIFICATE: '/cert.pem',
      OTEL_EXPORTER_OTLP_LOGS_CLIENT_KEY: '/key.pem',
    };
    const { spanConnection, logConnection } = readOtelSettings(sources(env));
    expect(spanConnection).toEqual({
      protocol: undefined,
      headers: { authorization: 'Bearer abc=', 'x-tenant': 'blue' },
      timeoutMs: 700,
      isCompressed: false,
      tls: { ca: '/ca.pem', cert: undefined, key: undefined },
    });
    expect(logConnection).toEqual({
      protocol: undefined,
      headers: { authorization: 'Bearer abc=', 'x-tenant': '100%' },
      timeoutMs: 500,
      isCompressed: true,
      tls: { ca: '/ca.pem', cert: '/cert.pem', key: '/key.pem' },
    });
  });

  test('gives what .env says for the SDK itself, and nothing else of it', () => {
    expect(otelVariablesOfDotenv(sources({}, { OTEL_EXPORTER_OTLP_HEADERS: 'a=b', OTHER: 'x' }))).toEqual({
      OTEL_EXPORTER_OTLP_HEADERS: 'a=b',
    });
  });
});

test.each<[Record<string, string>, readonly string[]]>([
  [{ OTEL_EXPORTER_OTLP_ENDPOINT: 'localhost:4318' }, ['OTEL_EXPORTER_OTLP_ENDPOINT']],
  [{ OTEL_EXPORTER_OTLP_ENDPOINT: '127.0.0.1' }, ['OTEL_EXPORTER_OTLP_ENDPOINT']],
  [{ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://' }, ['OTEL_EXPORTER_OTLP_ENDPOINT']],
  [
    { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://c:4318', OTEL_EXPORTER_OTLP_LOGS_ENDPOINT: 'c' },
    ['OTEL_EXPORTER_OTLP_LOGS_ENDPOINT'],
  ],
  [{ OTEL_EXPORTER_OTLP_ENDPOINT: 'https://c:4318/x' }, []],
  [{ OTEL_EXPORTER_OTLP_ENDPOINT: 'localhost:4317', OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' }, []],
  [
    { OTEL_EXPORTER_OTLP_ENDPOINT: 'c:4317', OTEL_EXPORTER_OTLP_TRACES_PROTOCOL: 'grpc' },
    ['OTEL_EXPORTER_OTLP_ENDPOINT'],
  ],
])('of %j the endpoints that are no URL are %j', (env, names) => {
  expect(readOtelSettings(sources(env)).misspeltEndpoints).toEqual(names);
});
