// One process of a world: an outbox on a disk that may die under it, and what it knows to be accepted.
import path from 'node:path';
import { CONFIRM_MS } from '../../../src/outbox/folder/suspects.ts';
import { folderPaths } from '../../../src/outbox/folder/folder.ts';
import { HEARTBEAT_MS } from '../../../src/outbox/folder/heartbeat.ts';
import { OTHER_HOST_LIMIT_MS } from '../../../src/outbox/folder/lease.ts';
import { readState } from '../../../src/outbox/folder/state-file.ts';
import { openOutbox } from '../../../src/outbox/job/outbox.ts';
import type { FlushResult, Outbox, OutboxEvent } from '../../../src/outbox/contract.ts';
import type { Machine } from '../../../src/outbox/machine/system.ts';
import type { Write } from '../../../src/model/write.ts';
import { RunspanError } from '../../../src/errors.ts';
import { DiskView, type Strike } from './disk-view.ts';
import type { SimDisk } from './sim-disk.ts';
import type { SimClock } from './sim-clock.ts';
import type { SimServer } from './sim-server.ts';
import type { Choices } from './random.ts';

/** A write that append() gave a number. */
export interface Attempt {
  readonly sequence: number;
  readonly write: Write;
  /** It was accepted while the disk took everything: it must arrive whatever happens. */
  isCertain: boolean;
}

export interface SimProcessOptions {
  readonly disk: SimDisk;
  readonly clock: SimClock;
  readonly server: SimServer;
  readonly choices: Choices;
  readonly pid: number;
  readonly host: { readonly name: string; readonly bootId: string };
  readonly isAlive: (pid: number) => boolean;
  readonly onApplied: (pid: number, method: string, request: unknown) => void;
  readonly durability: 'os' | 'fsync';
  /** Told of what must never be done. */
  readonly onWrong: (what: string) => void;
  /** Called before it puts another text in a file's place. */
  readonly onReplace: (pid: number, file: string) => void;
  /** Called before each change of its disk. */
  readonly onChange: () => void;
}

/** One process. */
export class SimProcess {
  readonly pid: number;
  readonly host: SimProcessOptions['host'];
  readonly attempts: Attempt[] = [];
  readonly events: OutboxEvent[] = [];
  readonly disk: DiskView;
  /** Operations until the armed death; undefined where none is armed. */
  deathIn: number | undefined;
  /** So many operations fail from now on. */
  errorsLeft: number = 0;
  errorCode: string = 'ENOSPC';
  isDead: boolean = false;
  hasStopped: boolean = false;
  /** For another host, whose clock jumped ahead, it was gone: its disk refused the heartbeats that would have spoken for it. */
  wasSilent: boolean = false;
  stopped: FlushResult | undefined;
  /** What of its records its folder has noted as delivered when it stopped; whoever takes over sends what is on disk behind that again. */
  notedThrough: number = 0;
  /** Nothing that it had on the disk is promised to be there any more, its notes included. */
  hasLostAll: boolean = false;
  readonly #options: SimProcessOptions;
  /** Undefined while it is being opened. */
  readonly #outbox: Outbox | undefined;
  #acceptedSeen = 0;
  /** A power cut leaves records up to here: flush() said so. */
  #flushedThrough = 0;
  /** And up to here, because they were synced before they were sent. */
  #sentThrough = 0;
  #beatAtMs: number;
  #missedBeats = 0;
  /** Since its last look, some record may have been kept in memory alone. */
  #wasOffDisk = false;

