// A damaged note of a dead process: whichever file it is, its run is ended, and what cannot be delivered is named.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { inspectOutbox } from '../../../src/outbox/folder/inspect.ts';
import { fakeSystem } from '../fake-system.ts';
import { adoptDamaged, copyOf, leaveDeadFolder, notesOf } from './dead-folder.ts';

it('takes a folder over that is whole', async () => {
  expect(await adoptDamaged(await leaveDeadFolder(), new Map())).toEqual({ problems: [], warnings: '' });
});

it('takes it over without any one of its notes, empty or of zeros as a power cut leaves them', async () => {
  const dead = await leaveDeadFolder();
  const problems: string[] = [];
  for (const file of notesOf(dead))
    for (const bytes of [Buffer.alloc(0), Buffer.alloc(readFileSync(join(dead.directory, dead.name, file)).byteLength)])
      for (const each of (await adoptDamaged(dead, new Map([[file, bytes]]))).problems)
        problems.push(`${file} of ${bytes.byteLength} zeros: ${each}`);
  expect(problems).toEqual([]);
});

it('says so where the state and its copy are both gone, and delivers what is in the journal', async () => {
  const nothing = Buffer.alloc(0);
  const damage = new Map([
    ['state.json', nothing],
    ['state.copy.json', nothing],
  ]);
  const { problems, warnings } = await adoptDamaged(await leaveDeadFolder(), damage);
  expect(problems.join()).not.toContain('is left');
  expect(problems.join()).not.toContain('points');
  expect(warnings).toMatch(/What was noted of .* cannot be read: .* may stay open in the store/);
});

it('shows a dead letter whose line is damaged as one, and not one that a crash tore and that was written anew', async () => {
  const dead = await leaveDeadFolder();
  const line = readFileSync(join(dead.directory, dead.name, 'dead-letters.jsonl'), 'utf8');
  const letters = Buffer.from(`${line.slice(0, 20)}\n${line}${line.replace('{', '[')}`);
  const directory = copyOf(dead, new Map([['dead-letters.jsonl', letters]]));
  const [folder] = inspectOutbox(fakeSystem(), directory).folders;
  expect(folder?.deadLetters.map(({ reason }) => reason)).toEqual([
    "Invalid key 'bad one'.",
    'This dead letter cannot be read any more: its line is damaged',
  ]);
});
