// One outbox folder: `<RUNSPAN_DIR>/<host>-<pid>-<random>/`, what lies in it, and how one is made and removed.
import path from 'node:path';
import { readSealed, seal } from '../machine/sealed.ts';
import type { Machine, System } from '../machine/system.ts';
import { segmentIndexes, segmentName } from '../journal/segment-names.ts';
import { writeLease } from './lease.ts';

/** Where what a folder holds is to be delivered; without credentials. */
export interface Destination {
  readonly trackingUri: string;
  readonly workspace: string | undefined;
}

/** `header.json`: written once, when the folder is made, and twice: a folder without it is nobody's. */
export interface FolderHeader extends Destination {
  readonly formatVersion: number;
  readonly experimentName: string;
  readonly createdAtMs: number;
}

/** The version of what this package writes. */
export const FORMAT_VERSION = 1;

/** The folders of RUNSPAN_DIR that are no outbox folder. */
export const DEAD_LETTERS_FOLDER = 'dead-letters';
/** What waits for a Collector lies apart: neither holds the other up. */
export const TELEMETRY_FOLDER = 'telemetry';

/** Something in RUNSPAN_DIR that is being made: left behind by a process that died in that moment. */
export const HALF_MADE: RegExp = /^\.(new|clock)-|^\.gitignore\..+\.tmp$/;

/** A folder that is being removed; whoever sees it may help. */
export const HALF_REMOVED: RegExp = /^\.gone-/;

/** The paths in one folder. */
export interface FolderPaths {
  readonly root: string;
  readonly name: string;
  readonly header: string;
  readonly headerCopy: string;
  readonly lease: string;
  readonly state: string;
  readonly stateCopy: string;
  readonly deadLetters: string;
  readonly endedRuns: string;
  readonly setAside: string;
  readonly spool: string;
}

/** Names what lies in a folder. */
export function folderPaths(directory: string, name: string): FolderPaths {
  const root = path.join(directory, name);
  return {
    root,
    name,
    header: path.join(root, 'header.json'),
    headerCopy: path.join(root, 'header.copy.json'),
    lease: path.join(root, 'lease'),
    state: path.join(root, 'state.json'),
    stateCopy: path.join(root, 'state.copy.json'),
    deadLetters: path.join(root, 'dead-letters.jsonl'),
    endedRuns: path.join(root, 'ended-runs.jsonl'),
    setAside: path.join(root, 'set-aside.jsonl'),
    spool: path.join(root, 'spool'),
  };
}

/** A new name that carries host and process. */
export function newFolderName(machine: Machine, random: () => number): string {
  const host = machine.hostName.replace(/[^A-Za-z0-9.]/g, '_').slice(0, 40);
  const suffix = [random(), random()].map((part) =>
    Math.floor(part * 0x1_0000_0000)
      .toString(16)
      .padStart(8, '0'),
  );
  return `${host}-${machine.pid}-${suffix.join('')}`;
}

/** The process id in a folder's name; undefined where the name is none of ours. */
export function pidOfName(name: string): number | undefined {
  const match = /^.+-(\d+)-[0-9a-f]{16}$/.exec(name);
  return match === null ? undefined : Number(match[1]);
}

/** What a new folder says of itself. */
export interface NewFolder extends Destination {
  readonly directory: string;
  readonly experimentName: string;
  readonly isInline: boolean;
}

/**
 * Makes a folder as one step: it appears under its name with header and lease in it, so that no adopter sees half of one.
 *
 * @throws a system error where the directory cannot be written
 */
export function makeFolder(system: System, options: NewFolder): FolderPaths {
  const { disk, machine, clock } = system;
  const name = newFolderName(machine, () => system.random());
  const temporary = folderPaths(options.directory, `.new-${name}`);
  const paths = folderPaths(options.directory, name);
  disk.makeFolder(options.directory);
  const ignore = path.join(options.directory, '.gitignore');
  if (disk.stat(ignore) === undefined) disk.replaceText(ignore, '*\n');
  disk.makeFolder(temporary.spool);
  const header: FolderHeader = {
    formatVersion: FORMAT_VERSION,
    trackingUri: withoutSecrets(options.trackingUri),
    workspace: options.workspace,
    experimentName: options.experimentName,
    createdAtMs: clock.nowMs(),
  };
  for (const file of [temporary.headerCopy, temporary.header]) disk.replaceText(file, `${seal(header)}\n`);
  writeLease(system, temporary.lease, { folder: name, isInline: options.isInline });
  if (!disk.rename(temporary.root, paths.root)) throw new Error(`${temporary.root} was removed`);
  return paths;
}

