import { describe, expect, test } from 'vitest';
import { otelVariablesOfDotenv, readOtelSettings } from '../../src/config/otel-settings.ts';
import type { SettingsSources } from '../../src/config/sources.ts';

const sources = (env: Record<string, string>, dotenv: Record<string, string> = {}): SettingsSources => ({
  folder: '/',
  env,
  dotenv: { name: '.env', values: dotenv },
  file: undefined,
});

describe('readOtelSettings', () => {
  test('is silent where nothing is set: no endpoint, nothing disabled', () => {
    expect(readOtelSettings(sources({}))).toEqual({
      endpoint: undefined,
      tracesEndpoint: undefined,
      logsEndpoint: undefined,
      protocol: undefined,
      exportTimeoutMs: undefined,
      isSdkDisabled: false,
      areSpansExported: true,
      areLogsExported: true,
    });
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
      exportTimeoutMs: 500,
      isSdkDisabled: true,
      areSpansExported: false,
      areLogsExported: true,
    });
  });

  test.each(['', 'soon', '-1', '0'])('ignores a timeout of %j', (text) => {
    expect(readOtelSettings(sources({ OTEL_EXPORTER_OTLP_TIMEOUT: text })).exportTimeoutMs).toBeUndefined();
  });

  test('gives what .env says for the SDK itself, and nothing else of it', () => {
    expect(otelVariablesOfDotenv(sources({}, { OTEL_EXPORTER_OTLP_HEADERS: 'a=b', OTHER: 'x' }))).toEqual({
      OTEL_EXPORTER_OTLP_HEADERS: 'a=b',
    });
  });
});
