// What a stop leaves of a disk that failed: memory alone held the newest value, and only the folder's state can say that it was delivered.
import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { Outbox } from '../../../src/outbox/contract.ts';
import { openOutbox } from '../../../src/outbox/job/outbox.ts';
import { NodeDisk } from '../../../src/outbox/machine/node-system.ts';
import { type FakeSystem, fakeSystem } from '../fake-system.ts';
import { memoryOpeners } from '../memory-openers.ts';
import { MemoryStore } from '../memory-store.ts';
import { tempFolder } from '../temp-folder.ts';
import { create, runKey } from '../writes.ts';

const key = runKey(1);

/** Takes no records, or no notes, for a while. */
class Failing extends NodeDisk {
  hasRoom = true;
  failingNotes = 0;
  /** So many notes it took. */
  notes = 0;

  override write(descriptor: number, bytes: Uint8Array): number {
    if (!this.hasRoom) throw ioError();
    return super.write(descriptor, bytes);
  }

  override replaceText(file: string, text: string, isSynced?: boolean): void {
    if (file.endsWith('state.json') && (this.failingNotes -= 1) >= 0) throw ioError();
    super.replaceText(file, text, isSynced);
    if (file.endsWith('state.json')) this.notes += 1;
  }
}

function ioError(): Error {
  return Object.assign(new Error('EIO: i/o error'), { code: 'EIO' });
}

interface Job {
  readonly outbox: Outbox;
  readonly system: FakeSystem;
  readonly warnings: readonly string[];
}

function open(store: MemoryStore, { directory, disk, pid }: { directory: string; disk: NodeDisk; pid: number }): Job {
  const system = fakeSystem({ disk, machine: { pid, isAlive: (other) => other === pid, processStart: String } });
  const warnings: string[] = [];
  const outbox = openOutbox(
    {
      directory,
      trackingUri: 'memory:',
      experimentName: 'churn',
      connection: {},
      artifactRoot: '/artifacts',
      drain: 'inline',
      env: {},
      onEvent: (event) => void (event.kind === 'warning' && warnings.push(event.message)),
    },
    { system, openers: memoryOpeners(store) },
  );
  return { outbox, system, warnings };
}

async function finish({ system }: Job, work: Promise<unknown>): Promise<void> {
  let isOver = false;
  void work.then(() => (isOver = true));
  await system.clock.runUntil(() => isOver);
}

/** A job that sets a tag on the disk and again in memory, and delivers both; no note of it is taken. */
async function deliver(store: MemoryStore, directory: string): Promise<Job & { readonly disk: Failing }> {
  const disk = new Failing();
  const job = open(store, { directory, disk, pid: 1001 });
  const { outbox } = job;
  disk.failingNotes = Number.POSITIVE_INFINITY;
  outbox.append(create(key));
  outbox.append({ kind: 'tags', runKey: key, tags: [{ key: 'stage', value: 'old' }] });
  outbox.writeBuffered();
  disk.hasRoom = false;
  outbox.append({ kind: 'tags', runKey: key, tags: [{ key: 'stage', value: 'new' }] });
  outbox.writeBuffered();
  expect(outbox.stats().durability).toBe('memory');
  await finish(job, outbox.flush({ timeoutMs: 30_000 }));
  expect(store.activeRuns()[0]?.tags.get('stage')).toBe('new');
  return { ...job, disk };
}

/** The next process, on a disk that fails no more: what the store has then. */
async function takeOver(store: MemoryStore, directory: string): Promise<readonly (string | undefined)[]> {
  const next = open(store, { directory, disk: new NodeDisk(), pid: 1002 });
  await finish(next, next.outbox.stop({ timeoutMs: 30_000 }));
  return store.activeRuns().flatMap(({ info, tags }) => [info.status, tags.get('stage')]);
}

it('is noted at the end where the disk takes it a moment later, so that nobody sends an older value again', async () => {
  const store = new MemoryStore();
  const directory = join(tempFolder(), 'rs');
  const job = await deliver(store, directory);
  job.disk.failingNotes = 3;
  await finish(job, job.outbox.stop({ timeoutMs: 30_000 }));
  expect(await takeOver(store, directory)).toEqual(['KILLED', 'new']);
});

it('is noted while the job has nothing more to log, too', async () => {
  const store = new MemoryStore();
  const directory = join(tempFolder(), 'rs');
  const { disk, system } = await deliver(store, directory);
  disk.failingNotes = 0;
  await system.clock.runUntil(() => disk.notes > 0);
  // Without an end: it is killed.
  expect(await takeOver(store, directory)).toEqual(['KILLED', 'new']);
});

it('is said to fall back where the disk never takes it', async () => {
  const { warnings } = await deliver(new MemoryStore(), join(tempFolder(), 'rs'));
  expect(warnings.filter((each) => each.includes('cannot note'))).toEqual([
    expect.stringMatching(/EIO: i\/o error\. .*a tag that was kept in memory alone falls back/),
  ]);
});
