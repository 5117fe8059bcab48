// The command as a user has it: real processes of the built package, their output and exit codes.
import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeFolder, type FilledFolder } from './store.ts';

const BIN = join(import.meta.dirname, '../../bin/runspan.cjs');

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function environment(extra: Readonly<Record<string, string>> = {}): NodeJS.ProcessEnv {
  const ours = /^(RUNSPAN|MLFLOW|OTEL|AWS|NODE_OPTIONS|VITEST|NO_COLOR|FORCE_COLOR|TERM$|COLORTERM|CI$)/;
  return { ...Object.fromEntries(Object.entries(process.env).filter(([name]) => !ours.test(name))), ...extra };
}

function runspan(
  args: readonly string[],
  options: { readonly cwd: string; readonly env?: Readonly<Record<string, string>> },
): Ended {
  const env = environment(options.env);
  const { status, stdout, stderr } = spawnSync(process.execPath, [BIN, ...args], {
    cwd: options.cwd,
    env,
    encoding: 'utf8',
  });
  return { code: status, stdout, stderr };
}

let filled: FilledFolder;
let empty: string;
beforeAll(async () => {
  filled = await makeFolder();
  empty = join(filled.folder, 'empty');
  mkdirSync(empty);
  await filled.addRun({ name: 'train', status: 'FINISHED' });
  await filled.addRun({ name: 'train', status: 'FAILED', experiment: 'other' });
});
afterAll(() => filled.remove());

describe('runspan', () => {
  it('lists the runs of mlflow.db in the folder it runs in', () => {
    const { code, stdout, stderr } = runspan(['runs'], { cwd: filled.folder });
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout.split('\n')).toEqual([
      expect.stringMatching(/^NAME +STATUS +STARTED +DURATION +ID +EXPERIMENT$/),
      expect.stringMatching(/^train +FAILED .* other$/),
      expect.stringMatching(/^train +FINISHED .* churn$/),
      '',
    ]);
  });

  it('takes every option', () => {
    const args = [
      'runs',
      '--experiment',
      'churn',
      '--filter',
      "attributes.status = 'FINISHED'",
      '--limit',
      '1',
      '--json',
    ];
    const { stdout } = runspan([...args, '--tracking-uri', filled.uri], { cwd: empty });
    expect(JSON.parse(stdout)).toEqual([expect.objectContaining({ runName: 'train', status: 'FINISHED' })]);
  });

  it('shows the last run, and says on stderr where a name means more than one', () => {
    expect(runspan(['show'], { cwd: filled.folder })).toEqual({
      code: 0,
      stdout: expect.stringMatching(/^run +train\n/) as string,
      stderr: '',
    });
    const { code, stdout, stderr } = runspan(['show', 'train', '--json'], { cwd: filled.folder });
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toHaveProperty('status', 'FAILED');
    expect(stderr).toMatch(/More than one run is named 'train'/);
  });

  it('looks where the option says, else the environment, else .env, else here', () => {
    const elsewhere = 'sqlite:////absent/mlflow.db';
    const listed = (args: readonly string[], uri?: string): number | null =>
      runspan(['runs', ...args], { cwd: empty, ...(uri && { env: { MLFLOW_TRACKING_URI: uri } }) }).code;
    expect(listed([])).toBe(1);
    writeFileSync(join(empty, '.env'), `MLFLOW_TRACKING_URI=${filled.uri}\n`);
    expect(listed([])).toBe(0);
    expect(listed([], elsewhere)).toBe(1);
    expect(listed(['--tracking-uri', filled.uri], elsewhere)).toBe(0);
    writeFileSync(join(empty, '.env'), '');
  });

  it('says that there is no file, and makes none', () => {
    const { code, stdout, stderr } = runspan(['show'], { cwd: empty });
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toBe(
      `runspan: There is no run store at ${join(empty, 'mlflow.db')} yet. Run a job here first ('runspan demo' is one), or look elsewhere by --tracking-uri or MLFLOW_TRACKING_URI.\n`,
    );
    expect(readdirSync(empty)).toEqual(['.env']);
  });

  it.each([
    [['show', 'absent'], /^runspan: There is no run 'absent'/],
    [['runs', '--experiment', 'absent'], /^runspan: There is no experiment 'absent'/],
    [['runs', '--filter', 'nonsense'], /^runspan: /],
    [['runs', '--tracking-uri', 'ftp://x'], /^runspan: Cannot open store 'ftp:\/\/x'/],
  ])('ends %j with 1 and one line', (args, message) => {
    const { code, stdout, stderr } = runspan(args, { cwd: filled.folder });
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toMatch(message);
    expect(stderr.trimEnd().split('\n')).toHaveLength(1);
  });

  it.each([[[]], [['nonsense']], [['runs', '--nonsense']], [['runs', '--limit', '0']], [['show', 'a', 'b']]])(
    'ends %j with 2 and says how it is used',
    (args) => {
      const { code, stdout, stderr } = runspan(args, { cwd: filled.folder });
      expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
      expect(stderr).toMatch(/--help/);
    },
  );

  it.each([[['--help']], [['runs', '--help']], [['--version']], [['help', 'show']]])('answers %j with 0', (args) => {
    const { code, stdout, stderr } = runspan(args, { cwd: empty });
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(args.includes('--version') ? /^\d+\.\d+\.\d+\n$/ : /^Usage: runspan/);
  });

  it('ends quietly when its reader has seen enough', async () => {
    for (let at = 0; at < 300; at++)
      await filled.addRun({ name: `run-${at}`, experiment: 'many', params: { text: 'x'.repeat(1000) } });
    const script = `"${process.execPath}" "${BIN}" runs -e many -n 300 --json; echo "code $?" >&2`;
    const { stdout, stderr } = spawnSync('sh', ['-c', `(${script}) | head -c 10`], {
      cwd: filled.folder,
      env: environment(),
      encoding: 'utf8',
    });
    expect(stdout).toHaveLength(10);
    expect(stderr).toBe('code 0\n');
  });

  it('ends at Ctrl-C by the signal, without a stack', async () => {
    const asked = Promise.withResolvers<void>();
    const server = createServer(() => asked.resolve()).listen(0, '127.0.0.1');
    await new Promise((listening) => server.once('listening', listening));
    const uri = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const child = spawn(process.execPath, [BIN, 'runs', '--tracking-uri', uri], { cwd: empty, env: environment() });
    const output: Buffer[] = [];
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => output.push(chunk));
    await asked.promise;
    child.kill('SIGINT');
    const signal = await new Promise((ended) => child.once('close', (_, name) => ended(name)));
    server.closeAllConnections();
    server.close();
    expect({ signal, output: Buffer.concat(output).toString() }).toEqual({ signal: 'SIGINT', output: '' });
  });
});

