// A hostile disk after the death: every byte of a journal flipped in turn, and the journal cut off at every byte.
import { readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { FramePlace, WrittenJournal } from './damage.ts';
import { recover, writeJournal } from './damage.ts';

/** The last ones are in one frame. */
const RECORDS = 60;

function recordsOf(frames: readonly FramePlace[]): readonly number[] {
  return frames.flatMap(({ first, count }) => Array.from({ length: count }, (_, index) => first + index));
}

/** Expects every record of the whole frames and no other, and that what is missing before the last of them is named. */
function expectRecovered({ folder }: WrittenJournal, whole: readonly FramePlace[], at: string): void {
  const { steps, lost, damagedBytes } = recover(folder);
  const wanted = recordsOf(whole);
  if (steps.join() !== wanted.join()) expect(steps, at).toEqual(wanted);
  const last = wanted.at(-1) ?? 0;
  const missing = Array.from({ length: last }, (_, index) => index + 1).filter((each) => !wanted.includes(each));
  if (lost.join() !== missing.join()) expect(lost, at).toEqual(missing);
  if (damagedBytes === 0 && wanted.length < RECORDS) expect.fail(`${at}: records are missing, and no damage is named`);
}

it('a byte of which a bit is flipped costs its own frame, whichever byte it is', { timeout: 180_000 }, () => {
  const journal = writeJournal(RECORDS, 2500);
  expect(journal.segments.length).toBeGreaterThan(2);
  expect(recordsOf(journal.frames)).toHaveLength(RECORDS);
  for (const segment of journal.segments) {
    const file = join(journal.folder, segment);
    const bytes = readFileSync(file);
    for (let at = 0; at < bytes.byteLength; at += 1) {
      const damaged = Buffer.from(bytes);
      damaged[at] = (damaged[at] ?? 0) ^ (1 << (at % 8));
      writeFileSync(file, damaged);
      const isWhole = (frame: FramePlace): boolean => frame.segment !== segment || at < frame.start || at >= frame.end;
      expectRecovered(journal, journal.frames.filter(isWhole), `${segment}, byte ${at}`);
    }
    writeFileSync(file, bytes);
  }
});

it(
  'a segment that is cut off costs what is behind the cut in it, whichever segment and byte',
  { timeout: 180_000 },
  () => {
    const journal = writeJournal(RECORDS, 2500);
    for (const segment of journal.segments) {
      const file = join(journal.folder, segment);
      const bytes = readFileSync(file);
      const ends = new Set([0, ...journal.frames.filter((each) => each.segment === segment).map(({ end }) => end)]);
      for (let length = bytes.byteLength - 1; length >= 0; length -= 1) {
        truncateSync(file, length);
        const whole = journal.frames.filter((frame) => frame.segment !== segment || frame.end <= length);
        if (!ends.has(length)) expectRecovered(journal, whole, `${segment}, cut at ${length}`);
        // Between two frames only the numbers say that something is gone.
        else expect(recover(journal.folder).steps, `${segment}, cut at ${length}`).toEqual(recordsOf(whole));
      }
      writeFileSync(file, bytes);
    }
  },
);
