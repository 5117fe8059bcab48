// Every end right after 20,000 metrics.
import { test } from 'vitest';
import { expectBurst } from './bursts.ts';
import type { Burst } from './bursts.ts';

const bursts: readonly (Burst & { readonly claim: string })[] = [
  { claim: 'process.exit inside the run', end: 'exit-inside', code: 0, status: 'FINISHED' },
  { claim: 'a throw inside the run', end: 'throw-inside', code: 1, status: 'FAILED' },
  { claim: 'process.exit right after the run', end: 'exit', code: 0, status: 'FINISHED' },
  { claim: 'a throw right after the run', end: 'throw', code: 1, status: 'FINISHED' },
  { claim: 'a natural end', end: 'none', code: 0, status: 'FINISHED' },
];

test.each(bursts)('$claim after 20,000 metrics: all are there, value by value', async (burst) => {
  await expectBurst(burst);
});
