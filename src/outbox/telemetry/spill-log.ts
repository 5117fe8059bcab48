// Where telemetry that was not sent goes: OTLP-JSON lines in the journal's frames; nothing is made before the first of them.
import path from 'node:path';
import type { FolderPaths } from '../folder/folder.ts';
import { makeFolder } from '../folder/folder.ts';
import { FrameEncoder } from '../journal/frame.ts';
import { segmentIndexes, segmentName } from '../journal/segment-names.ts';
import type { System } from '../machine/system.ts';
import { messageOf } from '../machine/system.ts';

/** What a folder's header names as its destination: whichever Collector is configured when it is sent. */
export const COLLECTOR_URI = 'otlp:';

/** What a spill log needs. */
export interface SpillLogOptions {
  readonly system: System;
  /** Holds one folder a process. */
  readonly directory: string;
  /** The most bytes of all processes' journals in the directory. @default 1 GiB */
  readonly maxBytes?: number;
  readonly segmentBytes?: number;
}

const MAX_BYTES = 1024 * 1024 * 1024;
const SEGMENT_BYTES = 8 * 1024 * 1024;

/** Appends lines with sequence numbers from 1; each is in the file when append() returns. */
export class SpillLog {
  readonly #options: SpillLogOptions;
  readonly #encoder = new FrameEncoder();
  #paths: FolderPaths | undefined;
  #descriptor: number | undefined;
  #segment = 0;
  #segmentBytes = 0;
  #sequence = 0;

  constructor(options: SpillLogOptions) {
    this.#options = options;
  }

  /** The folder, once the first line has been appended. */
  get paths(): FolderPaths | undefined {
    return this.#paths;
  }

  /** The number of the last line. */
  get lastSequence(): number {
    return this.#sequence;
  }

  /**
   * Appends one line.
   *
   * @param line JSON without a line feed
   * @returns why it could not be; undefined where it is in the file
   */
  append(line: string): string | undefined {
    const bytes = this.#encoder.encode(this.#sequence + 1, 1, `${line}\n`);
    // Behind a torn frame nothing is appended: the second try goes to a new segment.
    const problem = this.#tryAppend(bytes);
    const isTorn = problem !== undefined && this.#segment > 0;
    const lastProblem = isTorn ? this.#tryAppend(bytes) : problem;
    if (lastProblem === undefined) this.#sequence += 1;
    return lastProblem;
  }

  /** Goes on in a new folder: the one that there was has been taken away or tidied up. */
  leaveFolder(): void {
    this.#close();
    this.#paths = undefined;
    this.#segment = 0;
  }

  #tryAppend(bytes: Uint8Array): string | undefined {
    const { disk } = this.#options.system;
    try {
      if (this.#segmentBytes >= (this.#options.segmentBytes ?? SEGMENT_BYTES)) this.#close();
      this.#descriptor ??= this.#open();
      const written = disk.write(this.#descriptor, bytes);
      this.#segmentBytes += written;
      if (written === bytes.byteLength) return undefined;
      this.#close();
      return `only ${written} of ${bytes.byteLength} bytes were taken`;
    } catch (error) {
      this.#close();
      return messageOf(error);
    }
  }

  #open(): number {
    const { system, directory } = this.#options;
    this.#checkRoom();
    this.#paths ??= makeFolder(system, {
      directory,
      trackingUri: COLLECTOR_URI,
      workspace: undefined,
      experimentName: '',
      isInline: false,
    });
    this.#segment += 1;
    this.#segmentBytes = 0;
    return system.disk.createFile(path.join(this.#paths.root, segmentName(this.#segment)));
  }

  /** A Collector that never comes back must not fill the disk. */
  #checkRoom(): void {
    const { system, directory, maxBytes = MAX_BYTES } = this.#options;
    let sum = 0;
    for (const name of system.disk.list(directory)) {
      const folder = path.join(directory, name);
      for (const index of segmentIndexes(safeList(system, folder)))
        sum += system.disk.stat(path.join(folder, segmentName(index)))?.sizeBytes ?? 0;
    }
    if (sum >= maxBytes)
      throw new Error(`${directory} holds ${sum} bytes that wait for a Collector, and takes no more`);
  }

  #close(): void {
    const descriptor = this.#descriptor;
    this.#descriptor = undefined;
    this.#segmentBytes = 0;
    if (descriptor === undefined) return;
    try {
      this.#options.system.disk.close(descriptor);
    } catch {
      // Every frame in it was checked when it was written; close has nothing to add.
    }
  }
}

function safeList(system: System, folder: string): readonly string[] {
  return system.disk.stat(folder)?.isFolder === true ? system.disk.list(folder) : [];
}
