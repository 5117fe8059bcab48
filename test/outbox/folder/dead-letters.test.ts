// What was refused for good is written down, also by a disk that takes nothing for a while.
import { readFileSync, writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { DeadLetters, deadLetter, parseLetter } from '../../../src/outbox/folder/dead-letters.ts';
import { folderPaths } from '../../../src/outbox/folder/folder.ts';
import { NodeDisk } from '../../../src/outbox/machine/node-system.ts';
import { metric, runKey } from '../writes.ts';
import { tempFolder } from '../temp-folder.ts';

/** Takes the first `takenLength` characters of a line and then fails. */
class TornDisk extends NodeDisk {
  takenLength: ((text: string) => number) | undefined;

  override appendText(file: string, text: string): void {
    if (this.takenLength === undefined) return super.appendText(file, text);
    super.appendText(file, text.slice(0, this.takenLength(text)));
    throw Object.assign(new Error('no space'), { code: 'ENOSPC' });
  }
}

test.each([
  ['nothing of it', true, () => 0],
  ['half of it', true, (text: string) => text.length / 2],
  ['all but the line’s end', false, (text: string) => text.length - 1],
])('writes a letter down later, once, where the disk took %s', (_, isMissing, takenLength) => {
  const directory = tempFolder();
  const disk = new TornDisk();
  const paths = folderPaths(directory, '.');
  const warnings: string[] = [];
  const letters = new DeadLetters(disk, paths, { settledThrough: 0, onWarning: (message) => warnings.push(message) });
  const bury = (sequence: number): void =>
    letters.bury(deadLetter(sequence, metric(runKey(1), sequence), new Error('no')));
  bury(1);
  disk.takenLength = takenLength;
  bury(2);
  if (isMissing) expect(() => letters.writeUnkept()).toThrow('no space');
  disk.takenLength = undefined;
  bury(3);
  letters.writeUnkept();
  letters.writeUnkept();
  const whole = readFileSync(paths.deadLetters, 'utf8')
    .split('\n')
    .flatMap((line) => {
      try {
        return [(JSON.parse(line) as { sequence: number }).sequence];
      } catch {
        return []; // what was torn
      }
    });
  expect(whole.toSorted((a, b) => a - b)).toEqual([1, 2, 3]);
  expect(warnings.filter((message) => message.startsWith('A refused record could not be kept'))).toHaveLength(1);
});

test('what is refused again after a replay is not written twice, whatever the words', () => {
  const paths = folderPaths(tempFolder(), '.');
  for (const words of ['no file in one', 'no file in two']) {
    const letters = new DeadLetters(new NodeDisk(), paths, { settledThrough: 0, onWarning: () => undefined });
    letters.bury(deadLetter(1, metric(runKey(1), 1), new Error(words)));
  }
  expect(readFileSync(paths.deadLetters, 'utf8').match(/"reason":"[^"]*"/g)).toEqual(['"reason":"no file in one"']);
});

test('what a crash tore in the middle is written once more', () => {
  const paths = folderPaths(tempFolder(), '.');
  const letter = deadLetter(1, metric(runKey(1), 1), new Error('no'));
  writeFileSync(paths.deadLetters, JSON.stringify(letter).slice(0, 40));
  const letters = new DeadLetters(new NodeDisk(), paths, { settledThrough: 0, onWarning: () => undefined });
  letters.bury(letter);
  expect(parseLetter(`${readFileSync(paths.deadLetters, 'utf8').split('\n')[1]}`)).toEqual(letter);
});

test.each(['no such run', 'no such run.'])('the first is told of in whole sentences: %s', (words) => {
  const warnings: string[] = [];
  const paths = folderPaths(tempFolder(), '.');
  const letters = new DeadLetters(new NodeDisk(), paths, {
    settledThrough: 0,
    onWarning: (message) => warnings.push(message),
  });
  letters.bury(deadLetter(1, metric(runKey(1), 1), new Error(words)));
  expect(warnings).toEqual([
    `The tracking store refused a record for good: no such run. It is kept in ${paths.deadLetters}, as are those that follow.`,
  ]);
});
