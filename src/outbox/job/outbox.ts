// The outbox as the job sees it: append to the journal, ask the drain, tell the truth.
import { RunspanError } from '../../errors.ts';
import type { Write } from '../../model/write.ts';
import type { Store } from '../../stores/contract.ts';
import type {
  FlushResult,
  Outbox,
  OutboxEvent,
  OutboxOptions,
  OutboxStats,
  SpooledSource,
  StoreMethod,
} from '../contract.ts';
import { Counters } from '../delivery/counters.ts';
import type { Openers } from '../delivery/destination.ts';
import { DrainLink, LAST_WORD_MS } from './drain-link.ts';
import { durabilityOnDisk, flushResult } from './flush-result.ts';
import type { FolderPaths } from '../folder/folder.ts';
import { makeFolder, releaseFolder, removeFolder } from '../folder/folder.ts';
import { Journal } from '../journal/journal.ts';
import type { HostReply } from '../worker/messages.ts';
import { fromWire } from '../worker/messages.ts';
import { drainWorkerUrl } from '../worker/drain-worker-url.ts';
import { nodeSystem } from '../machine/node-system.ts';
import { openers as realOpeners } from '../delivery/openers.ts';
import { PendingRequests } from './pending-requests.ts';
import { RunLedger } from './run-ledger.ts';
import { Spool } from './spool.ts';
import type { System } from '../machine/system.ts';
import { messageOf } from '../machine/system.ts';
import { describeWhatIsLeft } from './what-is-left.ts';

/** What tests and simulations replace. */
export interface OutboxInternals {
  readonly system?: System;
  /** For the inline drain. */
  readonly openers?: Openers;
  /** The worker's entry. */
  readonly workerUrl?: URL;
  /** When the journal begins its next file. */
  readonly segmentBytes?: number;
}

/**
 * Opens an outbox: makes its folder, starts its drain, and takes writes at once, whatever the destination does.
 * Where no folder can be made it keeps what it is given in memory and says so.
 *
 * @example
 * const outbox = openOutbox({ directory, trackingUri: 'sqlite:////data/mlflow.db', experimentName: 'churn', connection: {},
 *   artifactRoot: '/data/mlruns', env: {}, onEvent: (event) => console.error(event) });
 * outbox.append({ kind: 'metric', runKey, key: 'loss', value: 0.5, timestampMs: Date.now(), step: 0 });
 * await outbox.stop({ timeoutMs: 5000 });
 */
export function openOutbox(options: OutboxOptions, internals: OutboxInternals = {}): Outbox {
  return new JournaledOutbox(options, internals);
}

class JournaledOutbox implements Outbox {
  readonly #options: OutboxOptions;
  readonly #system: System;
  readonly #counters = new Counters();
  readonly #ledger = new RunLedger();
  readonly #paths: FolderPaths | undefined;
  readonly #journal: Journal;
  readonly #spool: Spool;
  readonly #link: DrainLink;
  readonly #requests: PendingRequests;
  #stopping: Promise<FlushResult> | undefined;

