// The names of a folder's segments: journal-000001.log and on.

const SEGMENT_PATTERN = /^journal-(\d{6,})\.log$/;

/** The name of a segment, counted from 1. */
export function segmentName(index: number): string {
  return `journal-${String(index).padStart(6, '0')}.log`;
}

/** A segment's number; undefined for any other file. */
export function segmentIndex(name: string): number | undefined {
  const match = SEGMENT_PATTERN.exec(name);
  return match === null ? undefined : Number(match[1]);
}

/** The segments among a folder's names, in order. */
export function segmentIndexes(names: readonly string[]): readonly number[] {
  return names
    .map(segmentIndex)
    .filter((index) => index !== undefined)
    .toSorted((a, b) => a - b);
}
