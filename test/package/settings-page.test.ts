import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { putSettingsTables } from '../../scripts/settings-tables.ts';

test('the page of settings names every setting as the code has it (else: node scripts/settings-tables.ts)', () => {
  const page = readFileSync(new URL('../../docs/settings.md', import.meta.url), 'utf8');
  expect(page).toContain('`experimentName`');
  expect(putSettingsTables(page)).toBe(page);
});