/**
 * A tracking URI as a journal may hold it: without credentials, and over HTTP without a query, which may be one.
 *
 * @example
 * withoutSecrets('https://me:pw@host/mlflow?token=x'); // 'https://host/mlflow'
 */
export function withoutSecrets(trackingUri: string): string {
  const bare = trackingUri.replace(/^([a-z][a-z0-9+.-]*:\/\/)[^/?#]*@/i, '$1');
  return /^sqlite/i.test(bare) || !/^[a-z][a-z0-9+.-]+:\/\//i.test(bare) ? bare : bare.replace(/[?#].*$/s, '');
}

/** Reads a folder's header; undefined where there is none that this version can read. */
export function readHeader(system: System, paths: FolderPaths): FolderHeader | undefined {
  return readSealed(system.disk, [paths.header, paths.headerCopy], (value) => {
    const { formatVersion, trackingUri } = fieldsOf(value);
    const isOurs = formatVersion === FORMAT_VERSION && typeof trackingUri === 'string';
    // The cast: version and URI were checked, and only makeFolder writes that version. Earlier ones kept a query.
    return isOurs ? { ...(value as FolderHeader), trackingUri: withoutSecrets(trackingUri) } : undefined;
  });
}

/** Whether a later version of this package wrote a folder's header; what that means, only it can say. */
export function isOfNewerVersion(system: System, paths: FolderPaths): boolean {
  const version = readSealed(system.disk, [paths.header, paths.headerCopy], (value) => fieldsOf(value).formatVersion);
  return typeof version === 'number' && version > FORMAT_VERSION;
}

/** What may be a header. */
function fieldsOf(value: unknown): Partial<Record<keyof FolderHeader, unknown>> {
  return typeof value === 'object' && value !== null ? value : {};
}

/** Says in the lease that nobody works on the folder any more: the next adopter need not wait for our death. */
export function releaseFolder(system: System, { lease, name }: FolderPaths, isInline: boolean): void {
  writeLease(system, lease, { folder: name, isInline, isReleased: true });
}

/** How a folder is retired. */
export interface RetireOptions {
  /** RUNSPAN_DIR. */
  readonly directory: string;
  /** What is moved is on the disk itself under its new name before the folder goes. @default false */
  readonly isSynced?: boolean;
}

/** Removes a folder that holds nothing to deliver; its dead letters move to `<directory>/dead-letters/`, with the files they speak of. */
export function retireFolder(system: System, paths: FolderPaths, options: RetireOptions): void {
  const { disk } = system;
  const { directory, isSynced = false } = options;
  // Whoever goes on from a death in the middle must not read records whose kept files are gone, nor miss the ones before them.
  for (const index of segmentIndexes(disk.list(paths.root)).toReversed())
    disk.removeFile(path.join(paths.root, segmentName(index)));
  if (disk.stat(paths.deadLetters) !== undefined) {
    const graveyard = path.join(directory, DEAD_LETTERS_FOLDER);
    disk.makeFolder(graveyard);
    // Where they were to go: who sends them again has to know. A copy, because a folder without its header is nobody's.
    const header = readHeader(system, paths);
    if (header !== undefined) disk.replaceText(headerOfGrave(graveyard, paths.name), `${seal(header)}\n`, isSynced);
    if (disk.list(paths.spool).length > 0) disk.rename(paths.spool, path.join(graveyard, `${paths.name}.spool`));
    disk.rename(paths.deadLetters, path.join(graveyard, `${paths.name}.jsonl`));
    // No system says in what order it brings names to the disk: the old ones must not go without the new ones.
    if (isSynced) for (const folder of [graveyard, directory]) disk.sync(folder);
  }
  removeFolder(system, paths);
}

/** Removes a folder with what is in it. It disappears as one step: a folder of which a death left half has no header, and is nobody's. */
export function removeFolder({ disk }: System, { root, name }: FolderPaths): void {
  const gone = path.join(path.dirname(root), `.gone-${name}`);
  if (disk.rename(root, gone)) disk.removeFolder(gone);
}

/** The header of a folder that is gone, beside its dead letters. */
export function headerOfGrave(graveyard: string, name: string): string {
  return path.join(graveyard, `${name}.header.json`);
}
