// A tracking URI leads to its store, or to an error that says what would.
import { existsSync } from 'node:fs';
import { join, relative } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, test } from 'vitest';
import { openStore, sqlitePath } from '../../../src/stores/open/open.ts';
import { freshFolder } from '../mlflow-file.ts';

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

  test('a path and a file: URI are a folder of runs, with the artifacts in it as the URI says it', async () => {
    const folder = join(freshFolder(), 'my runs %');
    const encoded = folder.replaceAll('%', '%25');
    const uri = pathToFileURL(folder).href;
    for (const [given, location] of [
      [encoded, encoded],
      [relative(process.cwd(), encoded), encoded],
      [uri, uri],
      [uri.replace('file:///', 'file:/'), uri],
      [uri.replace('file:///', 'FILE://localhost/'), uri],
    ] as const) {
      const store = await openStore(given, options);
      expect(store.uri).toBe(given);
      expect(store.supports.chosenRunId).toBe(true);
      const id = await store.createExperiment({ name: given });
      expect((await store.getExperiment(id)).artifactLocation).toBe(`${location}/${id}`);
      expect(existsSync(join(folder, id, 'meta.yaml'))).toBe(true);
      await store.close();
    }
  });

  test('http is a server', async () => {
    const store = await openStore('http://127.0.0.1:9', options);
    expect(store.supports.chosenRunId).toBe(false);
    await store.close();
  });

  test.each([
    ['ftp://x', 'UNKNOWN_SCHEME', "Cannot open store 'ftp://x': unknown scheme. Use http, https, sqlite or file."],
    ['postgresql://ada:pa/ss@host/db', 'UNKNOWN_SCHEME', 'postgresql://'],
    ['databricks', 'UNKNOWN_SCHEME', "Cannot open store 'databricks'"],
    ['', 'NOT_SUPPORTED', 'it names no folder of this machine'],
    ['file:', 'NOT_SUPPORTED', 'it names no folder of this machine'],
    ['file://server/share/mlruns', 'NOT_SUPPORTED', 'it names no folder of this machine'],
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
