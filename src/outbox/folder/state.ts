// What the drain knows of one folder: how far it got and which runs are open; replaced as one step, so that a crash finds an old one or a new one.
import type { FolderPaths } from './folder.ts';
import { FileSync } from './file-sync.ts';
import { syncNotes } from './folder-sync.ts';
import { LineFile } from '../machine/line-file.ts';
import { sumOf } from '../machine/sealed.ts';
import { Kept, type KeptAttributes } from './kept-attributes.ts';
import { RunTallies } from './run-tallies.ts';
import { SetAside } from './set-aside.ts';
import { readState, writeState, type OpenModel, type OpenRun } from './state-file.ts';
import type { Disk } from '../machine/system.ts';

/** Records that ended as dead letters. */
type Deaths = { readonly sequence: number; readonly count: number };

/** Ids of ended runs that are remembered, for children and late writes. */
const ENDED_LIMIT = 10_000;

/** How a folder is opened; see {@link FolderState}. */
type FolderHow = { readonly isNew?: boolean; readonly isSynced?: boolean };

/** The drain's own state of one folder. */
export class FolderState {
  /** Artifacts that the watermark has passed and that are still to be delivered. */
  readonly aside: SetAside;
  /** The same counts of each run. */
  readonly tallies: RunTallies = new RunTallies();
  readonly #disk: Disk;
  readonly #paths: FolderPaths | undefined;
  /** Undefined where nothing is to be synced. */
  readonly #noteSync: FileSync | undefined;
  readonly #endedRuns: LineFile | undefined;
  readonly #runs = new Map<string, OpenRun>();
  readonly #kept = new Map<string, Kept>();
  readonly #ended = new Map<string, string>();
  readonly #changedParams = new Set<string>();
  readonly #models = new Map<string, OpenModel>();
  #settledThrough = 0;
  #deadLettered = 0;
  #deaths: Deaths[] = [];
  #afterSave: { readonly sequence: number; readonly act: () => void }[] = [];
  #savedThrough = 0;
  #isDamaged = false;

