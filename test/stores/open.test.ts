// A tracking URI leads to its store, or to an error that says what would.
import { join, relative } from 'node:path';
import { describe, expect, test } from 'vitest';
import { openStore, sqlitePath } from '../../src/stores/open.ts';
import { freshFolder } from './mlflow-file.ts';

const options = { connection: {}, artifactRoot: '/artifacts', busyTimeoutMs: 0 };

describe('openStore', () => {
  test('sqlite with three slashes is relative to the working directory, with four absolute', async () => {
    const path = join(freshFolder(), 'mlflow.db');
    for (const uri of [`sqlite:///${relative(process.cwd(), path)}`, `sqlite:///${path}`, `SQLITE:///${path}`]) {
      const store = await openStore(uri, options);
      expect(store.uri).toBe(`sqlite:///${path}`);
      await store.close();
    }
  });

  test('http is a server', async () => {
    const store = await openStore('http://127.0.0.1:9', options);
    expect(store.supports.chosenRunId).toBe(false);
    await store.close();
  });

  test.each([
    ['ftp://x', 'UNKNOWN_SCHEME', "Cannot open store 'ftp://x': unknown scheme. Use http, https or sqlite."],
    ['postgresql://ada:pa/ss@host/db', 'UNKNOWN_SCHEME', 'postgresql://'],
    ['./mlruns', 'NOT_SUPPORTED', 'the file store comes with a later version'],
    ['file:///tmp/mlruns', 'NOT_SUPPORTED', 'the file store comes with a later version'],
    ['', 'NOT_SUPPORTED', 'the file store comes with a later version'],
    ['sqlite://', 'NOT_SUPPORTED', 'it names no file'],
    ['sqlite:///:memory:', 'NOT_SUPPORTED', 'it names no file'],
    ['sqlite:///x.db?mode=ro', 'NOT_SUPPORTED', 'it names no file'],
    ['sqlite:mlflow.db', 'NOT_SUPPORTED', 'Use sqlite:///relative.db or sqlite:////absolute.db'],
  ])('%s is %s', async (uri, code, message) => {
    const error: unknown = await openStore(uri, options).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code });
    expect(String(error)).toContain(message);
    expect(String(error)).not.toContain('ss@');
  });
});

test('sqlitePath resolves against the working directory', () => {
  expect(sqlitePath('sqlite:///a/b.db')).toBe(join(process.cwd(), 'a/b.db'));
});
