// `diagnose: true` in plain node processes: the variables of what was thrown, nothing secret, and no harm to the job.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';

interface Ended {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function run(how: string, nodeArgs: readonly string[] = []): Ended {
  const file = join(import.meta.dirname, '../../fixtures/logger/diagnose.ts');
  return spawnSync(process.execPath, [...nodeArgs, file, how], { encoding: 'utf8', timeout: 60_000 });
}

function expectVariables(stdout: string): void {
  expect(stdout).toMatch(/RangeError: no rows 2/);
  expect(stdout).toMatch(/at fail .*\n {8}\| /);
  expect(stdout).toMatch(/\| rows = \[\d, \d\]\n/);
  expect(stdout).toContain('| password = [REDACTED]\n');
  expect(stdout).toContain('| settings = {depth: 3, apiKey: [REDACTED], url: "https://me:[REDACTED]@db/x"}\n');
  expect(stdout).toContain('| inner = {text: [long text]}\n');
  expect(stdout).toMatch(/\| long = "x{90,100}…/);
  expect(stdout).toMatch(/at train .*\n {8}\| epoch = \d\n/);
  expect(stdout).not.toMatch(/hunt|abc/);
}

test.each([
  ['caught', 0],
  ['async', 0],
  ['cause', 0],
  ['uncaught', 1],
])('%s: an error’s line shows the variables of its frames, cut and redacted', (how, code) => {
  const { status, stdout } = run(how);
  expect(status).toBe(code);
  expectVariables(stdout);
});

test('5,000 throws in a row cost no more than what is looked at', () => {
  expect(run('many')).toMatchObject({ status: 0, stdout: 'quick\n' });
});

test('after stop() no variables are kept', () => {
  const { status, stdout, stderr } = run('stopped');
  expect(status).toBe(0);
  expect(stdout + stderr).toContain('RangeError');
  expect(stdout + stderr).not.toContain('| rows');
});

test('where a debugger listens it steps back with one line', () => {
  const { status, stdout } = run('caught', ['--inspect=127.0.0.1:0']);
  expect(status).toBe(0);
  expect(stdout.split('\n').filter((line) => line.includes('diagnose:'))).toHaveLength(1);
  expect(stdout).toContain('RangeError');
  expect(stdout).not.toContain('| rows');
});