  constructor(options: OutboxOptions, internals: OutboxInternals) {
    this.#options = options;
    this.#system = internals.system ?? nodeSystem();
    const onWarning = (message: string): void => this.#warn(message);
    this.#paths = this.#makeFolder();
    this.#spool = new Spool(this.#system, this.#paths?.spool);
    this.#link = new DrainLink({
      settings: {
        directory: options.directory,
        folderName: this.#paths?.name,
        trackingUri: options.trackingUri,
        experimentName: options.experimentName,
        connection: options.connection,
        registry: options.registry,
        artifactRoot: options.artifactRoot,
        durability: options.durability ?? 'os',
        isOffline: options.isOffline ?? false,
      },
      mode: options.drain ?? 'worker',
      counters: this.#counters,
      system: this.#system,
      openers: internals.openers ?? realOpeners,
      workerUrl: internals.workerUrl ?? drainWorkerUrl(),
      env: options.env,
      onReply: (reply) => this.#onReply(reply),
      onRestart: () => this.#onRestart(),
      onWarning,
    });
    this.#requests = new PendingRequests(this.#system.clock, (request) => this.#link.send(request));
    this.#journal = new Journal({
      system: this.#system,
      folder: this.#paths?.root,
      onMemory: (block) => this.#link.send({ kind: 'memory', block }),
      onAccepted: (accepted) => {
        this.#ledger.accept(accepted);
        this.#counters.accepted = accepted;
        this.#link.wake();
      },
      settledThrough: () => this.#counters.settled,
      syncFailures: () => this.#counters.syncFailures,
      onWarning,
      budget: options.budget,
      // A drain on this very thread settles nothing while it waits.
      awaitSettled: (timeoutMs) => this.#link.isThread && this.#counters.waitUntilSettled(timeoutMs),
      ...(internals.segmentBytes === undefined ? {} : { segmentBytes: internals.segmentBytes }),
    });
    this.#link.start();
  }

  append(write: Write): number {
    if (this.#stopping !== undefined) {
      this.#journal.refuse('stopped');
      throw new RunspanError('SERVICE_STOPPED', `The outbox is stopped: this ${write.kind} comes too late.`);
    }
    const sequence = this.#journal.append(write);
    this.#ledger.add(write);
    return sequence;
  }

  writeBuffered(): void {
    this.#journal.writeBuffered();
  }

  spoolBytes(bytes: Uint8Array): SpooledSource {
    try {
      return this.#spool.keepBytes(bytes);
    } catch (error) {
      this.#journal.refuse('spool');
      throw error;
    }
  }

  spoolFile(file: string): Promise<SpooledSource> {
    return this.#spool.keepFile(file);
  }

  async flush({ timeoutMs, isHolding, isLast = false }: Parameters<Outbox['flush']>[0]): Promise<FlushResult> {
    if (this.#stopping !== undefined) return this.#stopping;
    this.#journal.writeBuffered();
    const sequence = this.#journal.accepted;
    const lastMs = isLast ? timeoutMs : undefined;
    if (this.#counters.settled < sequence)
      await this.#requests.ask({ kind: 'flush', sequence, lastMs }, timeoutMs, isHolding);
    return this.#result(sequence);
  }

  async call<M extends StoreMethod>(
    method: M,
    args: Parameters<Store[M]>,
    { timeoutMs }: { readonly timeoutMs: number },
  ): Promise<Awaited<ReturnType<Store[M]>>> {
    if (this.#stopping !== undefined) throw new RunspanError('SERVICE_STOPPED', `The outbox is stopped: no ${method}.`);
    this.#journal.writeBuffered();
    const sequence = this.#journal.accepted;
    const answer = await this.#requests.ask({ kind: 'call', sequence, method, args, timeoutMs }, timeoutMs);
    if (answer.kind === 'failure') throw answer.error;
    if (answer.kind === 'timeout') {
      const behind = sequence - this.#counters.settled;
      const why = behind > 0 ? `${behind} records before it are not delivered yet` : 'the store has not answered';
      throw new RunspanError('DEADLINE_EXCEEDED', `${method} did not come through within ${timeoutMs} ms: ${why}.`);
    }
    // The cast: the host called this very method.
    return answer.value as Awaited<ReturnType<Store[M]>>;
  }

  stats(): OutboxStats {
    const deadLettered = this.#counters.dead;
    const { done, isUnsynced } = this.#counters;
    const { accepted, refused, isOnDisk } = this.#journal;
    const { durability = 'os' } = this.#options;
    return {
      accepted,
      delivered: done - deadLettered,
      pending: accepted - done,
      deadLettered,
      runs: this.#ledger.all(),
      refused,
      drainDeaths: this.#link.deaths,
      durability: isOnDisk ? durabilityOnDisk(durability, !isUnsynced) : 'memory',
      directory: this.#paths?.root ?? this.#options.directory,
    };
  }

  drainInExit(timeoutMs: number): void {
    try {
      // After stop() has begun, its own last steps are waited for: the process would tear them off.
      this.#journal.close();
      if (this.#journal.accepted > 0 && (this.#link.isThread || this.#handOver())) {
        this.#counters.requestExit(timeoutMs);
        this.#link.waitUntilDone(timeoutMs);
      } else if (this.#journal.accepted === 0 && this.#paths !== undefined) {
        removeFolder(this.#system, this.#paths);
      }
      this.#link.takeReplies();
      this.#sayWhatIsLeft();
    } catch (error) {
      this.#system.say(`runspan: the outbox could not be drained in exit: ${messageOf(error)}`);
    }
  }

  stop({ timeoutMs }: { readonly timeoutMs: number }): Promise<FlushResult> {
    this.#stopping ??= this.#stop(timeoutMs);
    return this.#stopping;
  }

  async #stop(timeoutMs: number): Promise<FlushResult> {
    this.#journal.close();
    const sequence = this.#journal.accepted;
    const answer = await this.#requests.ask({ kind: 'stop', sequence, timeoutMs }, timeoutMs + LAST_WORD_MS);
    await this.#link.close();
    this.#requests.abandon();
    if (answer.kind !== 'answer') this.#releaseFolder();
    return this.#result(sequence);
  }

  #result(sequence: number): FlushResult {
    const { durability = 'os' } = this.#options;
    return flushResult({ counters: this.#counters, journal: this.#journal, durability }, sequence);
  }

  /** A file is written within the deadline by any thread; of a server's calls under way nobody here would learn the answer. */
  #handOver(): boolean {
    const isFile = /^sqlite\b/i.test(this.#options.trackingUri);
    return isFile && this.#counters.done < this.#journal.accepted && this.#link.handOver();
  }

  #makeFolder(): FolderPaths | undefined {
    const { directory, trackingUri, experimentName, connection, drain } = this.#options;
    const { workspace } = connection;
    const isInline = drain === 'inline';
    try {
      return makeFolder(this.#system, { directory, trackingUri, experimentName, workspace, isInline });
    } catch (error) {
      this.#warn(
        `The outbox cannot write to ${directory} (${messageOf(error)}): what is logged is kept in memory only, up to 8 MB, and is lost if this process dies. Set RUNSPAN_DIR to a writable folder.`,
      );
      return undefined;
    }
  }

  /** The drain had no time for it: the next adopter need not wait for our death. */
  #releaseFolder(): void {
    if (this.#paths === undefined) return;
    try {
      releaseFolder(this.#system, this.#paths, false);
    } catch {
      // The folder is gone, or the disk takes nothing: our death will say the same.
    }
  }

  #sayWhatIsLeft(): void {
    const left = describeWhatIsLeft(this.stats(), 'the exit');
    if (left !== undefined) this.#system.say(`runspan: ${left}`);
  }

  #onReply(reply: HostReply): void {
    if (reply.kind === 'event') {
      const { event } = reply;
      this.#emit('error' in event ? { ...event, error: fromWire(event.error) } : event);
      if (event.kind === 'reaped') this.#link.send({ kind: 'heard', runKey: event.runKey });
    } else if (reply.kind === 'tallies') {
      this.#ledger.settle(reply.tallies);
    } else if (reply.kind === 'folder-lost') {
      this.#journal.abandonDisk(reply.reason);
    } else {
      this.#requests.settle(reply);
    }
  }

  #onRestart(): void {
    for (const block of this.#journal.memoryBlocks()) this.#link.send({ kind: 'memory', block });
    this.#requests.repeat();
  }

  #warn(message: string): void {
    // Never during a call into the outbox.
    this.#system.clock.nextTurn(() => this.#emit({ kind: 'warning', message }));
  }

  #emit(event: OutboxEvent): void {
    try {
      this.#options.onEvent(event);
    } catch (error) {
      this.#system.say(`runspan: a listener of the outbox threw: ${messageOf(error)}`);
    }
  }
}
