// What a store or a Collector refused for good: the record with its words, one line each, beside the journal.
import type { Write } from '../../model/write.ts';
import { MlflowError } from '../../errors.ts';
import type { FolderPaths } from './folder.ts';
import { LineFile } from '../machine/line-file.ts';
import { seal, unseal } from '../machine/sealed.ts';
import type { Disk } from '../machine/system.ts';
import { messageOf } from '../machine/system.ts';

/** One line of `dead-letters.jsonl`, which ends in a checksum; `record` holds only what was refused of the write. */
export interface DeadLetter {
  readonly sequence: number;
  /** How many records the line stands for: more than one where a stretch of the journal could not be read. */
  readonly count: number;
  readonly reason: string;
  readonly errorCode: string | undefined;
  readonly status: number | undefined;
  /** A write, or a request to a Collector as OTLP's JSON. */
  readonly record: unknown;
}

/** So many lines wait for a disk that takes nothing; each has gone out as a warning. */
const UNKEPT_LIMIT = 1000;

/** Appends to a folder's dead letters; what is refused again after a replay is not written twice. */
export class DeadLetters {
  readonly #file: LineFile | undefined;
  readonly #paths: FolderPaths | undefined;
  readonly #onWarning: (message: string) => void;
  readonly #who: string;
  /** The numbers of what an earlier drain buried and did not settle; its words may be others: a path in them is of another folder by now. */
  readonly #written = new Set<number>();
  /** Lines that the disk did not take. */
  readonly #unkept: string[] = [];
  #count = 0;

  constructor(
    disk: Disk,
    paths: FolderPaths | undefined,
    options: {
      readonly settledThrough: number;
      /** Nothing can be there yet: it is not read. @default false */
      readonly isNew?: boolean;
      readonly onWarning: (message: string) => void;
      /** Who refuses, in messages. @default 'The tracking store' */
      readonly who?: string;
    },
  ) {
    this.#paths = paths;
    this.#onWarning = options.onWarning;
    this.#who = options.who ?? 'The tracking store';
    if (paths === undefined) return;
    this.#file = new LineFile(disk, paths.deadLetters);
    if (options.isNew === true) return;
    const lines = this.#file.read();
    this.#count = lines.length;
    for (const line of lines) {
      const sequence = sequenceOf(line);
      if (sequence > options.settledThrough) this.#written.add(sequence);
    }
  }

  /** Writes one down. Never throws: where the disk takes nothing, the letter goes out as a warning and waits for {@link writeUnkept}. */
  bury(letter: DeadLetter): void {
    this.#count += 1;
    if (this.#written.has(letter.sequence)) return;
    const line = seal(letter);
    if (this.#count === 1) {
      const where =
        this.#paths === undefined ? '' : ` It is kept in ${this.#paths.deadLetters}, as are those that follow.`;
      this.#onWarning(`${this.#who} refused a record for good: ${letter.reason.replace(/\.$/, '')}.${where}`);
    }
    try {
      this.#file?.append(line);
    } catch (error) {
      this.#onWarning(`A refused record could not be kept (${messageOf(error)}): ${line}`);
      if (this.#unkept.length < UNKEPT_LIMIT) this.#unkept.push(line);
    }
  }

  /**
   * Writes down what the disk did not take before. Until then nothing may be noted as settled: a crash would forget the letters.
   *
   * @throws what the disk throws
   */
  writeUnkept(): void {
    if (this.#unkept.length === 0) return;
    // What was cut off may have been the line's end alone.
    const kept = new Set(this.#file?.read());
    for (let line = this.#unkept[0]; line !== undefined; line = this.#unkept[0]) {
      if (!kept.has(line)) this.#file?.append(line);
      this.#unkept.shift();
    }
  }
}

/** Reads a line; undefined where a crash tore it, or it is damaged. One of an earlier version has no checksum, and is taken as it is. */
export function parseLetter(line: string): DeadLetter | undefined {
  const value = unseal(line);
  // The cast: only DeadLetters writes these lines.
  return typeof value === 'object' && value !== null && 'sequence' in value ? (value as DeadLetter) : undefined;
}

/** The number of a whole line; 0 where it cannot be read: then it is written once more. */
function sequenceOf(line: string): number {
  return Number(parseLetter(line)?.sequence ?? 0);
}

/** A dead letter with a store's words. */
export function deadLetter(sequence: number, record: Write | undefined, error: unknown): DeadLetter {
  const isMlflow = error instanceof MlflowError;
  return {
    sequence,
    count: 1,
    reason: messageOf(error),
    errorCode: isMlflow ? error.errorCode : undefined,
    status: isMlflow ? error.status : undefined,
    record,
  };
}
