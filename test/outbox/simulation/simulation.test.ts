// Ten thousand histories of the outbox, in processes of their own: `npm run simulate` lives through as many as one likes.
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { liveThrough } from './histories.ts';

const run = promisify(execFile);

it.concurrent.each([1, 5001])(
  'five thousand histories of crashes, rivals, faults and clock steps end as they must, from seed %d on',
  { timeout: 120_000 },
  async (seed) => {
    const { stdout } = await run(process.execPath, [join(import.meta.dirname, 'simulate.ts'), '5000', String(seed)]);
    expect(stdout).toMatch(/^5000 histories from seed \d+ ended as they must: \d{5,} accepted records/);
  },
);

it.each([[5_048_552, 'a flush() that came behind stop() resolved before anything was synced']])(
  'lives through history %d, which ended wrong once: %s',
  async (seed) => {
    expect(await liveThrough(seed, 1)).toBeGreaterThan(0);
  },
);
