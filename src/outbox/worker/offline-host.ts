// In a drain's place where nothing is sent: keeps the folder alive, says no to who waits, and leaves it for `runspan sync`.
import { RunspanError } from '../../errors.ts';
import { Counters } from '../delivery/counters.ts';
import type { HostOptions } from './drain-host.ts';
import { folderPaths, releaseFolder, retireFolder } from '../folder/folder.ts';
import type { FolderPaths } from '../folder/folder.ts';
import { Heartbeat } from '../folder/heartbeat.ts';
import { JournalSync } from '../delivery/journal-sync.ts';
import type { HostRequest } from './messages.ts';
import { postAnswer, toWire } from './messages.ts';
import { messageOf } from '../machine/system.ts';

/** The host of an outbox that is offline. */
export class OfflineHost {
  readonly #options: HostOptions;
  readonly #counters: Counters;
  readonly #paths: FolderPaths | undefined;
  readonly #heartbeat: Heartbeat;
  /** Undefined where nothing is to be synced. */
  readonly #journalSync: JournalSync | undefined;
  #isClosed = false;

  constructor(options: HostOptions) {
    const { settings, system, post } = options;
    this.#options = options;
    this.#counters = new Counters(settings.counters);
    this.#paths = settings.folderName === undefined ? undefined : folderPaths(settings.directory, settings.folderName);
    if (this.#paths !== undefined && settings.durability === 'fsync') {
      const onWarning = (message: string): void => post({ kind: 'event', event: { kind: 'warning', message } });
      const { disk } = system;
      this.#journalSync = new JournalSync({ disk, paths: this.#paths, counters: this.#counters, onWarning });
    }
    this.#heartbeat = new Heartbeat({
      system,
      ownLease: this.#paths?.lease,
      otherLeases: () => [],
      onLost: () => post({ kind: 'folder-lost', reason: 'the folder was removed or taken over' }),
    });
  }

  start(): void {
    this.#heartbeat.start();
  }

  wake(): void {
    if (this.#counters.isExitRequested) this.#close();
  }

  receive(request: HostRequest): void {
    const { post } = this.#options;
    switch (request.kind) {
      case 'memory':
      case 'forget':
      case 'heard':
        return;
      case 'flush':
        this.#journalSync?.run();
        return postAnswer(post, { kind: 'answer', id: request.id, value: false });
      case 'call': {
        const why = `${request.method} needs the tracking store, and RUNSPAN_OFFLINE says that nothing is sent. Run it without, or 'runspan sync' first.`;
        return postAnswer(post, {
          kind: 'failure',
          id: request.id,
          error: toWire(new RunspanError('NOT_SUPPORTED', why)),
        });
      }
      case 'stop':
        this.#close();
        return postAnswer(post, { kind: 'answer', id: request.id, value: true });
    }
  }

  /** Ends all work in this very turn. */
  abandon(): void {
    this.#heartbeat.stop();
  }

  #close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.abandon();
    this.#journalSync?.run();
    const { system, settings, post } = this.#options;
    try {
      if (this.#paths !== undefined && !this.#heartbeat.isLost) {
        if (this.#counters.accepted === 0) retireFolder(system, this.#paths, settings);
        else releaseFolder(system, this.#paths, settings.isInline);
      }
    } catch (error) {
      const message = `The outbox folder could not be tidied up: ${messageOf(error)}`;
      post({ kind: 'event', event: { kind: 'warning', message } });
    }
    this.#counters.setDone();
  }
}
