import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { putSettingsTables } from '../../scripts/settings-tables.ts';

const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');

test('the README names every setting as the code has it (else: node scripts/settings-tables.ts)', () => {
  expect(readme).toContain('`experimentName`');
  expect(putSettingsTables(readme)).toBe(readme);
});

test('the README lists every error code', () => {
  const errors = readFileSync(new URL('../../src/errors.ts', import.meta.url), 'utf8');
  const codes = [
    ...errors.slice(errors.indexOf('type ErrorCode'), errors.indexOf('/** What an error')).matchAll(/'([A-Z_]+)'/g),
  ].map((match) => match[1] ?? '');
  expect(codes.length).toBeGreaterThan(10);
  expect(codes.filter((code) => !readme.includes(`\`${code}\``))).toEqual([]);
});
