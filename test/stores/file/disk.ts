// Folders of runs for the file store's tests: opened afresh, looked into, and spoiled.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Store } from '../../../src/stores/contract.ts';
import { openFileStore } from '../../../src/stores/file/file-store.ts';
import { freshFolder } from '../mlflow-file.ts';

/** A store in a folder of its own, and a run of its default experiment. */
export interface OpenedFolder {
  readonly root: string;
  readonly store: Store;
  readonly runId: string;
  readonly runFolder: string;
}

/** Opens a folder and never waits for its lock. */
export function openFolder(path: string): Store {
  return openFileStore({ path, busyTimeoutMs: 0, now: () => 1_700_000_000_000 });
}

/** Makes a folder of runs with one run in it. */
export async function makeFolderOfRuns(): Promise<OpenedFolder> {
  const root = join(freshFolder(), 'mlruns');
  const store = openFolder(root);
  const run = await store.createRun({ experimentId: '0', runName: 'train', userId: 'ada', startTimeMs: 1, tags: [] });
  const { runId } = run.info;
  return { root, store, runId, runFolder: join(root, '0', runId) };
}

/** Everything in a folder: texts by path, the folders with an end of `/`; ours is left out. */
export function readTree(root: string): Readonly<Record<string, string>> {
  const entries = readdirSync(root, { recursive: true, withFileTypes: true });
  const found = entries.flatMap((entry) => {
    const path = join(entry.parentPath, entry.name);
    const name = path.slice(root.length + 1);
    if (name.startsWith('.runspan.trash')) return [];
    return entry.isDirectory() ? [[`${name}/`, '']] : [[name, readFileSync(path, 'utf8')]];
  });
  return Object.fromEntries(found.toSorted(([a = ''], [b = '']) => (a < b ? -1 : 1))) as Record<string, string>;
}
