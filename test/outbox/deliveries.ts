// A drain over the memory store, without folder or thread, for the tests of its parts.
import type { OutboxEvent } from '../../src/outbox/contract.ts';
import { DrainDestination } from '../../src/outbox/delivery/destination.ts';
import { openFolderDrain } from '../../src/outbox/delivery/folder-drain.ts';
import type { FolderDrain } from '../../src/outbox/delivery/folder-drain.ts';
import type { FolderPaths } from '../../src/outbox/folder/folder.ts';
import { Patience } from '../../src/outbox/delivery/patience.ts';
import { encodeWrite } from '../../src/outbox/journal/encode-write.ts';
import type { Disk } from '../../src/outbox/machine/system.ts';
import type { Write } from '../../src/model/write.ts';
import type { FakeSystem } from './fake-system.ts';
import { fakeSystem } from './fake-system.ts';
import type { OnPut, Uploads } from './memory-openers.ts';
import { memoryOpeners } from './memory-openers.ts';
import type { MemoryStore } from './memory-store.ts';

export interface TestDrain extends FolderDrain {
  readonly system: FakeSystem;
  readonly events: OutboxEvent[];
  readonly warnings: string[];
  readonly uploads: Uploads;
  readonly patience: Patience;
  readonly destination: DrainDestination;
  /** Puts writes behind those that are there. */
  add(...writes: Write[]): void;
  /** Delivers all there is; the clock moves by itself. */
  deliver(): Promise<void>;
  /** The whole delivered, or dead. */
  counts(): { settled: number; dead: number };
}

export function openTestDrain(
  store: MemoryStore,
  options: { paths?: FolderPaths; replayedThrough?: number; seed?: number; onPut?: OnPut; disk?: Disk } = {},
): TestDrain {
  const system = fakeSystem({ seed: options.seed ?? 1, ...(options.disk === undefined ? {} : { disk: options.disk }) });
  const events: OutboxEvent[] = [];
  const warnings: string[] = [];
  const uploads: Uploads = new Map();
  const destination = new DrainDestination({
    openers: memoryOpeners(store, uploads, options.onPut),
    trackingUri: 'memory:',
    connection: {},
    artifactRoot: '/artifacts',
  });
  const onWarning = (message: string): void => {
    warnings.push(message);
  };
  const patience = new Patience({ system, onWarning, reopen: () => destination.close() });
  const folder = openFolderDrain({
    shared: { system, destination, patience, onWarning, onEvent: (event) => events.push(event) },
    paths: options.paths,
    isLive: true,
    isSynced: false,
    replayedThrough: options.replayedThrough ?? 0,
    onSettled: () => undefined,
  });
  let next = folder.state.settledThrough + 1;
  return {
    ...folder,
    system,
    events,
    warnings,
    uploads,
    patience,
    destination,
    add: (...writes) => {
      const lines = writes.map((write) => `${encodeWrite(write)}\n`).join('');
      folder.source.addMemory({ firstSequence: next, count: writes.length, lines });
      next += writes.length;
    },
    deliver: async () => {
      let isDone = false;
      const work = (async () => {
        while (await folder.drain.deliverWindow());
        isDone = true;
      })();
      await Promise.race([work, system.clock.runUntil(() => isDone)]);
      await work;
    },
    counts: () => ({ settled: folder.state.settledThrough, dead: folder.state.deadLettered }),
  };
}
