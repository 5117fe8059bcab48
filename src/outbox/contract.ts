// What the rooms above see of the outbox: append, flush, call, stats, and the events that come back from the drain.
import type { Store } from '../stores/contract.ts';
import type { BudgetLimits } from './journal/disk-budget.ts';
import type { ConnectionOptions } from '../rest/transport/connection.ts';
import type { Write } from '../model/write.ts';
import type { TerminalStatus } from '../model/entities.ts';

/** Where writes survive: in memory only, with the operating system (survives the process), or synced to the disk before they are sent. */
export type Durability = 'memory' | 'os' | 'fsync';

/** What the drain says; delivered on the job's thread, never during a call into the outbox. */
export type OutboxEvent =
  /** The destination answered and the experiment stands. */
  | { readonly kind: 'ready'; readonly experimentId: string }
  /** The destination refused for good (a definite 4xx, an incompatible file); what is journaled stays. */
  | { readonly kind: 'refused'; readonly error: Error }
  /** A run exists in the store. */
  | {
      readonly kind: 'created';
      readonly runKey: string;
      readonly runId: string;
      readonly runName: string;
      readonly experimentId: string;
      readonly artifactUri: string;
    }
  /** The store does not take a run; what follows of it is dead-lettered. */
  | { readonly kind: 'create-refused'; readonly runKey: string; readonly error: Error }
  /** An orphaned run of a dead process was ended. */
  | {
      readonly kind: 'reaped';
      readonly runKey: string;
      readonly runId: string;
      readonly runName: string;
      readonly status: TerminalStatus;
      readonly reason: string;
    }
  /** Something the user should read once; already without secrets. */
  | { readonly kind: 'warning'; readonly message: string };

/** What became of what was accepted. `accepted = delivered + pending + deadLettered`, always. */
export interface OutboxStats {
  /** Writes that are in the journal, or were. */
  readonly accepted: number;
  /** Writes that the store has taken. */
  readonly delivered: number;
  /** Writes that wait for the store. */
  readonly pending: number;
  /** Writes that the store refused for good; they lie beside the journal, with its words. */
  readonly deadLettered: number;
  /**
   * The same of each run, by its key: of those that are open, that have something pending, and of the last hundred others. What is
   * delivered is told in steps, so that the runs may lag a moment behind the whole; `flush()` and `stop()` bring them level.
   */
  readonly runs: Readonly<Record<string, RunAccount>>;
  /** What was refused, by reason, and so never accepted. */
  readonly refused: Readonly<Record<string, number>>;
  /** How often the drain's own thread has died; nothing is lost by that. From the third death on the job's thread delivers. */
  readonly drainDeaths: number;
  /** What an accepted write survives now: less than was asked for while the disk takes nothing, or syncs nothing. */
  readonly durability: Durability;
  /** This outbox's folder, where what is pending lies. */
  readonly directory: string;
}

/** What became of what was accepted of one run. `accepted = delivered + pending + deadLettered`, always. */
export type RunAccount = Pick<OutboxStats, 'accepted' | 'delivered' | 'pending' | 'deadLettered'>;

/** How a flush ended: what has really happened by then. */
export interface FlushResult {
  /** True where everything accepted before the call was delivered or dead-lettered. */
  readonly isComplete: boolean;
  /** How many writes the store has taken. */
  readonly delivered: number;
  /** How many writes still wait. */
  readonly pending: number;
  /** How many writes the store refused for good. */
  readonly deadLettered: number;
  /** What they survive: less than was asked for where the disk did not take them, or did not sync them. */
  readonly durability: Durability;
}

/** The methods of a store that `call` can reach. */
export type StoreMethod = Exclude<
  keyof Store,
  'uri' | 'supports' | 'listRegistered' | 'listTraces' | 'traces' | 'close'
>;

/** A file that lies in the outbox folder until it is delivered, or the user's own by reference. */
export type SpooledSource = Exclude<Extract<Write, { kind: 'artifact' }>['source'], { kind: 'mlmodel' }>;

