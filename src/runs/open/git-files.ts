// What a git repository says about its working copy, read from its files: starting git costs a job 10 ms before its first line.
import { existsSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';

/** Where a working copy stands. */
export interface GitHead {
  readonly commit: string;
  /** Undefined where no branch is checked out. */
  readonly branch: string | undefined;
  /** The address of `origin`, as it is written there; it may hold credentials. */
  readonly remoteUrl: string | undefined;
}

const COMMIT = /^[0-9a-f]{40,64}$/;
/** A reference names another one at most so often; git's own limit. */
const MAX_REFERENCE_DEPTH = 5;
const BRANCHES = 'refs/heads/';

/**
 * Reads the commit, branch and remote of the repository that a folder lies in.
 *
 * @returns undefined where there is no repository or no commit; `'unreadable'` where its references are not kept in files
 * @throws what reading its files throws
 * @see https://git-scm.com/docs/gitrepository-layout
 * @example
 * readGitHead('/job/src'); // { commit: '4ab…', branch: 'main', remoteUrl: 'git@example.com:job.git' }
 */
export function readGitHead(folder: string): GitHead | 'unreadable' | undefined {
  const own = findGitFolder(folder);
  if (own === undefined) return undefined;
  const link = join(own, 'commondir');
  const common = existsSync(link) ? resolve(own, readLine(link)) : own;
  if (existsSync(join(common, 'reftable'))) return 'unreadable';
  const head = readLine(join(own, 'HEAD'));
  const name = toReference(head);
  const commit = name === undefined ? head : findCommit(name, [own, common]);
  if (commit === undefined || !COMMIT.test(commit)) return undefined;
  const branch = name?.startsWith(BRANCHES) === true ? name.slice(BRANCHES.length) : undefined;
  return { commit, branch, remoteUrl: findRemoteUrl(readFileSync(join(common, 'config'), 'utf8')) };
}

/** In a worktree or submodule `.git` is a file that names the folder. */
function findGitFolder(folder: string): string | undefined {
  for (let at = resolve(folder); ; at = dirname(at)) {
    const found = join(at, '.git');
    const stat = statSync(found, { throwIfNoEntry: false });
    if (stat?.isDirectory() === true) return found;
    const [, named] = stat?.isFile() === true ? (/^gitdir: (.+)$/.exec(readLine(found)) ?? []) : [];
    if (named !== undefined) return resolve(at, named);
    if (at === dirname(at)) return undefined;
  }
}

function findCommit(name: string, folders: readonly string[], depth = 0): string | undefined {
  const file = folders.map((folder) => join(folder, name)).find((path) => existsSync(path));
  if (file === undefined) return findPacked(name, folders.at(-1) ?? '');
  const text = readLine(file);
  const next = toReference(text);
  if (next === undefined) return text;
  return depth < MAX_REFERENCE_DEPTH ? findCommit(next, folders, depth + 1) : undefined;
}

function findPacked(name: string, folder: string): string | undefined {
  const file = join(folder, 'packed-refs');
  if (!existsSync(file)) return undefined;
  const line = readFileSync(file, 'utf8')
    .split('\n')
    .find((each) => each.endsWith(` ${name}`));
  return line?.split(' ')[0];
}

function toReference(text: string): string | undefined {
  return /^ref: (.+)$/.exec(text)?.[1];
}

/** As `git config --get remote.origin.url` in the repository's own file: the last one counts. */
function findRemoteUrl(config: string): string | undefined {
  let isOrigin = false;
  let url: string | undefined;
  for (const line of config.split('\n')) {
    const section = /^\s*\[(.*)\]/.exec(line)?.[1];
    if (section !== undefined) isOrigin = /^remote\s+"origin"$/i.test(section.trim());
    const [, value] = /^\s*url\s*=\s*(.*?)\s*$/i.exec(line) ?? [];
    if (isOrigin && value !== undefined) url = value.replaceAll(/^"|"$/g, '');
  }
  return url;
}

function readLine(file: string): string {
  return readFileSync(file, 'utf8').trim();
}
