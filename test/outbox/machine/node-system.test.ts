// Folders on this machine's own disk.
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { NodeDisk } from '../../../src/outbox/machine/node-system.ts';

const disk = new NodeDisk();
let root: string;
beforeAll(() => void (root = mkdtempSync(join(tmpdir(), 'runspan-disk-'))));
afterAll(() => rmSync(root, { recursive: true }));

describe('makeFolder', () => {
  it('makes what lies above too, for the owner alone, and takes one that is there', () => {
    const folder = join(root, 'a', 'b', 'c');
    disk.makeFolder(folder);
    disk.makeFolder(folder);
    for (const each of [folder, join(root, 'a')]) expect(statSync(each).mode & 0o777).toBe(0o700);
  });

  it('throws where a file is in the way', () => {
    writeFileSync(join(root, 'file'), '');
    expect(() => disk.makeFolder(join(root, 'file'))).toThrow(/EEXIST/);
    expect(() => disk.makeFolder(join(root, 'file', 'in', 'it'))).toThrow(/ENOTDIR/);
  });

  it('throws, and comes back, where a folder takes no folder', () => {
    expect(() => disk.makeFolder('/proc/runspan/outbox')).toThrow(/ENOENT|EACCES|EPERM|EROFS/);
  });
});
