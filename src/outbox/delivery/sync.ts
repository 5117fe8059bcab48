// Delivers what earlier processes left in RUNSPAN_DIR, without a job: adopts their folders, sends, ends their runs.
import type { ConnectionOptions } from '../../rest/transport/connection.ts';
import type { OutboxEvent } from '../contract.ts';
import { DrainDestination } from './destination.ts';
import type { Openers } from './destination.ts';
import type { Destination } from '../folder/folder.ts';
import { Heartbeat } from '../folder/heartbeat.ts';
import type { FolderReport } from '../folder/inspect.ts';
import { Orphanage } from './orphanage.ts';
import { Patience } from './patience.ts';
import { Pause } from '../machine/pause.ts';
import type { System } from '../machine/system.ts';

/** Where records go. */
export interface SyncTarget {
  readonly trackingUri: string;
  readonly connection: ConnectionOptions;
  readonly artifactRoot: string;
}

/** What a sync is asked for. */
export interface SyncOptions {
  readonly system: System;
  readonly openers: Openers;
  readonly directory: string;
  /** What the folders say of themselves: all of them are to be delivered there, or to `target` instead. */
  readonly destination: Destination;
  readonly folders: readonly FolderReport[];
  readonly target: SyncTarget;
  /** Ends it where nothing has moved for so long, in milliseconds. */
  readonly stallMs: number;
  /** The same where the store refuses whoever asks, which time alone does not mend. */
  readonly refusalMs: number;
  readonly signal: AbortSignal;
  /** Told how many records were delivered or refused by now. */
  readonly onProgress: (doneCount: number) => void;
  readonly onEvent: (event: OutboxEvent) => void;
}

/** Why a sync ended: nothing is left to do, it was told to, nothing moved any more, or the store refuses whoever asks. */
export type SyncEnd = 'settled' | 'stopped' | 'stalled' | 'refused';

/** Between two looks at how far it is. */
const LOOK_MS = 100;
/** How long a locked database blocks this thread. */
const BUSY_TIMEOUT_MS = 5000;

/**
 * Delivers folders of one destination until none is left that can be, nothing has moved for `stallMs` (`refusalMs` where the store refuses), or the signal says stop.
 * Never rejects: what is not delivered stays where it is.
 */
export async function syncFolders(options: SyncOptions): Promise<SyncEnd> {
  const { system, openers, directory, destination, folders, target, signal, onEvent } = options;
  const { clock } = system;
  const onWarning = (message: string): void => onEvent({ kind: 'warning', message });
  const store = new DrainDestination({ openers, ...target, busyTimeoutMs: BUSY_TIMEOUT_MS });
  const patience = new Patience({ system, onWarning, reopen: () => store.close() });
  const wanted = new Set(folders.map(({ name }) => name));
  const begunAt = new Map<string, number>();
  const doneNow = new Map<string, number>();
  let movedAtMs = clock.monotonicMs();
  const orphanage = new Orphanage({
    shared: { system, destination: store, patience, onEvent, onWarning },
    directory,
    destination,
    ownName: undefined,
    isInline: false,
    isOpenElsewhere: () => false,
    isHeardAtOnce: true,
    isWanted: (name) => wanted.has(name),
    onProgress: ({ paths }, state) => {
      movedAtMs = clock.monotonicMs();
      const begun = begunAt.get(paths.name) ?? state.doneCount;
      begunAt.set(paths.name, begun);
      doneNow.set(paths.name, state.doneCount - begun);
      options.onProgress([...doneNow.values()].reduce((sum, each) => sum + each, 0));
    },
    pause: new Pause(clock),
  });
  const heartbeat = new Heartbeat({
    system,
    ownLease: undefined,
    otherLeases: () => orphanage.leases(),
    onLost: () => undefined,
  });
  heartbeat.start();
  patience.hurry();
  orphanage.hurry();
  const work = orphanage.run();
  const isStalled = (): boolean =>
    clock.monotonicMs() - movedAtMs >= (patience.isRefused ? options.refusalMs : options.stallMs);
  while (!orphanage.isSettled && !signal.aborted && !isStalled()) {
    await new Promise<void>((resolve) => clock.afterHolding(LOOK_MS, resolve));
  }
  const end = orphanage.isSettled ? 'settled' : signal.aborted ? 'stopped' : patience.isRefused ? 'refused' : 'stalled';
  orphanage.close();
  patience.close();
  heartbeat.stop();
  await work;
  await store.close();
  return end;
}
