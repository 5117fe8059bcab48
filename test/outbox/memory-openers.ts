// Openers over the memory store, and artifacts kept in a map.
import { readFileSync } from 'node:fs';
import type { ArtifactRepository } from '../../src/artifacts/contract.ts';
import type { Openers } from '../../src/outbox/destination.ts';
import type { MemoryStore } from './memory-store.ts';

/** What was uploaded, by `<artifactUri>/<path>`. */
export type Uploads = Map<string, string>;

/** Opens the given store under any URI. */
export function memoryOpeners(store: MemoryStore, uploads: Uploads = new Map()): Openers {
  return {
    openStore: () => {
      store.opened += 1;
      return Promise.resolve(store);
    },
    openArtifacts: (artifactUri): Promise<ArtifactRepository> =>
      Promise.resolve({
        uri: artifactUri,
        putFile: (path: string, sourceFile: string) => {
          uploads.set(`${artifactUri}/${path}`, readFileSync(sourceFile, 'utf8'));
          return Promise.resolve();
        },
        list: () => Promise.resolve([]),
        getFile: () => Promise.resolve(),
        readFile: () => Promise.resolve(new Uint8Array()),
        close: () => Promise.resolve(),
      }),
  };
}
