// Ten thousand histories of the outbox, in processes of their own: `npm run simulate` lives through as many as one likes.
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';

const run = promisify(execFile);

it.concurrent.each([1, 5001])(
  'five thousand histories of crashes, rivals, faults and clock steps end as they must, from seed %d on',
  { timeout: 180_000 },
  async (seed) => {
    const { stdout } = await run(process.execPath, [join(import.meta.dirname, 'simulate.ts'), '5000', String(seed)]);
    expect(stdout).toMatch(/^5000 histories from seed \d+ ended as they must: \d{5,} accepted records/);
  },
);
