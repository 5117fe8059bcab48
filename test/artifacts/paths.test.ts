// The one rule for artifact paths.
import fc from 'fast-check';
import { posix } from 'node:path';
import { expect, test } from 'vitest';
import { RunspanError } from '../../src/errors.ts';
import { assertArtifactPath, assertServerPath } from '../../src/artifacts/paths.ts';

test.each([
  ['a', 'a'],
  ['a/b.txt', 'a/b.txt'],
  ['./a//b/', 'a/b'],
  ['..a/b..', '..a/b..'],
  ['...', '...'],
  ['ü 日本?&%2e%2e.txt', 'ü 日本?&%2e%2e.txt'],
  ['c:d', 'c:d'],
])('%j is %j', (path, plain) => {
  expect(assertArtifactPath(path)).toBe(plain);
});

test.each([
  ['', 'it is empty'],
  ['.//.', 'it is empty'],
  ['/a', 'it is absolute'],
  ['C:', 'it is absolute'],
  ['c:/a', 'it is absolute'],
  ['a/../b', 'leads out of the root'],
  ['..', 'leads out of the root'],
  ['a\\b', 'use / between folders'],
  ['a\0', 'it holds a NUL'],
  [7 as unknown as string, 'it is no text'],
])('%j is refused: %s', (path, reason) => {
  expect(() => assertArtifactPath(path)).toThrow(reason);
  expect(() => assertArtifactPath(path)).toThrow(RunspanError);
});

test.each([
  ['a/%41', 'would decode %41'],
  ['two\nlines', 'it holds a line break'],
  ['two\nlines/a', 'it holds a line break'],
])('%j is refused for a server: %s', (path, reason) => {
  expect(assertArtifactPath(path)).toBe(path);
  expect(() => assertServerPath(path)).toThrow(reason);
  expect(() => assertServerPath(path)).toThrow(RunspanError);
});

test('whatever is let through stays under the root', () => {
  const part = fc.oneof(fc.constantFrom('..', '.', '', '/', '\\', '~', 'C:', '\0'), fc.string());
  fc.assert(
    fc.property(fc.array(part), (parts) => {
      let plain: string;
      try {
        plain = assertArtifactPath(parts.join('/'));
      } catch (error) {
        expect(error).toMatchObject({ code: 'INVALID_PATH' });
        return;
      }
      expect(posix.join('/root/folder', plain)).toBe(`/root/folder/${plain}`);
      expect(assertArtifactPath(plain)).toBe(plain);
    }),
  );
});
