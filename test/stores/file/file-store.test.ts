// The store in a folder: MLflow's contract, and what lies on disk for it.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openFileStore } from '../../../src/stores/file/file-store.ts';
import { describeStore } from '../../../src/testing/contract/store-suite.ts';

describeStore('file', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'runspan-file-'));
  const store = openFileStore({ path: join(folder, 'deep', 'mlruns') });
  return {
    store,
    close: async () => {
      await store.close();
      rmSync(folder, { recursive: true });
    },
  };
});
