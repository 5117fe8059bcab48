// Sends spilled telemetry, in a worker thread or inline: our own folder first, then those that dead processes left.
import type { Answer, OtlpRequest, Signal } from '../../collector/contract.ts';
import { OtlpSender } from '../../collector/sender.ts';
import { Adopter } from '../folder/adopt.ts';
import { CONFIRM_MS } from '../folder/suspects.ts';
import { Counters } from '../delivery/counters.ts';
import { folderPaths } from '../folder/folder.ts';
import { Heartbeat } from '../folder/heartbeat.ts';
import { Pause } from '../machine/pause.ts';
import { SpillFolder } from './spill-folder.ts';
import { COLLECTOR_URI } from './spill-log.ts';
import type { System } from '../machine/system.ts';
import { messageOf } from '../machine/system.ts';
import type { TelemetryReply, TelemetryRequest, TelemetrySettings } from './telemetry-messages.ts';

/** What a host gets from its thread. */
export interface TelemetryHostOptions {
  readonly settings: TelemetrySettings;
  readonly system: System;
  readonly post: (reply: TelemetryReply) => void;
  /** For tests: in the place of the Collector. */
  readonly send?: (signal: Signal, request: OtlpRequest) => Promise<Answer>;
}

const IDLE_MS = 1_000;
const SCAN_INTERVAL_MS = 60_000;
/** First delay between two tries, and its bound. */
const FIRST_DELAY_MS = 500;
const MAX_DELAY_MS = 30_000;
/** Between two tries while the job's thread waits in `exit`, where the Collector at least answers. */
const EXIT_DELAY_MS = 200;

/** Sends until closed. */
export class TelemetryHost {
  readonly #options: TelemetryHostOptions;
  readonly #counters: Counters;
  readonly #senders = new Map<Signal, OtlpSender>();
  readonly #heartbeat: Heartbeat;
  readonly #adopter: Adopter | undefined;
  readonly #pause: Pause;
  /** Apart from the other: new lines must not cut it short. */
  readonly #backoff: Pause;
  #own: SpillFolder | undefined;
  #adopted: SpillFolder[] = [];
  #nextScanMs = 0;
  #failures = 0;
  #isClosed = false;

