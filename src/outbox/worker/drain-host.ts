// Runs the drain, in the worker thread or inline: our own folder, the adopted ones, calls, flushes, heartbeat, the end.
import { announceDestination, announceOpenRuns } from '../delivery/announce.ts';
import { callStore } from './call-store.ts';
import type { OutboxEvent } from '../contract.ts';
import { Counters } from '../delivery/counters.ts';
import type { Openers } from '../delivery/destination.ts';
import { DrainDestination } from '../delivery/destination.ts';
import { Doze } from '../delivery/doze.ts';
import { type FolderDrain, openFolderDrain } from '../delivery/folder-drain.ts';
import type { FolderPaths } from '../folder/folder.ts';
import { folderPaths, releaseFolder, retireFolder } from '../folder/folder.ts';
import { Heartbeat } from '../folder/heartbeat.ts';
import type { HostReply, HostRequest, HostSettings } from './messages.ts';
import { postAnswer, toWire } from './messages.ts';
import { Orphanage, turn } from '../delivery/orphanage.ts';
import { DestinationRefused, DrainClosed, Patience } from '../delivery/patience.ts';
import { Pause } from '../machine/pause.ts';
import { Progress } from '../delivery/progress.ts';
import { Prospect } from '../delivery/prospect.ts';
import { type System, messageOf } from '../machine/system.ts';

/** What a host gets from its thread. */
export interface HostOptions {
  readonly settings: HostSettings;
  readonly system: System;
  readonly openers: Openers;
  readonly post: (reply: HostReply) => void;
}

/** Between two looks at what stop() waits for. */
const RECHECK_MS = 20;
/** How long a locked database blocks this thread: so long its heartbeat stops, and an exit cannot end it. Patience tries again. */
const BUSY_TIMEOUT_MS = 1000;
/** How long closing the store may take at the end. */
const CLOSE_MS = 1000;

/** The drain of one outbox. */
export class DrainHost {
  readonly #settings: HostSettings;
  readonly #system: System;
  readonly #post: (reply: HostReply) => void;
  readonly #counters: Counters;
  readonly #paths: FolderPaths | undefined;
  readonly #destination: DrainDestination;
  readonly #patience: Patience;
  readonly #prospect: Prospect;
  readonly #folder: FolderDrain;
  readonly #heartbeat: Heartbeat;
  readonly #doze: Doze;
  readonly #progress: Progress;
  #orphanage: Orphanage | undefined;
  #isClosed = false;
  #isExiting = false;
  #closing: Promise<void> | undefined;

