// Keeps leases fresh: a lease that nobody touches for long tells other hosts that its owner is gone.
import type { System } from '../machine/system.ts';
import { isAbsent, isKnownGone } from '../machine/system.ts';

/** Between two touches. */
export const HEARTBEAT_MS = 1000;

/** What a heartbeat needs. */
export interface HeartbeatOptions {
  readonly system: System;
  /** Our own folder's lease. */
  readonly ownLease: string | undefined;
  /** The leases of adopted folders. */
  readonly otherLeases: () => readonly string[];
  /** Our lease is not there any more: the folder was removed or taken over. Called once. */
  readonly onLost: () => void;
}

/** Touches the leases each second until stopped. */
export class Heartbeat {
  readonly #options: HeartbeatOptions;
  #cancel: () => void = () => undefined;
  #isLost = false;

  constructor(options: HeartbeatOptions) {
    this.#options = options;
  }

  /** Whether our folder was taken away. */
  get isLost(): boolean {
    return this.#isLost;
  }

  start(): void {
    const { ownLease, otherLeases, onLost, system } = this.#options;
    for (const lease of otherLeases()) this.#touch(lease);
    if (ownLease !== undefined && !this.#isLost && !this.#touch(ownLease)) {
      this.#isLost = true;
      onLost();
    }
    this.#cancel = system.clock.after(HEARTBEAT_MS, () => this.start());
  }

  stop(): void {
    this.#cancel();
  }

  /** False where it is not there. */
  #touch(lease: string): boolean {
    const { disk } = this.#options.system;
    try {
      disk.touch(lease);
      return true;
    } catch (error) {
      // A disk that takes nothing: the lease grows old, and the process id still speaks for us. It can be gone all the same.
      return !isAbsent(error) && !isKnownGone(disk, lease);
    }
  }
}
