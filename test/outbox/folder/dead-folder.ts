// A folder whose process died in the middle, with something of each kind in it; and what a next start makes of a damaged copy of it.
import { cpSync, existsSync, readFileSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openOutbox } from '../../../src/outbox/job/outbox.ts';
import type { Outbox } from '../../../src/outbox/contract.ts';
import type { FakeSystem } from '../fake-system.ts';
import { fakeSystem } from '../fake-system.ts';
import { memoryOpeners } from '../memory-openers.ts';
import type { OnPut, Uploads } from '../memory-openers.ts';
import { MemoryStore, unavailable } from '../memory-store.ts';
import { tempFolder } from '../temp-folder.ts';
import { create, end, metric, runKey } from '../writes.ts';

const [open, ended] = [runKey(1), runKey(2)];
/** Points of the open run: a part is delivered, and its first segments are gone by then. */
const DELIVERED = 60;
const POINTS = 90;
/** The last sign of life. */
const LAST_SEEN_MS = 1_700_000_050_000;

/** What a dead process left, and the store as it had left that. */
export interface DeadFolder {
  readonly directory: string;
  readonly name: string;
  readonly store: MemoryStore;
}

interface Opened {
  readonly outbox: Outbox;
  readonly system: FakeSystem;
  readonly warnings: string[];
}

function start(
  directory: string,
  { store, uploads, onPut, bootId }: { store: MemoryStore; uploads: Uploads; onPut?: OnPut; bootId: string },
): Opened {
  const warnings: string[] = [];
  const system = fakeSystem({ seed: 7, machine: { hostName: 'trainer', bootId, pid: bootId === 'then' ? 77 : 78 } });
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
    { system, openers: memoryOpeners(store, uploads, onPut), segmentBytes: 2000 },
  );
  return { outbox, system, warnings };
}

/** Lives and dies: one run is ended, one open with attributes kept, points pending, an artifact set aside, a record refused. */
export async function leaveDeadFolder(): Promise<DeadFolder> {
  const directory = join(tempFolder(), 'rs');
  const store = new MemoryStore({ chosenRunId: false });
  const onPut = (): Promise<void> => Promise.reject(new Error('the bucket is away'));
  const { outbox, system } = start(directory, { store, uploads: new Map(), onPut, bootId: 'then' });
  const until = (sequence: number): Promise<void> =>
    system.clock.runUntil(() => outbox.stats().accepted === sequence && outbox.stats().pending <= 1);
  for (const write of [create(ended), end(ended), create(open)]) outbox.append(write);
  const params = [{ key: 'rows', value: '442' }];
  outbox.append({ kind: 'attributes', runKey: open, params, tags: [], metrics: [] });
  outbox.append({ kind: 'artifact', runKey: open, path: 'a.txt', source: outbox.spoolBytes(Buffer.from('kept text')) });
  await until(5);
  outbox.append({ ...metric(open, 0), key: 'bad one' });
  for (let step = 1; step <= DELIVERED; step += 1) outbox.append(metric(open, step));
  await until(6 + DELIVERED);
  // Saved with nothing under way, and its first files are gone.
  await system.clock.runUntil(() => !existsSync(join(outbox.stats().directory, 'journal-000001.log')));
  store.onCall = () => ({ when: 'before', error: unavailable() });
  for (let step = DELIVERED + 1; step <= POINTS; step += 1) outbox.append(metric(open, step));
  outbox.writeBuffered();
  store.onCall = () => undefined;
  const name = readdirSync(directory).find((each) => each.startsWith('trainer-')) ?? '';
  return { directory, name, store: store.copy() };
}

/** The files of a folder that are no journal, and not the user's. */
export function notesOf({ directory, name }: DeadFolder): readonly string[] {
  const files = readdirSync(join(directory, name), { withFileTypes: true }).filter((each) => each.isFile());
  return files.map((each) => each.name).filter((each) => !each.startsWith('journal-'));
}

/** A place for a copy of it. */
export function copyOf({ directory, name }: DeadFolder, damage: ReadonlyMap<string, Uint8Array>): string {
  const folder = join(tempFolder(), 'rs');
  cpSync(directory, folder, { recursive: true });
  for (const [file, bytes] of damage) writeFileSync(join(folder, name, file), bytes);
  for (const file of ['lease', '.']) utimesSync(join(folder, name, file), LAST_SEEN_MS / 1000, LAST_SEEN_MS / 1000);
  return folder;
}

/** What a next start came to. */
export interface Adopted {
  readonly problems: readonly string[];
  readonly warnings: string;
}

/** Starts beside a copy of which some bytes are others, and says what is wrong with what became of it. */
export async function adoptDamaged(dead: DeadFolder, damage: ReadonlyMap<string, Uint8Array>): Promise<Adopted> {
  const folder = copyOf(dead, damage);
  const store = dead.store.copy();
  const uploads: Uploads = new Map();
  const { outbox, system, warnings } = start(folder, { store, uploads, bootId: 'now' });
  const others = (): readonly string[] => {
    const own = outbox.stats().directory;
    return readdirSync(folder).filter(
      (each) => !each.startsWith('.') && !own.endsWith(each) && each !== 'dead-letters',
    );
  };
  const problems: string[] = [];
  try {
    await system.clock.runUntil(() => others().length === 0, 500);
  } catch {
    problems.push(`${others().join()} is left`);
  }
  let isStopped = false;
  void outbox.stop({ timeoutMs: 10_000 }).then(() => (isStopped = true));
  await system.clock.runUntil(() => isStopped, 500);
  problems.push(...judge(store, uploads, lettersIn(folder)));
  rmSync(folder, { recursive: true, force: true });
  return { problems, warnings: warnings.join(' ') };
}

function lettersIn(folder: string): string {
  const graveyard = join(folder, 'dead-letters');
  if (!existsSync(graveyard)) return '';
  const files = readdirSync(graveyard).filter((each) => each.endsWith('.jsonl'));
  return files.map((each) => readFileSync(join(graveyard, each), 'utf8')).join('');
}

function judge(store: MemoryStore, uploads: Uploads, letters: string): readonly string[] {
  const problems: string[] = [];
  const runs = store.activeRuns();
  const statuses = runs.map(({ info }) => info.status).join();
  if (statuses !== 'FINISHED,KILLED') problems.push(`the runs are ${statuses}`);
  const run = runs[1];
  const steps = run?.metrics.map(({ step }) => step).join();
  if (steps !== Array.from({ length: POINTS }, (_, index) => index + 1).join())
    problems.push(`the points are ${steps}`);
  if (run?.params.get('rows') !== '442') problems.push('the attribute is lost');
  if (run?.info.endTimeMs !== LAST_SEEN_MS) problems.push(`its end is ${run?.info.endTimeMs}`);
  const files = JSON.stringify([...uploads]);
  const isNamed = letters.includes('set aside');
  if (files !== '[["/artifacts/store-000003/a.txt","kept text"]]' && !(isNamed && files === '[]'))
    problems.push(`the files are ${files}, and the dead letters ${letters}`);
  return problems;
}