  constructor(options: SimProcessOptions) {
    this.#options = options;
    this.pid = options.pid;
    this.host = options.host;
    this.#beatAtMs = options.clock.wallMs;
    this.disk = new DiskView(options.disk, {
      onReplace: (file) => options.onReplace(options.pid, file),

      strike: (operation) => this.#strike(operation),
      isDead: () => this.isDead,
      onWrong: options.onWrong,
    });
    const { clock, server, choices, pid } = options;
    const machine: Machine = {
      hostName: this.host.name,
      pid,
      threadId: 0,
      bootId: this.host.bootId,
      pidNamespace: undefined,
      isAlive: options.isAlive,
      processStart: (of) => (of === pid || options.isAlive(of) ? `start-${of}` : undefined),
    };
    this.#outbox = openOutbox(
      {
        directory: '/runspan',
        trackingUri: 'http://sim',
        experimentName: 'churn',
        connection: {},
        artifactRoot: '/artifacts',
        drain: 'inline',
        durability: options.durability,
        env: {},
        onEvent: (event) => this.events.push(event),
      },
      {
        system: {
          disk: this.disk,
          clock: clock.view(() => this.isDead),
          machine,
          random: () => choices.fraction(),
          say: () => undefined,
        },
        segmentBytes: 2000,
        openers: server.openersFor({
          isDead: () => this.isDead,
          disk: this.disk,
          onApplied: (method, request) => options.onApplied(pid, method, request),
          onWrong: options.onWrong,
        }),
      },
    );
  }

  get stats(): ReturnType<Outbox['stats']> | undefined {
    return this.#outbox?.stats();
  }

  /** Whether a write was given a number. */
  append(write: Write): boolean {
    if (this.#outbox === undefined || this.isDead || this.hasStopped) return false;
    let sequence: number;
    try {
      sequence = this.#outbox.append(write);
    } catch (error) {
      if (error instanceof RunspanError && error.code === 'OUTBOX_FULL') return false;
      throw error;
    }
    this.attempts.push({ sequence, write, isCertain: false });
    this.look();
    return true;
  }

  /** Keeps an artifact's text; undefined where the disk does not take it. */
  spool(text: string): string | undefined {
    if (this.#outbox === undefined || this.isDead || this.hasStopped) return undefined;
    try {
      const source = this.#outbox.spoolBytes(Buffer.from(text));
      return source.kind === 'spool' && !this.isDead ? source.file : undefined;
    } catch (error) {
      if (error instanceof RunspanError && error.code === 'OUTBOX_FULL') return undefined;
      throw error;
    }
  }

  /** Notes what is accepted by now. Called after each action, as long as it lives. */
  look(): void {
    if (this.#outbox === undefined || this.isDead) return;
    const { accepted, delivered, deadLettered, durability } = this.#outbox.stats();
    if (durability === 'fsync') this.#sentThrough = Math.max(this.#sentThrough, delivered + deadLettered);
    if (durability === 'memory') this.#wasOffDisk = true;
    if (!this.#wasOffDisk) this.#makeCertain(accepted);
    if (durability !== 'memory') this.#wasOffDisk = false;
    this.#acceptedSeen = accepted;
  }

  flush(timeoutMs: number): void {
    if (this.isDead || this.#outbox === undefined) return;
    this.#outbox.writeBuffered();
    const through = this.#outbox.stats().accepted;
    void this.#outbox.flush({ timeoutMs }).then(({ durability }) => {
      if (!this.isDead && durability === 'fsync') this.#flushedThrough = Math.max(this.#flushedThrough, through);
    });
  }

  /** The power is cut: of what was accepted, what was sent is left for certain, and what flush() had waited for. */
  losePower(): void {
    this.die();
    const through = Math.max(this.#flushedThrough, this.#sentThrough);
    for (const attempt of this.attempts) if (attempt.sequence > through) attempt.isCertain = false;
  }

  /** Something happened that nothing was promised of: what it had written may be gone. */
  loseAll(): void {
    for (const attempt of this.attempts) attempt.isCertain = false;
    this.notedThrough = 0;
    this.hasLostAll = true;
  }

  stop(timeoutMs: number): void {
    if (this.isDead || this.hasStopped) return;
    this.hasStopped = true;
    const { accepted = 0 } = this.#outbox?.stats() ?? {};
    void this.#outbox?.stop({ timeoutMs }).then((result) => {
      this.stopped = result;
      this.notedThrough = this.#readNote();
      if (this.isDead) return;
      if (result.durability === 'fsync') this.#flushedThrough = Math.max(this.#flushedThrough, accepted);
    });
  }

  /** kill -9. */
  die(): void {
    if (this.isDead) return;
    this.look();
    this.isDead = true;
  }

  #readNote(): number {
    const { nodes } = this.#options.disk;
    const paths = folderPaths('/runspan', path.basename(this.stats?.directory ?? ''));
    // A folder that is gone holds nothing that could be sent again.
    if (!nodes.has(paths.root)) return Number.POSITIVE_INFINITY;
    const readText = (file: string): string | undefined => nodes.get(file)?.bytes?.toString('utf8');
    const state = readState({ readText, stat: () => undefined }, paths);
    return state === undefined || state === 'damaged' ? 0 : state.settledThrough;
  }

  #makeCertain(accepted: number): void {
    for (let index = this.#acceptedSeen; index < accepted; index += 1) {
      const attempt = this.attempts[index];
      if (attempt !== undefined) attempt.isCertain = true;
    }
  }

  /** Whoever judges by its age alone looks at a lease twice, with all the beats of {@link CONFIRM_MS} between. */
  #noteBeat(isRefused: boolean): void {
    const { wallMs } = this.#options.clock;
    this.#missedBeats = isRefused ? this.#missedBeats + 1 : 0;
    if (!isRefused) this.#beatAtMs = wallMs;
    const isWatched = (this.#missedBeats + 1) * HEARTBEAT_MS >= CONFIRM_MS;
    if (isWatched && wallMs + HEARTBEAT_MS - this.#beatAtMs > OTHER_HOST_LIMIT_MS) this.wasSilent = true;
  }

  #strike(operation: string): Strike {
    const { choices, onChange } = this.#options;
    onChange();
    if (this.deathIn !== undefined && (this.deathIn -= 1) <= 0) {
      // What was accepted before this very operation.
      this.look();
      this.isDead = true;
      return { kind: 'death', doneFraction: choices.fraction() };
    }
    const isRefused = this.errorsLeft > 0;
    if (operation === 'touch') this.#noteBeat(isRefused);
    if (!isRefused) return { kind: 'none' };
    this.errorsLeft -= 1;
    return { kind: 'error', code: this.errorCode, doneFraction: choices.isChance(0.5) ? 0 : choices.fraction() };
  }
}
