// Whatever stands in a variable, in .env or in the settings file: a setting, or an error of ours that names the place. Never a hang.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { ALERTS_FIELDS, resolveAlertsSettings } from '../../../src/config/settings/alerts-settings.ts';
import { LOGGER_FIELDS, resolveLoggerSettings } from '../../../src/config/settings/logger-settings.ts';
import { MLFLOW_FIELDS } from '../../../src/config/settings/mlflow-fields.ts';
import { resolveMlflowSettings } from '../../../src/config/settings/mlflow-settings.ts';
import { otelVariablesOfDotenv, readOtelSettings } from '../../../src/config/settings/otel-settings.ts';
import { loadSources } from '../../../src/config/settings/sources.ts';
import type { SettingsSources } from '../../../src/config/settings/sources.ts';
import { RunspanError } from '../../../src/errors.ts';
import { exportTargets, httpTargets } from '../../../src/otel/export/provider-settings.ts';
import { readTraceParent } from '../../../src/otel/trace-parent.ts';
import { findInstrumentationNames } from '../../../src/register/instrumentation-names.ts';
import { cpuMsOf } from '../../cpu-time.ts';

const folder = mkdtempSync(join(tmpdir(), 'runspan-any-'));
const empty = mkdtempSync(join(tmpdir(), 'runspan-none-'));
afterAll(() => [folder, empty].forEach((path) => rmSync(path, { recursive: true })));

/** Far more than any of them takes, and far less than a hang. */
const LIMIT_MS = 1_000;
const words = fc.constantFrom(
  'true', 'off', '0', '-1', '1e309', '0x10', ' 7 ', 'http://', 'http://[', 'https://a:b@c:99999/%', 'sqlite:///', 'sqlite:////\0', 'file:', 's3://', 'DEBUG', '{time', '<red>', '[1, 2', '{"a":', '~', '../../..', 'a=b,=c,%', 'grpc', 'otlp,none', '${oc.env:X}', '\u{1F600}', '\uD800', '\n',
); // prettier-ignore
const text = fc.oneof(
  words,
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.array(words, { maxLength: 4 }).map((parts) => parts.join('')),
  fc.nat({ max: 200_000 }).map((length) => '9'.repeat(length)),
);

/** Runs it; what it throws must be ours, with a code, and name one of these. */
function expectNamed(action: () => unknown, names: readonly string[]): void {
  let thrown: unknown;
  const costMs = cpuMsOf(() => {
    try {
      action();
    } catch (error) {
      thrown = error;
    }
  });
  expect(costMs).toBeLessThan(LIMIT_MS);
  if (thrown === undefined) return;
  if (!(thrown instanceof RunspanError)) throw thrown;
  const { code, message } = thrown;
  expect(code).toMatch(/^INVALID_(?:SETTINGS|CONFIG)$/);
  expect(
    names.some((name) => message.includes(name)),
    message,
  ).toBe(true);
}

const services = {
  logger: [LOGGER_FIELDS, (sources: SettingsSources): unknown => resolveLoggerSettings({}, sources)],
  alerts: [ALERTS_FIELDS, (sources: SettingsSources): unknown => resolveAlertsSettings({}, sources)],
  mlflow: [MLFLOW_FIELDS, (sources: SettingsSources): unknown => resolveMlflowSettings({}, sources)],
} as const;

describe('any text in any variable', () => {
  const fields = Object.entries(services).flatMap(([service, [table, resolve]]) =>
    Object.entries(table).flatMap(([field, { env }]: [string, { readonly env: readonly string[] }]) =>
      env.map((name) => ({ field: `${service}.${field}`, name, resolve })),
    ),
  );

  it('of a service is a setting, or refused by the name of both', () => {
    fc.assert(
      fc.property(fc.constantFrom(...fields), text, ({ field, name, resolve }, value) => {
        const named = [field, name];
        expectNamed(() => resolve(loadSources({ folder: empty, env: { [name]: value } })), named);
      }),
      { numRuns: 1_000 },
    );
  });

  it('of OpenTelemetry is read or passed over, and leads to URLs or nowhere', () => {
    const variables = [
      'ENDPOINT', 'TRACES_ENDPOINT', 'LOGS_ENDPOINT', 'PROTOCOL', 'TRACES_PROTOCOL', 'HEADERS', 'LOGS_HEADERS', 'TIMEOUT', 'COMPRESSION', 'CERTIFICATE',
    ].map((name) => `OTEL_EXPORTER_OTLP_${name}`); // prettier-ignore
    const others = ['OTEL_TRACES_EXPORTER', 'OTEL_LOGS_EXPORTER', 'OTEL_SDK_DISABLED', 'RUNSPAN_OTLP_HTTP_ENDPOINT', 'RUNSPAN_INSTRUMENTATIONS']; // prettier-ignore
    const env = fc.dictionary(fc.constantFrom(...variables, ...others), text, { maxKeys: 5 });
    fc.assert(
      fc.property(env, text, (values, traceParent) => {
        const costMs = cpuMsOf(() => {
          const sources = { folder: empty, env: values, dotenv: undefined, file: undefined };
          const settings = readOtelSettings(sources);
          exportTargets(settings);
          httpTargets(settings);
          findInstrumentationNames(sources);
          readTraceParent(traceParent);
        });
        expect(costMs).toBeLessThan(LIMIT_MS);
      }),
      { numRuns: 600 },
    );
  });

  it('makes a .env and a settings file that are read, or refused by name', () => {
    const files = ['runspan.yaml', 'runspan.json', 'runspan.toml'] as const;
    const lines = fc
      .array(
        fc.oneof(
          text,
          fc
            .tuple(fc.constantFrom('MLFLOW_TRACKING_URI=', 'logger:\n  ', '[mlflow]\n', '"alerts": '), text)
            .map((parts) => parts.join('')),
        ),
        { maxLength: 4 },
      )
      .map((parts) => parts.join('\n').slice(0, 5_000));
    fc.assert(
      fc.property(fc.constantFrom(...files), lines, lines, (file, dotenv, config) => {
        for (const name of files) rmSync(join(folder, name), { force: true });
        writeFileSync(join(folder, '.env'), dotenv);
        writeFileSync(join(folder, file), config);
        expectNamed(() => {
          const sources = loadSources({ folder, env: {} });
          otelVariablesOfDotenv(sources);
          for (const [, resolve] of Object.values(services)) resolve(sources);
        }, ['.env', file, 'logger.', 'mlflow.', 'alerts.', ...fields.map(({ name }) => name)]);
      }),
      { numRuns: 200 },
    );
  });
});
