// Which processes register leaves alone.
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { findReasonToSkip } from '../../src/register/skip.ts';
import type { ProcessFacts } from '../../src/register/skip.ts';
import { makeFolder } from '../end-to-end/run-job.ts';

const job: ProcessFacts = { script: '/app/train.js', execArgv: [], env: {}, isMainThread: true, isInteractive: false };

test.each<[string, Partial<ProcessFacts>]>([
  ['a script', {}],
  ['code on the command line', { script: undefined, execArgv: ['-e', '1'], isInteractive: true }],
  ['code on stdin', { script: undefined }],
  ['a script called like no tool', { script: '/app/npm-report.js' }],
  ['RUNSPAN_DISABLED=0', { env: { RUNSPAN_DISABLED: '0' } }],
])('%s is a job', (_, facts) => {
  expect(findReasonToSkip({ ...job, ...facts })).toBeUndefined();
});

test.each<[string, Partial<ProcessFacts>, string]>([
  ['npm', { script: '/usr/lib/node_modules/npm/bin/npm-cli.js' }, 'a package manager'],
  ['npx', { script: '/usr/bin/npx' }, 'a package manager'],
  ['pnpm', { script: '/x/pnpm.cjs' }, 'a package manager'],
  ['yarn', { script: '/x/yarn.js' }, 'a package manager'],
  ['our own command', { script: '/x/node_modules/.bin/runspan' }, 'a package manager'],
  ['RUNSPAN_DISABLED=1', { env: { RUNSPAN_DISABLED: '1' } }, 'RUNSPAN_DISABLED'],
  ['a worker thread', { isMainThread: false }, 'a worker thread'],
  ['the prompt', { script: undefined, isInteractive: true }, 'no job'],
  ['the prompt that is asked for', { script: undefined, execArgv: ['-i'] }, 'no job'],
  ['a syntax check', { execArgv: ['--check'] }, 'no job'],
])('%s is none', (_, facts, reason) => {
  expect(findReasonToSkip({ ...job, ...facts })).toBe(reason);
});

test('a link to a package manager is one', () => {
  const folder = makeFolder();
  mkdirSync(join(folder, 'bin'));
  writeFileSync(join(folder, 'bin/npm-cli.js'), '');
  symlinkSync(join(folder, 'bin/npm-cli.js'), join(folder, 'tool'));
  expect(findReasonToSkip({ ...job, script: join(folder, 'tool') })).toBe('a package manager');
});
