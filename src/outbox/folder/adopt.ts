// Finds folders whose owner is gone and takes them by renaming: of rivals, one wins.
import path from 'node:path';
import type { Destination, FolderHeader, FolderPaths } from './folder.ts';
import {
  DEAD_LETTERS_FOLDER,
  HALF_MADE,
  HALF_REMOVED,
  TELEMETRY_FOLDER,
  folderPaths,
  isOfNewerVersion,
  newFolderName,
  pidOfName,
  readHeader,
  withoutSecrets,
} from './folder.ts';
import type { Lease, Orphan } from './lease.ts';
import { judgeLease, readLease, writeLease } from './lease.ts';
import { Suspects } from './suspects.ts';
import type { System } from '../machine/system.ts';
import { messageOf } from '../machine/system.ts';

/** What an adopter needs. */
export interface AdopterOptions {
  readonly system: System;
  readonly directory: string;
  readonly destination: Destination;
  /** Our own folder's name, never adopted. */
  readonly ownName: string | undefined;
  readonly isInline: boolean;
  /** Whether a stale folder is to be taken. @default every one is */
  readonly isWanted?: (name: string) => boolean;
  readonly onWarning: (message: string) => void;
}

/** A folder that is ours now. */
export interface AdoptedFolder {
  readonly paths: FolderPaths;
  readonly orphan: Orphan;
  /** By the monotonic clock. */
  readonly adoptedAtMs: number;
}

/** Between rename and the new lease a folder looks orphaned; nobody takes it for so long. */
const ADOPTING_LIMIT_MS = 60_000;

/** What is half made for so long was left behind by a death: it takes milliseconds, and holds nothing of a run. */
const HALF_MADE_LIMIT_MS = 600_000;

const NOT_ADOPTED: ReadonlySet<string> = new Set([DEAD_LETTERS_FOLDER, TELEMETRY_FOLDER]);

/** Looks through RUNSPAN_DIR, one scan at a time. */
export class Adopter {
  readonly #options: AdopterOptions;
  readonly #suspects = new Suspects();
  readonly #named = new Set<string>();

  constructor(options: AdopterOptions) {
    this.#options = options;
  }

  /** True while a folder is watched and the next scan should come soon. */
  get hasSuspects(): boolean {
    return this.#suspects.isAny;
  }

  /**
   * Takes every stale folder of our destination. Never throws on what a rival or a broken folder does.
   *
   * @param ownName our own folder's name by now, where it was made later
   */
  scan(ownName: string | undefined = this.#options.ownName): readonly AdoptedFolder[] {
    const { system, directory } = this.#options;
    const adopted: AdoptedFolder[] = [];
    const foreign: string[] = [];
    const unreadable: string[] = [];
    const newer: string[] = [];
    const denied: string[] = [];
    const names = system.disk.list(directory);
    // A jump of the clock is seen by who looked at it before.
    if (names.length > 0) this.#suspects.noteClock(this.#fileSystemNowMs(), system.clock.monotonicMs());
    this.#tidy(names);
    for (const name of names) {
      if (name.startsWith('.') || NOT_ADOPTED.has(name) || name === ownName) continue;
      const paths = folderPaths(directory, name);
      let header: FolderHeader | undefined;
      try {
        if (system.disk.stat(paths.root)?.isFolder !== true) continue;
        header = readHeader(system, paths);
      } catch (error) {
        // Another user's, or a bad sector: the others are taken over all the same.
        denied.push(`${name} (${messageOf(error)})`);
        continue;
      }
      if (header !== undefined && !isSame(header, this.#options.destination)) {
        if (this.#isStale(paths, readLease(system, paths.lease))) foreign.push(`${name} (${header.trackingUri})`);
      } else if (header === undefined) {
        // A rival may have renamed or removed it between the listing and now.
        if (system.disk.stat(paths.root) !== undefined)
          (isOfNewerVersion(system, paths) ? newer : unreadable).push(name);
      } else if (this.#options.isWanted?.(name) ?? true) {
        const folder = this.#tryAdopt(paths);
        if (folder !== undefined) adopted.push(folder);
      }
    }
    this.#nameOnce(foreign, 'hold records for other tracking stores; a job with that tracking URI delivers them');
    this.#nameOnce(
      newer,
      'were written by a newer version of runspan, and are left as they are until that one, or this one updated, delivers them',
    );
    this.#nameOnce(denied, 'cannot be read, and are left as they are');
    this.#nameOnce(unreadable, 'have no header that this version can read, and are left as they are');
    return adopted;
  }

  #tidy(names: readonly string[]): void {
    const { disk } = this.#options.system;
    for (const name of names) if (HALF_REMOVED.test(name)) this.#removeLeft(name, () => true);
    const halfMade = names.filter((name) => HALF_MADE.test(name));
    if (halfMade.length === 0) return;
    const nowMs = this.#fileSystemNowMs();
    for (const name of halfMade)
      this.#removeLeft(name, (entry) => nowMs - (disk.stat(entry)?.changedMs ?? nowMs) > HALF_MADE_LIMIT_MS);
  }

