// One folder of spilled telemetry as its sender sees it: the next line, and what became of it.
import type { Signal } from '../../collector/contract.ts';
import { DeadLetters } from '../folder/dead-letters.ts';
import type { FolderPaths } from '../folder/folder.ts';
import { retireFolder } from '../folder/folder.ts';
import { writeLease } from '../folder/lease.ts';
import type { Orphan } from '../folder/lease.ts';
import { SegmentReader } from '../journal/segment-reader.ts';
import { FolderState } from '../folder/state.ts';
import type { System } from '../machine/system.ts';
import { messageOf } from '../machine/system.ts';

/** One line: an ExportTraceServiceRequest or ExportLogsServiceRequest in OTLP's JSON. */
export interface SpilledLine {
  readonly sequence: number;
  readonly signal: Signal;
  readonly text: string;
}

/** What a folder of spilled telemetry needs. */
export interface SpillFolderOptions {
  readonly system: System;
  readonly paths: FolderPaths;
  /** True while its writer lives. */
  readonly isLive: boolean;
  readonly orphan?: Orphan;
  readonly onWarning: (message: string) => void;
}

/** Reads lines in order and notes after each how far it got. */
export class SpillFolder {
  readonly #options: SpillFolderOptions;
  readonly #state: FolderState;
  readonly #reader: SegmentReader;
  readonly #deadLetters: DeadLetters;
  #lines: SpilledLine[] = [];
  #hasWarned = false;

  constructor(options: SpillFolderOptions) {
    const { system, paths, isLive, onWarning } = options;
    this.#options = options;
    this.#state = new FolderState(system.disk, paths);
    const { settledThrough } = this.#state;
    this.#deadLetters = new DeadLetters(system.disk, paths, { settledThrough, onWarning, who: 'The Collector' });
    this.#reader = new SegmentReader({ disk: system.disk, folder: paths.root, isLive });
  }

  get paths(): FolderPaths {
    return this.#options.paths;
  }

  /** The number up to which everything is sent or dead-lettered. */
  get settledThrough(): number {
    return this.#state.settledThrough;
  }

  /** How many spans and log records were dead-lettered. */
  get deadCount(): number {
    return this.#state.deadLettered;
  }

  /** The line that is due, the same until it is settled; undefined where there is none (yet). */
  next(): SpilledLine | undefined {
    while (this.#lines.length === 0) {
      const step = this.#reader.next();
      if (step.kind === 'end') return undefined;
      if (step.kind === 'damage') {
        this.#options.onWarning(
          `${step.bytes} bytes of ${step.segment} in ${this.paths.root} hold no whole line of telemetry: the write was cut off, or the file is damaged.`,
        );
        continue;
      }
      const { firstSequence, lines } = step.frame;
      this.#lines = lines
        .map((text, index) => ({ sequence: firstSequence + index, signal: signalOf(text), text }))
        .filter(({ sequence }) => sequence > this.settledThrough);
    }
    return this.#lines[0];
  }

  /** The line that was due has been taken. */
  settle(): void {
    const line = this.#lines.shift();
    if (line === undefined) return;
    this.#state.settle(line.sequence);
    try {
      this.#deadLetters.writeUnkept();
      this.#state.save();
      this.#reader.removeThrough(this.#state.savedThrough);
    } catch (error) {
      if (this.#hasWarned) return;
      this.#hasWarned = true;
      this.#options.onWarning(`What was sent to the Collector cannot be noted: ${messageOf(error)}`);
    }
  }

  /** The line that was due, or `count` records of it, is refused for good; settle() follows. */
  bury(reason: string, refused: { readonly httpStatus: number; readonly count?: number }): void {
    const line = this.#lines[0];
    if (line === undefined) return;
    const { httpStatus, count } = refused;
    const deadCount = count ?? countRecords(line.text);
    const record = count === undefined ? parse(line.text) : undefined;
    const { sequence } = line;
    this.#deadLetters.bury({ sequence, count: deadCount, reason, errorCode: undefined, status: httpStatus, record });
    this.#state.noteDeaths(sequence, deadCount);
  }

  /** Everything is settled: removes the folder, and keeps its dead letters. */
  retire(directory: string): void {
    this.close();
    retireFolder(this.#options.system, this.paths, { directory });
  }

  /** Says in the lease that nobody works on the folder any more. Never throws. */
  release(): void {
    const { system, paths, orphan } = this.#options;
    this.close();
    try {
      writeLease(system, paths.lease, { folder: paths.name, isInline: false, isReleased: true, orphan });
    } catch {
      // The folder is gone or the disk takes nothing: our death will say the same.
    }
  }

  close(): void {
    this.#reader.close();
  }
}

/** How many spans or log records a line holds. */
export function countRecords(text: string): number {
  const request = parse(text) as {
    readonly resourceSpans?: readonly { readonly scopeSpans?: readonly { readonly spans?: readonly unknown[] }[] }[];
    readonly resourceLogs?: readonly { readonly scopeLogs?: readonly { readonly logRecords?: readonly unknown[] }[] }[];
  };
  const spans = (request.resourceSpans ?? []).flatMap(({ scopeSpans = [] }) => scopeSpans);
  const logs = (request.resourceLogs ?? []).flatMap(({ scopeLogs = [] }) => scopeLogs);
  const count = (sum: number, list: readonly unknown[] = []): number => sum + list.length;
  return (
    spans.reduce((sum, each) => count(sum, each.spans), 0) + logs.reduce((sum, each) => count(sum, each.logRecords), 0)
  );
}

function signalOf(text: string): Signal {
  return text.startsWith('{"resourceSpans"') ? 'traces' : 'logs';
}

/** The frame's CRC says that a serializer of the SDK wrote the line. */
function parse(text: string): unknown {
  return JSON.parse(text);
}