  constructor(options: TelemetryHostOptions) {
    const { settings, system } = options;
    this.#options = options;
    this.#counters = new Counters(settings.counters);
    this.#pause = new Pause(system.clock);
    this.#backoff = new Pause(system.clock);
    this.#takeOwn(settings.folderName);
    const { directory, targets, isInline } = settings;
    // A folder may hold both signals, and one whose lines can only go in part is left to whom both are known.
    if (targets.traces !== undefined && targets.logs !== undefined) {
      this.#adopter = new Adopter({
        system,
        directory,
        destination: { trackingUri: COLLECTOR_URI, workspace: undefined },
        ownName: settings.folderName,
        isInline,
        onWarning: (message) => this.#warn(message),
      });
    }
    this.#heartbeat = new Heartbeat({
      system,
      ownLease: undefined,
      otherLeases: () => this.#folders().map(({ paths }) => paths.lease),
      onLost: () => undefined,
    });
  }

  /** Begins; everything after it happens by itself. */
  start(): void {
    this.#heartbeat.start();
    void this.#run();
  }

  /** There may be something new, or the job's thread waits in `exit`. */
  wake(): void {
    this.#pause.wake();
    if (this.#counters.isExitRequested) this.#backoff.wake();
  }

  /** Takes a message of the job's thread. */
  receive(request: TelemetryRequest): void {
    if (request.kind === 'own') this.#takeOwn(request.folderName);
    else this.#backoff.wake();
    this.#pause.wake();
  }

  #takeOwn(folderName: string | undefined): void {
    const { settings, system } = this.#options;
    if (folderName === undefined) return;
    this.#own?.close();
    const paths = folderPaths(settings.directory, folderName);
    this.#own = new SpillFolder({ system, paths, isLive: true, onWarning: (message) => this.#warn(message) });
    this.#publish();
  }

  #folders(): readonly SpillFolder[] {
    return this.#own === undefined ? this.#adopted : [this.#own, ...this.#adopted];
  }

  async #run(): Promise<void> {
    while (!this.#isClosed) {
      let isMoved = false;
      try {
        isMoved = await this.#sendNext();
      } catch (error) {
        this.#warn(`Sending what was spilled met an error of its own: ${messageOf(error)}`);
      }
      if (isMoved) continue;
      if (this.#counters.isExitRequested) this.#close();
      else await this.#rest();
    }
    this.#counters.setDone();
  }

  /** Sends the line that is due; false where there is none, or the Collector is away and nobody may wait for it any more. */
  async #sendNext(): Promise<boolean> {
    const folder = this.#own?.next() === undefined ? this.#adoptedNext() : this.#own;
    const line = folder?.next();
    if (folder === undefined || line === undefined) return false;
    const answer = await this.#send(line.signal, { body: Buffer.from(line.text), contentType: 'application/json' });
    if (answer.status === 'away' || answer.status === 'refused') return this.#wait(answer);
    this.#failures = 0;
    if (answer.status === 'rejected') folder.bury(answer.reason, answer);
    else if (answer.rejectedCount > 0) folder.bury(answer.message, { httpStatus: 200, count: answer.rejectedCount });
    folder.settle();
    if (folder === this.#own) this.#publish();
    return true;
  }

  #adoptedNext(): SpillFolder | undefined {
    this.#scan();
    for (let first = this.#adopted[0]; first !== undefined; first = this.#adopted[0]) {
      if (first.next() !== undefined) return first;
      this.#adopted.shift();
      first.retire(this.#options.settings.directory);
    }
    return undefined;
  }

  #scan(): void {
    const { system } = this.#options;
    const nowMs = system.clock.monotonicMs();
    if (this.#adopter === undefined || nowMs < this.#nextScanMs || this.#adopted.length > 0) return;
    for (const { paths, orphan } of this.#adopter.scan(this.#own?.paths.name)) {
      const onWarning = (message: string): void => this.#warn(message);
      this.#adopted.push(new SpillFolder({ system, paths, isLive: false, orphan, onWarning }));
    }
    this.#nextScanMs = nowMs + (this.#adopter.hasSuspects ? CONFIRM_MS : SCAN_INTERVAL_MS);
  }

  async #send(signal: Signal, request: OtlpRequest): Promise<Answer> {
    const { settings, send } = this.#options;
    if (send !== undefined) return send(signal, request);
    const target = settings.targets[signal];
    if (target === undefined) return { status: 'refused', reason: `there is no endpoint for ${signal}`, httpStatus: 0 };
    let sender = this.#senders.get(signal);
    if (sender === undefined) {
      sender = new OtlpSender({ target, isHolding: !settings.isInline });
      this.#senders.set(signal, sender);
    }
    return sender.send(request);
  }

  /** @returns whether it is worth another try */
  async #wait(answer: Extract<Answer, { status: 'away' | 'refused' }>): Promise<boolean> {
    const { system, post } = this.#options;
    this.#failures += 1;
    if (this.#failures === 1) this.#warn(`The Collector does not take what was kept for it: ${answer.reason}`);
    post({ kind: 'away' });
    const asked = answer.status === 'away' ? (answer.retryAfterMs ?? 0) : MAX_DELAY_MS;
    if (this.#counters.isExitRequested) {
      if (answer.status === 'refused' || !answer.isAnswered) return false;
      await this.#backoff.wait(Math.max(asked, EXIT_DELAY_MS));
      return true;
    }
    const doubled = Math.min(MAX_DELAY_MS, FIRST_DELAY_MS * 2 ** Math.min(this.#failures - 1, 10));
    // Jitter downwards by up to half, so that many jobs do not come back at once.
    await this.#backoff.wait(Math.max(asked, doubled * (1 - system.random() / 2)));
    return true;
  }

  /** Until something new comes, or a safeguard's time is over. */
  async #rest(): Promise<void> {
    this.#checkOwn();
    await this.#pause.wait(this.#adopter?.hasSuspects === true ? CONFIRM_MS : IDLE_MS);
  }

  /** Deleted or taken over, it will never be read to its end. */
  #checkOwn(): void {
    const own = this.#own;
    if (own === undefined || own.settledThrough >= this.#counters.accepted) return;
    if (this.#options.system.disk.stat(own.paths.lease) !== undefined) return;
    this.#own = undefined;
    own.close();
    this.#options.post({ kind: 'folder-lost' });
  }

  #publish(): void {
    if (this.#own === undefined) return;
    const { settledThrough, deadCount } = this.#own;
    this.#counters.settle({ settled: settledThrough, done: settledThrough, dead: deadCount });
    this.#options.post({ kind: 'settled' });
  }

  #close(): void {
    this.#isClosed = true;
    this.#heartbeat.stop();
    for (const sender of this.#senders.values()) sender.close();
    for (const folder of this.#adopted) folder.release();
    const own = this.#own;
    if (own === undefined) return;
    try {
      if (own.settledThrough >= this.#counters.accepted) own.retire(this.#options.settings.directory);
      else own.release();
    } catch (error) {
      this.#warn(`The folder ${own.paths.root} could not be tidied up: ${messageOf(error)}`);
    }
  }

  #warn(message: string): void {
    this.#options.post({ kind: 'warning', message });
  }
}
