// docs/client-methods.md has a row for every method of MlflowClient.
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { METHODS_PAGE, renewMethodsPage } from '../../scripts/client-methods.ts';

test('the page of methods has a row for each, as `node scripts/client-methods.ts` writes them', async () => {
  const page = readFileSync(METHODS_PAGE, 'utf8');
  expect(await renewMethodsPage(page)).toBe(page);
});
