// What the drain knows of a folder, and what it costs to keep it.
import { expect, test } from 'vitest';
import type { KeptAttributes } from '../../../src/outbox/folder/kept-attributes.ts';
import { folderPaths } from '../../../src/outbox/folder/folder.ts';
import { FolderState } from '../../../src/outbox/folder/state.ts';
import { fakeSystem } from '../fake-system.ts';
import { tempFolder } from '../temp-folder.ts';

test('looks at each attribute a fixed number of times, however many were set before it', () => {
  const state = new FolderState(fakeSystem().disk, undefined);
  state.putRun({
    runKey: 'k',
    runId: 'k',
    experimentId: '1',
    artifactUri: '',
    runName: 'r',
    startTimeMs: 0,
    wasAmbiguous: false,
  });
  let looks = 0;
  const counted = (name: string, value: string): KeptAttributes => {
    const param = {
      get key(): string {
        looks += 1;
        return name;
      },
      value,
    };
    return { params: [param], tags: [], metrics: [] };
  };
  for (let index = 0; index < 10_000; index += 1) state.keepAttributes('k', counted(`a${index % 9000}`, `${index}`));
  expect(looks).toBeLessThanOrEqual(20_000);
  const { params } = state.run('k')?.attributes ?? { params: [] };
  expect([params.length, params[0]?.value, params.at(-1)?.value]).toEqual([9000, '9000', '8999']);
});

test('acts after the save that holds its record, and not at one that comes before', () => {
  const state = new FolderState(fakeSystem().disk, undefined);
  const done: number[] = [];
  state.settle(1);
  state.afterSave(1, () => done.push(1));
  state.afterSave(3, () => done.push(3));
  state.save();
  expect(done).toEqual([1]);
  state.settle(2);
  state.save();
  expect(done).toEqual([1]);
  state.settle(4);
  state.save();
  state.save();
  expect(done).toEqual([1, 3]);
});

test('forgets that a file was set aside where the next drain delivers it in its place', () => {
  const paths = folderPaths(tempFolder(), '.');
  const { disk } = fakeSystem();
  const write = { kind: 'artifact', runKey: 'k', path: 'a.txt', source: { kind: 'spool', file: '1' } } as const;
  const first = new FolderState(disk, paths);
  first.aside.add({ sequence: 3, write, artifactUri: '/a' }); // and dies before its watermark is saved
  const second = new FolderState(disk, paths);
  expect(second.aside.count).toBe(0);
  second.settle(3);
  second.save();
  expect(new FolderState(disk, paths).aside.waiting()).toEqual([]);
  second.aside.add({ sequence: 4, write, artifactUri: '/a' });
  second.settle(4);
  second.save();
  expect(new FolderState(disk, paths).aside.waiting().map(({ sequence }) => sequence)).toEqual([4]);
});
