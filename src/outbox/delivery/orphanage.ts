// Takes over what dead processes left: adopts their folders, delivers some at a time, ends their runs, removes the folder.
import type { AdoptedFolder } from '../folder/adopt.ts';
import { Adopter } from '../folder/adopt.ts';
import { CONFIRM_MS } from '../folder/suspects.ts';
import type { Destination } from '../folder/folder.ts';
import { retireFolder } from '../folder/folder.ts';
import type { FolderDrain, SharedDelivery } from './folder-drain.ts';
import { openFolderDrain } from './folder-drain.ts';
import { writeLease } from '../folder/lease.ts';
import { DrainClosed } from './patience.ts';
import type { Pause } from '../machine/pause.ts';
import type { Reaped } from './reaper.ts';
import { reapRuns } from './reaper.ts';
import type { FolderState } from '../folder/state.ts';
import { messageOf } from '../machine/system.ts';

/** How often RUNSPAN_DIR is looked through. */
const SCAN_INTERVAL_MS = 60_000;
/** Folders under way at once. A server takes some ten requests to end one, each of which waits for its answer. */
const FOLDER_COUNT = 4;

/** What an orphanage needs. */
export interface OrphanageOptions {
  /** What all folders of this host share. */
  readonly shared: SharedDelivery;
  readonly directory: string;
  readonly destination: Destination;
  readonly ownName: string | undefined;
  readonly isInline: boolean;
  readonly isOpenElsewhere: (runId: string) => boolean;
  /** Whoever is told that a run was ended has heard of it by then. @default false: {@link Orphanage.hear} says so */
  readonly isHeardAtOnce?: boolean;
  /** Whether a stale folder is to be taken over. @default every one is */
  readonly isWanted?: (name: string) => boolean;
  /** Told when an adopted folder is opened, and after each step of it. */
  readonly onProgress?: (folder: AdoptedFolder, state: FolderState) => void;
  /** What is noted of a folder is on the disk itself before its segments go. @default false */
  readonly isSynced?: boolean;
  /** Ends the wait between two scans. */
  readonly pause: Pause;
}

/** Adopts, delivers and reaps until closed. */
export class Orphanage {
  readonly #options: OrphanageOptions;
  readonly #adopter: Adopter;
  #waiting: AdoptedFolder[] = [];
  readonly #current = new Set<AdoptedFolder>();
  /** All but some artifacts is delivered; their lanes go on beside the other folders. */
  readonly #lingering = new Map<AdoptedFolder, FolderDrain>();
  /** Runs that were ended, by key, with what is to be done once somebody has heard of it. */
  readonly #unheard = new Map<string, { readonly folder: AdoptedFolder; readonly forget: () => void }>();
  #isClosed = false;
  #isUrgent = false;

