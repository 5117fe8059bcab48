// What happens where a backend cannot be brought up: the Collector's tests, in a child, with a cache that cannot be made.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const root = join(import.meta.dirname, '../..');

function runCollectorTests(env: Readonly<Record<string, string>>): { status: number | null; text: string } {
  const { CI: _, ...inherited } = process.env;
  const vitest = join(root, 'node_modules/vitest/vitest.mjs');
  const args = [
    vitest,
    'run',
    '--config',
    'vitest.live.config.ts',
    'test/live/backends.test.ts',
    '-t',
    'backend collector',
  ];
  const { status, stdout, stderr } = spawnSync(process.execPath, args, {
    cwd: root,
    encoding: 'utf8',
    env: { ...inherited, NO_COLOR: '1', BACKENDS_CACHE: '/dev/null/cache', ...env },
  });
  return { status, text: stdout + stderr };
}

test('skips loudly on a machine of a developer', () => {
  const { status, text } = runCollectorTests({});
  expect(text).toContain("*** SKIPPED: backend 'collector' cannot be brought up");
  expect(status).toBe(0);
});

test('fails where CI is set', () => {
  const { status, text } = runCollectorTests({ CI: 'true' });
  expect(text).toContain('collector.sh start ended with');
  expect(status).toBe(1);
});
