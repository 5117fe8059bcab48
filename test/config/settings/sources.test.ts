import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { resolveLoggerSettings } from '../../../src/config/settings/logger-settings.ts';
import { findVariable, loadSources } from '../../../src/config/settings/sources.ts';
import type { SettingsSources } from '../../../src/config/settings/sources.ts';
import { RunspanError } from '../../../src/errors.ts';

let folder = '';

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'runspan-config-'));
});

afterEach(() => {
  rmSync(folder, { recursive: true });
});

function write(name: string, text: string | Uint8Array): void {
  writeFileSync(join(folder, name), text);
}

function load(env: Record<string, string> = {}): SettingsSources {
  return loadSources({ folder, env });
}

function errorOf(action: () => unknown): RunspanError {
  try {
    action();
  } catch (error) {
    if (error instanceof RunspanError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}

describe('findVariable', () => {
  it('E3: takes the process env before .env, whatever the case of the names', () => {
    write(
      '.env',
      'export RUNSPAN_LOGGER_LEVEL="INFO" # why not\nRUNSPAN_LOGGER_SINK=\'a b\'\nmlflow_tracking_uri=http://dot\n',
    );
    const sources = load({ runspan_logger_level: 'ERROR' });
    expect(findVariable(sources, 'RUNSPAN_LOGGER_LEVEL')).toEqual({ text: 'ERROR', source: 'env' });
    expect(findVariable(sources, 'RUNSPAN_LOGGER_SINK')).toEqual({ text: 'a b', source: '.env' });
    expect(findVariable(sources, 'MLFLOW_TRACKING_URI')).toEqual({ text: 'http://dot', source: '.env' });
    expect(findVariable(sources, 'MLFLOW_REGISTRY_URI')).toBeUndefined();
  });

  it('takes the exact name before another case of it', () => {
    expect(findVariable(load({ some_name: 'lower', SOME_NAME: 'exact' }), 'SOME_NAME')?.text).toBe('exact');
  });

  it('E3: lets an empty variable of the process hide that of .env', () => {
    write('.env', 'A=1\nB=');
    expect(findVariable(load({ A: '' }), 'A')).toBeUndefined();
    expect(findVariable(load(), 'B')).toBeUndefined();
  });

  it('E1: knows exact names only, no prefixes', () => {
    expect(findVariable(load({ RUNSPAN_DIR_PORT: 'tcp://10.0.0.1' }), 'RUNSPAN_DIR')).toBeUndefined();
  });
});

describe('.env', () => {
  it('may begin with a byte order mark, and may be a folder', () => {
    write('.env', '\u{FEFF}A=1\n');
    expect(findVariable(load(), 'A')?.text).toBe('1');
    rmSync(join(folder, '.env'));
    mkdirSync(join(folder, '.env'));
    expect(load().dotenv).toBeUndefined();
  });

  it('is refused where it is no text', () => {
    write('.env', new Uint8Array([0x41, 0x3d, 0xff, 0xfe]));
    expect(errorOf(load)).toMatchObject({
      code: 'INVALID_CONFIG',
      message: expect.stringContaining("Cannot use '.env': it is not UTF-8.") as string,
    });
  });

  it('is not written to the process by reading it', () => {
    write('.env', 'RUNSPAN_TEST_DOTENV=1');
    load();
    expect(process.env['RUNSPAN_TEST_DOTENV']).toBeUndefined();
  });
});

describe('the settings file', () => {
  it.each([
    ['runspan.yaml', 'logger:\n  level: INFO\nalerts:\n'],
    ['runspan.yml', 'logger: {level: INFO}'],
    ['runspan.json', '{"logger":{"level":"INFO"}}'],
    ['runspan.toml', '[logger]\nlevel = "INFO"'],
  ])('is found as %s', (name, text) => {
    write(name, text);
    expect(load().file).toMatchObject({ name, sections: { logger: { level: 'INFO' } } });
  });

  it('may be empty, and may be absent', () => {
    expect(load().file).toBeUndefined();
    write('runspan.json', '\n');
    expect(load().file).toMatchObject({ name: 'runspan.json', sections: {} });
  });

  it('is the one that RUNSPAN_CONFIG names, in the environment or in .env', () => {
    write('runspan.yaml', 'logger: {level: INFO}');
    write('other.json', '{"alerts":{"enable":false}}');
    expect(load({ RUNSPAN_CONFIG: 'other.json' }).file?.sections).toEqual({ alerts: { enable: false } });
    write('.env', 'RUNSPAN_CONFIG=other.json');
    expect(load().file?.name).toBe('other.json');
  });

  it.each<[string, string, string, string]>([
    ['runspan.yaml', 'logger:\n  level: "hunter2\n', 'INVALID_CONFIG', 'it is not well-formed YAML (MISSING_CHAR)'],
    [
      'runspan.yaml',
      'logger:\n  level: 1\n  level: hunter2\n',
      'INVALID_CONFIG',
      "'runspan.yaml:3:3' at 'logger.level': the key is there twice. Keep one.",
    ],
    [
      'runspan.yaml',
      'logger: {}\nother: hunter2\n',
      'INVALID_CONFIG',
      "'other' is no section. Use logger, alerts, mlflow, or x-… for your own.",
    ],
    ['runspan.yaml', '- hunter2\n', 'INVALID_CONFIG', 'it is no mapping'],
    ['runspan.yaml', 'logger: hunter2\n', 'INVALID_CONFIG', "'logger' is no mapping"],
    [
      'runspan.yaml',
      'logger: {sink: !!python/object hunter2}\n',
      'INVALID_CONFIG',
      "'runspan.yaml:1:32' at 'logger.sink': its tag is unknown",
    ],
    ['runspan.yaml', 'logger: {}\n---\nlogger: {}\n', 'INVALID_CONFIG', "'runspan.yaml:"],
    [
      'runspan.yaml',
      'mlflow:\n  password: ${oc.env:PW,hunter2\n',
      'INVALID_CONFIG',
      "'runspan.yaml:2:13' at 'mlflow.password': its interpolation is not well-formed at character 20. Write , or } there",
    ],
    ['runspan.yaml', 'mlflow: &a\n  x: *a\n', 'INVALID_CONFIG', "'runspan.yaml:2:6' at 'mlflow.x': it contains itself"],
    [
      'runspan.json',
      '{\n  "logger": {},\n  "mlflow": {"password": "hunter2" "x"}\n}',
      'INVALID_CONFIG',
      "'runspan.json:3:36': it is not well-formed JSON (UNEXPECTED_TOKEN)",
    ],
    ['runspan.json', 'hunter2', 'INVALID_CONFIG', 'it is no mapping'],
    ['runspan.json', '{"a":\n"hunter2"', 'INVALID_CONFIG', "'runspan.json:2:10'"],
    ['runspan.toml', 'a = 1\nb = "hunter2', 'INVALID_CONFIG', "'runspan.toml:2:5': it is not well-formed TOML"],
    ['runspan.toml', 'a = "hunter2"', 'INVALID_CONFIG', "'a' is no section"],
    [
      'runspan.yaml',
      'mlflow: {token: hunter2, trackingUri: "${.token}${nope}"}',
      'INVALID_CONFIG',
      "there is no 'nope'",
    ],
  ])('%s with %j is refused with its place and mend, without its values', (name, text, code, message) => {
    write(name, text);
    const error = errorOf(load);
    expect(error.code).toBe(code);
    expect(error.message).toContain(message);
    expect(`${error.message} ${String(error.cause)} ${JSON.stringify(error.details)}`).not.toContain('hunter2');
  });

  it('may interpolate its own x- keys, other sections, the environment and .env below it', () => {
    write('.env', 'SERVER=from-dotenv\nPORT=1');
    write(
      'runspan.yaml',
      'x-base: {server: "${oc.env:SERVER}:${oc.env:PORT}"}\nmlflow: {trackingUri: "http://${x-base.server}"}\nalerts: ${x-alerts}\nx-alerts: {appName: "${oc.env:EMPTY}"}',
    );
    expect(load({ PORT: '5000', EMPTY: '' }).file?.sections).toEqual({
      mlflow: { trackingUri: 'http://from-dotenv:5000' },
      alerts: { appName: '' },
    });
  });

  it('shows no secret variable of it in the error of a setting', () => {
    write('runspan.yaml', 'logger: {level: "${oc.env:MY_TOKEN}"}');
    const sources = load({ MY_TOKEN: 'hunter2' });
    const error = errorOf(() => resolveLoggerSettings({}, sources));
    expect(error.message).toContain("Invalid setting 'logger.level' (in runspan.yaml): the value is not one of");
    expect(error.message).not.toContain('hunter2');
  });

  it('is refused where the named one is absent, a folder, too large or of another kind, and where there are two', () => {
    expect(errorOf(() => load({ RUNSPAN_CONFIG: 'no.yaml' })).message).toBe(
      "Cannot use 'no.yaml': there is no such file. Make it, or name another.",
    );
    mkdirSync(join(folder, 'dir.yaml'));
    expect(errorOf(() => load({ RUNSPAN_CONFIG: 'dir.yaml' })).message).toContain('it is no file');
    write('big.yaml', 'x'.repeat(1024 * 1024 + 1));
    expect(errorOf(() => load({ RUNSPAN_CONFIG: 'big.yaml' })).message).toContain('larger than 1 MiB');
    expect(errorOf(() => load({ RUNSPAN_CONFIG: 'settings.ini' })).message).toContain('does not end in .yaml');
    write('runspan.yaml', '');
    write('runspan.json', '{}');
    expect(errorOf(load).message).toBe(
      "Cannot use 'runspan.yaml': 'runspan.json' is there too. Keep one, or set RUNSPAN_CONFIG.",
    );
  });
});
