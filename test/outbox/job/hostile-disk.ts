// A job on a disk that fails, and the next start on one that does not: what must be true whatever call failed.
import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { RunspanError } from '../../../src/errors.ts';
import type { Write } from '../../../src/model/write.ts';
import type { FlushResult, Outbox, OutboxStats } from '../../../src/outbox/contract.ts';
import { NodeDisk } from '../../../src/outbox/machine/node-system.ts';
import { openOutbox } from '../../../src/outbox/job/outbox.ts';
import type { Disk } from '../../../src/outbox/machine/system.ts';
import type { Failure } from './failing-calls.ts';
import { failingCalls } from './failing-calls.ts';
import { fakeSystem } from '../fake-system.ts';
import { memoryOpeners } from '../memory-openers.ts';
import { MemoryStore } from '../memory-store.ts';
import { tempFolder } from '../temp-folder.ts';
import { create, end, metric, runKey } from '../writes.ts';

export const DISK_CODES = ['ENOSPC', 'EIO', 'EROFS', 'EMFILE'] as const;

const POINTS = 60;
const key = runKey(1);

interface Bench {
  readonly store: MemoryStore;
  readonly uploads: Map<string, string>;
  readonly directory: string;
}

/** What a job found out. */
export interface JobEnd {
  readonly calls: number;
  readonly problems: readonly string[];
}

function open(
  { store, uploads, directory }: Bench,
  disk: Disk,
  pid: number,
): { outbox: Outbox; system: ReturnType<typeof fakeSystem> } {
  const system = fakeSystem({
    disk,
    seed: pid,
    machine: { pid, isAlive: (other) => other === pid, processStart: String },
  });
  const outbox = openOutbox(
    {
      directory,
      trackingUri: 'memory:',
      experimentName: 'churn',
      connection: {},
      artifactRoot: '/artifacts',
      drain: 'inline',
      env: {},
      onEvent: () => undefined,
    },
    { system, openers: memoryOpeners(store, uploads), segmentBytes: 2000 },
  );
  return { outbox, system };
}

/** Stops, with the time that it may take. */
async function stop({ outbox, system }: ReturnType<typeof open>): Promise<FlushResult> {
  let result: FlushResult | undefined;
  void outbox.stop({ timeoutMs: 30_000 }).then((ended) => (result = ended));
  await system.clock.runUntil(() => result !== undefined, 250);
  if (result === undefined) throw new Error('stop() never ended');
  return result;
}

/** Lives through one job whose disk fails as said, then through a next start whose disk does not. */
export async function liveOn(failure: Failure | undefined): Promise<JobEnd> {
  const bench = { store: new MemoryStore(), uploads: new Map<string, string>(), directory: join(tempFolder(), 'rs') };
  const problems: string[] = [];
  const counting = failingCalls(new NodeDisk(), failure);
  const job = open(bench, counting.disk, 1001);
  const appended: Write[] = [];
  const append = (write: Write): void => {
    job.outbox.append(write);
    appended.push(write);
  };
  append(create(key));
  let isSpooled = true;
  try {
    append({ kind: 'artifact', runKey: key, path: 'a.txt', source: job.outbox.spoolBytes(Buffer.from('text')) });
  } catch (error) {
    isSpooled = false;
    if (!(error instanceof RunspanError && error.code === 'OUTBOX_FULL'))
      problems.push(`spoolBytes threw ${String(error)}`);
  }
  for (let step = 1; step <= POINTS; step += 1) append(metric(key, step));
  await job.system.clock.runUntil(() => job.outbox.stats().accepted === appended.length, 50);
  const isBroken = failure?.how === 'from then on' && counting.failed() !== undefined;
  append({ kind: 'tags', runKey: key, tags: [{ key: 'stage', value: 'eval' }] });
  append(end(key));
  job.outbox.writeBuffered();
  const memory = job.outbox.stats().durability === 'memory';
  if (isBroken && !memory) problems.push('the disk takes nothing, and nobody says so');
  const result = await stop(job);
  const stats = job.outbox.stats();
  problems.push(...judgeCounts(stats, result, appended.length));
  if (!isSpooled && stats.refused['spool'] !== 1) problems.push('a refused artifact is not counted');
  const next = open(bench, new NodeDisk(), 1002);
  await stop(next);
  // What was in memory alone, behind what the disk does not give back, is lost with its process.
  problems.push(...judgeStore(bench, { isSpooled, dead: stats.deadLettered, pending: stats.pending, memory }));
  const left = readdirSync(bench.directory, { withFileTypes: true }).filter((each) => each.isDirectory());
  for (const { name } of left) if (!name.startsWith('.') && name !== 'dead-letters') problems.push(`${name} is left`);
  rmSync(bench.directory, { recursive: true, force: true });
  const when = failure === undefined ? 'no failure' : `${failure.code} ${failure.how} at call ${failure.from}`;
  return { calls: counting.count(), problems: problems.map((each) => `${when}, ${counting.failed()}: ${each}`) };
}

function judgeCounts(stats: OutboxStats, result: FlushResult, appended: number): readonly string[] {
  const { accepted, delivered, pending, deadLettered } = stats;
  const problems: string[] = [];
  if (accepted !== appended) problems.push(`${appended} appended, ${accepted} accepted`);
  if (accepted !== delivered + pending + deadLettered || Math.min(delivered, pending, deadLettered) < 0)
    problems.push(`${accepted} accepted, ${delivered} delivered, ${pending} pending, ${deadLettered} dead`);
  if (result.isComplete !== (pending === 0)) problems.push(`complete: ${result.isComplete}, pending: ${pending}`);
  return problems;
}

function judgeStore(
  { store, uploads }: Bench,
  job: { readonly isSpooled: boolean; readonly dead: number; readonly pending: number; readonly memory: boolean },
): readonly string[] {
  const problems: string[] = [];
  const runs = store.activeRuns();
  if (runs.length !== 1) problems.push(`${runs.length} runs`);
  const steps = runs[0]?.metrics.map(({ step }) => step) ?? [];
  const missing = POINTS - new Set(steps).size;
  if (new Set(steps).size < steps.length) problems.push('a point is there twice');
  const isKept = job.memory && job.pending > 0;
  if (missing > 0 && job.dead === 0 && !isKept) problems.push(`${missing} points are lost and nobody said so`);
  if (runs[0]?.tags.get('stage') !== 'eval' && job.dead === 0 && !isKept) problems.push('the tag is lost');
  if (runs[0]?.info.status !== 'FINISHED' && job.dead === 0 && !isKept)
    problems.push(`the run is ${runs[0]?.info.status}`);
  if (job.isSpooled && job.dead === 0 && !isKept && uploads.size !== 1) problems.push('the artifact is lost');
  return problems;
}
