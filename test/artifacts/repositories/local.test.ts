// Artifacts in a folder: the contract, links that lead out of it, and files that are whole or not there.
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { openLocalArtifacts } from '../../../src/artifacts/repositories/local.ts';
import { openArtifacts } from '../../../src/artifacts/repositories/open.ts';
import { describeArtifacts } from '../../../src/testing/contract/artifact-suite.ts';
import { expectRefusal } from '../../../src/testing/contract/store-fixtures.ts';

const folders: string[] = [];
afterAll(() => folders.forEach((folder) => rmSync(folder, { recursive: true })));

function freshFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'runspan-local-'));
  folders.push(folder);
  return folder;
}

describeArtifacts('local folder', async () => {
  const artifacts = openLocalArtifacts(join(freshFolder(), 'made', 'later'));
  return { artifacts, close: () => artifacts.close() };
});

test('a pipe is refused, not waited for', async () => {
  const pipe = join(freshFolder(), 'pipe');
  execFileSync('mkfifo', [pipe]);
  await expect(openLocalArtifacts(freshFolder()).putFile('p', pipe)).rejects.toMatchObject({
    code: 'FILE_NOT_READABLE',
    message: `Cannot read '${pipe}': it is no regular file.`,
  });
});

describe('links', () => {
  function withLink(): { root: string; outside: string; source: string } {
    const [root, outside] = [freshFolder(), freshFolder()];
    const source = join(outside, 'secret.txt');
    writeFileSync(source, 'secret');
    symlinkSync(outside, join(root, 'out'));
    symlinkSync(source, join(root, 'leak.txt'));
    symlinkSync('/no/such/place', join(root, 'nowhere'));
    return { root, outside, source };
  }

  test('that lead out of the root are INVALID_PATH, and nothing is made behind them', async () => {
    const { root, outside, source } = withLink();
    const artifacts = openLocalArtifacts(root);
    const calls = [
      () => artifacts.putFile('out/new.txt', source),
      () => artifacts.putFile('out/deep/er/new.txt', source),
      () => artifacts.getFile('out/secret.txt', join(root, 'copy')),
      () => artifacts.getFile('leak.txt', join(root, 'copy')),
      () => artifacts.readFile('out/secret.txt'),
      () => artifacts.readFile('leak.txt'),
      () => artifacts.list('out'),
    ];
    for (const call of calls) await expect(call()).rejects.toMatchObject({ code: 'INVALID_PATH' });
    expect(readdirSync(outside)).toEqual(['secret.txt']);
    expect(readdirSync(root)).not.toContain('copy');
  });

  test('are not listed where they lead out or nowhere', async () => {
    const { root, source } = withLink();
    const artifacts = openLocalArtifacts(root);
    await artifacts.putFile('in.txt', source);
    symlinkSync(join(root, 'in.txt'), join(root, 'same.txt'));
    expect((await artifacts.list()).map((file) => file.path)).toEqual(['in.txt', 'same.txt']);
  });

  test('are replaced by a file of their name, not followed', async () => {
    const { root, outside } = withLink();
    const source = join(root, 'source');
    writeFileSync(source, 'public');
    await openLocalArtifacts(root).putFile('leak.txt', source);
    expect(readFileSync(join(outside, 'secret.txt'), 'utf8')).toBe('secret');
    expect(readFileSync(join(root, 'leak.txt'), 'utf8')).toBe('public');
  });

  test('that lead to the root itself are fine', async () => {
    const root = freshFolder();
    const link = join(freshFolder(), 'link');
    symlinkSync(root, link);
    const source = join(freshFolder(), 'source');
    writeFileSync(source, 'x');
    await openLocalArtifacts(link).putFile('a/b.txt', source);
    expect(readFileSync(join(root, 'a/b.txt'), 'utf8')).toBe('x');
  });
});

describe('a path that cannot be a file here', () => {
  test('is refused for good as the fault of that path, and no half file stays', async () => {
    const root = freshFolder();
    const source = join(freshFolder(), 'source');
    writeFileSync(source, 'x');
    writeFileSync(join(root, 'file'), '');
    mkdirSync(join(root, 'folder'));
    const artifacts = openLocalArtifacts(root);
    for (const path of ['file/under.txt', 'folder', `${'n'.repeat(300)}.txt`]) {
      const error = await expectRefusal(artifacts.putFile(path, source), 'INVALID_PARAMETER_VALUE', 400);
      expect(error.isRetryable).toBe(false);
    }
    expect(readdirSync(root).toSorted()).toEqual(['file', 'folder']);
  });

  test('a folder cannot be downloaded as a file, nor a file listed as a folder', async () => {
    const root = freshFolder();
    mkdirSync(join(root, 'folder'));
    writeFileSync(join(root, 'file'), '');
    const artifacts = openLocalArtifacts(root);
    const download = artifacts.getFile('folder', join(freshFolder(), 'target'));
    await expectRefusal(download, 'INVALID_PARAMETER_VALUE', 400);
    expect(await artifacts.list('file')).toEqual([]);
  });

  test('what a crash left half written is not listed', async () => {
    const root = freshFolder();
    writeFileSync(join(root, '.runspan-0123456789abcdef.tmp'), 'half');
    writeFileSync(join(root, '.runspan.yaml'), 'whole');
    expect((await openLocalArtifacts(root).list()).map((file) => file.path)).toEqual(['.runspan.yaml']);
  });
});

describe('openArtifacts', () => {
  const options = { trackingUri: 'http://127.0.0.1:9', connection: {} };

  test('a path and a file URI are a folder, decoded as MLflow does', async () => {
    const root = join(freshFolder(), 'a b%');
    const encoded = root.replaceAll('%', '%25').replaceAll(' ', '%20');
    const uris = [
      root,
      encoded,
      `file://${encoded}`,
      `file://localhost${encoded}`,
      `file:${root}`,
      relative(process.cwd(), root),
    ];
    for (const uri of uris) expect((await openArtifacts(uri, options)).uri).toBe(root);
    expect((await openArtifacts('/not%ff/utf8', options)).uri).toBe('/not%ff/utf8');
  });

  test('mlflow-artifacts goes through the server', async () => {
    const artifacts = await openArtifacts('mlflow-artifacts:/0/run/artifacts', options);
    expect(artifacts.uri).toContain('mlflow-artifacts:/0/run/artifacts');
    await artifacts.close();
  });

  test.each([
    ['gs://key:secret@bucket/x?token=abc', 'there is no repository for gs'],
    ['file://other.machine/x', 'it names another machine'],
  ])('%s is NOT_SUPPORTED', async (uri, message) => {
    const error: unknown = await openArtifacts(uri, options).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: 'NOT_SUPPORTED' });
    expect(String(error)).toContain(message);
    expect(String(error)).not.toMatch(/secret|abc/);
  });
});
