// The way of telemetry that could not be sent: spilled to disk by the job's thread, sent from there by a worker, now or by the next job.
import { existsSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import type { OtlpTargets } from '../../collector/contract.ts';
import { Counters } from '../delivery/counters.ts';
import { DEAD_LETTERS_FOLDER, TELEMETRY_FOLDER } from '../folder/folder.ts';
import { nodeSystem } from '../machine/node-system.ts';
import { SpillLog } from './spill-log.ts';
import { messageOf } from '../machine/system.ts';
import type { System } from '../machine/system.ts';
import { TelemetryHost } from './telemetry-host.ts';
import type { TelemetryReply, TelemetryRequest, TelemetrySettings } from './telemetry-messages.ts';

/** What a telemetry outbox needs. */
export interface TelemetryOutboxOptions {
  /** RUNSPAN_DIR. */
  readonly directory: string;
  /** Held in memory only; a signal without one stays on disk. */
  readonly targets: OtlpTargets;
  /** Hears what the user should read once. */
  readonly onWarning: (message: string) => void;
}

/** For tests. */
export interface TelemetryOutboxInternals {
  readonly system?: System;
  readonly workerUrl?: URL;
}

/** What became of spans and log records that were spilled: `spilled = sent + refused + lost + left`. */
export interface SpillCounts {
  readonly spilledCount: number;
  readonly sentCount: number;
  /** Dead-lettered with the Collector's words. */
  readonly refusedCount: number;
  /** The folder was taken away under us. */
  readonly lostCount: number;
  /** On disk. */
  readonly leftCount: number;
}

/** A worker that dies is started again so often. */
const RESTART_LIMIT = 2;

/**
 * Keeps OTLP-JSON lines on disk until a Collector has taken them. No folder, no thread and no cost before the first line.
 *
 * @example
 * const outbox = new TelemetryOutbox({ directory: '.runspan', targets, onWarning: console.error });
 * outbox.spill(line, 1024);
 */
export class TelemetryOutbox {
  readonly #options: TelemetryOutboxOptions;
  readonly #system: System;
  readonly #workerUrl: URL;
  readonly #log: SpillLog;
  readonly #waiting = new Set<(isSettled: boolean) => void>();
  #counters = new Counters();
  #lines: { readonly sequence: number; readonly count: number }[] = [];
  #spilledCount = 0;
  #settledCount = 0;
  #lostCount = 0;
  #leftCount = 0;
  /** Dead-lettered in folders that were left. */
  #formerRefusedCount = 0;
  #worker: Worker | undefined;
  #host: TelemetryHost | undefined;
  #deathCount = 0;
  #saidCount = 0;
  #hasSaidFailure = false;

  constructor(options: TelemetryOutboxOptions, internals: TelemetryOutboxInternals = {}) {
    this.#options = options;
    this.#system = internals.system ?? nodeSystem();
    this.#workerUrl =
      internals.workerUrl ??
      new URL(`./telemetry-worker${path.extname(new URL(import.meta.url).pathname)}`, import.meta.url);
    this.#log = new SpillLog({ system: this.#system, directory: this.directory });
  }

  /** Holds one folder for each process that has spilled. */
  get directory(): string {
    return path.join(this.#options.directory, TELEMETRY_FOLDER);
  }

  /** What became of everything so far. */
  get counts(): SpillCounts {
    this.#settle();
    const refusedCount = this.#formerRefusedCount + this.#counters.dead;
    return {
      spilledCount: this.#spilledCount,
      sentCount: this.#settledCount - refusedCount,
      refusedCount,
      lostCount: this.#lostCount,
      leftCount: this.#leftCount,
    };
  }

  /** Starts the sender where earlier jobs have left something. Never throws. */
  adoptLeftovers(): void {
    try {
      const names = this.#system.disk.list(this.directory);
      if (names.some((name) => !name.startsWith('.') && name !== DEAD_LETTERS_FOLDER)) this.#startSender();
    } catch (error) {
      this.#warn(`${this.directory} could not be looked through: ${messageOf(error)}`);
    }
  }

  /**
   * Keeps one line; it is in the file when this returns. Synchronous; never throws.
   *
   * @param line an ExportTraceServiceRequest or ExportLogsServiceRequest in OTLP's JSON
   * @param count how many spans or log records it holds
   * @returns false where the disk did not take it
   */
  spill(line: string, count: number): boolean {
    const isFirst = this.#log.paths === undefined;
    const problem = this.#log.append(line);
    if (problem !== undefined) {
      if (!this.#hasSaidFailure) this.#warn(`Spans and log records cannot be kept in ${this.directory}: ${problem}`);
      this.#hasSaidFailure = true;
      return false;
    }
    this.#lines.push({ sequence: this.#log.lastSequence, count });
    this.#spilledCount += count;
    this.#leftCount += count;
    this.#counters.accepted = this.#log.lastSequence;
    const folderName = this.#log.paths?.name;
    if (this.#worker === undefined && this.#host === undefined) this.#startSender();
    else if (isFirst && folderName !== undefined) this.#send({ kind: 'own', folderName });
    this.#counters.wake();
    return true;
  }

  /**
   * Waits until everything spilled is sent or dead-lettered, or the Collector turns out to be away. Never rejects; holds no process.
   *
   * @returns whether nothing is left
   */
  async flush(): Promise<boolean> {
    while (this.counts.leftCount > 0) {
      if (this.#worker === undefined && this.#host === undefined) return false;
      const settled = new Promise<boolean>((resolve) => this.#waiting.add(resolve));
      this.#send({ kind: 'hurry' });
      if (!(await settled)) return false;
    }
    return true;
  }

  /** In `exit`: tells the sender to finish, without waiting. Never throws. */
  beginExit(): void {
    if (this.#worker !== undefined) this.#counters.requestExit();
  }

  /**
   * In `exit`: blocks until the sender has finished or the time is over, and says what is left. Never throws.
   *
   * @param timeoutMs 0 and less do not wait
   */
  waitInExit(timeoutMs: number): void {
    if (this.#worker !== undefined) this.#counters.waitUntilDone(timeoutMs);
    const text = this.describeWhatIsLeft();
    if (text !== undefined) this.#system.say(`runspan: ${text}`);
  }

  /** One line about what is on disk still; undefined where that is nothing, or was said already. */
  describeWhatIsLeft(): string | undefined {
    const { leftCount } = this.counts;
    if (leftCount === 0 || leftCount === this.#saidCount) return undefined;
    this.#saidCount = leftCount;
    const root = this.#log.paths?.root ?? this.directory;
    return `${leftCount} spans and log records did not reach the Collector and are kept in ${root}: the next start with RUNSPAN_DIR=${this.#options.directory} and an OTLP endpoint sends them.`;
  }

  /** Counts the lines that the sender has settled. */
  #settle(): void {
    const { settled } = this.#counters;
    let done = 0;
    while (this.#lines[done] !== undefined && (this.#lines[done]?.sequence ?? 0) <= settled) done += 1;
    for (const { count } of this.#lines.splice(0, done)) {
      this.#settledCount += count;
      this.#leftCount -= count;
    }
  }

  #send(request: TelemetryRequest): void {
    if (this.#worker !== undefined) this.#worker.postMessage(request);
    else this.#host?.receive(request);
  }

  #startSender(): void {
    const isThere = this.#workerUrl.protocol === 'file:' && existsSync(fileURLToPath(this.#workerUrl));
    if (isThere && this.#deathCount <= RESTART_LIMIT) this.#startWorker();
    else this.#startInline();
  }

  #settings(isInline: boolean): TelemetrySettings {
    const { targets } = this.#options;
    const { buffer } = this.#counters;
    return { directory: this.directory, folderName: this.#log.paths?.name, targets, isInline, counters: buffer };
  }

  #startWorker(): void {
    try {
      const options = { workerData: this.#settings(false), env: {}, execArgv: [], name: 'runspan-telemetry' };
      const worker = new Worker(this.#workerUrl, options);
      this.#worker = worker;
      worker.on('message', (reply: TelemetryReply) => this.#onReply(reply));
      worker.on('error', (error) => this.#warn(`The thread that sends telemetry died: ${messageOf(error)}`));
      worker.on('exit', () => {
        this.#worker = undefined;
        this.#deathCount += 1;
        this.#release(false);
      });
      worker.unref();
    } catch (error) {
      this.#warn(`No thread can be had to send telemetry (${messageOf(error)}): it is sent from the job's own.`);
      this.#startInline();
    }
  }

  #startInline(): void {
    this.#host = new TelemetryHost({
      settings: this.#settings(true),
      system: this.#system,
      post: (reply) => this.#system.clock.nextTurn(() => this.#onReply(reply)),
    });
    this.#host.start();
  }

  #onReply(reply: TelemetryReply): void {
    if (reply.kind === 'warning') this.#warn(reply.message);
    else if (reply.kind === 'settled') this.#release(true);
    else if (reply.kind === 'away') this.#release(false);
    else {
      this.#settle();
      this.#formerRefusedCount += this.#counters.dead;
      const { settled } = this.#counters;
      this.#counters.settle({ settled, done: settled, dead: 0 });
      this.#lostCount += this.#leftCount;
      this.#leftCount = 0;
      this.#lines = [];
      this.#log.leaveFolder();
      this.#warn(`The folder of spilled telemetry was taken away: ${this.#lostCount} spans and log records are lost.`);
      this.#release(true);
    }
  }

  #release(isSettled: boolean): void {
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const resolve of waiting) resolve(isSettled);
  }

  #warn(message: string): void {
    this.#options.onWarning(message);
  }
}
