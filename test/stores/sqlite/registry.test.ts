// The model registry of the store in a file: the contract, and files of other MLflows.
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { openSqliteStore } from '../../../src/stores/sqlite/sqlite-store.ts';
import { describeRegistry } from '../../../src/testing/contract/store-registry.ts';
import { freshFolder, freshPath, makeForeign, openAt } from '../mlflow-file.ts';

describeRegistry('sqlite, a file made here', async () => {
  const folder = freshFolder();
  const store = openSqliteStore({ path: join(folder, 'mlflow.db'), artifactRoot: join(folder, 'mlruns') });
  return { store, close: () => store.close() };
});

describe('a file of another MLflow', () => {
  test('whose registry demands what is not known here is refused by what needs it', async () => {
    const path = freshPath();
    makeForeign(path, 'ALTER TABLE registered_models ADD COLUMN owner TEXT NOT NULL');
    const store = openAt(path);
    await store.getExperiment('0');
    await expect(store.request('getRegisteredModel', 'a')).rejects.toMatchObject({ code: 'STORE_INCOMPATIBLE' });
    await expect(store.request('createWebhook', {} as never)).rejects.toMatchObject({ code: 'NOT_SUPPORTED' });
    await store.close();
  });

  test('with models of a workspace of its own is refused', async () => {
    const path = freshPath();
    makeForeign(
      path,
      `ALTER TABLE registered_models ADD COLUMN workspace VARCHAR(63) DEFAULT 'default' NOT NULL;
       INSERT INTO registered_models (name, workspace) VALUES ('a', 'team')`,
    );
    const store = openAt(path);
    await expect(store.request('getRegisteredModel', 'a')).rejects.toThrow(/registered models of the workspace 'team'/);
    await store.close();
  });
});
