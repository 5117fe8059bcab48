import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { type FolderPaths, makeFolder, retireFolder } from '../../../src/outbox/folder/folder.ts';
import { NodeDisk } from '../../../src/outbox/machine/node-system.ts';
import { fakeSystem } from '../fake-system.ts';
import { tempFolder } from '../temp-folder.ts';

/** Dies at its n-th removal or renaming, and tells of them and of its syncs. */
class Dying extends NodeDisk {
  stepsLeft = Number.POSITIVE_INFINITY;
  onCall: (call: string) => void = () => undefined;

  override removeFile(file: string): void {
    this.#step(`remove ${file}`);
    super.removeFile(file);
  }

  override rename(from: string, to: string): boolean {
    this.#step(`rename ${from}`);
    return super.rename(from, to);
  }

  override sync(file: string): void {
    this.onCall(`sync ${file}`);
    super.sync(file);
  }

  #step(call: string): void {
    this.onCall(call);
    if ((this.stepsLeft -= 1) < 0) throw new Error('dead');
  }
}

function fill(disk: Dying): { directory: string; system: ReturnType<typeof fakeSystem>; paths: FolderPaths } {
  const directory = tempFolder();
  const system = fakeSystem({ disk });
  const paths = makeFolder(system, {
    directory,
    trackingUri: 'http://sim',
    workspace: undefined,
    experimentName: 'churn',
    isInline: true,
  });
  for (const name of ['journal-000001.log', 'journal-000002.log', 'dead-letters.jsonl', 'spool/000001-a'])
    writeFileSync(join(paths.root, name), `${name}\n`);
  return { directory, system, paths };
}

// Its state may be older than what was delivered: on a full disk it cannot be saved, and whoever adopts it reads on from there.
it.each([
  [0, ['journal-000001.log', 'journal-000002.log']],
  [1, ['journal-000001.log']],
  [2, []],
])(
  'that dies after %d steps leaves kept files as long as records, and no later record without the ones before it',
  (steps, left) => {
    const disk = new Dying();
    const { directory, system, paths } = fill(disk);
    disk.stepsLeft = steps;
    expect(() => retireFolder(system, paths, { directory })).toThrow('dead');
    expect(readdirSync(paths.root).filter((name) => name.endsWith('.log'))).toEqual(left);
    expect(existsSync(join(paths.spool, '000001-a'))).toBe(true);
  },
);

it('has the names of dead letters on the disk before it removes the folder, where writes are synced', () => {
  const disk = new Dying();
  const { directory, system, paths } = fill(disk);
  const order: string[] = [];
  disk.onCall = (call) => order.push(call);
  retireFolder(system, paths, { directory, isSynced: true });
  const graveyard = join(directory, 'dead-letters');
  expect(order.filter((call) => !call.includes('journal-'))).toEqual([
    `sync ${graveyard}`, // the header's own
    `rename ${paths.spool}`,
    `rename ${paths.deadLetters}`,
    `sync ${graveyard}`,
    `sync ${directory}`,
    `rename ${paths.root}`,
  ]);
});

it('moves dead letters and kept files aside, and removes the rest', () => {
  const { directory, system, paths } = fill(new Dying());
  const header = readFileSync(paths.header, 'utf8');
  retireFolder(system, paths, { directory });
  expect(existsSync(paths.root)).toBe(false);
  expect(readFileSync(join(directory, 'dead-letters', `${paths.name}.header.json`), 'utf8')).toBe(header);
  expect(readdirSync(join(directory, 'dead-letters'))).toEqual([
    `${paths.name}.header.json`,
    `${paths.name}.jsonl`,
    `${paths.name}.spool`,
  ]);
});
