// The real outbox on a machine in memory, and a note of all that goes into it.
import { join } from 'node:path';
import type { ArtifactRepository } from '../artifacts/contract.ts';
import type { Write } from '../model/write.ts';
import type { Outbox, OutboxOptions } from '../outbox/contract.ts';
import type { Openers } from '../outbox/delivery/destination.ts';
import { nodeSystem } from '../outbox/machine/node-system.ts';
import { openOutbox } from '../outbox/job/outbox.ts';
import { openSqliteStore } from '../stores/sqlite/sqlite-store.ts';
import type { Store } from '../stores/contract.ts';
import { MemoryArtifacts } from './memory-artifacts.ts';
import type { MemoryDisk } from './memory-disk.ts';
import type { RecordedRun } from './recorded-run.ts';
import { RunRecord } from './recorded-run.ts';

/** An outbox that writes to no disk and no network. */
export interface MemoryOutbox {
  /** What a MlflowService opens its outbox with. */
  readonly open: (options: OutboxOptions) => Outbox;
  /** The artifacts of a run, as the drain has put them. */
  readonly openArtifacts: (artifactUri: string) => Promise<ArtifactRepository>;
  /** The runs that were opened, in order. */
  readonly runs: readonly RecordedRun[];
}

/**
 * Makes an outbox whose journal, store and artifacts live in memory: the journal and the drain are the real ones, the store is
 * MLflow's schema in a database of node:sqlite that has no file.
 */
export function createMemoryOutbox(disk: MemoryDisk): MemoryOutbox {
  const runs: RunRecord[] = [];
  const openers = createOpeners(disk);
  const open = (options: OutboxOptions): Outbox => {
    const outbox = openOutbox({ ...options, drain: 'inline' }, { system: { ...nodeSystem(), disk }, openers });
    const record = createRecorder(runs, (file) => disk.readBytes(join(outbox.stats().directory, 'spool', file)));
    const append = outbox.append.bind(outbox);
    outbox.append = (write): number => {
      const sequence = append(write);
      record(write);
      return sequence;
    };
    return outbox;
  };
  const openArtifacts = (uri: string): Promise<ArtifactRepository> => openers.openArtifacts(uri, NOWHERE);
  return { open, openArtifacts, runs };
}

/** What a repository in memory does not look at. */
const NOWHERE = { trackingUri: '', connection: {} };

function createRecorder(runs: RunRecord[], readSpooled: (file: string) => Uint8Array): (write: Write) => void {
  const byKey = new Map<string, RunRecord>();
  return (write) => {
    if (write.kind === 'create' || write.kind === 'join') {
      const run = new RunRecord(write, (source) => (source.kind === 'spool' ? readSpooled(source.file) : undefined));
      byKey.set(write.runKey, run);
      runs.push(run);
    } else byKey.get(write.runKey)?.take(write);
  };
}

function createOpeners(disk: MemoryDisk): Openers {
  // A database without a file is gone with its connection: one for all, closed with the process's memory.
  let store: Store | undefined;
  const repositories = new Map<string, ArtifactRepository>();
  return {
    openStore: (_, { artifactRoot }) => {
      store ??= keepOpen(openSqliteStore({ path: ':memory:', artifactRoot }));
      return Promise.resolve(store);
    },
    openArtifacts: (uri) => {
      const known = repositories.get(uri) ?? new MemoryArtifacts({ uri, readSource: (file) => disk.readBytes(file) });
      repositories.set(uri, known);
      return Promise.resolve(known);
    },
  };
}

function keepOpen(store: Store): Store {
  store.close = () => Promise.resolve();
  return store;
}
