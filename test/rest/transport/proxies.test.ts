// Which proxy is taken to whom.
import { describe, expect, it } from 'vitest';
import { proxyFor, proxySecrets } from '../../../src/rest/transport/proxies.ts';

const both = { httpProxy: 'http://plain:3128', httpsProxy: 'http://tls:3128' };

describe('proxyFor', () => {
  it("goes by the URI's scheme", () => {
    expect(proxyFor('http://mlflow.example', both)).toBe('http://plain:3128');
    expect(proxyFor('https://mlflow.example', both)).toBe('http://tls:3128');
    expect(proxyFor('https://mlflow.example', { httpProxy: both.httpProxy })).toBeUndefined();
    expect(proxyFor('https://mlflow.example', { ...both, httpsProxy: ' ' })).toBeUndefined();
  });

  it('takes a proxy without a scheme as http', () => {
    expect(proxyFor('http://mlflow.example', { httpProxy: 'plain:3128' })).toBe('http://plain:3128');
  });

  it.each(['socks5://ada:hunter2@h:1080', 'http://'])(
    'refuses %s where it would be used, without its password',
    (uri) => {
      const find = (origin: string) => () => proxyFor(origin, { httpProxy: uri });
      expect(find('http://mlflow.example')).toThrow(expect.objectContaining({ code: 'INVALID_SETTINGS' }));
      expect(find('http://mlflow.example')).not.toThrow(/hunter2/);
      expect(find('https://mlflow.example')()).toBeUndefined();
    },
  );

  it.each(['http://localhost:5000', 'http://a.localhost', 'http://127.0.0.1', 'http://127.1.2.3', 'http://[::1]:5000'])(
    'never stands between a job and its own machine: %s',
    (origin) => {
      expect(proxyFor(origin, both)).toBeUndefined();
    },
  );

  it.each<[string, string, boolean]>([
    ['*', 'http://anyone.example', true],
    ['mlflow.example', 'http://mlflow.example', true],
    ['MLflow.Example', 'http://mlflow.example', true],
    ['other, mlflow.example', 'http://mlflow.example', true],
    ['other mlflow.example', 'http://mlflow.example', true],
    ['example', 'http://mlflow.example', true],
    ['.example', 'http://mlflow.example', true],
    ['*.example', 'http://mlflow.example', true],
    ['low.example', 'http://mlflow.example', false],
    ['mlflow.example:5000', 'http://mlflow.example:5000', true],
    ['mlflow.example:5000', 'http://mlflow.example', false],
    ['mlflow.example:80', 'http://mlflow.example', true],
    ['.example:443', 'https://mlflow.example', true],
    ['10.1.2.3', 'http://10.1.2.3:5000', true],
    ['10.1.2.3:5000', 'http://10.1.2.3:5000', true],
    ['10.1.2.3:5001', 'http://10.1.2.3:5000', false],
    ['10.0.0.0/8', 'http://10.1.2.3', true],
    ['10.0.0.0/8', 'http://11.1.2.3', false],
    ['10.0.0.0/99', 'http://10.1.2.3', false],
    ['0.1.2.3', 'http://10.1.2.3', false],
    ['fd00::/8', 'http://[fd00::1]', true],
    ['fd00::1', 'http://[fd00::1]:5000', true],
    ['[fd00::1]:5000', 'http://[fd00::1]:5000', true],
    ['[fd00::1]:5001', 'http://[fd00::1]:5000', false],
    ['', 'http://mlflow.example', false],
    [',, ,', 'http://mlflow.example', false],
  ])('with NO_PROXY=%s goes straight to %s: %s', (noProxy, origin, isStraight) => {
    expect(proxyFor(origin, { ...both, noProxy }) === undefined).toBe(isStraight);
  });
});

it('knows what of a proxy no message may show', () => {
  const secrets = proxySecrets({ httpProxy: 'http://ada:p%40ss@h:1', httpsProxy: 'bob:50%@h:2' });
  const header = (pair: string): string => Buffer.from(pair).toString('base64');
  expect(secrets).toEqual(expect.arrayContaining(['p%40ss', 'p@ss', header('ada:p@ss'), '50%', header('bob:50%')]));
  expect(proxySecrets({ httpProxy: 'http://h:1' })).toEqual([]);
});
