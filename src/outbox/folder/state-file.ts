// What is written down of a folder: the shape of its state file, with a checksum and a copy, since what it says of open runs is nowhere else.
import { spellNumber } from '../journal/encode-write.ts';
import { readSealed, seal } from '../machine/sealed.ts';
import type { Disk } from '../machine/system.ts';
import type { FolderPaths } from './folder.ts';
import type { KeptAttributes } from './kept-attributes.ts';
import type { SavedTally } from './run-tallies.ts';

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

/** One state as it is saved. */
export interface StateFile {
  readonly formatVersion: 1;
  readonly settledThrough: number;
  readonly deadLettered: number;
  readonly runs: readonly OpenRun[];
  /** What the watermark has passed of each run; absent in files of older versions. */
  readonly tallies?: readonly SavedTally[];
  /** Absent in files of older versions. */
  readonly models?: readonly OpenModel[];
  /** The artifacts that the watermark has passed and that wait; absent in files of older versions. */
  readonly aside?: readonly number[];
}

/** Replaces both files, each as one step; throws what the disk throws. */
export function writeState(disk: Disk, { state, stateCopy }: FolderPaths, file: StateFile, isSynced: boolean): void {
  const text = `${seal(file, spellNumber)}\n`;
  disk.replaceText(state, text, isSynced);
  disk.replaceText(stateCopy, text);
}

/** Reads the state, or its copy where that is damaged; `damaged` where neither can be read, and undefined where none was saved yet. */
export function readState(
  disk: Pick<Disk, 'readText' | 'stat'>,
  { state, stateCopy }: FolderPaths,
): StateFile | 'damaged' | undefined {
  const files = [state, stateCopy];
  const file = readSealed(disk, files, asState);
  if (file !== undefined) return { ...file, runs: file.runs.map(reviveRun) };
  return files.some((each) => disk.stat(each) !== undefined) ? 'damaged' : undefined;
}

function asState(value: unknown): StateFile | undefined {
  const isState = typeof value === 'object' && value !== null && 'settledThrough' in value && 'runs' in value;
  // The cast: replaced as one step, and only save() writes it.
  return isState ? (value as StateFile) : undefined;
}

function reviveRun(run: OpenRun): OpenRun {
  if (run.attributes === undefined) return run;
  const metrics = run.attributes.metrics.map((metric) => ({ ...metric, value: Number(metric.value) }));
  return { ...run, attributes: { ...run.attributes, metrics } };
}
