// `runspan artifacts` as a user has it: files listed, downloaded and uploaded by the built command.
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { downloadArtifacts, listArtifacts, uploadArtifacts } from '../../src/cli/artifacts-command.ts';
import { makeFolder, type FilledFolder } from './store.ts';

const BIN = join(import.meta.dirname, '../../bin/runspan.cjs');
let filled: FilledFolder;
let runId: string;
beforeAll(async () => {
  filled = await makeFolder();
  const files = { 'notes.txt': 'four', 'model/weights.bin': 'x'.repeat(2000), 'model/deep/a.txt': '' };
  runId = await filled.addRun({ name: 'train', status: 'FINISHED', files });
});
afterAll(() => filled.remove());

const silent = (): void => undefined;

describe('list', () => {
  it('shows every file with its size', async () => {
    const { text } = await listArtifacts(filled.connection, { run: 'train' });
    expect(text.split('\n').map((line) => line.trim().split(/ {2,}/))).toEqual([
      ['SIZE', 'PATH'],
      ['0 B', 'model/deep/a.txt'],
      ['2.0 kB', 'model/weights.bin'],
      ['4 B', 'notes.txt'],
    ]);
    const below = await listArtifacts(filled.connection, { run: runId, path: 'model', json: true });
    expect(JSON.parse(below.text)).toEqual([
      { path: 'model/deep/a.txt', sizeBytes: 0 },
      { path: 'model/weights.bin', sizeBytes: 2000 },
    ]);
    expect((await listArtifacts(filled.connection, { run: 'train', path: 'none' })).text).toBe('There are no files.');
  });
});

describe('download and upload', () => {
  it('bring a folder there and back, and say how far they are', async () => {
    const out = join(filled.folder, 'out');
    const lines: string[] = [];
    const down = await downloadArtifacts(filled.connection, { run: 'train', path: 'model', out }, (line) =>
      lines.push(line),
    );
    expect(down.text).toBe(`Downloaded 2 files, 2.0 kB: ${join(out, 'model')}`);
    expect(lines[0]).toBe(`${'░'.repeat(24)} 0 of 2 files, 0 B`);
    expect(lines.at(-1)).toBe(`${'█'.repeat(24)} 2 of 2 files, 2.0 kB`);
    const source = join(out, 'model');
    const up = await uploadArtifacts(filled.connection, { run: 'train', source, path: 'again', json: true }, silent);
    expect(JSON.parse(up.text)).toMatchObject({ fileCount: 2, sizeBytes: 2000 });
    const one = await uploadArtifacts(filled.connection, { run: 'train', source: join(source, 'weights.bin') }, silent);
    expect(one.text).toMatch(/^Uploaded 1 file, 2\.0 kB: /);
    const { text } = await listArtifacts(filled.connection, { run: 'train', json: true });
    const paths = (JSON.parse(text) as { path: string }[]).map((file) => file.path);
    expect(paths).toEqual(expect.arrayContaining(['again/deep/a.txt', 'again/weights.bin', 'weights.bin']));
  });

  it('are commands, whose progress is for terminals only', () => {
    const args = ['artifacts', 'download', 'train', 'notes.txt', '--out', 'here'];
    const { status, stdout, stderr } = spawnSync(process.execPath, [BIN, ...args], {
      cwd: filled.folder,
      encoding: 'utf8',
    });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toBe(`Downloaded 1 file, 4 B: ${join(filled.folder, 'here/notes.txt')}\n`);
    expect(readFileSync(join(filled.folder, 'here/notes.txt'), 'utf8')).toBe('four');
    mkdirSync(join(filled.folder, 'plots'));
    writeFileSync(join(filled.folder, 'plots/a.svg'), '<svg/>');
    const up = spawnSync(process.execPath, [BIN, 'artifacts', 'upload', 'train', 'plots', '-p', 'p'], {
      cwd: filled.folder,
      encoding: 'utf8',
    });
    expect(up.stdout).toMatch(/^Uploaded 1 file, 6 B: .*\/p\n$/);
  });

  it('say what is wrong', () => {
    const fail = (...args: string[]) =>
      spawnSync(process.execPath, [BIN, 'artifacts', ...args], { cwd: filled.folder, encoding: 'utf8' });
    expect(fail('download', 'train', 'none')).toMatchObject({
      status: 1,
      stderr: "runspan: No such artifact: 'none'\n",
    });
    expect(fail('upload', 'train', 'none').stderr).toMatch(/^runspan: Cannot read 'none'/);
    expect(fail('list').status).toBe(2);
  });
});
