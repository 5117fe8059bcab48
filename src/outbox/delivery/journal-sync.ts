// Syncs a folder's journal and says what came of it: to the job by its counters, to the user once.
import type { Counters } from './counters.ts';
import type { FolderPaths } from '../folder/folder.ts';
import { FolderSync } from '../folder/folder-sync.ts';
import type { Disk } from '../machine/system.ts';
import { messageOf } from '../machine/system.ts';

/** What a sync needs. */
export interface JournalSyncOptions {
  readonly disk: Disk;
  readonly paths: FolderPaths;
  /** The job's; undefined for a folder whose job is gone. */
  readonly counters: Counters | undefined;
  readonly onWarning: (message: string) => void;
}

/** The syncs of one folder. */
export class JournalSync {
  readonly #options: JournalSyncOptions;
  readonly #folderSync: FolderSync;
  #hasWarned = false;

  constructor(options: JournalSyncOptions) {
    this.#options = options;
    this.#folderSync = new FolderSync(options.disk, options.paths, options.counters?.isUnsynced);
  }

  /** Syncs what there is. Never throws: what could not be synced is delivered all the same. */
  run(): void {
    const { counters, paths, onWarning } = this.#options;
    // What comes meanwhile may be in no file that is synced.
    const accepted = counters?.accepted ?? 0;
    try {
      this.#folderSync.sync();
      counters?.noteSynced(accepted);
      this.#hasWarned = false;
    } catch (error) {
      counters?.noteUnsynced();
      if (this.#hasWarned) return;
      this.#hasWarned = true;
      onWarning(
        `The journal in ${paths.root} could not be synced (${messageOf(error)}): what waits there survives this process, and maybe no power cut. It is written anew as soon as that can be done.`,
      );
    }
  }
}