  constructor(options: OrphanageOptions) {
    this.#options = options;
    this.#adopter = new Adopter({
      system: options.shared.system,
      directory: options.directory,
      destination: options.destination,
      ownName: options.ownName,
      isInline: options.isInline,
      ...(options.isWanted === undefined ? {} : { isWanted: options.isWanted }),
      onWarning: options.shared.onWarning,
    });
    this.#scan();
  }

  /** True while an adopted folder is not done with. */
  get isBusy(): boolean {
    const lanes = [...this.#lingering.values()].map((folder) => folder.lane);
    const isUnderWay = this.#current.size > 0 || this.#waiting.length > 0 || this.#unheard.size > 0;
    return isUnderWay || lanes.some((lane) => lane.isBusy);
  }

  /** Somebody has yet to hear that a run was ended. */
  get isUnheard(): boolean {
    return this.#unheard.size > 0;
  }

  /** Nothing is left that could be adopted or delivered by now. */
  get isSettled(): boolean {
    return (
      this.#current.size === 0 && this.#waiting.length === 0 && this.#lingering.size === 0 && !this.#adopter.hasSuspects
    );
  }

  /** The adopted folders' leases, for the heartbeat. */
  leases(): readonly string[] {
    return [...this.#current, ...this.#waiting, ...this.#lingering.keys()].map((folder) => folder.paths.lease);
  }

  /** Somebody waits for the end. */
  hurry(): void {
    this.#isUrgent = true;
    for (const { lane } of this.#lingering.values()) lane.hurry();
  }

  /** Nobody waits any more. */
  calm(): void {
    this.#isUrgent = false;
    for (const { lane } of this.#lingering.values()) lane.calm();
  }

  /** Somebody has heard that a run was ended: its folder may forget it. */
  hear(runKey: string): void {
    const heard = this.#unheard.get(runKey);
    if (heard === undefined) return;
    this.#unheard.delete(runKey);
    heard.forget();
    this.#retireIfDone(heard.folder);
  }

  /** Works until closed. */
  async run(): Promise<void> {
    while (!this.#isClosed) {
      await Promise.all(Array.from({ length: FOLDER_COUNT }, () => this.#settleWaiting()));
      if (this.#isClosed) return;
      await this.#options.pause.wait(this.#adopter.hasSuspects ? CONFIRM_MS : SCAN_INTERVAL_MS);
      if (!this.#isClosed) this.#scan();
    }
  }

  /** Stops after the step under way; what is not done with is left for the next adopter. */
  close(): void {
    this.#isClosed = true;
    for (const folder of this.#waiting) this.#release(folder);
    this.#waiting = [];
    for (const [folder, opened] of this.#lingering) {
      opened.lane.close();
      this.#leave(opened);
      this.#release(folder);
    }
    this.#lingering.clear();
    this.#options.pause.wake();
  }

  #scan(): void {
    try {
      this.#waiting.push(...this.#adopter.scan());
    } catch (error) {
      // Where not even our own folder could be made, the user has been told already.
      if (this.#options.ownName === undefined) return;
      this.#options.shared.onWarning(`RUNSPAN_DIR could not be looked through: ${messageOf(error)}`);
    }
  }

  async #settleWaiting(): Promise<void> {
    for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift()) {
      this.#current.add(next);
      try {
        await this.#settle(next);
      } catch (error) {
        this.#release(next);
        if (!(error instanceof DrainClosed)) {
          this.#options.shared.onWarning(`The outbox folder ${next.paths.root} is left for later: ${messageOf(error)}`);
        }
      }
      this.#current.delete(next);
    }
  }

  async #settle(adopted: AdoptedFolder): Promise<void> {
    const { shared, isOpenElsewhere } = this.#options;
    const { paths, orphan, adoptedAtMs } = adopted;
    const { system } = shared;
    const folder = openFolderDrain({
      shared,
      paths,
      isLive: false,
      isSynced: this.#options.isSynced ?? false,
      replayedThrough: Number.POSITIVE_INFINITY,
      adoptedAtMs,
      onSettled: (state) => {
        this.#options.onProgress?.(adopted, state);
        this.#retireIfDone(adopted);
      },
    });
    this.#options.onProgress?.(adopted, folder.state);
    try {
      folder.lane.start();
      while (await folder.drain.deliverWindow()) await turn(system.clock);
      const tell = (event: Reaped, onHeard: () => void): void => this.#tell(adopted, event, onHeard);
      await reapRuns(folder.delivery, { orphan, isOpenElsewhere, tell, save: () => folder.drain.save() });
      if (this.#isClosed && folder.state.aside.lowest !== undefined) throw new DrainClosed();
    } catch (error) {
      folder.lane.close();
      this.#leave(folder);
      throw error;
    }
    if (this.#isUrgent) folder.lane.hurry();
    this.#lingering.set(adopted, folder);
    this.#retireIfDone(adopted);
  }

  #tell(adopted: AdoptedFolder, event: Reaped, onHeard: () => void): void {
    if (this.#isClosed) return;
    this.#unheard.set(event.runKey, { folder: adopted, forget: onHeard });
    this.#options.shared.onEvent(event);
    if (this.#options.isHeardAtOnce === true) this.hear(event.runKey);
  }

  #retireIfDone(adopted: AdoptedFolder): void {
    const folder = this.#lingering.get(adopted);
    if (folder === undefined || folder.state.aside.lowest !== undefined || folder.state.hasOpenRuns) return;
    const { shared, directory, isSynced = false } = this.#options;
    this.#lingering.delete(adopted);
    folder.lane.close();
    this.#leave(folder);
    try {
      retireFolder(shared.system, adopted.paths, { directory, isSynced });
    } catch (error) {
      this.#release(adopted);
      shared.onWarning(`The outbox folder ${adopted.paths.root} is left for later: ${messageOf(error)}`);
    }
  }

  #leave(folder: FolderDrain): void {
    folder.drain.save();
    folder.close();
  }

  /** Says in the lease that nobody works on the folder any more, so that the next one need not wait for our death. */
  #release({ paths, orphan }: AdoptedFolder): void {
    const { shared, isInline } = this.#options;
    try {
      writeLease(shared.system, paths.lease, { folder: paths.name, isInline, isReleased: true, orphan });
    } catch {
      // The folder is gone or the disk takes nothing: our death will say the same.
    }
  }
}

/** Lets timers and messages in: an embedded store answers without ever leaving this turn. */
export function turn(clock: { nextTurn: (callback: () => void) => void }): Promise<void> {
  return new Promise((resolve) => clock.nextTurn(resolve));
}
