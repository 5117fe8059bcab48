// A small object as JSON with its own checksum: a bit that flipped, or a file that a power cut emptied, is not taken for what was written.
import { crc32 } from 'node:zlib';
import type { Disk } from './system.ts';

/** What stands last in a sealed text. */
const SEAL = /,"crc":"([0-9a-f]{8})"\}$/;

/** Turns an object that is not empty into one line of JSON, without a line feed, whose last field is the checksum of all before it. */
export function seal(value: object, replacer?: (key: string, value: unknown) => unknown): string {
  const body = JSON.stringify(value, replacer).slice(0, -1);
  return `${body},"crc":"${sumOf(body)}"}`;
}

/** Reads it back, without the checksum; undefined where it is damaged. A text without a checksum is one of an earlier version, and taken as it is. */
export function unseal(text: string): unknown {
  const line = text.trimEnd();
  const found = SEAL.exec(line);
  if (found !== null && sumOf(line.slice(0, found.index)) !== found[1]) return undefined;
  try {
    return JSON.parse(found === null ? line : `${line.slice(0, found.index)}}`) as unknown;
  } catch {
    // Half of it, or no JSON at all: damaged too.
    return undefined;
  }
}

/** Reads a sealed file, or its copy where that is damaged or not there; the first that `read` can make something of. */
export function readSealed<T>(
  disk: Pick<Disk, 'readText'>,
  files: readonly string[],
  read: (value: unknown) => T | undefined,
): T | undefined {
  for (const file of files) {
    const text = disk.readText(file);
    const value = text === undefined ? undefined : read(unseal(text));
    if (value !== undefined) return value;
  }
  return undefined;
}

/** The checksum that a seal has, as 8 hex digits. */
export function sumOf(text: string): string {
  return crc32(text).toString(16).padStart(8, '0');
}
