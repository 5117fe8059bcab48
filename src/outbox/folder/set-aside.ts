// Artifacts that the watermark has passed and that are still to be delivered; noted line by line, so that a crash finds them.
import type { ArtifactWrite } from '../../model/write.ts';
import type { FileSync } from './file-sync.ts';
import type { FolderPaths } from './folder.ts';
import { LineFile } from '../machine/line-file.ts';
import { seal, unseal } from '../machine/sealed.ts';
import type { Disk } from '../machine/system.ts';

/** One artifact that waits beside the others, with where it goes: its run may be ended and forgotten by then. */
export interface SetAsideArtifact {
  readonly sequence: number;
  readonly write: ArtifactWrite;
  readonly artifactUri: string;
}

/** How one ended. */
export type AsideEnd = 'delivered' | 'dead';

/** Ended lines that are kept before the file is written anew. */
const COMPACT_AFTER = 1000;

/** One line of the list; which of these it has says what it means. */
type Line = Partial<SetAsideArtifact> & { readonly deadCount?: number; readonly end?: AsideEnd };

/** Undefined where the line is empty, was torn by a crash (the watermark had not passed it then), or is damaged. */
function parseLine(line: string): Line | undefined {
  const value = unseal(line);
  // The cast: only this file writes the list.
  return typeof value === 'object' && value !== null ? value : undefined;
}

/**
 * Reads which artifacts wait in a folder that somebody else may be writing to.
 *
 * @example
 * listSetAside(disk, paths); // ['plots/loss.png']
 */
export function listSetAside(disk: Pick<Disk, 'readText'>, paths: FolderPaths): readonly string[] {
  const waiting = new Map<number, string>();
  for (const line of (disk.readText(paths.setAside) ?? '').split('\n')) {
    const { sequence, write, end } = parseLine(line) ?? {};
    if (sequence === undefined) continue;
    if (end !== undefined) waiting.delete(sequence);
    else if (write !== undefined) waiting.set(sequence, write.path);
  }
  return [...waiting.values()];
}

/** The list of one folder. */
export class SetAside {
  /** Undefined where there is no disk. */
  readonly #file: LineFile | undefined;
  /** Brings the list to the disk itself, where that is asked for. */
  readonly #sync: (() => void) | undefined;
  readonly #waiting = new Map<number, SetAsideArtifact>();
  /** Ended above the saved watermark: after a crash the journal speaks of them once more. */
  readonly #ended = new Set<number>();
  /** They waited by the state's word, and the list does not have them. */
  readonly #lost: readonly number[] = [];
  #deadCount = 0;
  /** The watermark, and what was noted above it: it counts once the watermark has passed. */
  #passed: number;
  #waitingAbove: number[] = [];
  #deadAbove: number[] = [];
  #endedLines = 0;
  /** The file still lists artifacts that are read from the journal once more, and may be delivered in their place this time. */
  #hasStaleLines = false;

