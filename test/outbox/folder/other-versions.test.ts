// Journals of other versions of the package: an older one's is delivered, a newer one's is named and kept.
import { cpSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { openOutbox } from '../../../src/outbox/job/outbox.ts';
import type { FakeSystem } from '../fake-system.ts';
import { fakeSystem } from '../fake-system.ts';
import { memoryOpeners } from '../memory-openers.ts';
import { MemoryStore } from '../memory-store.ts';
import { tempFolder } from '../temp-folder.ts';
import { runKey } from '../writes.ts';

/** Left by a process of version 0.1.0 in its first week, killed with one run ended, one begun, one not yet sent; before spooled checksums, models and joins. */
const fixture = join(import.meta.dirname, '../../fixtures/journal');
const name = 'trainer-4242-645d31d94cfc13e1';

interface Adopted {
  readonly uploads: Map<string, string>;
  readonly warnings: readonly string[];
}

/** Starts on the host on which that process died, and stops. */
async function adopt(directory: string, store: MemoryStore): Promise<Adopted> {
  const warnings: string[] = [];
  const uploads = new Map<string, string>();
  const system: FakeSystem = fakeSystem({ machine: { hostName: 'trainer', bootId: 'boot-of-now' } });
  const outbox = openOutbox(
    {
      directory,
      trackingUri: 'http://tracking.example',
      experimentName: 'churn',
      connection: {},
      artifactRoot: '/artifacts',
      drain: 'inline',
      env: {},
      onEvent: (event) => event.kind === 'warning' && warnings.push(event.message),
    },
    { system, openers: memoryOpeners(store, uploads) },
  );
  let isStopped = false;
  void outbox.stop({ timeoutMs: 60_000 }).then(() => (isStopped = true));
  await system.clock.runUntil(() => isStopped);
  return { uploads, warnings };
}

/** The store as that process had left it: two runs, the first ended. */
async function storeOfThen(): Promise<MemoryStore> {
  const store = new MemoryStore({ chosenRunId: false });
  const experimentId = await store.createExperiment({ name: 'churn' });
  for (const run of [1, 2]) {
    const tags = [{ key: 'runspan.run_key', value: runKey(run) }];
    await store.createRun({ experimentId, runName: `run ${run}`, userId: 'ann', startTimeMs: run, tags });
  }
  await store.updateRun({ runId: 'store-000002', status: 'FINISHED', endTimeMs: 3 });
  const metrics = [1, 2, 3, 4, 5].map((step) => point(step));
  await store.logBatch({ runId: 'store-000003', metrics });
  return store;
}

function point(step: number): { key: string; value: number; timestampMs: number; step: number } {
  return { key: 'loss', value: step / 2, timestampMs: 1_700_000_000_000 + step, step };
}

it('delivers what a process of an older version left, once, and ends its runs', async () => {
  const directory = tempFolder();
  cpSync(fixture, directory, { recursive: true });
  const store = await storeOfThen();
  const { uploads } = await adopt(directory, store);
  const runs = store.activeRuns();
  expect(runs.map(({ info }) => [info.runName, info.status])).toEqual([
    ['run 1', 'FINISHED'],
    ['run 2', 'KILLED'],
    ['run 3', 'KILLED'],
  ]);
  const second = runs[1];
  expect(second?.metrics.slice(0, 40)).toEqual(Array.from({ length: 40 }, (_, index) => point(index + 1)));
  expect(second?.metrics.slice(40)).toMatchObject([{ step: 41, value: Number.NaN }]);
  expect(Object.fromEntries(second?.params ?? [])).toEqual({ lr: '0.1', late: '1' });
  expect(second?.tags.get('stage')).toBe('dev é');
  expect(second?.tags.get('runspan.end_reason')).toContain('process 4242 on trainer');
  expect(Object.fromEntries(uploads)).toEqual({ '/artifacts/store-000003/notes/a.txt': 'kept text' });
  expect(runs[2]?.tags.get('mlflow.parentRunId')).toBe('store-000003');
  expect(readdirSync(directory)).toEqual(['.gitignore']);
});

it('leaves what a newer version wrote as it is, and says what reads it', async () => {
  const directory = tempFolder();
  cpSync(fixture, directory, { recursive: true });
  const header = join(directory, name, 'header.json');
  writeFileSync(header, readFileSync(header, 'utf8').replace('"formatVersion":1', '"formatVersion":2'));
  const store = new MemoryStore();
  const { warnings } = await adopt(directory, store);
  expect(store.activeRuns()).toEqual([]);
  expect(readdirSync(join(directory, name)).toSorted()).toEqual(readdirSync(join(fixture, name)).toSorted());
  expect(warnings).toEqual([expect.stringMatching(/written by a newer version of runspan.*updated.*trainer-4242/)]);
});
