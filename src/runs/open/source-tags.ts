// MLflow's own run tags as its Python client sets them: who ran what, from which file and commit.
import { userInfo } from 'node:os';
import { dirname } from 'node:path';
import { promisify } from 'node:util';
import type { Tag } from '../../model/entities.ts';
import { readGitHead } from './git-files.ts';
import type { GitHead } from './git-files.ts';

/** What the tags are read from; passed in, so that tests own it. */
export interface SourceTagsOptions {
  /** The job's main file: `process.argv[1]`. */
  readonly mainFile: string | undefined;
  /** Who is logged in at the tracking server, if anybody. */
  readonly username: string | undefined;
  readonly redactText: (text: string) => string;
}

/** How long git may take before the run goes on without its tags; a cold repository answers in tens of ms. */
const GIT_TIMEOUT_MS = 1_000;

/**
 * Reads `mlflow.user`, `mlflow.source.*` and, where the main file lies in a git repository with a commit, `mlflow.source.git.*`.
 *
 * @returns tags, never rejects: what cannot be read is left out, as in Python
 * @see https://mlflow.org/docs/latest/tracking/#system-tags
 * @example
 * const tags = await readSourceTags({ mainFile: process.argv[1], username: undefined, redactText: (text) => text });
 */
export async function readSourceTags(options: SourceTagsOptions): Promise<readonly Tag[]> {
  const tags: Tag[] = [
    { key: 'mlflow.user', value: options.username ?? readUserName() },
    { key: 'mlflow.source.name', value: options.mainFile ?? process.argv0 },
    { key: 'mlflow.source.type', value: 'LOCAL' },
  ];
  if (options.mainFile === undefined) return tags;
  return [...tags, ...(await readGitTags(dirname(options.mainFile), options.redactText))];
}

/** Whose process this is; `unknown` where the machine has no name for them. */
export function readUserName(): string {
  try {
    return userInfo().username;
  } catch {
    // A container's user id may have no entry in its user table; MLflow says "unknown" then.
    return 'unknown';
  }
}

async function readGitTags(folder: string, redactText: (text: string) => string): Promise<readonly Tag[]> {
  const head = await findHead(folder);
  if (head === undefined) return [];
  const { commit, branch, remoteUrl } = head;
  const tags: Tag[] = [{ key: 'mlflow.source.git.commit', value: commit }];
  if (branch !== undefined) tags.push({ key: 'mlflow.source.git.branch', value: branch });
  if (remoteUrl !== undefined && remoteUrl !== '')
    tags.push({ key: 'mlflow.source.git.repoURL', value: redactText(remoteUrl) });
  return tags;
}

async function findHead(folder: string): Promise<GitHead | undefined> {
  try {
    const head = readGitHead(folder);
    return head === 'unreadable' ? await askGit(folder) : head;
  } catch {
    // A file that we may not read: git may not either.
    return undefined;
  }
}

/** For a repository whose references are no files. */
async function askGit(folder: string): Promise<GitHead | undefined> {
  const heads = await runGit(folder, ['rev-parse', 'HEAD', '--abbrev-ref', 'HEAD']);
  const [commit = '', branch = ''] = heads?.split('\n') ?? [];
  if (!/^[0-9a-f]{40,64}$/.test(commit)) return undefined;
  const isDetached = branch === '' || branch === 'HEAD';
  const remoteUrl = await runGit(folder, ['config', '--get', 'remote.origin.url']);
  return { commit, branch: isDetached ? undefined : branch, remoteUrl };
}

async function runGit(folder: string, args: readonly string[]): Promise<string | undefined> {
  try {
    // Loaded here: nearly no job needs it.
    const { execFile } = process.getBuiltinModule('node:child_process');
    const { stdout } = await promisify(execFile)('git', ['-C', folder, ...args], { timeout: GIT_TIMEOUT_MS });
    return stdout.trim();
  } catch {
    // No git, no repository, no commit, or too slow: the run goes on without these tags, as Python's does.
    return undefined;
  }
}
