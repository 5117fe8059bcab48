import { execFileSync } from 'node:child_process';
import { closeSync, constants, mkdtempSync, openSync, readFileSync, readSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { writeNow } from '../../../src/services/alerts/alert-line.ts';

let folder = '';

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'runspan-line-'));
});

afterAll(() => {
  rmSync(folder, { recursive: true });
});

/** A pipe that does not block: a full one answers EAGAIN. */
function openPipe(name: string): number {
  const path = join(folder, name);
  execFileSync('mkfifo', [path]);
  return openSync(path, constants.O_RDWR | constants.O_NONBLOCK);
}

describe('writeNow', () => {
  it('writes the whole text', () => {
    const file = join(folder, 'out');
    const fd = openSync(file, 'w');
    expect(writeNow('[zz] é: 日本\n', fd)).toBe(true);
    closeSync(fd);
    expect(readFileSync(file, 'utf8')).toBe('[zz] é: 日本\n');
  });

  it('gives up on a closed descriptor without an error', () => {
    const fd = openSync(join(folder, 'closed'), 'w');
    closeSync(fd);
    expect(writeNow('text', fd)).toBe(false);
  });

  it.skipIf(process.platform === 'win32')(
    'waits for a full pipe, but not for ever, and goes on when there is room',
    () => {
      const fd = openPipe('full');
      const startedMs = performance.now();
      expect(writeNow('x'.repeat(10_000_000), fd)).toBe(false);
      expect(performance.now() - startedMs).toBeLessThan(10_000);
      const buffer = Buffer.alloc(1_000_000);
      while (readSync(fd, buffer) === buffer.length);
      expect(writeNow('room', fd)).toBe(true);
      closeSync(fd);
    },
  );
});
