// The job's end of the line to the drain: starts the worker, restarts it if it dies, goes on inline where no thread can be had.
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { MessageChannel, Worker, receiveMessageOnPort } from 'node:worker_threads';
import type { MessagePort } from 'node:worker_threads';
import type { Counters } from '../delivery/counters.ts';
import type { Openers } from '../delivery/destination.ts';
import { DrainHost } from '../worker/drain-host.ts';
import { folderPaths } from '../folder/folder.ts';
import { writeLease } from '../folder/lease.ts';
import type { HostReply, HostRequest, HostSettings, ThreadData, TokenWanted } from '../worker/messages.ts';
import { OfflineHost } from '../worker/offline-host.ts';
import type { System } from '../machine/system.ts';
import { messageOf } from '../machine/system.ts';
import { giveToken, keepTokens } from './token-desk.ts';

/** What a link needs. */
export interface DrainLinkOptions {
  readonly settings: Omit<HostSettings, 'replayedThrough' | 'isInline' | 'counters'>;
  readonly mode: 'worker' | 'inline';
  readonly counters: Counters;
  readonly system: System;
  /** For the inline drain; the worker brings its own. */
  readonly openers: Openers;
  readonly workerUrl: URL;
  readonly env: Readonly<Record<string, string>>;
  readonly onReply: (reply: HostReply) => void;
  /** A new drain took over from a dead one: what it was told has to be said again. */
  readonly onRestart: () => void;
  readonly onWarning: (message: string) => void;
}

/** A worker that dies is started again so often; then the drain goes on inline. */
const RESTART_LIMIT = 2;
const RESTART_DELAY_MS = 500;
/**
 * How much of the thread's heap may be young. V8 allows 192 MB and takes tens of them where a window of records is read while the server is away; a
 * small one costs the drain nothing that could be measured. The old generation keeps V8's own limit, or the user's.
 */
const MAX_YOUNG_MB = 8;
/** In what a thread dies of before our code runs where the process has no working folder any more: Node itself asks for its name. */
const NO_FOLDER = /\buv_cwd\b/;
/** How long a thread that said its last word may take to end. */
const THREAD_END_MS = 250;
/** How often a job that blocks in `exit` hears what the drain has to say. */
const HEAR_MS = 20;

/** Sends requests to the drain, wherever it runs. */
export class DrainLink {
  readonly #options: DrainLinkOptions;
  #worker: Worker | undefined;
  /** Where the thread's replies arrive. A port of their own: a worker's is not to be read without an event loop. */
  #replies: MessagePort | undefined;
  #host: DrainHost | OfflineHost | undefined;
  #deaths = 0;
  #isClosed = false;
  #lastError = '';

  constructor(options: DrainLinkOptions) {
    this.#options = options;
  }

  /** Whether the drain has a thread of its own, which goes on while this one waits. */
  get isThread(): boolean {
    return this.#worker !== undefined;
  }

  /** How often the thread has died. */
  get deaths(): number {
    return this.#deaths;
  }