describe('colour', () => {
  const escape = '\u001b[';
  const colours = (env: Record<string, string>): boolean =>
    runspan(['runs'], { cwd: filled.folder, env }).stdout.includes(escape);

  it('is for terminals only, unless it is asked for', () => {
    expect(colours({})).toBe(false);
    expect(colours({ TERM: 'xterm-256color' })).toBe(false);
    expect(colours({ FORCE_COLOR: '1' })).toBe(true);
  });

  // `script` runs a command on a terminal of its own; it is on every Linux, and on macOS with other options.
  it.runIf(process.platform === 'linux')('is there on a terminal, and not with NO_COLOR', () => {
    const onTerminal = (env: Record<string, string>): string =>
      spawnSync('script', ['-qec', `"${process.execPath}" "${BIN}" runs -e other`, '/dev/null'], {
        cwd: filled.folder,
        env: environment({ TERM: 'xterm-256color', ...env }),
        encoding: 'utf8',
      }).stdout;
    expect(onTerminal({})).toContain(`${escape}31mFAILED`);
    expect(onTerminal({ NO_COLOR: '1' })).not.toContain(escape);
    expect(onTerminal({ NO_COLOR: '1' })).toContain('FAILED');
  });
});

describe('an old Node', () => {
  it('is told what to install', () => {
    const text = `Object.defineProperty(process.versions, 'node', { value: '20.20.2' }); require(${JSON.stringify(BIN)});`;
    const { status, stderr } = spawnSync(process.execPath, ['-e', text], { encoding: 'utf8' });
    expect(status).toBe(1);
    expect(stderr).toMatch(/needs Node 22\.19 or later; this is Node 20\.20\.2 .*\n.*npm install node@24/);
  });
});
