// A history: processes on two hosts that share a folder and a server, and what a seed has happen to them.
import path from 'node:path';
import { pidOfName } from '../../../src/outbox/folder/folder.ts';
import { readLease } from '../../../src/outbox/folder/lease.ts';
import type { System } from '../../../src/outbox/machine/system.ts';
import { create, runKey } from '../writes.ts';
import type { Action } from './actions.ts';
import { ACTIONS, SYNCED_ACTIONS } from './actions.ts';
import { logInRun } from './job-calls.ts';
import { Choices } from './random.ts';
import { SimClock } from './sim-clock.ts';
import { SimDisk } from './sim-disk.ts';
import { SimProcess } from './sim-process.ts';
import type { Applied, SimRun } from './sim-run.ts';
import { SimServer, type Weather } from './sim-server.ts';

const MOST_ALIVE = 4;

/** One history, from its seed. */
export class World {
  readonly seed: number;
  readonly clock: SimClock = new SimClock();
  readonly disk: SimDisk = new SimDisk(() => this.clock.wallMs);
  readonly server: SimServer;
  readonly processes: SimProcess[] = [];
  readonly runs: SimRun[] = [];
  readonly applied: Applied[] = [];
  /** What was seen to go wrong on the way. */
  readonly wrongs: string[] = [];
  /** What happened, a line each. */
  readonly lines: string[] = [];
  readonly #choices: Choices;
  readonly #hosts: { name: string; bootId: string }[];
  readonly #isSynced: boolean;
  #nextPid = 100;
  /** Processes under construction, with their hosts: a rival may start in the middle of that. */
  readonly #starting = new Map<number, string>();
  /** Changes of any disk until another process starts, in the middle of what that one does. */
  #rivalIn = 0;