/** The durable hallway between the job and the store. */
export interface Outbox {
  /**
   * Appends one write to the journal and returns its sequence number, from 1, never reused. Synchronous.
   * Durable at once for the first 32 in 10 ms, then in groups of 64; the rest at the next call or the end of the turn.
   *
   * @throws {RunspanError} `OUTBOX_FULL` where memory is the last resort and full; `SERVICE_STOPPED` after stop()
   */
  append(write: Write): number;
  /** Writes what is buffered to the disk now. Synchronous. */
  writeBuffered(): void;
  /** Keeps bytes as a file of the spool, for an artifact write. Synchronous: small texts only. */
  spoolBytes(bytes: Uint8Array): SpooledSource;
  /** Keeps a file: a copy-on-write clone, else a copy up to 64 MiB, above that by reference. Rejects `FILE_NOT_READABLE`. */
  spoolFile(file: string): Promise<SpooledSource>;
  /**
   * Waits until everything accepted so far is delivered or dead-lettered, at most `timeoutMs`, or until stop() is done. Never rejects.
   * The process stays alive meanwhile, unless `isHolding` is false. Where the job ends with it (`isLast`), a server that is away is waited
   * for no longer than a quarter of the time, and one that refuses what is sent for a second.
   */
  flush(options: {
    readonly timeoutMs: number;
    readonly isHolding?: boolean;
    readonly isLast?: boolean;
  }): Promise<FlushResult>;
  /**
   * A direct round trip to the store, done behind what is already accepted; run keys are accepted where the store wants run ids.
   * Not journaled. Rejects as the store does, or `DEADLINE_EXCEEDED`.
   */
  call<M extends StoreMethod>(
    method: M,
    args: Parameters<Store[M]>,
    options: { readonly timeoutMs: number },
  ): Promise<Awaited<ReturnType<Store[M]>>>;
  stats(): OutboxStats;
  /**
   * For the `exit` handler: writes, blocks until the worker has delivered, `timeoutMs` is over, or as the last flush() says; one line on
   * stderr if anything is left. Never throws.
   */
  drainInExit(timeoutMs: number): void;
  /** Delivers within `timeoutMs`, as the last flush() does, ends the worker, removes the folder if it is empty. Idempotent. */
  stop(options: { readonly timeoutMs: number }): Promise<FlushResult>;
}

/** Where a model registry is that has a place of its own. */
export interface RegistryPlace {
  /** Absolute, as `trackingUri`. */
  readonly uri: string;
  /** How its server is reached; what belongs to the tracking server alone is not in it. */
  readonly connection: ConnectionOptions;
}

/** What an outbox needs; all values come from settings, nothing is read from the environment here. */
export interface OutboxOptions {
  /** RUNSPAN_DIR: the folder that holds one folder a process or thread. */
  readonly directory: string;
  /** Absolute: `sqlite:////abs/mlflow.db`, `http(s)://…`, without credentials. */
  readonly trackingUri: string;
  /** The default experiment, found or made at the start so that a refusal is known early. */
  readonly experimentName: string;
  readonly connection: ConnectionOptions;
  /** The model registry where it is apart from the tracking store. */
  readonly registry?: RegistryPlace | undefined;
  /** Where an embedded store puts artifacts of experiments it makes: an absolute folder. */
  readonly artifactRoot: string;
  /** @default 'worker' */
  readonly drain?: 'worker' | 'inline';
  /** Keeps everything and sends nothing. @default false */
  readonly isOffline?: boolean;
  /** @default 'os' */
  readonly durability?: Durability;
  /** How much of the disk the journal may take. @default as much as there is */
  readonly budget?: BudgetLimits;
  /** The worker's environment, without NODE_OPTIONS. */
  readonly env: Readonly<Record<string, string>>;
  readonly onEvent: (event: OutboxEvent) => void;
}
