// kill -9 at a hundred random moments.
import { expect, it } from 'vitest';
import { killAtRandom } from './kills.ts';

it('at 100 random moments of a busy loop loses nothing, doubles nothing and ends each run KILLED', async () => {
  await expect(killAtRandom(100)).resolves.toBeUndefined();
}, 300_000);
