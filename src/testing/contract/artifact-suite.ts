// The contract of an artifact repository as claims, run on every kind there is.
import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ArtifactRepository } from '../../artifacts/contract.ts';
import { getFolder, putFolder, walkFiles } from '../../artifacts/repositories/folders.ts';
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
    claimFolders(artifacts, folder);
    claimPaths(artifacts, folder);
    claimDelete(artifacts, folder);
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
    ['more than one part', randomBytes(20_000_001)],
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

/** What each kind of repository must be able to call a file. */
const ODD_NAMES = [
  'a b.txt',
  '50% off?.txt',
  'größe 日本 🦊.txt',
  "it's +1 & more; ok=yes, [1] (2) {3} !~@$^`.txt",
  'a:b*c|d".txt',
  '.hidden',
  'trailing ',
  '-',
];

function claimFolders(artifacts: () => ArtifactRepository, folder: string): void {
  test('a folder goes there and comes back, whatever its files are called', async () => {
    const source = join(folder, `folder-${count++}`);
    const outside = fileWith(folder, 'behind a link');
    mkdirSync(join(source, 'in', 'it', 'deep'), { recursive: true });
    mkdirSync(join(source, 'empty folder'));
    for (const name of ODD_NAMES) writeFileSync(join(source, 'in', name), name);
    writeFileSync(join(source, 'in/it/deep/zero'), '');
    symlinkSync(outside, join(source, 'linked.txt'));
    symlinkSync(folder, join(source, 'linked folder'));
    const paths = [...ODD_NAMES.map((name) => `in/${name}`), 'in/it/deep/zero', 'linked.txt'];
    const expected = paths.map((path) => `copied/${path}`).toSorted();

    const seen: string[] = [];
    const put = await putFolder(artifacts(), source, { path: 'copied', onFile: (path) => seen.push(path) });
    expect(put).toEqual(expected);
    expect(seen.toSorted()).toEqual(expected);

    const walked: string[] = [];
    for await (const file of walkFiles(artifacts(), 'copied')) walked.push(file.path);
    expect(walked.toSorted()).toEqual(expected);

    const targetFolder = join(folder, `back-${count++}`);
    expect(await getFolder(artifacts(), 'copied', { targetFolder })).toBe(join(targetFolder, 'copied'));
    for (const name of ODD_NAMES) expect(readFileSync(join(targetFolder, 'copied/in', name), 'utf8')).toBe(name);
    expect(readFileSync(join(targetFolder, 'copied/linked.txt'), 'utf8')).toBe('behind a link');
    expect(readFileSync(join(targetFolder, 'copied/in/it/deep/zero'), 'utf8')).toBe('');
    expect(readdirSync(join(targetFolder, 'copied')).toSorted()).toEqual(['in', 'linked.txt']);
  });

  test('a name that looks encoded is kept as it is, or refused', async () => {
    const path = 'encoded/%41%2Fb.txt';
    const put = artifacts().putFile(path, fileWith(folder, 'as it is'));
    const refusal: unknown = await put.catch((error: unknown) => error);
    if (refusal === undefined) {
      expect((await artifacts().list('encoded')).map((file) => file.path)).toEqual([path]);
      expect(Buffer.from(await artifacts().readFile(path)).toString()).toBe('as it is');
    } else {
      expect(refusal).toMatchObject({ code: 'INVALID_PATH' });
      expect(await artifacts().list('encoded')).toEqual([]);
    }
  });

  test('one file is a folder of one', async () => {
    const targetFolder = join(folder, `one-${count++}`);
    await artifacts().putFile('single/a/file.txt', fileWith(folder, 'single'));
    const at = await getFolder(artifacts(), 'single/a/file.txt', { targetFolder });
    expect(at).toBe(join(targetFolder, 'single/a/file.txt'));
    expect(readFileSync(at, 'utf8')).toBe('single');
    const absent = getFolder(artifacts(), 'single/none', { targetFolder });
    await expectRefusal(absent, 'RESOURCE_DOES_NOT_EXIST', 404);
  });

  test('a folder that is none is FILE_NOT_READABLE', async () => {
    const absent = putFolder(artifacts(), join(folder, 'no such folder'));
    await expect(absent).rejects.toMatchObject({ code: 'FILE_NOT_READABLE' });
    await expect(putFolder(artifacts(), fileWith(folder, ''))).rejects.toMatchObject({ code: 'FILE_NOT_READABLE' });
  });
}

function claimDelete(artifacts: () => ArtifactRepository, folder: string): void {
  test('a file or folder is deleted and nothing beside it, or that is NOT_SUPPORTED', async () => {
    for (const path of ['gone/a', 'gone/ab', 'gone/b/c', 'gone/b/d/e', 'gonetoo'])
      await artifacts().putFile(path, fileWith(folder, path));
    if (!artifacts().supports.delete) {
      await expect(artifacts().delete('gone/a')).rejects.toMatchObject({ code: 'NOT_SUPPORTED' });
      return;
    }
    await artifacts().delete('gone/a');
    await artifacts().delete('gone/b');
    expect((await artifacts().list('gone')).map((file) => file.path)).toEqual(['gone/ab']);
    await artifacts().delete('gone');
    await artifacts().delete('gone');
    expect(await artifacts().list('gone')).toEqual([]);
    expect(Buffer.from(await artifacts().readFile('gonetoo')).toString()).toBe('gonetoo');
    await expect(artifacts().delete('../x')).rejects.toMatchObject({ code: 'INVALID_PATH' });
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
