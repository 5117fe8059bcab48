// Looks at the outbox folders of RUNSPAN_DIR without touching them: whose they are, what waits in them, what was refused.
import path from 'node:path';
import type { DeadLetter } from './dead-letters.ts';
import { parseLetter } from './dead-letters.ts';
import type { FolderPaths } from './folder.ts';
import {
  DEAD_LETTERS_FOLDER,
  TELEMETRY_FOLDER,
  folderPaths,
  headerOfGrave,
  isOfNewerVersion,
  readHeader,
} from './folder.ts';
import { judgeLease, readLease } from './lease.ts';
import { LineFile } from '../machine/line-file.ts';
import { RecordSource } from '../journal/record-source.ts';
import { SegmentReader } from '../journal/segment-reader.ts';
import { FolderState } from './state.ts';
import type { System } from '../machine/system.ts';
import { messageOf } from '../machine/system.ts';

/** Whether somebody works on a folder: its process lives; nobody does; or only time can say, since it is of another host. */
export type Ownership = 'in-use' | 'left' | 'unknown';

/** One outbox folder. */
export interface FolderReport {
  readonly name: string;
  /** Where it is to be delivered, without credentials. */
  readonly trackingUri: string;
  readonly workspace: string | undefined;
  readonly experimentName: string;
  readonly ownership: Ownership;
  readonly host: string | undefined;
  readonly pid: number | undefined;
  /** By the file system's clock, in milliseconds since the epoch. */
  readonly lastSeenMs: number | undefined;
  /** Records that are not delivered. */
  readonly pendingCount: number;
  /** Of those, artifacts whose bytes have not got through while others went past them. */
  readonly setAsideCount: number;
  /** Records that were delivered or refused. */
  readonly doneCount: number;
  /** The names of the runs that it has open in the store, or is still to make. */
  readonly runNames: readonly string[];
  readonly deadLetters: readonly DeadLetter[];
}

/** What was refused, of a folder that is gone otherwise. */
export interface Grave {
  readonly name: string;
  /** Undefined in graves of earlier versions. */
  readonly trackingUri: string | undefined;
  readonly deadLetters: readonly DeadLetter[];
  /** The lines that cannot be read any more, as they are; each is among the dead letters too, without its record. */
  readonly damaged: readonly string[];
}

/** A folder that nothing can be said of, and that nobody here delivers. */
export interface UnreadableFolder {
  readonly name: string;
  readonly why: string;
}

/** All of one RUNSPAN_DIR. */
export interface OutboxReport {
  readonly folders: readonly FolderReport[];
  readonly unreadable: readonly UnreadableFolder[];
  readonly graves: readonly Grave[];
}

/** What is said in place of a letter whose line is damaged. */
const UNREADABLE = 'This dead letter cannot be read any more: its line is damaged';
const NOTHING_KNOWN = { errorCode: undefined, status: undefined, record: undefined };

/** Records looked at in one go. */
const LOOK_COUNT = 10_000;

/**
 * Reads what there is; a folder that goes away meanwhile is left out, one that cannot be read is named.
 *
 * @example
 * inspectOutbox(nodeSystem(), '/work/.runspan').folders.map(({ name, pendingCount }) => `${name}: ${pendingCount}`);
 */
export function inspectOutbox(system: System, directory: string): OutboxReport {
  const unreadable: UnreadableFolder[] = [];
  const folders = system.disk.list(directory).flatMap((name) => {
    if (name.startsWith('.') || name === DEAD_LETTERS_FOLDER || name === TELEMETRY_FOLDER) return [];
    const paths = folderPaths(directory, name);
    try {
      if (system.disk.stat(paths.root)?.isFolder !== true) return [];
      const report = inspectFolder(system, paths);
      if (report !== undefined) return [report];
      if (system.disk.stat(paths.root) === undefined) return [];
      const isNewer = isOfNewerVersion(system, paths);
      unreadable.push({ name, why: isNewer ? 'a newer version of runspan wrote it' : 'it has no header' });
    } catch (error) {
      unreadable.push({ name, why: messageOf(error) });
    }
    return [];
  });
  return { folders, unreadable, graves: listGraves(system, directory) };
}

function inspectFolder(system: System, paths: FolderPaths): FolderReport | undefined {
  const header = readHeader(system, paths);
  if (header === undefined) return undefined;
  const lease = readLease(system, paths.lease);
  const state = new FolderState(system.disk, paths);
  const waiting = countWaiting(system, paths, state.settledThrough);
  const verdict = judgeLease(lease, system.machine);
  return {
    name: paths.name,
    trackingUri: header.trackingUri,
    workspace: header.workspace,
    experimentName: header.experimentName,
    ownership: verdict.kind === 'gone' ? 'left' : verdict.kind === 'alive' ? 'in-use' : 'unknown',
    host: lease?.host,
    pid: lease?.pid,
    lastSeenMs: system.disk.stat(paths.lease)?.modifiedMs,
    pendingCount: waiting.count + state.aside.count,
    setAsideCount: state.aside.count,
    doneCount: state.doneCount,
    runNames: [...new Set([...state.openRuns().map((run) => run.runName), ...waiting.runNames])],
    deadLetters: readLetters(system, paths.deadLetters).deadLetters,
  };
}

function countWaiting(
  system: System,
  paths: FolderPaths,
  settledThrough: number,
): { readonly count: number; readonly runNames: ReadonlySet<string> } {
  const reader = new SegmentReader({ disk: system.disk, folder: paths.root, isLive: false });
  const source = new RecordSource({ reader, clock: system.clock, isLive: false, settledThrough });
  const runNames = new Set<string>();
  let count = 0;
  try {
    for (
      let window = source.take({ maxCount: LOOK_COUNT });
      window.lastSequence > 0;
      window = source.take({ maxCount: LOOK_COUNT })
    ) {
      count += window.entries.length;
      for (const { write } of window.entries) if (write.kind === 'create') runNames.add(write.runName);
    }
  } finally {
    reader.close();
  }
  return { count, runNames };
}

function listGraves(system: System, directory: string): readonly Grave[] {
  const graveyard = path.join(directory, DEAD_LETTERS_FOLDER);
  return system.disk.list(graveyard).flatMap((file) => {
    if (!file.endsWith('.jsonl')) return [];
    const name = file.slice(0, -'.jsonl'.length);
    const header = readHeader(system, { ...folderPaths(graveyard, name), header: headerOfGrave(graveyard, name) });
    return [{ name, trackingUri: header?.trackingUri, ...readLetters(system, path.join(graveyard, file)) }];
  });
}

function readLetters(system: System, file: string): Pick<Grave, 'deadLetters' | 'damaged'> {
  const lines = new LineFile(system.disk, file).read();
  const damaged: string[] = [];
  const deadLetters = lines.flatMap((line, index) => {
    const letter = parseLetter(line);
    if (letter !== undefined) return [letter];
    // Torn by a crash: what it stood for was written once more. Anything else is damage, and has to be said.
    if (lines.some((other, at) => at > index && other.startsWith(line))) return [];
    damaged.push(line);
    return [{ sequence: 0, count: 1, reason: UNREADABLE, ...NOTHING_KNOWN }];
  });
  return { deadLetters, damaged };
}
