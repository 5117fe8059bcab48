// What the drain knows of one folder: how far it got and which runs are open; replaced as one step, so that a crash finds an old one or a new one.
import { spellNumber } from '../journal/encode-write.ts';
import type { FolderPaths } from './folder.ts';
import { FileSync } from './file-sync.ts';
import { syncNotes } from './folder-sync.ts';
import { LineFile } from '../machine/line-file.ts';
import { Kept, type KeptAttributes } from './kept-attributes.ts';
import { RunTallies, type SavedTally } from './run-tallies.ts';
import { SetAside } from './set-aside.ts';
import type { Disk } from '../machine/system.ts';

/** A run that this folder opened and has not ended. */
export interface OpenRun {
  readonly runKey: string;
  readonly runId: string;
  readonly experimentId: string;
  readonly artifactUri: string;
  readonly runName: string;
  readonly startTimeMs: number;
  /** A create whose answer was lost: the store may hold a second run with this key. */
  readonly wasAmbiguous: boolean;
  readonly attributes?: KeptAttributes;
  /** Why there is no run in the store; what belongs to it is dead-lettered. */
  readonly failedReason?: string;
}

/** A logged model of a run that is open, or whose making was refused. */
export interface OpenModel {
  readonly modelKey: string;
  readonly runKey: string;
  readonly modelId: string;
  readonly experimentId: string;
  readonly artifactUri: string;
  /** A create whose answer was lost: the store may hold a second model with this key. */
  readonly wasAmbiguous: boolean;
  readonly hasEnded: boolean;
  /** One of its files is among the dead letters. */
  readonly hasLostFile: boolean;
  /** How it ends once its files that were set aside have ended. */
  readonly awaitedStatus?: 'READY' | 'UPLOAD_FAILED';
  /** Why there is no model in the store; its files are dead-lettered. */
  readonly failedReason?: string;
}

/** Records that ended as dead letters. */
type Deaths = { readonly sequence: number; readonly count: number };

interface StateFile {
  readonly formatVersion: 1;
  readonly settledThrough: number;
  readonly deadLettered: number;
  readonly runs: readonly OpenRun[];
  /** What the watermark has passed of each run; absent in files of older versions. */
  readonly tallies?: readonly SavedTally[];
  /** Absent in files of older versions. */
  readonly models?: readonly OpenModel[];
}

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

  /** @param how `isNew`: nothing can be in it yet, and nothing is read; `isSynced`: what is saved is on the disk itself */
  constructor(disk: Disk, paths: FolderPaths | undefined, { isNew = false, isSynced = false }: FolderHow = {}) {
    if (isSynced) this.#noteSync = new FileSync(disk);
    this.#disk = disk;
    this.#paths = paths;
    this.#endedRuns = paths === undefined ? undefined : new LineFile(disk, paths.endedRuns);
    if (!isNew) this.#load();
    const settledThrough = this.#settledThrough;
    this.aside = new SetAside(disk, paths, { settledThrough, isNew, noteSync: this.#noteSync });
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
      this.#endedRuns?.append(JSON.stringify([runKey, run.runId]));
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
      const file: StateFile = {
        formatVersion: 1,
        settledThrough: this.#settledThrough,
        deadLettered: this.#deadLettered,
        runs: this.openRuns(),
        tallies: this.tallies.save(),
        ...(this.#models.size === 0 ? {} : { models: [...this.#models.values()] }),
      };
      // What the watermark has passed is found in these files alone.
      if (this.#noteSync !== undefined) syncNotes(this.#disk, this.#noteSync, this.#paths);
      const text = `${JSON.stringify(file, spellNumber)}\n`;
      this.#disk.replaceText(this.#paths.state, text, this.#noteSync !== undefined);
    }
    this.#savedThrough = this.#settledThrough;
    this.aside.forgetThrough(this.#savedThrough);
    // A save may come between a delivery and its watermark: a later drain reads that record again, and needs its file.
    const due = this.#afterSave.filter((each) => each.sequence <= this.#savedThrough);
    if (due.length === 0) return;
    this.#afterSave = this.#afterSave.filter((each) => each.sequence > this.#savedThrough);
    for (const { act } of due) act();
  }

  #load(): void {
    if (this.#paths === undefined) return;
    const text = this.#disk.readText(this.#paths.state);
    const file = text === undefined ? undefined : parseState(text);
    if (file !== undefined) {
      this.#settledThrough = file.settledThrough;
      this.#savedThrough = file.settledThrough;
      this.#deadLettered = file.deadLettered;
      for (const run of file.runs) this.#runs.set(run.runKey, reviveRun(run));
      this.tallies.load(file.settledThrough, file.tallies ?? []);
      for (const model of file.models ?? []) this.putModel(model);
    }
    for (const line of this.#endedRuns?.read() ?? []) this.#loadEnded(line);
  }

  #loadEnded(line: string): void {
    try {
      const pair: unknown = JSON.parse(line);
      if (Array.isArray(pair)) this.#remember(String(pair[0]), String(pair[1]));
    } catch {
      // A line torn by the crash: that run is looked up in the store instead.
    }
  }

  #remember(runKey: string, runId: string): void {
    this.#ended.set(runKey, runId);
    if (this.#ended.size <= ENDED_LIMIT) return;
    const [oldest] = this.#ended.keys();
    if (oldest !== undefined) this.#ended.delete(oldest);
  }
}

function parseState(text: string): StateFile | undefined {
  try {
    const file: unknown = JSON.parse(text);
    const isState = typeof file === 'object' && file !== null && 'settledThrough' in file && 'runs' in file;
    // The cast: replaced as one step, and only save() writes it.
    return isState ? (file as StateFile) : undefined;
  } catch {
    // Damaged on disk: everything that is still journaled is sent again, which duplicates nothing.
    return undefined;
  }
}

function reviveRun(run: OpenRun): OpenRun {
  if (run.attributes === undefined) return run;
  const metrics = run.attributes.metrics.map((metric) => ({ ...metric, value: Number(metric.value) }));
  return { ...run, attributes: { ...run.attributes, metrics } };
}
