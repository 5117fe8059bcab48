// Who we say we are, and what never shows.
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { maskSecrets, readTrackingServer, USER_AGENT } from '../../../src/rest/transport/credentials.ts';

const basic = (user: string, password: string): string =>
  `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;

describe('readTrackingServer', () => {
  it.each([
    ['nothing', 'http://h:1', {}, undefined],
    ['basic auth', 'http://h', { username: 'ada', password: 'pä:ss' }, basic('ada', 'pä:ss')],
    ['a token', 'http://h', { token: 't0ken' }, 'Bearer t0ken'],
    ['basic auth over a token', 'http://h', { username: 'ada', password: 'p', token: 't' }, basic('ada', 'p')],
    ['a token where the password is missing', 'http://h', { username: 'ada', token: 't' }, 'Bearer t'],
    ["the URI's own user", 'http://ada:p%40ss@h', {}, basic('ada', 'p@ss')],
    ["the URI's user over the options", 'http://ada:p@h', { username: 'bob', password: 'q' }, basic('ada', 'p')],
    [
      'the options where the URI has a user alone',
      'http://ada@h',
      { username: 'bob', password: 'q' },
      basic('bob', 'q'),
    ],
    ['a bare % in the URI', 'http://ada:50%@h', {}, basic('ada', '50%')],
    ['empty values as none', 'http://h', { username: '', password: '', token: '' }, undefined],
  ])('sends %s', (_, uri, connection, authorization) => {
    const server = readTrackingServer(uri, connection);
    expect(server.headers['authorization']).toBe(authorization);
    expect(server.hasCredentials).toBe(authorization !== undefined);
  });

  it('shows the address without credentials, query or last slash', () => {
    const server = readTrackingServer('https://ada:secret@h.example:8443/mlflow//?a=1#b', {});
    expect(server).toMatchObject({ uri: 'https://h.example:8443/mlflow', origin: 'https://h.example:8443' });
  });

  it('sends the workspace', () => {
    expect(readTrackingServer('http://h', { workspace: 'team a' }).headers).toEqual({ 'x-mlflow-workspace': 'team a' });
  });

  it('refuses what is no http URI, without showing its password', () => {
    const open = (uri: string) => () => readTrackingServer(uri, {});
    expect(open('ftp://ada:hunter2@h')).toThrow(expect.objectContaining({ code: 'UNKNOWN_SCHEME' }));
    expect(open('ftp://ada:hunter2@h')).not.toThrow(/hunter2/);
    expect(open('./mlruns')).toThrow(expect.objectContaining({ code: 'INVALID_SETTINGS' }));
  });

  it.each([{ token: 'se\ncret' }, { workspace: 'tëam' }])('refuses what cannot be a header: %o', (connection) => {
    const open = (): unknown => readTrackingServer('http://h', connection);
    expect(open).toThrow(expect.objectContaining({ code: 'INVALID_SETTINGS' }));
    expect(open).not.toThrow(/cret/);
  });
});

describe('maskSecrets', () => {
  it('masks passwords, tokens, the basic header and passwords in URLs', () => {
    const { secrets } = readTrackingServer('http://h', { username: 'ada', password: 'hunter2', token: 'hunter2-long' });
    const text = `hunter2-long hunter2 ${basic('ada', 'hunter2')} postgresql://u:pgpass@db/x`;
    const masked = maskSecrets(text, secrets);
    expect(masked).not.toMatch(/hunter2|pgpass|long/);
    expect(masked).not.toContain(Buffer.from('ada:hunter2').toString('base64'));
  });
});

it('calls itself by the version of package.json', () => {
  const manifest = readFileSync(new URL('../../../package.json', import.meta.url), 'utf8');
  const { version } = JSON.parse(manifest) as { version: string };
  expect(USER_AGENT).toBe(`runspan/${version}`);
});
