// The contract of an artifact repository as claims, run on every kind there is.
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ArtifactRepository } from '../../artifacts/contract.ts';
import { expectRefusal } from './store-fixtures.ts';

/** A repository under test, empty at first, and what ends it. */
export interface OpenedArtifacts {
  /** The repository, empty. */
  readonly artifacts: ArtifactRepository;
  /** Takes away what the test left. */
  readonly close: () => Promise<void>;
}

/**
 * Runs the contract on one kind of repository.
 *
 * @example
 * describeArtifacts('local', async () => { const artifacts = openLocalArtifacts(folder); return { artifacts, close: () => artifacts.close() }; });
 */
export function describeArtifacts(name: string, open: () => Promise<OpenedArtifacts>): void {
  describe(`artifact contract: ${name}`, () => {
    const folder = mkdtempSync(join(tmpdir(), 'runspan-artifacts-'));
    let opened: OpenedArtifacts | undefined;
    beforeAll(async () => {
      opened = await open();
    });
    afterAll(async () => {
      await opened?.close();
      rmSync(folder, { recursive: true });
    });
    const artifacts = (): ArtifactRepository => {
      if (opened === undefined) throw new Error('The repository is open only while tests run.');
      return opened.artifacts;
    };
    claimFiles(artifacts, folder);
    claimLists(artifacts, folder);
    claimPaths(artifacts, folder);
  });
}

let count = 0;

function fileWith(folder: string, bytes: string | Uint8Array): string {
  const file = join(folder, `source-${count++}`);
  writeFileSync(file, bytes);
  return file;
}

async function readBack(artifacts: ArtifactRepository, path: string, folder: string): Promise<Buffer> {
  const target = join(folder, `target-${count++}`);
  await artifacts.getFile(path, target);
  return readFileSync(target);
}

function claimFiles(artifacts: () => ArtifactRepository, folder: string): void {
  test.each([
    ['text', Buffer.from('größe 🦊\n')],
    ['nothing', Buffer.alloc(0)],
    ['every byte', Buffer.from(Array.from({ length: 256 }, (_, byte) => byte))],
    ['three megabytes', randomBytes(3_000_000)],
  ])('a file comes back as it went in: %s', async (name, bytes) => {
    const path = `files/${name}/data.bin`;
    await artifacts().putFile(path, fileWith(folder, bytes));
    expect((await readBack(artifacts(), path, folder)).equals(bytes)).toBe(true);
    expect(Buffer.from(await artifacts().readFile(path)).equals(bytes)).toBe(true);
  });

  test('a second file of the same path takes the place of the first', async () => {
    await artifacts().putFile('replaced.txt', fileWith(folder, 'a longer first version'));
    await artifacts().putFile('replaced.txt', fileWith(folder, 'second'));
    expect(String(await readBack(artifacts(), 'replaced.txt', folder))).toBe('second');
    expect((await artifacts().list()).filter((file) => file.path === 'replaced.txt')).toHaveLength(1);
  });

  test('the source stays where it is, and what is there at the target is replaced', async () => {
    const source = fileWith(folder, 'new');
    const target = fileWith(folder, 'an older and longer file');
    await artifacts().putFile('kept.txt', source);
    expect(readFileSync(source, 'utf8')).toBe('new');
    await artifacts().getFile('kept.txt', target);
    expect(readFileSync(target, 'utf8')).toBe('new');
  });

  test('a source that cannot be read is FILE_NOT_READABLE, and nothing appears', async () => {
    const absent = artifacts().putFile('absent.txt', join(folder, 'absent'));
    await expect(absent).rejects.toMatchObject({ code: 'FILE_NOT_READABLE' });
    await expect(artifacts().putFile('folder.txt', folder)).rejects.toMatchObject({ code: 'FILE_NOT_READABLE' });
    const names = (await artifacts().list()).map((file) => file.path);
    expect(names).not.toContain('absent.txt');
    expect(names).not.toContain('folder.txt');
  });

  test('what is not there is RESOURCE_DOES_NOT_EXIST, and leaves no file', async () => {
    const target = join(folder, 'never');
    await expectRefusal(artifacts().getFile('no/such/file', target), 'RESOURCE_DOES_NOT_EXIST', 404);
    expect(readdirSync(folder)).not.toContain('never');
    await expectRefusal(artifacts().readFile('no/such/file'), 'RESOURCE_DOES_NOT_EXIST', 404);
  });

  test('many at once do not disturb one another', async () => {
    const names = Array.from({ length: 20 }, (_, index) => `many/${index}.txt`);
    await Promise.all(names.map((name) => artifacts().putFile(name, fileWith(folder, name))));
    const contents = await Promise.all(names.map((name) => readBack(artifacts(), name, folder)));
    expect(contents.map(String)).toEqual(names);
  });
}

function claimLists(artifacts: () => ArtifactRepository, folder: string): void {
  test('a folder is listed by path, with sizes, one level deep', async () => {
    for (const path of ['tree/b.txt', 'tree/a/deep/x.txt', 'tree/empty', 'tree/ü 日本?&+;100% .txt']) {
      await artifacts().putFile(path, fileWith(folder, path.endsWith('empty') ? '' : 'four'));
    }
    expect(await artifacts().list('tree')).toEqual([
      { path: 'tree/a', isDir: true, fileSize: undefined },
      { path: 'tree/b.txt', isDir: false, fileSize: 4 },
      { path: 'tree/empty', isDir: false, fileSize: 0 },
      { path: 'tree/ü 日本?&+;100% .txt', isDir: false, fileSize: 4 },
    ]);
    expect(await artifacts().list('tree/a')).toEqual([{ path: 'tree/a/deep', isDir: true, fileSize: undefined }]);
    expect(await artifacts().list()).toContainEqual({ path: 'tree', isDir: true, fileSize: undefined });
    expect(String(await readBack(artifacts(), 'tree/ü 日本?&+;100% .txt', folder))).toBe('four');
  });

  test('where there is no folder there is nothing', async () => {
    expect(await artifacts().list('no/such/folder')).toEqual([]);
  });
}

function claimPaths(artifacts: () => ArtifactRepository, folder: string): void {
  test.each(['', '..', '../x', 'a/../../x', 'a/..', '/etc/passwd', '\\x', 'a\\..\\x', 'C:/x', 'a\0b', '.', './'])(
    'the path %j is INVALID_PATH before anything is touched',
    async (path) => {
      const source = fileWith(folder, 'never seen');
      await expect(artifacts().putFile(path, source)).rejects.toMatchObject({ code: 'INVALID_PATH' });
      await expect(artifacts().getFile(path, join(folder, 'never'))).rejects.toMatchObject({ code: 'INVALID_PATH' });
      await expect(artifacts().readFile(path)).rejects.toMatchObject({ code: 'INVALID_PATH' });
      if (path !== '') await expect(artifacts().list(path)).rejects.toMatchObject({ code: 'INVALID_PATH' });
      expect(readdirSync(folder)).not.toContain('never');
    },
  );

  test('a path is taken in its plain form', async () => {
    await artifacts().putFile('./plain//form.txt', fileWith(folder, 'plain'));
    expect(String(await readBack(artifacts(), 'plain/form.txt', folder))).toBe('plain');
  });
}