  constructor(seed: number) {
    this.seed = seed;
    this.#choices = new Choices(seed);
    const chosenRunId = this.#choices.isChance(0.3);
    this.server = new SimServer({ clock: this.clock, choices: this.#choices, chosenRunId });
    this.#hosts = [{ name: 'one', bootId: 'boot-1' }];
    if (this.#choices.isChance(0.1)) this.#hosts.push({ name: 'two', bootId: 'boot-2' });
    // Only where writes are synced is anything promised of a power cut.
    this.#isSynced = this.#choices.isChance(0.2);
    this.#say(`seed ${seed}: ${this.#hosts.length} hosts, ${chosenRunId ? 'our ids' : 'ids of the server'}`);
  }

  /** Lives through the history, to the end that it must come to. */
  async live(): Promise<void> {
    this.#start();
    const steps = 8 + this.#choices.below(32);
    for (let step = 0; step < steps; step += 1) {
      await this.#act(this.#choices.weighted(this.#isSynced ? SYNCED_ACTIONS : ACTIONS));
      for (const each of this.processes) each.look();
    }
    await this.#finish();
  }

  /** The outbox folders that are left, but for one's own, and those whose header a power cut took before anything was promised. */
  foldersLeft(): readonly string[] {
    const known = new Set(['.gitignore', 'dead-letters', 'telemetry']);
    return this.disk
      .list('/runspan')
      .filter((name) => !known.has(name) && !name.startsWith('.clock-') && !name.startsWith('.new-'))
      .filter((name) => ['header.json', 'header.copy.json'].some((each) => this.#isWhole(`/runspan/${name}/${each}`)));
  }

  #isWhole(file: string): boolean {
    return this.disk.nodes.get(file)?.bytes?.toString().endsWith('}\n') ?? false;
  }

  async #act(action: Action): Promise<void> {
    const { clock } = this;
    switch (action) {
      case 'start':
        if (this.#alive().length < MOST_ALIVE) this.#start();
        return;
      case 'a moment':
        return this.#pass(1 + this.#choices.below(60));
      case 'some seconds':
        return this.#pass(500 + this.#choices.below(8000));
      case 'some minutes':
        return this.#pass(20_000 + this.#choices.below(180_000));
      case 'weather':
        this.server.weather = this.#choices.weighted<Weather>({ fair: 3, rough: 5, away: 2, locked: 1 });
        return this.#say(`the road is ${this.server.weather}`);
      case 'clock steps': {
        const stepMs = (this.#choices.below(1_200_000) - 600_000) | 0;
        clock.wallOffsetMs += stepMs;
        return this.#say(`the wall clock steps by ${stepMs} ms`);
      }
      case 'reboot': {
        const host = this.#choices.pick(this.#hosts);
        for (const each of this.processes) if (each.host.name === host.name) each.die();
        host.bootId = `${host.bootId}'`;
        return this.#say(`host ${host.name} reboots`);
      }
      case 'a rival comes':
        this.#rivalIn = 1 + this.#choices.below(60);
        return;
      case 'power cut':
        if (this.#isSynced && this.#choices.isChance(0.5)) await this.#flushAway();
        return this.#cutPower();
      case 'a file is torn':
        return this.#tearFile();
      default: {
        const process = this.#anyAlive();
        if (process !== undefined) this.#do(process, action);
        return clock.unfold();
      }
    }
  }

  /** Much waits on the disk alone, and flush() has said so. */
  async #flushAway(): Promise<void> {
    this.server.weather = 'away';
    this.#say('the road is away, and everybody flushes');
    for (const each of this.#alive()) {
      const run = this.#anyRunOf(each);
      for (const action of ['artifact', 'metrics', 'tag'] as const)
        if (run !== undefined) logInRun(run, action, { choices: this.#choices, nowMs: this.clock.wallMs });
      if (this.#choices.isChance(0.3)) this.#failDisk(each);
      if (this.#choices.isChance(0.3)) each.stop(1 + this.#choices.below(60));
      else each.flush(1 + this.#choices.below(60));
    }
    await this.#pass(100);
    for (const each of this.#alive()) each.flush(1 + this.#choices.below(60));
    await this.#pass(100);
  }

  #failDisk(process: SimProcess): void {
    process.errorsLeft = 1 + this.#choices.below(8);
    process.errorCode = this.#choices.pick(['ENOSPC', 'EIO', 'EROFS', 'EMFILE']);
  }

  #cutPower(): void {
    // Where writes are not synced it may take anything that is still there: seldom, since little can be said after that.
    if (!this.#isSynced && !this.#choices.isChance(0.2)) return;
    for (const each of this.processes) {
      each.losePower();
      if (!this.#isSynced) each.loseAll();
    }
    for (const host of this.#hosts) host.bootId = `${host.bootId}'`;
    this.disk.cutPower(this.#choices);
    this.#say('the power is cut');
  }

  /** In what a dead process left: as a disk does that loses what it was given. */
  #tearFile(): void {
    const dead = this.processes.filter((each) => each.isDead || each.stopped !== undefined);
    const folders = this.disk.list('/runspan').filter((name) => dead.some(({ pid }) => pidOfName(name) === pid));
    const folder = this.#choices.pickIfAny(folders);
    const file = folder && this.disk.tear(`/runspan/${folder}`, this.#choices);
    if (file === undefined) return;
    // Whose records these are, its name does not say: another dead one may have adopted it.
    for (const each of dead) each.loseAll();
    this.#say(`${file} is torn`);
  }

  #do(process: SimProcess, action: Action): void {
    const choices = this.#choices;
    const run = this.#anyRunOf(process);
    this.#say(`${process.pid}: ${action}`);
    switch (action) {
      case 'open':
        return this.#open(process);
      case 'flush':
        return process.flush(1 + choices.below(20_000));
      case 'stop':
        return process.stop(choices.below(20_000));
      case 'kill':
        return process.die();
      case 'kill at a write':
        process.deathIn = 1 + choices.below(30);
        return;
      case 'disk fails':
        return this.#failDisk(process);
      default:
        if (run !== undefined) logInRun(run, action, { choices, nowMs: this.clock.wallMs });
    }
  }

  #open(process: SimProcess): void {
    const key = runKey(this.runs.length + 1);
    if (!process.append(create(key, { runName: `run ${this.runs.length + 1}` }))) return;
    this.runs.push({ key, owner: process, metrics: 0, tags: 0, hasBad: false, hasEnded: false });
  }

  /** Everything ends, one way or another; then a last process finds a good road and all the time it needs. */
  async #finish(): Promise<void> {
    this.server.weather = 'fair';
    this.#rivalIn = 0;
    for (const each of this.#alive()) {
      each.errorsLeft = 0;
      each.deathIn = undefined;
      if (this.#choices.isChance(0.5)) each.stop(30_000);
      else each.die();
    }
    await this.clock.advanceUntil(() => this.#alive().every((each) => each.stopped !== undefined), 120_000);
    // A process that has stopped its outbox ends some day; until then a lease that the disk did not let it release speaks for it.
    for (const each of this.processes) each.die();
    this.#say('a last process');
    const last = this.#start();
    const own = last.stats?.directory.split('/').at(-1);
    const isDone = (): boolean => this.foldersLeft().every((name) => name === own);
    const isIdle = await this.clock.advanceUntil(isDone, 2 * 3_600_000);
    if (!isIdle) this.#say(`left: ${this.foldersLeft().join(', ')}`);
    last.stop(60_000);
    await this.clock.advanceUntil(() => last.stopped !== undefined, 120_000);
  }

  async #pass(ms: number): Promise<void> {
    this.#say(`${ms} ms pass`);
    await this.clock.advance(ms);
  }

  #start(): SimProcess {
    const pid = this.#nextPid++;
    const host = this.#choices.pick(this.#hosts);
    this.#starting.set(pid, host.name);
    const process = new SimProcess({
      disk: this.disk,
      clock: this.clock,
      server: this.server,
      choices: this.#choices,
      durability: this.#isSynced ? 'fsync' : 'os',
      onChange: () => this.#maybeRival(),
      pid,
      host: { ...host },
      isAlive: (of) => this.#isAlive(of, host.name),
      onReplace: (by, file) => this.#checkOwner(by, file),
      onWrong: (what) => void this.wrongs.push(`${pid}: ${what}`),
      onApplied: (by, method, request) => this.#note({ pid: by, method, request }),
    });
    this.processes.push(process);
    this.#starting.delete(pid);
    this.#say(`${pid}: starts on ${host.name}`);
    return process;
  }

  /** A folder that somebody alive works on is not to be signed by another, unless it was taken over by its name. */
  #checkOwner(pid: number, file: string): void {
    const text = path.basename(file) === 'lease' ? this.disk.nodes.get(file)?.bytes?.toString() : undefined;
    const system = { disk: { readText: () => text } } as unknown as System;
    const lease = text === undefined ? undefined : readLease(system, file);
    if (lease === undefined || lease.pid === pid || lease.isReleased || !file.includes(`/${lease.folder}/`)) return;
    if (this.#isAlive(lease.pid, lease.host)) this.wrongs.push(`${pid}: signs the folder of ${lease.pid}, which lives`);
  }

  #isAlive(pid: number, hostName: string): boolean {
    const isHere = (each: SimProcess): boolean => each.pid === pid && each.host.name === hostName && !each.isDead;
    return this.#starting.get(pid) === hostName || this.processes.some(isHere);
  }

  #maybeRival(): void {
    if (this.#rivalIn === 0 || (this.#rivalIn -= 1) > 0) return;
    if (this.#alive().length < MOST_ALIVE) this.#start();
  }

  #note(applied: Applied): void {
    this.applied.push(applied);
    if (applied.method !== 'updateRun') return;
    // What the drain hands to a store's updateRun.
    const { runId, status } = applied.request as { runId: string; status?: string };
    const key = this.server.store.runs.get(runId)?.tags.get('runspan.run_key');
    const owner = this.runs.find((run) => run.key === key)?.owner;
    // Of a host that no sign of life is seen of, another one cannot know more.
    const isExcused = owner?.wasSilent === true && this.#hosts.length > 1;
    if (status === 'KILLED' && owner?.isDead === false && !owner.hasStopped && !isExcused)
      this.wrongs.push(`${key} was killed while its job lived`);
  }

  #alive(): readonly SimProcess[] {
    return this.processes.filter((each) => !each.isDead && !(each.hasStopped && each.stopped !== undefined));
  }

  #anyAlive(): SimProcess | undefined {
    return this.#choices.pickIfAny(this.#alive());
  }

  #anyRunOf(process: SimProcess): SimRun | undefined {
    return this.#choices.pickIfAny(this.runs.filter((run) => run.owner === process && !run.hasEnded));
  }

  #say(line: string): void {
    this.lines.push(`${String(this.clock.monotonicMs).padStart(9)} ${line}`);
  }
}