  /**
   * @param given `settledThrough`: the watermark as it was saved, what lies above it is read from the journal again; `known`: which
   * waited then, undefined where an earlier version did not say; `isNew`: nothing can be there yet
   */
  constructor(
    disk: Disk,
    paths: FolderPaths | undefined,
    given: {
      readonly settledThrough: number;
      readonly known?: readonly number[] | undefined;
      readonly isNew: boolean;
      /** Undefined where nothing is to be synced. */
      readonly noteSync: FileSync | undefined;
    },
  ) {
    const { settledThrough, known, isNew, noteSync } = given;
    this.#passed = settledThrough;
    if (paths === undefined) return;
    if (noteSync !== undefined) this.#sync = (): void => noteSync.sync(paths.setAside);
    this.#file = new LineFile(disk, paths.setAside);
    if (isNew) return;
    for (const line of this.#file.read()) this.#load(line);
    for (const sequence of this.#waiting.keys()) {
      // What the saved state does not speak of any more had ended by then.
      if (sequence <= settledThrough && (known?.includes(sequence) ?? true)) continue;
      this.#waiting.delete(sequence);
      this.#hasStaleLines = true;
    }
    this.#lost = (known ?? []).filter((each) => !this.#waiting.has(each) && !this.#ended.has(each));
    this.forgetThrough(settledThrough);
  }

  /** What waited and cannot be read back: the list was damaged. */
  get lost(): readonly number[] {
    return this.#lost;
  }

  /** How many the watermark has passed that still wait. */
  get count(): number {
    return this.#waiting.size - this.#waitingAbove.filter((each) => this.#waiting.has(each)).length;
  }

  /** The watermark, as it was last told. */
  get passed(): number {
    return this.#passed;
  }

  /** Of those that ended, how many are dead letters. */
  get deadCount(): number {
    return this.#deadCount;
  }

  /** The lowest number that waits; undefined where none does. */
  get lowest(): number | undefined {
    // Added in the order of the journal.
    const [lowest] = this.#waiting.keys();
    return lowest;
  }

  /** Those that wait and that the watermark has passed. */
  passedSequences(): readonly number[] {
    const above = new Set(this.#waitingAbove);
    return [...this.#waiting.keys()].filter((each) => !above.has(each));
  }

  waiting(): readonly SetAsideArtifact[] {
    return [...this.#waiting.values()];
  }

  has(sequence: number): boolean {
    return this.#waiting.has(sequence);
  }

  /** Whether an artifact ended before the crash that makes the journal speak of it again. */
  hasEnded(sequence: number): boolean {
    return this.#ended.has(sequence);
  }

  /** Notes one; false where the disk does not take it, and then nothing may pass it. */
  add(artifact: SetAsideArtifact): boolean {
    if (!this.#append({ ...artifact })) return false;
    this.#waiting.set(artifact.sequence, artifact);
    if (artifact.sequence > this.#passed) this.#waitingAbove.push(artifact.sequence);
    return true;
  }

  /** Notes its end; false where the disk did not take that: a crash would deliver it once more, so that its bytes have to stay. */
  end(sequence: number, end: AsideEnd): boolean {
    this.#noteEnd(sequence, end);
    // Its bytes go next: a power cut must not leave the list without this line.
    return this.#append({ sequence, end }, this.#sync);
  }

  #append(line: Readonly<Record<string, unknown>>, andThen?: () => void): boolean {
    try {
      this.#file?.append(seal(line));
      andThen?.();
      return true;
    } catch {
      // A full disk; the caller goes on without this list.
      return false;
    }
  }

  /** The watermark moved. */
  pass(sequence: number): void {
    this.#passed = sequence;
    if (this.#waitingAbove.length > 0) this.#waitingAbove = this.#waitingAbove.filter((each) => each > sequence);
    if (this.#deadAbove.length === 0) return;
    const above = this.#deadAbove.filter((each) => each > sequence);
    this.#deadCount += this.#deadAbove.length - above.length;
    this.#deadAbove = above;
  }

  /** What was read up to `sequence` is not read from the journal again: its end need not be remembered. */
  forgetThrough(sequence: number): void {
    for (const each of this.#ended) if (each <= sequence) this.#ended.delete(each);
    if (this.#endedLines >= COMPACT_AFTER && this.#endedLines > this.#waiting.size) this.#compact();
  }

  /** Before the watermark is saved: what it passes is not to be taken for set aside. Throws what the disk throws. */
  dropStaleLines(): void {
    if (this.#hasStaleLines) this.#rewrite();
  }

  #compact(): void {
    this.#endedLines = 0;
    try {
      this.#rewrite();
    } catch {
      // A full disk: the long file says the same.
    }
  }

  #rewrite(): void {
    const ended = [...this.#ended].map((sequence) => ({
      sequence,
      end: this.#deadAbove.includes(sequence) ? 'dead' : 'delivered',
    }));
    const lines = [{ deadCount: this.#deadCount }, ...ended, ...this.#waiting.values()];
    this.#file?.replace(lines.map((line) => seal(line)));
    this.#hasStaleLines = false;
  }

  #load(line: string): void {
    const { sequence, write, artifactUri, end, deadCount } = parseLine(line) ?? {};
    if (deadCount !== undefined) this.#deadCount = deadCount;
    if (sequence === undefined) return;
    if (end !== undefined) this.#noteEnd(sequence, end);
    else if (write !== undefined && artifactUri !== undefined)
      this.#waiting.set(sequence, { sequence, write, artifactUri });
  }

  #noteEnd(sequence: number, end: AsideEnd): void {
    this.#endedLines += 1;
    this.#waiting.delete(sequence);
    this.#ended.add(sequence);
    if (end !== 'dead') return;
    if (sequence > this.#passed) this.#deadAbove.push(sequence);
    else this.#deadCount += 1;
  }
}
