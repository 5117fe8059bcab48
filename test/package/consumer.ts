// A project that has the packed package installed, as a user would: for the tests of what is published.
import { execFileSync, spawnSync } from 'node:child_process';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  realpathSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { inject } from 'vitest';
import type {} from './pack.ts';

const root = join(import.meta.dirname, '../..');

/** How a command ended. */
export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A folder with a package.json, and node_modules that hold the packed package beside the repository's dependencies. */
export interface Consumer {
  readonly folder: string;
  /** What the tarball holds, relative to the package. */
  readonly files: readonly string[];
  write(name: string, text: string): string;
  /** Runs a command in the project or a folder of it, with the project's commands first on PATH and of settings those of `env` alone. */
  run(command: string, args: readonly string[], inner?: string, env?: Readonly<Record<string, string>>): Ended;
  remove(): void;
}

/** Installs the packed package into a new project; dependencies are linked, so that no registry is needed. */
export function installPacked(): Consumer {
  const folder = mkdtempSync(join(realpathSync(tmpdir()), 'runspan-consumer-'));
  const modules = join(folder, 'node_modules');
  mkdirSync(join(modules, '.bin'), { recursive: true });
  const files = unpack(modules);
  linkDependencies(modules);
  symlinkSync('../runspan/bin/runspan.cjs', join(modules, '.bin/runspan'));
  const write = (name: string, text: string): string => {
    const file = join(folder, name);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
    return file;
  };
  write('package.json', JSON.stringify({ name: 'consumer', version: '1.0.0', type: 'module', private: true }));
  return {
    folder,
    files,
    write,
    run: (command, args, inner = '.', env = {}) => runIn(folder, [command, ...args], { inner, env }),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

function unpack(modules: string): readonly string[] {
  const { tarball, files } = inject('packed');
  execFileSync('tar', ['-xzf', tarball, '-C', modules]);
  renameSync(join(modules, 'package'), join(modules, 'runspan'));
  return files;
}

function linkDependencies(modules: string): void {
  const from = join(root, 'node_modules');
  for (const name of readdirSync(from)) {
    if (!name.startsWith('.')) symlinkSync(join(from, name), join(modules, name));
  }
  for (const name of readdirSync(join(from, '.bin')))
    symlinkSync(join(from, '.bin', name), join(modules, '.bin', name));
}

function runIn(
  folder: string,
  [command = '', ...args]: readonly string[],
  { inner, env: more }: { readonly inner: string; readonly env: Readonly<Record<string, string>> },
): Ended {
  const ours = /^(RUNSPAN|MLFLOW|OTEL|AWS|NODE_|npm_|VITEST)/;
  const env: NodeJS.ProcessEnv = Object.fromEntries(Object.entries(process.env).filter(([name]) => !ours.test(name)));
  env['PATH'] = [join(folder, 'node_modules/.bin'), dirname(process.execPath), env['PATH']].join(delimiter);
  env['NO_COLOR'] = '1';
  Object.assign(env, more);
  const cwd = join(folder, inner);
  mkdirSync(cwd, { recursive: true });
  const { status, stdout, stderr } = spawnSync(command, args, { cwd, env, encoding: 'utf8', timeout: 60_000 });
  return { code: status, stdout, stderr };
}