  /** Starts the drain; never throws. */
  start(): void {
    if (this.#options.mode === 'inline') this.#startInline(0);
    else this.#startWorker(0);
  }

  send(request: HostRequest): void {
    if (this.#worker !== undefined) this.#worker.postMessage(request);
    else this.#host?.receive(request);
  }

  /** Says that there is something new; free of charge while the drain is awake. */
  wake(): void {
    if (!this.#options.counters.isIdle) return;
    if (this.#host === undefined) this.#options.counters.wake();
    else this.#host.wake();
  }

  /**
   * Gives an inline drain's work to a thread at the end of the process: this thread is about to block, and a promise of its own
   * would never settle again. False where there is no thread to be had.
   */
  handOver(): boolean {
    if (this.#options.mode !== 'inline' || this.#host === undefined || !this.#hasWorkerFile()) return false;
    this.#host.abandon();
    this.#host = undefined;
    this.#isClosed = true;
    this.#startWorker(this.#options.counters.accepted);
    this.#options.onRestart();
    return this.#worker !== undefined;
  }

  /** Blocks, and hears meanwhile what the drain says: of a dead run that it ends just now nobody is to be told twice. */
  waitUntilDone(timeoutMs: number): void {
    const { counters, system } = this.#options;
    const endMs = system.clock.monotonicMs() + timeoutMs;
    for (let leftMs = timeoutMs; leftMs > 0; leftMs = endMs - system.clock.monotonicMs()) {
      if (counters.waitUntilDone(Math.min(leftMs, HEAR_MS))) return;
      this.takeReplies();
    }
  }

  /** Takes what the thread has said and no turn has delivered yet: in `exit` there are no more turns. */
  takeReplies(): void {
    if (this.#replies !== undefined) this.#takeFrom(this.#replies);
  }

  /** Ends the thread. */
  async close(): Promise<void> {
    this.#isClosed = true;
    const worker = this.#worker;
    this.#worker = undefined;
    this.#host = undefined;
    if (worker !== undefined) await worker.terminate();
  }

  #startWorker(replayedThrough: number): void {
    const { settings, counters, workerUrl, env } = this.#options;
    if (!this.#hasWorkerFile()) {
      this.#fallBack(`its file is not there (${workerUrl.href}): is the app bundled into one file?`, replayedThrough);
      return;
    }
    const { port1: replies, port2 } = new MessageChannel();
    const { plain, asksForToken, getToken } = keepTokens({ ...settings, isInline: false, counters: counters.buffer });
    const workerData: ThreadData = { settings: { ...plain, replayedThrough }, asksForToken, replies: port2 };
    const resourceLimits = { maxYoungGenerationSizeMb: MAX_YOUNG_MB };
    const thread = { env: { ...env }, execArgv: [], name: 'runspan-drain', resourceLimits, transferList: [port2] };
    try {
      const worker = new Worker(workerUrl, { workerData, ...thread });
      this.#worker = worker;
      this.#replies = replies;
      replies.on('message', (reply: HostReply | TokenWanted) => {
        if (reply.kind !== 'token-wanted') this.#options.onReply(reply);
        else if (getToken !== undefined) void giveToken(getToken, reply).then((given) => worker.postMessage(given));
      });
      replies.unref();
      worker.on('error', (error) => {
        this.#lastError = messageOf(error);
      });
      worker.on('exit', (code) => {
        this.#lastError ||= `it ended with code ${code}`;
        // Its last words come before what its death brings.
        this.#takeFrom(replies);
        this.#onExit(worker);
      });
      worker.unref();
    } catch (error) {
      this.#fallBack(messageOf(error), replayedThrough);
    }
  }

  #takeFrom(replies: MessagePort): void {
    for (;;) {
      // The cast: only the thread has the other end, and it sends replies.
      const next = receiveMessageOnPort(replies) as { readonly message: HostReply | TokenWanted } | undefined;
      if (next === undefined) return;
      // The thread is at its end, or the process is: no token could reach it any more.
      if (next.message.kind !== 'token-wanted') this.#options.onReply(next.message);
    }
  }

  #hasWorkerFile(): boolean {
    const { workerUrl } = this.#options;
    return workerUrl.protocol === 'file:' && existsSync(fileURLToPath(workerUrl));
  }

  #onExit(worker: Worker): void {
    if (this.#isClosed || this.#worker !== worker) return;
    this.#worker = undefined;
    const { system, counters, onWarning } = this.#options;
    this.#deaths += 1;
    const isFolderGone = NO_FOLDER.test(this.#lastError);
    if (isFolderGone || this.#deaths > RESTART_LIMIT) {
      const why = isFolderGone
        ? 'the working folder of this process was deleted, and Node starts no thread without one.'
        : `it died ${this.#deaths} times, at last of: ${this.#lastError}`;
      this.#fallBack(why, counters.accepted);
      this.#options.onRestart();
      return;
    }
    onWarning(`The drain's worker thread died (${this.#lastError}). A new one goes on where it stopped.`);
    system.clock.after(RESTART_DELAY_MS * this.#deaths, () => {
      if (this.#isClosed) return;
      this.#lastError = '';
      this.#startWorker(counters.accepted);
      this.#options.onRestart();
    });
  }

  #fallBack(reason: string, replayedThrough: number): void {
    if (this.#isClosed) return;
    this.#options.onWarning(
      `The drain's worker thread cannot run: ${reason} Records are sent from the job's own thread, when it yields.`,
    );
    this.#signInline();
    this.#startInline(replayedThrough);
  }

  /** From here on a busy job has no heartbeat: the lease must say so before another thread takes that for a death. */
  #signInline(): void {
    const { directory, folderName } = this.#options.settings;
    if (folderName === undefined) return;
    const { lease } = folderPaths(directory, folderName);
    try {
      writeLease(this.#options.system, lease, { folder: folderName, isInline: true });
    } catch {
      // The disk takes nothing: the heartbeat cannot be seen there either.
    }
  }

  #startInline(replayedThrough: number): void {
    const { settings, counters, system, openers, onReply } = this.#options;
    const Host = settings.isOffline ? OfflineHost : DrainHost;
    try {
      this.#host = new Host({
        settings: { ...settings, isInline: true, counters: counters.buffer, replayedThrough },
        system,
        openers,
        // Never during a call into the outbox.
        post: (reply) => system.clock.nextTurn(() => onReply(reply)),
      });
    } catch (error) {
      this.#startInlineLater(error, replayedThrough);
      return;
    }
    this.#host.start();
  }

  /** The folder's own state cannot be read for now: no file descriptor is left, or the disk fails. */
  #startInlineLater(error: unknown, replayedThrough: number): void {
    const { system, onWarning, onRestart } = this.#options;
    const message = messageOf(error);
    if (message !== this.#lastError) {
      onWarning(`The drain cannot read its folder: ${message}. What is logged is kept, and sent once that is mended.`);
    }
    this.#lastError = message;
    system.clock.after(RESTART_DELAY_MS, () => {
      if (this.#isClosed || this.#host !== undefined) return;
      this.#startInline(replayedThrough);
      if (this.#host !== undefined) onRestart();
    });
  }
}

/** How long stop() waits beyond its deadline for a thread's last word. */
export const LAST_WORD_MS: number = THREAD_END_MS;
