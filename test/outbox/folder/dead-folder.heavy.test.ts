// Each byte of each note of a dead process flipped in turn, and each note cut off at each of its bytes.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { adoptDamaged, leaveDeadFolder, notesOf } from './dead-folder.ts';

const NOTES = [
  'dead-letters.jsonl',
  'ended-runs.jsonl',
  'header.copy.json',
  'header.json',
  'lease',
  'set-aside.jsonl',
  'state.copy.json',
  'state.json',
];

it('knows all of its notes', async () => {
  expect(notesOf(await leaveDeadFolder())).toEqual(NOTES);
});

it.each(NOTES)('%s with any bit flipped, or cut off anywhere', { timeout: 180_000 }, async (file) => {
  const dead = await leaveDeadFolder();
  const bytes = readFileSync(join(dead.directory, dead.name, file));
  const problems: string[] = [];
  // A copy is read where its original is damaged: the original's rounds are what shows that it is right.
  const every = file.includes('copy') ? 8 : 1;
  for (let at = 0; at < bytes.byteLength; at += every) {
    const flipped = Buffer.from(bytes);
    flipped[at] = (flipped[at] ?? 0) ^ (1 << (at % 8));
    for (const [how, damaged] of [
      ['flipped', flipped],
      ['cut', bytes.subarray(0, at)],
    ] as const) {
      const adopted = await adoptDamaged(dead, new Map([[file, damaged]]));
      for (const each of adopted.problems) problems.push(`${how} at ${at}: ${each}; it said: ${adopted.warnings}`);
    }
  }
  expect(problems).toEqual([]);
});
