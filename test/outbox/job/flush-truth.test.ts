// flush() resolves to what has really happened: histories of appends, outages, refusals and deadlines, each answer held against the store.
import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { FlushResult, Outbox } from '../../../src/outbox/contract.ts';
import { openOutbox } from '../../../src/outbox/job/outbox.ts';
import type { FakeSystem } from '../fake-system.ts';
import { fakeSystem } from '../fake-system.ts';
import { memoryOpeners } from '../memory-openers.ts';
import { MemoryStore, unavailable } from '../memory-store.ts';
import { tempFolder } from '../temp-folder.ts';
import { create, metric, runKey } from '../writes.ts';

const HISTORIES = 40;
const STEPS = 25;
const key = runKey(1);

interface World {
  readonly outbox: Outbox;
  readonly system: FakeSystem;
  readonly store: MemoryStore;
  /** How many points were appended that the store takes, and how many that it refuses. */
  good: number;
  bad: number;
}

function open(seed: number): World {
  const store = new MemoryStore();
  const system = fakeSystem({ seed });
  const outbox = openOutbox(
    {
      directory: join(tempFolder(), 'rs'),
      trackingUri: 'memory:',
      experimentName: 'churn',
      connection: {},
      artifactRoot: '/artifacts',
      drain: 'inline',
      env: {},
      onEvent: () => undefined,
    },
    { system, openers: memoryOpeners(store) },
  );
  outbox.append(create(key));
  return { outbox, system, store, good: 0, bad: 0 };
}

/** What an answer says that is not so; the run's create counts too. */
function lies({ outbox, store }: World, before: { good: number; bad: number }, result: FlushResult): readonly string[] {
  const { accepted, delivered, pending, deadLettered } = outbox.stats();
  const inStore = (store.runs.get(key)?.metrics.length ?? 0) + store.runs.size;
  const problems: string[] = [];
  if (accepted !== delivered + pending + deadLettered) problems.push('the counts do not add up');
  if (result.isComplete && inStore < before.good + 1) problems.push(`complete, and the store has ${inStore}`);
  if (result.isComplete && result.deadLettered < before.bad)
    problems.push(`complete, and ${result.deadLettered} are dead`);
  if (result.delivered > inStore) problems.push(`${result.delivered} delivered, and the store has ${inStore}`);
  if (!result.isComplete && result.pending === 0) problems.push('not complete, and nothing is pending');
  if (result.delivered + result.pending + result.deadLettered !== accepted) problems.push('the answer does not add up');
  return problems;
}

async function settle(world: World, work: Promise<FlushResult>): Promise<FlushResult> {
  let result: FlushResult | undefined;
  void work.then((answer) => (result = answer));
  await world.system.clock.runUntil(() => result !== undefined, 25);
  return work;
}

async function live(seed: number): Promise<readonly string[]> {
  const world = open(seed);
  const { outbox, system, store } = world;
  const below = (limit: number): number => Math.floor(system.random() * limit);
  const problems: string[] = [];
  for (let step = 0; step < STEPS; step += 1) {
    const choice = below(10);
    if (choice < 4)
      for (let count = below(60); count > 0; count -= 1) {
        const isBad = below(20) === 0;
        outbox.append(metric(key, world.good + world.bad, isBad ? 'bad' : 'loss'));
        if (isBad) world.bad += 1;
        else world.good += 1;
      }
    else if (choice === 4) store.onCall = () => ({ when: 'before', error: unavailable() });
    else if (choice === 5) store.onCall = () => ({ when: 'after', error: unavailable(true) });
    else if (choice === 6) store.onCall = () => undefined;
    else {
      const before = { good: world.good, bad: world.bad };
      const result = await settle(world, outbox.flush({ timeoutMs: below(3000) }));
      for (const each of lies(world, before, result)) problems.push(`seed ${seed}, step ${step}: ${each}`);
    }
  }
  const before = { good: world.good, bad: world.bad };
  if (below(2) === 0) store.onCall = () => undefined;
  const last = await settle(world, outbox.stop({ timeoutMs: 20_000 }));
  for (const each of lies(world, before, last)) problems.push(`seed ${seed}, stop: ${each}`);
  return problems;
}

it('in histories of any kind, with a server that is away, that carries out what it answers 503 to, and that refuses', async () => {
  for (let seed = 1; seed <= HISTORIES; seed += 1) expect(await live(seed)).toEqual([]);
});