  constructor({ settings, system, openers, post }: HostOptions) {
    this.#settings = settings;
    this.#system = system;
    this.#post = post;
    this.#counters = new Counters(settings.counters);
    this.#progress = new Progress({ ...system, post, counters: this.#counters });
    this.#paths = settings.folderName === undefined ? undefined : folderPaths(settings.directory, settings.folderName);
    const onWarning = (message: string): void => this.#event({ kind: 'warning', message });
    this.#destination = new DrainDestination({
      ...settings,
      openers,
      busyTimeoutMs: settings.isInline ? 0 : BUSY_TIMEOUT_MS,
    });
    this.#patience = new Patience({ system, onWarning, reopen: () => this.#destination.close() });
    this.#prospect = new Prospect(this.#patience, { ...system, ...settings });
    this.#folder = openFolderDrain({
      shared: {
        system,
        destination: this.#destination,
        patience: this.#prospect,
        onWarning,
        onEvent: (event) => this.#event(event),
      },
      paths: this.#paths,
      isLive: true,
      isNew: settings.replayedThrough === 0,
      isSynced: settings.durability === 'fsync',
      counters: this.#counters,
      replayedThrough: settings.replayedThrough,
      onSettled: (state) => this.#progress.publish(state),
    });
    this.#heartbeat = new Heartbeat({
      system,
      ownLease: this.#paths?.lease,
      otherLeases: () => this.#orphanage?.leases() ?? [],
      onLost: () => post({ kind: 'folder-lost', reason: 'the folder was removed or taken over' }),
    });
    this.#doze = new Doze({
      clock: system.clock,
      counters: this.#counters,
      source: this.#folder.source,
      isLost: () => this.#heartbeat.isLost,
      isUrgent: () => this.#isUrgent(),
    });
  }

  /** Begins; everything after it happens by itself. */
  start(): void {
    this.#counters.setIdle(false);
    this.#progress.publish(this.#folder.state);
    const { delivery, state } = this.#folder;
    const { experimentName } = this.#settings;
    announceOpenRuns(state, delivery.onEvent);
    this.#orphanage = this.#makeOrphanage();
    this.#heartbeat.start();
    this.#folder.lane.start();
    void this.#guard(announceDestination({ ...delivery, patience: this.#patience, experimentName }));
    void this.#guard(this.#orphanage.run());
    void this.#guard(this.#run());
  }

  /** There may be something new. */
  wake(): void {
    if (this.#counters.isExitRequested) this.#hurryToExit();
    this.#doze.wake();
  }

  /** Takes a message of the job's thread. */
  receive(request: HostRequest): void {
    switch (request.kind) {
      case 'memory':
        this.#folder.source.addMemory(request.block);
        return this.#doze.wake();
      case 'forget':
        this.#progress.forget(request.id);
        // In an outage no window ends that would say so.
        if (!this.#isUrgent()) this.#patience.calm();
        return;
      case 'heard':
        return this.#orphanage?.hear(request.runKey);
      case 'flush':
        return void this.#guard(this.#flush(request));
      case 'call':
        return void this.#guard(this.#call(request));
      case 'stop':
        return void this.#guard(this.#stop(request));
    }
  }

  async #run(): Promise<void> {
    while (!this.#isClosed) {
      let isDelivered = false;
      try {
        isDelivered = await this.#folder.drain.deliverWindow();
      } catch (error) {
        if (error instanceof DrainClosed) return;
        this.#event({ kind: 'warning', message: `The drain met an error of its own: ${messageOf(error)}` });
        await this.#doze.waitAfterError();
      }
      const isAllSettled = this.#folder.state.settledThrough >= this.#counters.accepted;
      const isBusy = this.#folder.lane.isBusy || this.#orphanage?.isUnheard === true;
      if (this.#counters.isExitRequested && isAllSettled && !isBusy) return this.#close();
      // An embedded store answers without leaving this turn: messages and heartbeat need one of their own.
      if (isDelivered) await turn(this.#system.clock);
      else await this.#doze.wait();
      if (this.#isUrgent()) continue;
      this.#patience.calm();
      this.#folder.lane.calm();
      this.#orphanage?.calm();
    }
  }

  #isUrgent(): boolean {
    return this.#isClosed || this.#progress.isAwaited || this.#counters.isExitRequested;
  }

  #hurry(): void {
    this.#patience.hurry();
    this.#doze.wake();
  }

  /** Somebody waits for everything: what was set aside is tried too, and what does not get through is on the disk at least. */
  #hurryAll(): void {
    this.#folder.drain.sync();
    this.#hurry();
    this.#folder.lane.hurry();
    this.#orphanage?.hurry();
  }

  #hurryToExit(): void {
    this.#hurryAll();
    if (this.#isExiting) return;
    this.#isExiting = true;
    this.#prospect.whenHopeless(this.#counters.exitTimeoutMs, () => void this.#close());
  }

  async #flush({ id, sequence, lastMs }: Extract<HostRequest, { kind: 'flush' }>): Promise<void> {
    const reached = this.#progress.untilComplete(id, sequence);
    const cancel = this.#prospect.whenHopeless(lastMs, () => this.#progress.forget(id));
    this.#hurryAll();
    postAnswer(this.#post, { kind: 'answer', id, value: await reached });
    cancel();
  }

  async #call(request: Extract<HostRequest, { kind: 'call' }>): Promise<void> {
    const { id, sequence, timeoutMs } = request;
    const cancel = this.#system.clock.after(timeoutMs, () => this.#progress.forget(id));
    const reached = this.#progress.untilPassed(id, sequence);
    this.#hurry();
    try {
      // The caller has been told by its own clock; nothing may be carried out behind its back.
      if (!(await reached)) return;
      const store = await this.#destination.storeFor(request);
      const value = await callStore(store, request, (runKey) => this.#folder.state.runIdOf(runKey));
      postAnswer(this.#post, { kind: 'answer', id, value });
    } catch (error) {
      const said = error instanceof DestinationRefused ? error.cause : error;
      postAnswer(this.#post, { kind: 'failure', id, error: toWire(said) });
    } finally {
      cancel();
    }
  }

  async #stop({ id, sequence, timeoutMs }: Extract<HostRequest, { kind: 'stop' }>): Promise<void> {
    const { clock } = this.#system;
    const endMs = clock.monotonicMs() + timeoutMs;
    const giveUp = (): void => this.#progress.forget(id);
    const cancels = [clock.after(timeoutMs, giveUp), this.#prospect.whenHopeless(timeoutMs, giveUp)];
    const reached = this.#progress.untilPassed(id, sequence);
    this.#hurryAll();
    await reached;
    // What a dead process left is finished too, but nobody waits for a server that does not answer.
    const isBusy = (): boolean =>
      (this.#orphanage?.isBusy === true && !this.#patience.isWaiting) || this.#folder.lane.isBusy;
    while (isBusy() && clock.monotonicMs() < endMs) await new Pause(clock).wait(RECHECK_MS);
    for (const cancel of cancels) cancel();
    await this.#close();
    postAnswer(this.#post, { kind: 'answer', id, value: true });
  }

  /** Once; a job that blocks in `exit` is told when it is done, also where stop() had begun before. */
  #close(): Promise<void> {
    this.#closing ??= this.#closeAll().finally(() => this.#counters.setDone());
    return this.#closing;
  }

  /** Ends all work in this very turn, for another host to go on from what is on disk. */
  abandon(): void {
    this.#isClosed = true;
    this.#heartbeat.stop();
    this.#patience.close();
    this.#folder.lane.close();
    this.#orphanage?.close();
    this.#doze.wake();
    this.#progress.close();
    this.#folder.drain.save();
  }

  async #closeAll(): Promise<void> {
    this.abandon();
    const { drain, state } = this.#folder;
    const { directory, durability } = this.#settings;
    await Promise.race([this.#destination.close(), new Pause(this.#system.clock).wait(CLOSE_MS)]);
    this.#folder.close();
    if (this.#paths === undefined || this.#heartbeat.isLost) return;
    await drain.saveAtEnd();
    try {
      // A run that nobody ended stays in the folder's state, for the next adopter to end.
      const isDone = state.completeThrough >= this.#counters.accepted && !state.hasOpenRuns;
      if (isDone) retireFolder(this.#system, this.#paths, { directory, isSynced: durability === 'fsync' });
      else releaseFolder(this.#system, this.#paths, this.#settings.isInline);
    } catch (error) {
      this.#event({ kind: 'warning', message: `The outbox folder could not be tidied up: ${messageOf(error)}` });
    }
  }

  #makeOrphanage(): Orphanage {
    const { system, destination, onEvent, onWarning, state } = this.#folder.delivery;
    const { directory, trackingUri, connection, isInline } = this.#settings;
    return new Orphanage({
      shared: { system, destination, patience: this.#patience, onEvent, onWarning },
      directory,
      destination: { trackingUri, workspace: connection.workspace },
      ownName: this.#paths?.name,
      isInline,
      isSynced: this.#settings.durability === 'fsync',
      isOpenElsewhere: (runId) => state.openRuns().some((run) => run.runId === runId),
      pause: new Pause(system.clock),
    });
  }

  #event(event: OutboxEvent): void {
    this.#post({ kind: 'event', event: 'error' in event ? { ...event, error: toWire(event.error) } : event });
  }

  /** A background task's end: being closed is no error, anything else is said. */
  async #guard(task: Promise<void>): Promise<void> {
    try {
      await task;
    } catch (error) {
      if (error instanceof DrainClosed) return;
      this.#event({ kind: 'warning', message: `The drain met an error of its own: ${messageOf(error)}` });
    }
  }
}
