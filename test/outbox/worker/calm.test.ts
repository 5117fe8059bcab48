// How often a drain knocks at a store that is away.
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { openOutbox } from '../../../src/outbox/job/outbox.ts';
import { fakeSystem } from '../fake-system.ts';
import { memoryOpeners } from '../memory-openers.ts';
import { MemoryStore, unavailable } from '../memory-store.ts';
import { tempFolder } from '../temp-folder.ts';
import { create, runKey } from '../writes.ts';

it('twice a second while a flush waits, and at growing intervals once that has given up', async () => {
  const system = fakeSystem();
  const { clock } = system;
  const store = new MemoryStore({ onCall: () => ({ when: 'before', error: unavailable() }) });
  const folder = tempFolder();
  const outbox = openOutbox(
    {
      directory: join(folder, 'rs'),
      trackingUri: 'memory:',
      experimentName: 'churn',
      connection: {},
      drain: 'inline',
      artifactRoot: folder,
      env: {},
      onEvent: () => undefined,
    },
    { system, openers: memoryOpeners(store) },
  );
  outbox.append(create(runKey(1)));
  let isOver = false;
  void outbox.flush({ timeoutMs: 10_000 }).then(() => (isOver = true));
  await clock.runUntil(() => isOver);
  const urgent = store.calls.length;
  expect(urgent).toBeGreaterThan(15);
  const endMs = clock.monotonicMs() + 600_000;
  await clock.runUntil(() => clock.monotonicMs() >= endMs, 500);
  // Two are tried: the run, and the experiment of the start. At half a minute each, a little less by chance.
  expect(store.calls.length - urgent).toBeLessThan(100);
  const stopped = outbox.stop({ timeoutMs: 0 });
  let hasStopped = false;
  void stopped.then(() => (hasStopped = true));
  await clock.runUntil(() => hasStopped);
});
