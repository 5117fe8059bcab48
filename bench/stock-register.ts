// The stock register as a rival: installed by npm when it is first asked for, into a cache folder outside of this package.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

/** Those that belong to the SDK which this package uses. */
const PACKAGES = { '@opentelemetry/auto-instrumentations-node': '0.82.0', '@opentelemetry/api': '1.10.0' };
const ENTRY = 'node_modules/@opentelemetry/auto-instrumentations-node/dist/register.mjs';
const INSTALL_TIMEOUT_MS = 300_000;

/**
 * Finds the file to preload.
 *
 * @param folder where it is installed already; by default the cache
 * @returns undefined, after a line that says why, where npm cannot install it
 */
export function findStockRegister(folder: string | undefined): string | undefined {
  const home = folder ?? join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'runspan-bench');
  const entry = join(home, ENTRY);
  if (existsSync(entry)) return entry;
  console.log(`Installing ${Object.keys(PACKAGES).join(' and ')} into ${home}.`);
  mkdirSync(home, { recursive: true });
  writeFileSync(join(home, 'package.json'), JSON.stringify({ private: true, dependencies: PACKAGES }));
  const { status, stderr } = spawnSync('npm', ['install', '--no-audit', '--no-fund'], {
    cwd: home,
    encoding: 'utf8',
    timeout: INSTALL_TIMEOUT_MS,
  });
  if (status === 0 && existsSync(entry)) return entry;
  console.log(`Skipped: the stock register. npm could not install it: ${stderr}`);
  return undefined;
}
