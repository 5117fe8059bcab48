// A process of `npm run simulate` whose histories nobody waits for any more.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { expect, it } from 'vitest';

it('ends without a word where whoever handed it histories is gone by the time it has lived through them', async () => {
  const child = fork(join(import.meta.dirname, 'simulate.ts'), ['share'], { stdio: ['ignore', 'pipe', 'pipe', 'ipc'] });
  const { stdout, stderr } = child;
  if (stdout === null || stderr === null) throw new Error('both are pipes');
  const said = Promise.all([text(stdout), text(stderr)]);
  const ended = once(child, 'exit');
  // It lives through them without a turn of its event loop, and so cannot see that it is alone.
  child.send({ seed: 1, share: 20 }, () => child.disconnect());
  expect(await ended).toEqual([0, null]);
  expect(await said).toEqual(['', '']);
});
