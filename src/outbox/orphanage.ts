// Takes over what dead processes left: adopts their folders one by one, delivers, ends their runs, removes the folder.
import type { AdoptedFolder } from './adopt.ts';
import { Adopter, CONFIRM_MS } from './adopt.ts';
import type { Destination } from './folder.ts';
import { retireFolder } from './folder.ts';
import type { SharedDelivery } from './folder-drain.ts';
import { openFolderDrain } from './folder-drain.ts';
import { writeLease } from './lease.ts';
import { DrainClosed } from './patience.ts';
import type { Pause } from './pause.ts';
import { reapRuns } from './reaper.ts';
import { messageOf } from './system.ts';

/** How often RUNSPAN_DIR is looked through. */
const SCAN_INTERVAL_MS = 60_000;

/** What an orphanage needs. */
export interface OrphanageOptions {
  /** What all folders of this host share. */
  readonly shared: SharedDelivery;
  readonly directory: string;
  readonly destination: Destination;
  readonly ownName: string | undefined;
  readonly isInline: boolean;
  readonly isOpenElsewhere: (runId: string) => boolean;
  /** Ends the wait between two scans. */
  readonly pause: Pause;
}

/** Adopts, delivers and reaps until closed. */
export class Orphanage {
  readonly #options: OrphanageOptions;
  readonly #adopter: Adopter;
  #waiting: AdoptedFolder[] = [];
  #current: AdoptedFolder | undefined;
  #isClosed = false;

  constructor(options: OrphanageOptions) {
    this.#options = options;
    this.#adopter = new Adopter({
      system: options.shared.system,
      directory: options.directory,
      destination: options.destination,
      ownName: options.ownName,
      isInline: options.isInline,
      onWarning: options.shared.onWarning,
    });
    this.#scan();
  }

  /** True while an adopted folder is not done with. */
  get isBusy(): boolean {
    return this.#current !== undefined || this.#waiting.length > 0;
  }

  /** The adopted folders' leases, for the heartbeat. */
  leases(): readonly string[] {
    const all = this.#current === undefined ? this.#waiting : [this.#current, ...this.#waiting];
    return all.map((folder) => folder.paths.lease);
  }

  /** Works until closed. */
  async run(): Promise<void> {
    const { shared, pause } = this.#options;
    while (!this.#isClosed) {
      this.#current = this.#waiting.shift();
      if (this.#current === undefined) {
        await pause.wait(this.#adopter.hasSuspects ? CONFIRM_MS : SCAN_INTERVAL_MS);
        if (!this.#isClosed) this.#scan();
        continue;
      }
      try {
        await this.#settle(this.#current);
      } catch (error) {
        this.#release(this.#current);
        if (!(error instanceof DrainClosed)) {
          shared.onWarning(`The outbox folder ${this.#current.paths.root} is left for later: ${messageOf(error)}`);
        }
      }
      this.#current = undefined;
    }
  }

  /** Stops after the step under way; what is not done with is left for the next adopter. */
  close(): void {
    this.#isClosed = true;
    for (const folder of this.#waiting) this.#release(folder);
    this.#waiting = [];
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

  async #settle({ paths, orphan }: AdoptedFolder): Promise<void> {
    const { shared, directory, isOpenElsewhere } = this.#options;
    const { system } = shared;
    const folder = openFolderDrain({
      shared,
      paths,
      isLive: false,
      isSynced: false,
      replayedThrough: Number.POSITIVE_INFINITY,
      onSettled: () => undefined,
    });
    try {
      while (await folder.drain.deliverWindow()) await turn(system.clock);
      await reapRuns(folder.delivery, { orphan, isOpenElsewhere, save: () => folder.drain.save() });
    } finally {
      folder.drain.save();
      folder.close();
    }
    retireFolder(system, directory, paths);
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
