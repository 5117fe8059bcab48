// `~/.mlflow/credentials`, and what is stronger than it.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { parseCredentials, readCredentialsFile } from '../../../src/config/settings/credentials-file.ts';
import { resolveMlflowSettings, type MlflowOptions } from '../../../src/config/settings/mlflow-settings.ts';
import { loadSources } from '../../../src/config/settings/sources.ts';
import { CREDENTIALS_FILES } from '../../fixtures/credentials/files.ts';

function makeHome(text?: string): string {
  const home = mkdtempSync(join(tmpdir(), 'runspan-home-'));
  onTestFinished(() => rmSync(home, { recursive: true }));
  if (text === undefined) return home;
  mkdirSync(join(home, '.mlflow'));
  writeFileSync(join(home, '.mlflow', 'credentials'), text);
  return home;
}

const ADA = '[mlflow]\nmlflow_tracking_username = ada\nmlflow_tracking_password = hunter2\n';

describe('a file of credentials', () => {
  it.each(CREDENTIALS_FILES)('$name is read as Python reads it', ({ text, username, password }) => {
    const read = parseCredentials(text);
    // to Python's client an empty one is none: it sends no header
    expect([read.username ?? '', read.password ?? '']).toEqual([username ?? '', password ?? '']);
  });

  it.each<[string, string]>([
    ['a bare percent sign', '50%'],
    ['a reference to nothing', '%(absent)s'],
  ])('with %s, which Python refuses, is taken as it stands', (_, password) => {
    expect(parseCredentials(`[mlflow]\nmlflow_tracking_password = ${password}`)).toEqual({ password });
  });

  it('that goes in a circle, or has keys of no section, ends', () => {
    expect(parseCredentials('mlflow_tracking_username = eve\nno key\n[mlflow]\nno key either')).toEqual({});
    const text = '[mlflow]\nmlflow_tracking_username = %(mlflow_tracking_username)s';
    expect(parseCredentials(text).username).toBe('%(mlflow_tracking_username)s');
  });

  it('is none where it is not there, or a folder', () => {
    const home = makeHome();
    expect(readCredentialsFile(home)).toEqual({});
    expect(readCredentialsFile(undefined)).toEqual({});
    mkdirSync(join(home, '.mlflow', 'credentials'), { recursive: true });
    expect(readCredentialsFile(home)).toEqual({});
  });
});

describe('settings beside such a file', () => {
  const trackingUri = 'http://h:5000';
  function connection(options: MlflowOptions, env: Readonly<Record<string, string>> = {}) {
    const home = makeHome(ADA);
    const { connection: found } = resolveMlflowSettings(
      { trackingUri, ...options },
      loadSources({ folder: home, env: { HOME: home, ...env } }),
    );
    return { username: found.username, password: found.password, token: found.token };
  }

  it('take user and password from it where nothing else names them', () => {
    expect(connection({})).toEqual({ username: 'ada', password: 'hunter2', token: undefined });
  });

  it('win over it, one by one, as in Python', () => {
    expect(connection({ username: 'bob' })).toMatchObject({ username: 'bob', password: 'hunter2' });
    expect(connection({}, { MLFLOW_TRACKING_PASSWORD: 'other' })).toMatchObject({ username: 'ada', password: 'other' });
  });

  it("are the URI's own where it has some", () => {
    expect(connection({ trackingUri: 'http://eve:pw@h:5000' })).toMatchObject({ username: 'eve', password: 'pw' });
  });

  it('show none of it', () => {
    const home = makeHome(ADA);
    const settings = resolveMlflowSettings({ trackingUri }, loadSources({ folder: home, env: { HOME: home } }));
    expect(JSON.stringify(settings)).not.toContain('hunter2');
    expect(settings.username).toBe('ada'); // whose runs they are
  });

  it('read none without a home', () => {
    const { connection: found } = resolveMlflowSettings({ trackingUri }, loadSources({ folder: makeHome(), env: {} }));
    expect(found).not.toHaveProperty('password');
  });
});
