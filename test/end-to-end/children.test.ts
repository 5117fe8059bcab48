// A run opened by code tells the children that it starts: by run.childEnv() they join it, under register or by the functions.
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { makeFolder, readRuns, runJob } from './run-job.ts';

const REGISTER = new URL('../../dist/register.js', import.meta.url).href;
const CHILD = fileURLToPath(new URL('../jobs/registered.mjs', import.meta.url));

test.each([
  ['the functions', [CHILD, 'child']],
  ['register', ['--import', REGISTER, CHILD, 'child']],
])('by %s: what the child logs is the run’s, in the store that only the code names', async (_, childArgs) => {
  const folder = makeFolder();
  const { code, stderr } = await runJob('parent.mjs', {
    folder,
    args: ['sqlite:///elsewhere.db', ...childArgs],
    env: { RUNSPAN_ALERTS_ENABLE: 'false' },
  });
  expect(code, stderr).toBe(0);
  const runs = readRuns(folder, 'elsewhere.db');
  expect(runs).toHaveLength(1);
  expect(runs[0]).toMatchObject({ name: 'parent', status: 'FINISHED' });
  expect(runs[0]?.metrics).toMatchObject([
    { key: 'child', value: 1 },
    { key: 'parent', value: 1 },
  ]);
});
