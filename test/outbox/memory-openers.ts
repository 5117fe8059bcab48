// Openers over the memory store, and artifacts kept in a map.
import { readFileSync } from 'node:fs';
import type { ArtifactRepository } from '../../src/artifacts/contract.ts';
import type { Openers } from '../../src/outbox/delivery/destination.ts';
import type { MemoryStore } from './memory-store.ts';

/** What was uploaded, by `<artifactUri>/<path>`. */
export type Uploads = Map<string, string>;

/** What an upload meets before it is carried out: it can wait, or throw. */
export type OnPut = (path: string) => Promise<void>;

/** Opens the given store under any URI. */
export function memoryOpeners(store: MemoryStore, uploads: Uploads = new Map(), onPut?: OnPut): Openers {
  return {
    openStore: () => {
      store.opened += 1;
      return Promise.resolve(store);
    },
    openArtifacts: (artifactUri): Promise<ArtifactRepository> =>
      Promise.resolve({
        uri: artifactUri,
        supports: { delete: false },
        putFile: async (path: string, sourceFile: string) => {
          await onPut?.(path);
          uploads.set(`${artifactUri}/${path}`, readFileSync(sourceFile, 'utf8'));
        },
        list: () => Promise.resolve([]),
        getFile: () => Promise.resolve(),
        readFile: () => Promise.resolve(new Uint8Array()),
        delete: () => Promise.resolve(),
        close: () => Promise.resolve(),
      }),
  };
}
