// A rival that is an npm package: installed when it is first asked for, into a cache folder outside of this package.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

/** What is installed, and which file of it is asked for. */
export interface RivalPackage {
  /** As a person reads it. */
  readonly what: string;
  /** A folder of its own in the cache. */
  readonly name: string;
  readonly packages: Readonly<Record<string, string>>;
  readonly entry: string;
}

const INSTALL_TIMEOUT_MS = 300_000;

/**
 * Finds the file that is asked for.
 *
 * @param folder where it is installed already; by default the cache
 * @returns undefined, after a line that says why, where npm cannot install it
 */
export function findRival({ what, name, packages, entry }: RivalPackage, folder?: string): string | undefined {
  const home = folder ?? join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'runspan-bench', name);
  const file = join(home, 'node_modules', entry);
  if (existsSync(file)) return file;
  console.log(`Installing ${Object.keys(packages).join(' and ')} into ${home}.`);
  mkdirSync(home, { recursive: true });
  writeFileSync(join(home, 'package.json'), JSON.stringify({ private: true, dependencies: packages }));
  const { status, stderr } = spawnSync('npm', ['install', '--no-audit', '--no-fund'], {
    cwd: home,
    encoding: 'utf8',
    timeout: INSTALL_TIMEOUT_MS,
  });
  if (status === 0 && existsSync(file)) return file;
  console.log(`Skipped: ${what}. npm could not install it: ${stderr}`);
  return undefined;
}
