// The tags of a run's source, from real repositories: what git says about them is what they must say.
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readSourceTags } from '../../../src/runs/open/source-tags.ts';

let folder: string;
beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'runspan-git-')));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function git(at: string, ...args: readonly string[]): string {
  const who = ['-c', 'user.name=a', '-c', 'user.email=a@example.com'];
  return execFileSync('git', ['-C', at, ...who, ...args], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  }).trim();
}

/** A repository with one commit on `work`. */
function makeRepository(name = 'job'): string {
  const home = join(folder, name);
  mkdirSync(home);
  git(home, 'init', '-q', '-b', 'work');
  git(home, 'commit', '-q', '--allow-empty', '-m', 'one');
  return home;
}

async function gitTagsOf(mainFile: string): Promise<Readonly<Record<string, string>>> {
  const tags = await readSourceTags({
    mainFile,
    username: 'ann',
    redactText: (text) => text.replace('hunter2', '***'),
  });
  const prefix = 'mlflow.source.git.';
  return Object.fromEntries(
    tags.filter(({ key }) => key.startsWith(prefix)).map(({ key, value }) => [key.slice(prefix.length), value]),
  );
}

describe('the tags of the source', () => {
  it('say who ran which file', async () => {
    const tags = await readSourceTags({ mainFile: join(folder, 'a.js'), username: 'ann', redactText: (text) => text });
    expect(tags).toEqual([
      { key: 'mlflow.user', value: 'ann' },
      { key: 'mlflow.source.name', value: join(folder, 'a.js') },
      { key: 'mlflow.source.type', value: 'LOCAL' },
    ]);
  });

  it('say commit, branch and remote of the repository around the file, without its password', async () => {
    const home = makeRepository();
    git(home, 'remote', 'add', 'fork', 'https://example.com/fork.git');
    git(home, 'remote', 'add', 'origin', 'https://ann:hunter2@example.com/job.git');
    mkdirSync(join(home, 'src/deep'), { recursive: true });
    expect(await gitTagsOf(join(home, 'src/deep/a.js'))).toEqual({
      commit: git(home, 'rev-parse', 'HEAD'),
      branch: 'work',
      repoURL: 'https://ann:***@example.com/job.git',
    });
  });

  it('are the same where git has packed its references', async () => {
    const home = makeRepository();
    git(home, 'branch', 'other/work');
    git(home, 'pack-refs', '--all');
    expect(await gitTagsOf(join(home, 'a.js'))).toEqual({ commit: git(home, 'rev-parse', 'HEAD'), branch: 'work' });
  });

  it('have no branch where a commit is checked out', async () => {
    const home = makeRepository();
    git(home, 'checkout', '-q', '--detach');
    expect(await gitTagsOf(join(home, 'a.js'))).toEqual({ commit: git(home, 'rev-parse', 'HEAD') });
  });

  it('are those of a worktree in a worktree', async () => {
    const home = makeRepository();
    git(home, 'remote', 'add', 'origin', 'https://example.com/job.git');
    const tree = join(folder, 'tree');
    git(home, 'worktree', 'add', '-q', '-b', 'feature/x', tree);
    git(tree, 'commit', '-q', '--allow-empty', '-m', 'two');
    expect(await gitTagsOf(join(tree, 'a.js'))).toEqual({
      commit: git(tree, 'rev-parse', 'HEAD'),
      branch: 'feature/x',
      repoURL: 'https://example.com/job.git',
    });
  });

  it('are those of a submodule in a submodule', async () => {
    const inner = makeRepository('inner');
    const home = makeRepository();
    git(home, '-c', 'protocol.file.allow=always', 'submodule', 'add', '-q', inner, 'part');
    expect(await gitTagsOf(join(home, 'part/a.js'))).toEqual({
      commit: git(inner, 'rev-parse', 'HEAD'),
      branch: 'work',
      repoURL: inner,
    });
  });

  it('are asked of git itself where references are not kept in files', async () => {
    const home = makeRepository();
    // This git does not know the folder and goes on with its files; a newer one keeps its references in it.
    mkdirSync(join(home, '.git/reftable'));
    git(home, 'remote', 'add', 'origin', 'https://example.com/job.git');
    expect(await gitTagsOf(join(home, 'a.js'))).toEqual({
      commit: git(home, 'rev-parse', 'HEAD'),
      branch: 'work',
      repoURL: 'https://example.com/job.git',
    });
  });

  it.each([
    ['a repository without a commit', (home: string): unknown => git(home, 'init', '-q')],
    ['a folder that only looks like one', (home: string): unknown => mkdirSync(join(home, '.git'))],
    ['a file that names no folder', (home: string): unknown => writeFileSync(join(home, '.git'), 'gitdir: nowhere\n')],
    ['no repository', (): unknown => undefined],
  ])('say nothing of git in %s', async (_, prepare) => {
    prepare(folder);
    expect(await gitTagsOf(join(folder, 'a.js'))).toEqual({});
  });
});
