// `runspan config`: each setting, where it comes from, and no secret.
import { mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { type ShownSetting, showConfig } from '../../src/cli/config-command.ts';
import { loadSources } from '../../src/config/settings/sources.ts';

const folder = realpathSync(mkdtempSync(join(tmpdir(), 'runspan-config-')));
afterAll(() => rmSync(folder, { recursive: true }));
writeFileSync(
  join(folder, '.env'),
  '# settings\n\nexport RUNSPAN_ALERTS_APP_NAME=churn\nMLFLOW_TRACKING_PASSWORD=hunter2\n',
);
writeFileSync(
  join(folder, 'runspan.yaml'),
  'logger:\n  colorize: false\nmlflow:\n  # where\n  trackingUri: https://me:hunter2@mlflow.test\n  colorless: &x 1\n'.replace(
    '  colorless: &x 1\n',
    '',
  ),
);

const find = (env: Record<string, string>): Record<string, ShownSetting> => {
  const shown = JSON.parse(showConfig({ json: true }, loadSources({ folder, env }))) as ShownSetting[];
  return Object.fromEntries(shown.map((one) => [`${one.service}.${one.name}`, one]));
};

describe('the settings', () => {
  it('say which variable, which line of .env and which line of the file they come from', () => {
    const found = find({ RUNSPAN_LOGGER_LEVEL: 'warn' });
    expect(found['logger.level']).toMatchObject({
      value: 'WARNING',
      source: 'env',
      from: 'RUNSPAN_LOGGER_LEVEL (environment)',
    });
    expect(found['alerts.appName']).toMatchObject({
      value: 'churn',
      source: '.env',
      from: '.env:3 (RUNSPAN_ALERTS_APP_NAME)',
    });
    expect(found['logger.colorize']).toMatchObject({ value: false, source: 'file', from: 'runspan.yaml:2' });
    expect(found['mlflow.trackingUri']).toMatchObject({ source: 'file', from: 'runspan.yaml:5' });
    expect(found['mlflow.durability']).toEqual({
      service: 'mlflow',
      name: 'durability',
      value: 'os',
      source: 'default',
      from: null,
    });
    expect(Object.keys(found).length).toBeGreaterThan(50);
  });

  it('show no secret, and that there is one', () => {
    const env = { AWS_SECRET_ACCESS_KEY: 'hunter2' };
    const found = find(env);
    expect(found['mlflow.password']?.value).toBe('[REDACTED]');
    expect(found['mlflow.awsSecretAccessKey']?.value).toBe('[REDACTED]');
    for (const json of [true, false])
      expect(showConfig({ json, all: true }, loadSources({ folder, env }))).not.toContain('hunter2');
  });

  it('are those that were set, with how many were not', () => {
    const text = showConfig({}, loadSources({ folder, env: {} }));
    expect(text).toMatch(/^SETTING +VALUE +FROM\n/);
    expect(text).toMatch(/\nmlflow\.trackingUri +https:\/\/.*mlflow\.test +runspan\.yaml:5\n/);
    expect(text).toMatch(/\d+ settings have their defaults: runspan config --all shows them\.$/);
  });

  it('are followed by the variables that are none, and what they may have meant', () => {
    const text = showConfig({}, loadSources({ folder, env: { RUNSPAN_LOGGER_LEVLE: 'INFO' } }));
    expect(text).toContain('RUNSPAN_LOGGER_LEVLE is no variable of runspan. Did you mean RUNSPAN_LOGGER_LEVEL?');
  });

  it('that are wrong are the error of the service', () => {
    const sources = loadSources({ folder, env: { RUNSPAN_LOGGER_LEVEL: 'LOUD' } });
    expect(() => showConfig({}, sources)).toThrow(/Invalid setting 'logger\.level' \(from RUNSPAN_LOGGER_LEVEL\)/);
  });
});