  #removeLeft(name: string, isLeft: (entry: string) => boolean): void {
    const { system, directory } = this.#options;
    const entry = path.join(directory, name);
    try {
      if (isLeft(entry)) system.disk.removeFolder(entry);
    } catch {
      // It stays for the next scan: it costs its bytes and no more.
    }
  }

  #tryAdopt(from: FolderPaths): AdoptedFolder | undefined {
    const { system, directory, isInline } = this.#options;
    const lease = readLease(system, from.lease);
    const heartbeat = system.disk.stat(from.lease);
    if (!this.#isStale(from, lease)) return undefined;
    const paths = folderPaths(
      directory,
      newFolderName(system.machine, () => system.random()),
    );
    try {
      if (!system.disk.rename(from.root, paths.root)) return undefined;
      this.#suspects.forget(from.name);
      // An adopter that died left the word of whom it had adopted.
      const orphan = lease?.orphan ?? {
        host: lease?.host ?? 'unknown',
        pid: lease?.pid ?? pidOfName(from.name) ?? 0,
        threadId: lease?.threadId ?? 0,
        lastSeenMs: heartbeat?.modifiedMs ?? system.clock.nowMs(),
        wasReleased: lease?.isReleased ?? false,
      };
      writeLease(system, paths.lease, { folder: paths.name, isInline, orphan });
      return { paths, orphan, adoptedAtMs: system.clock.monotonicMs() };
    } catch (error) {
      this.#options.onWarning(`The outbox folder ${from.name} could not be taken over: ${String(error)}`);
      return undefined;
    }
  }

  #isStale(paths: FolderPaths, lease: Lease | undefined): boolean {
    const { machine, disk } = this.#options.system;
    if (lease !== undefined && lease.folder !== paths.name) {
      // Somebody renamed it and has not signed yet, or died in between.
      const pid = pidOfName(paths.name);
      const isHere = lease.host === machine.hostName && lease.pidNamespace === machine.pidNamespace;
      if (isHere && pid !== undefined && pid !== machine.pid && !machine.isAlive(pid)) return true;
      const changedMs = disk.stat(paths.root)?.changedMs;
      return changedMs !== undefined && this.#fileSystemNowMs() - changedMs > ADOPTING_LIMIT_MS;
    }
    const verdict = judgeLease(lease, machine);
    if (verdict.kind !== 'silent-for') return verdict.kind === 'gone';
    return this.#isConfirmed(paths, verdict.limitMs);
  }

  /** Condemned by age alone. */
  #isConfirmed(paths: FolderPaths, limitMs: number): boolean {
    const { disk, clock } = this.#options.system;
    const heartbeat = disk.stat(paths.lease) ?? disk.stat(paths.root);
    const { name } = paths;
    if (heartbeat === undefined) {
      this.#suspects.forget(name);
      return false;
    }
    const { modifiedMs: heartbeatMs } = heartbeat;
    const now = { fileSystemNowMs: this.#fileSystemNowMs(), monotonicMs: clock.monotonicMs() };
    return this.#suspects.isCondemned({ name, heartbeatMs, limitMs, ...now });
  }

  /** The file system's clock: what a freshly written file says. */
  #fileSystemNowMs(): number {
    const { system, directory } = this.#options;
    const probe = path.join(directory, `.clock-${newFolderName(system.machine, () => system.random())}`);
    try {
      system.disk.appendText(probe, '.');
      const stat = system.disk.stat(probe);
      system.disk.removeFile(probe);
      return stat?.modifiedMs ?? Number.NEGATIVE_INFINITY;
    } catch {
      // Without a clock to compare with, nobody is condemned.
      return Number.NEGATIVE_INFINITY;
    }
  }

  #nameOnce(names: readonly string[], what: string): void {
    const fresh = names.filter((name) => !this.#named.has(name));
    if (fresh.length === 0) return;
    for (const name of fresh) this.#named.add(name);
    this.#options.onWarning(`In ${this.#options.directory} these folders ${what}: ${fresh.join(', ')}.`);
  }
}

function isSame(a: Destination, b: Destination): boolean {
  const bare = (uri: string): string => withoutSecrets(uri).replace(/\/+$/, '');
  return bare(a.trackingUri) === bare(b.trackingUri) && (a.workspace ?? '') === (b.workspace ?? '');
}
