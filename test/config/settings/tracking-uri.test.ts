import { describe, expect, it } from 'vitest';
import fc from 'fast-check';
import { expectedOfUri, splitCredentials, toAbsoluteUri } from '../../../src/config/settings/tracking-uri.ts';

describe('splitCredentials', () => {
  it.each([
    ['http://h:5000/x', 'http://h:5000/x', undefined, undefined],
    ['http://me:p%40ss@h:5000', 'http://h:5000', 'me', 'p@ss'],
    ['https://me:p@ss@h/a@b', 'https://h/a@b', 'me', 'p@ss'],
    ['https://me@h', 'https://h', 'me', undefined],
    ['https://:pw@h', 'https://h', undefined, 'pw'],
    ['https://me:100%@h', 'https://h', 'me', '100%'],
    ['ftp://me:pw@h', 'ftp://h', 'me', 'pw'],
    ['sqlite:///a@b.db', 'sqlite:///a@b.db', undefined, undefined],
    ['./mlruns', './mlruns', undefined, undefined],
  ])('%s', (given, uri, username, password) => {
    expect(splitCredentials(given)).toEqual({ uri, username, password });
  });

  it('gives back what was encoded, and leaves none of it in the URI', () => {
    const name = fc.string({ minLength: 1, unit: 'grapheme' });
    fc.assert(
      fc.property(name, name, (username, password) => {
        const userInfo = `${encodeURIComponent(username)}:${encodeURIComponent(password)}`;
        expect(splitCredentials(`http://${userInfo}@host/p`)).toEqual({ uri: 'http://host/p', username, password });
      }),
    );
  });
});

describe('toAbsoluteUri', () => {
  it.each([
    ['sqlite:///mlflow.db', 'sqlite:////work/mlflow.db'],
    ['sqlite:///../m.db?timeout=5', 'sqlite:////m.db?timeout=5'],
    ['sqlite:////abs/m.db', 'sqlite:////abs/m.db'],
    ['sqlite:///:memory:', 'sqlite:///:memory:'],
    ['sqlite://', 'sqlite://'],
    ['./mlruns', '/work/mlruns'],
    ['mlruns', '/work/mlruns'],
    ['/abs/mlruns', '/abs/mlruns'],
    ['file:./my runs', 'file:///work/my%20runs'],
    ['file:///abs', 'file:///abs'],
    ['http://h/x', 'http://h/x'],
    ['databricks', 'databricks'],
    ['databricks://profile', 'databricks://profile'],
    ['ftp://x', 'ftp://x'],
  ])('%s means %s', (uri, absolute) => {
    expect(toAbsoluteUri(uri, '/work')).toBe(absolute);
    expect(toAbsoluteUri(absolute, '/elsewhere')).toBe(absolute);
  });

  it('keeps a percent sign of the folder, which MLflow would decode', () => {
    expect(toAbsoluteUri('./my%20runs', '/50%20off')).toBe('/50%2520off/my%20runs');
    expect(toAbsoluteUri('file:my runs', '/50%20off')).toBe('file:///50%2520off/my%20runs');
  });
});

describe('expectedOfUri', () => {
  it.each(['localhost:5000', '127.0.0.1:5000', 'mlflow.example.com:443/tracking', 'mlflow:80'])(
    '%s is a server without its scheme, and no folder',
    (uri) => {
      expect(expectedOfUri(uri)).toBe(`a URI with its scheme, such as http://${uri}`);
    },
  );

  it.each(['http://localhost:5000', './mlruns', 'sqlite:///mlflow.db', 'C:/mlruns', 'file:///x', 'run:5a'])(
    '%s is taken as it is',
    (uri) => {
      expect(expectedOfUri(uri)).toBeUndefined();
    },
  );
});
