// Deaths at random moments, a few; crash.heavy.test.ts has a hundred, deaths.heavy.test.ts the other ends.
import { it } from 'vitest';
import { killAtRandom } from './kills.ts';

it('kill -9 at random moments of a busy loop loses nothing, doubles nothing and ends each run KILLED', async ({
  signal,
}) => {
  await killAtRandom(4, signal);
}, 60_000);