  /** @param how `isNew`: nothing can be in it yet, and nothing is read; `isSynced`: what is saved is on the disk itself */
  constructor(disk: Disk, paths: FolderPaths | undefined, { isNew = false, isSynced = false }: FolderHow = {}) {
    if (isSynced) this.#noteSync = new FileSync(disk);
    this.#disk = disk;
    this.#paths = paths;
    this.#endedRuns = paths === undefined ? undefined : new LineFile(disk, paths.endedRuns);
    const known = isNew ? undefined : this.#load();
    const settledThrough = this.#settledThrough;
    this.aside = new SetAside(disk, paths, { settledThrough, known, isNew, noteSync: this.#noteSync });
  }

  /** What was saved cannot be read: all that is still journaled is sent again, which duplicates nothing, and open runs are forgotten. */
  get isDamaged(): boolean {
    return this.#isDamaged;
  }

  /** Everything up to this number is delivered, dead-lettered or set aside. */
  get settledThrough(): number {
    return this.#settledThrough;
  }

  /** Everything up to this number is delivered or dead-lettered. */
  get completeThrough(): number {
    return Math.min(this.#settledThrough, (this.aside.lowest ?? Number.POSITIVE_INFINITY) - 1);
  }

  /** How many records are delivered or dead-lettered. */
  get doneCount(): number {
    return this.#settledThrough - this.aside.count;
  }

  /** Of these, how many were dead-lettered. */
  get deadLettered(): number {
    return this.#deadLettered + this.aside.deadCount;
  }

  /** What survives a crash now; segments up to here may go. */
  get savedThrough(): number {
    return this.#savedThrough;
  }

  openRuns(): readonly OpenRun[] {
    return [...this.#runs.values()];
  }

  /** Whether a run is open in the store. */
  get hasOpenRuns(): boolean {
    return this.openRuns().some((run) => run.failedReason === undefined);
  }

  run(runKey: string): OpenRun | undefined {
    return this.#runs.get(runKey);
  }

  /** The store's id of a run that this folder opened, ended or not. */
  runIdOf(runKey: string): string | undefined {
    const run = this.#runs.get(runKey);
    if (run !== undefined) return run.failedReason === undefined ? run.runId : undefined;
    return this.#ended.get(runKey);
  }

  putRun(run: OpenRun): void {
    this.#runs.set(run.runKey, run);
  }

  model(modelKey: string): OpenModel | undefined {
    return this.#models.get(modelKey);
  }

  /** The models of an open run. */
  modelsOf(runKey: string): readonly OpenModel[] {
    return [...this.#models.values()].filter((model) => model.runKey === runKey);
  }

  /** The models that wait for files that were set aside; their runs may be ended. */
  awaitedModels(): readonly OpenModel[] {
    return [...this.#models.values()].filter((model) => model.awaitedStatus !== undefined);
  }

  /** Keeps a model as long as its run is open, or a file of it is awaited. */
  putModel(model: OpenModel): void {
    if (this.#runs.has(model.runKey) || model.awaitedStatus !== undefined) this.#models.set(model.modelKey, model);
    else this.#models.delete(model.modelKey);
  }

  /** Forgets an ended run with its models, but for its id. */
  endRun(runKey: string): void {
    const run = this.#runs.get(runKey);
    this.#runs.delete(runKey);
    for (const model of this.modelsOf(runKey)) this.putModel(model);
    this.#kept.delete(runKey);
    this.#changedParams.delete(runKey);
    if (run === undefined || run.failedReason !== undefined || run.runId === runKey) return;
    this.#remember(runKey, run.runId);
    try {
      this.#endedRuns?.append(JSON.stringify([runKey, run.runId, sumOf(runKey + run.runId)]));
    } catch {
      // A disk that takes nothing costs a search by key after a crash, no data.
    }
  }

  /** Notes that the store has params of a run with another value than they were first given. */
  noteChangedParams(runKey: string): void {
    this.#changedParams.add(runKey);
  }

  /** Whether that is known; a new drain learns it when a param changes again. */
  hasChangedParams(runKey: string): boolean {
    return this.#changedParams.has(runKey);
  }

  keepAttributes(runKey: string, more: KeptAttributes): void {
    const run = this.#runs.get(runKey);
    if (run === undefined) return;
    let kept = this.#kept.get(runKey);
    if (kept === undefined) {
      const fresh = new Kept(run.attributes);
      kept = fresh;
      this.#kept.set(runKey, fresh);
      // Put together when somebody looks, not at every attribute.
      const lazy = { ...run, attributes: undefined };
      Object.defineProperty(lazy, 'attributes', { get: () => fresh.all(), enumerable: true });
      // What the property gives is a KeptAttributes from here on.
      this.#runs.set(runKey, lazy as unknown as OpenRun);
    }
    kept.add(more);
  }

  /** Notes records that were dead-lettered; they count once the watermark has passed them. */
  noteDeaths(sequence: number, count: number, runKey?: string): void {
    this.#deaths.push({ sequence, count });
    if (runKey !== undefined) this.tallies.noteDeaths(sequence, runKey, count);
  }

  /** Moves the watermark; never back. */
  settle(sequence: number): void {
    if (sequence <= this.#settledThrough) return;
    this.#settledThrough = sequence;
    this.aside.pass(sequence);
    this.tallies.pass(sequence);
    this.#deadLettered += this.#deaths.reduce((sum, each) => (each.sequence <= sequence ? sum + each.count : sum), 0);
    this.#deaths = this.#deaths.filter((each) => each.sequence > sequence);
  }

  /** Does something once the disk knows that record `sequence` is done, such as deleting a delivered file. */
  afterSave(sequence: number, act: () => void): void {
    this.#afterSave.push({ sequence, act });
  }

  /** Writes the state; throws what the disk throws. */
  save(): void {
    if (this.#paths !== undefined) {
      this.aside.dropStaleLines();
      // What the watermark has passed is found in these files alone.
      if (this.#noteSync !== undefined) syncNotes(this.#disk, this.#noteSync, this.#paths);
      const file = {
        formatVersion: 1 as const,
        settledThrough: this.#settledThrough,
        deadLettered: this.#deadLettered,
        runs: this.openRuns(),
        tallies: this.tallies.save(),
        ...(this.#models.size === 0 ? {} : { models: [...this.#models.values()] }),
        aside: this.aside.passedSequences(),
      };
      writeState(this.#disk, this.#paths, file, this.#noteSync !== undefined);
    }
    this.#savedThrough = this.#settledThrough;
    this.aside.forgetThrough(this.#savedThrough);
    // A save may come between a delivery and its watermark: a later drain reads that record again, and needs its file.
    const due = this.#afterSave.filter((each) => each.sequence <= this.#savedThrough);
    if (due.length === 0) return;
    this.#afterSave = this.#afterSave.filter((each) => each.sequence > this.#savedThrough);
    for (const { act } of due) act();
  }

  /** Returns which artifacts waited; undefined where nobody says. */
  #load(): readonly number[] | undefined {
    if (this.#paths === undefined) return undefined;
    for (const line of this.#endedRuns?.read() ?? []) this.#loadEnded(line);
    const file = readState(this.#disk, this.#paths);
    this.#isDamaged = file === 'damaged';
    if (file === undefined || file === 'damaged') return undefined;
    this.#settledThrough = file.settledThrough;
    this.#savedThrough = file.settledThrough;
    this.#deadLettered = file.deadLettered;
    for (const run of file.runs) this.#runs.set(run.runKey, run);
    this.tallies.load(file.settledThrough, file.tallies ?? []);
    for (const model of file.models ?? []) this.putModel(model);
    return file.aside;
  }

  #loadEnded(line: string): void {
    try {
      const pair: unknown = JSON.parse(line);
      if (!Array.isArray(pair)) return;
      const [runKey, runId, sum] = pair.map(String);
      // Of an earlier version there is no sum. A damaged line's run is looked up in the store instead, as that of a torn one.
      if (sum === undefined || sum === sumOf(`${runKey}${runId}`)) this.#remember(`${runKey}`, `${runId}`);
    } catch {
      // A line torn by the crash.
    }
  }

  #remember(runKey: string, runId: string): void {
    this.#ended.set(runKey, runId);
    if (this.#ended.size <= ENDED_LIMIT) return;
    const [oldest] = this.#ended.keys();
    if (oldest !== undefined) this.#ended.delete(oldest);
  }
}
