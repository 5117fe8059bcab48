// A death in the middle of making or removing a folder: what is left of it is tidied up, and what is being made right now is not.
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { Adopter } from '../../../src/outbox/folder/adopt.ts';
import { makeFolder, retireFolder } from '../../../src/outbox/folder/folder.ts';
import { NodeDisk } from '../../../src/outbox/machine/node-system.ts';
import { fakeSystem } from '../fake-system.ts';
import { failingCalls } from '../job/failing-calls.ts';
import { tempFolder } from '../temp-folder.ts';

const destination = { trackingUri: 'http://mlflow:5000', workspace: undefined };

/** Makes a folder on a disk that does nothing any more from some call on, as for a process that died there; says how many calls there were. */
function dieAt(directory: string, call: number): number {
  const { disk, count } = failingCalls(new NodeDisk(), { from: call, how: 'from then on', code: 'DEATH' });
  try {
    makeFolder(fakeSystem({ disk }), { directory, ...destination, experimentName: 'e', isInline: false });
  } catch {
    // It died.
  }
  return count();
}

function scan(directory: string, disk: NodeDisk = new NodeDisk()): readonly string[] {
  const warnings: string[] = [];
  const adopter = new Adopter({
    system: fakeSystem({ disk }),
    directory,
    destination,
    ownName: undefined,
    isInline: false,
    onWarning: (message) => warnings.push(message),
  });
  expect(adopter.scan()).toEqual([]);
  return warnings;
}

/** A disk on which everything has been as it is for an hour. */
class OldDisk extends NodeDisk {
  override stat(file: string): ReturnType<NodeDisk['stat']> {
    const stat = super.stat(file);
    return stat && { ...stat, changedMs: stat.changedMs - 3_600_000 };
  }
}

it('at whichever call of the disk it came', () => {
  const deaths: string[][] = [];
  for (let call = 1; ; call += 1) {
    const directory = join(tempFolder(), 'rs');
    if (dieAt(directory, call) < call) break;
    const left = call === 1 ? [] : readdirSync(directory);
    deaths.push(left);
    expect(scan(directory)).toEqual([]);
    expect(call === 1 ? [] : readdirSync(directory)).toEqual(left);
    scan(directory, new OldDisk());
    expect(call === 1 ? [] : readdirSync(directory).filter((name) => name !== '.gitignore')).toEqual([]);
  }
  expect(deaths.flat().some((name) => name.startsWith('.new-'))).toBe(true);
});

it('in the middle of removing one, so that nobody takes the rest for a folder of its own', () => {
  const directory = join(tempFolder(), 'rs');
  class DyingDisk extends NodeDisk {
    override removeFolder(folder: string): void {
      this.removeFile(join(folder, 'header.json'));
      this.removeFile(join(folder, 'header.copy.json'));
      throw new Error('it died');
    }
  }
  const options = { directory, ...destination, experimentName: 'e', isInline: false };
  const paths = makeFolder(fakeSystem(), options);
  expect(() => retireFolder(fakeSystem({ disk: new DyingDisk() }), paths, { directory })).toThrow('it died');
  expect(readdirSync(directory)).toContain(`.gone-${paths.name}`);
  // At once: nothing in it is anybody's, and two who remove it are not in each other's way.
  expect(scan(directory)).toEqual([]);
  expect(readdirSync(directory)).toEqual(['.gitignore']);
});

it('of a clock’s probe and of half a .gitignore too, and no hidden file of the user’s', () => {
  const directory = tempFolder();
  const names = ['.clock-box-1-0123456789abcdef', '.gitignore.77-0.tmp', '.keep', '.gitignore'];
  for (const name of names) writeFileSync(join(directory, name), '.');
  mkdirSync(join(directory, '.newer'));
  scan(directory, new OldDisk());
  expect(readdirSync(directory)).toEqual(['.gitignore', '.keep', '.newer']);
});
