// What several dead processes left: a few at a time, each whole.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { makeFolder, releaseFolder } from '../../../src/outbox/folder/folder.ts';
import { Journal } from '../../../src/outbox/journal/journal.ts';
import { openOutbox } from '../../../src/outbox/job/outbox.ts';
import { fakeSystem } from '../fake-system.ts';
import { memoryOpeners } from '../memory-openers.ts';
import { MemoryStore } from '../memory-store.ts';
import { tempFolder } from '../temp-folder.ts';
import { create, metric, runKey } from '../writes.ts';

const trackingUri = 'memory:';

/** A folder with one run that nobody ended. */
function leave(directory: string, key: string): void {
  const system = fakeSystem();
  const nothing = (): void => undefined;
  const paths = makeFolder(system, {
    directory,
    trackingUri,
    workspace: undefined,
    experimentName: 'churn',
    isInline: false,
  });
  const journal = new Journal({
    system,
    folder: paths.root,
    onMemory: nothing,
    onAccepted: nothing,
    settledThrough: () => 0,
    onWarning: nothing,
  });
  for (const write of [create(key), metric(key, 1)]) journal.append(write);
  journal.close();
  releaseFolder(system, paths, false);
}

it('goes on with other folders while the store dawdles over one, and ends that one too', async () => {
  const directory = join(tempFolder(), 'rs');
  for (let index = 0; index < 9; index += 1) leave(directory, runKey(index));
  const store = new MemoryStore();
  const createRun = store.createRun.bind(store);
  const slow = Promise.withResolvers<undefined>();
  let isFirst = true;
  store.createRun = async (request): ReturnType<MemoryStore['createRun']> => {
    const isSlow = isFirst;
    isFirst = false;
    if (isSlow) await slow.promise;
    return createRun(request);
  };
  const system = fakeSystem();
  const outbox = openOutbox(
    {
      directory,
      trackingUri,
      experimentName: 'churn',
      connection: {},
      artifactRoot: '/artifacts',
      drain: 'inline',
      env: {},
      onEvent: () => undefined,
    },
    { system, openers: memoryOpeners(store) },
  );
  const killed = (): number => store.activeRuns().filter(({ info }) => info.status === 'KILLED').length;
  await system.clock.runUntil(() => killed() === 8);
  slow.resolve(undefined);
  await system.clock.runUntil(() => killed() === 9);
  for (const run of store.activeRuns()) expect(run.metrics).toHaveLength(1);
  let isStopped = false;
  void outbox.stop({ timeoutMs: 5000 }).then(() => (isStopped = true));
  await system.clock.runUntil(() => isStopped);
  expect(readdirSync(directory)).toEqual(['.gitignore']);
});
