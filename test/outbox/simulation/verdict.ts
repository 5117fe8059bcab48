// What must be true when a history is over: everything accepted has arrived, once, in order, and every run has ended with the truth.
import { END_REASON_TAG } from '../../../src/model/write.ts';
import type { Attempt } from './sim-process.ts';
import type { SimRun } from './sim-run.ts';
import type { World } from './world.ts';

/** What is wrong; empty where nothing is. */
export function judge(world: World): readonly string[] {
  return [
    ...world.wrongs,
    ...judgeFolders(world),
    ...judgeRuns(world),
    ...judgeAlerts(world),
    ...judgeCounts(world),
    ...judgeOrder(world),
    ...judgeDead(world),
  ];
}

function judgeFolders(world: World): readonly string[] {
  return world.foldersLeft().map((name) => `folder ${name} is left`);
}

function judgeRuns(world: World): readonly string[] {
  const problems: string[] = [];
  for (const run of world.runs) {
    const attempts = run.owner.attempts.filter(({ write }) => write.runKey === run.key);
    const found = world.server.store.activeRuns().filter((each) => each.tags.get('runspan.run_key') === run.key);
    // Of a run that was in memory alone when its process died, nobody knows to look for a second one.
    if (found.length > 1 && attempts[0]?.isCertain === true) problems.push(`${run.key} is there ${found.length} times`);
    const [stored] = found;
    if (stored === undefined) {
      if (attempts[0]?.isCertain === true) problems.push(`${run.key} was accepted and is not there`);
      continue;
    }
    problems.push(...judgeContent(world, run, attempts, stored));
  }
  return problems;
}

type Stored = ReturnType<World['server']['store']['activeRuns']>[number];

function judgeContent(world: World, run: SimRun, attempts: readonly Attempt[], stored: Stored): readonly string[] {
  const problems: string[] = [];
  const say = (what: string): void => void problems.push(`${run.key}: ${what}`);
  const steps = stored.metrics.map(({ step }) => step);
  if (new Set(steps).size < steps.length) say('a point is there twice');
  let lastCertainTag = 0;
  // What was in memory alone has arrived too, where the process was told so.
  const haveArrived = run.owner.stopped?.isComplete === true;
  for (const attempt of attempts) {
    const { write } = attempt;
    const isCertain = attempt.isCertain || haveArrived;
    if (write.kind === 'tags' && isCertain && !isUndone(run, attempts, attempt))
      lastCertainTag = Number(write.tags[0]?.value);
    if (!isCertain) continue;
    if (write.kind === 'metric' && write.key !== 'bad' && !steps.includes(write.step))
      say(`point ${write.step} is lost`);
    if (write.kind === 'params') {
      for (const { key } of write.params) if (!stored.params.has(key)) say(`param ${key} is lost`);
    }
    // A run that ends by itself has mirrored them as tags of its own; of a dead one the reaper does.
    if (write.kind === 'attributes' && attempt.isCertain && stored.info.status === 'KILLED') {
      for (const { key } of write.tags) if (!stored.tags.has(key)) say(`attribute ${key} is lost`);
    }
    if (write.kind === 'artifact') {
      const text = world.server.artifacts.get(`${stored.info.artifactUri}/${write.path}`);
      if (text !== `text ${write.path.slice(0, -4)}`) say(`artifact ${write.path} is ${text ?? 'lost'}`);
    }
  }
  if (Number(stored.tags.get('count') ?? 0) < lastCertainTag)
    say(`a later tag than ${stored.tags.get('count')} was accepted`);
  if (steps.some((step) => step > run.metrics)) say('a point is there that nobody logged');
  const ends = attempts.filter(({ write }) => write.kind === 'end');
  const [end] = ends;
  const { status } = stored.info;
  const wanted = end?.write.kind === 'end' ? end.write.status : undefined;
  if (end?.isCertain === true && status !== wanted) say(`ended as ${status}, not as ${wanted}`);
  // Of a run that a process had in memory alone when it ended, its disk taking nothing, nobody can know.
  const isUnknown = attempts[0]?.isCertain === false && status === 'RUNNING';
  if (status !== 'KILLED' && status !== wanted && !isUnknown) say(`is ${status}, and nobody said so`);
  return problems;
}

/**
 * An older tag is sent again, and nobody can know better: the newer one was in memory alone and the disk to the end did not take the note that
 * both were delivered, which the process has said; or something took from the disk what nothing is promised of, and left the older one.
 */
function isUndone({ owner }: SimRun, attempts: readonly Attempt[], { isCertain, sequence }: Attempt): boolean {
  const isSentAgain = (each: Attempt): boolean =>
    each.write.kind === 'tags' && each.sequence > owner.notedThrough && each.sequence < sequence;
  const hasSaidSo = owner.events.some(
    (event) => event.kind === 'warning' && event.message.includes('a tag that was kept in memory alone falls back'),
  );
  return !isCertain && (hasSaidSo || owner.hasLostAll) && attempts.some(isSentAgain);
}

/**
 * Whoever takes a dead run's folder over says that it ended it, whatever death comes in between; and once, but where one did come. Of a run
 * of which nothing was promised the disk may have lost the folder's own word for it.
 */
function judgeAlerts(world: World): readonly string[] {
  const said = world.processes.flatMap(({ events }) => events.filter((event) => event.kind === 'reaped'));
  const creates = world.runs.flatMap((run) => run.owner.attempts.filter(({ write }) => write.kind === 'create'));
  const promised = new Set(creates.filter(({ isCertain }) => isCertain).map(({ write }) => write.runKey));
  return world.server.store.activeRuns().flatMap(({ info, tags }) => {
    const key = `${tags.get('runspan.run_key')}`;
    if (!promised.has(key)) return [];
    const reasons = said.filter((event) => event.runKey === key).map(({ reason }) => reason);
    const isReaped =
      info.status === 'KILLED' && /ended without closing|stopped before/.test(tags.get(END_REASON_TAG) ?? '');
    if (isReaped && reasons.length === 0) return [`${key} was ended, and nobody heard of it`];
    const plain = reasons.filter((reason) => !reason.endsWith('This may have been said before.'));
    return plain.length > 1 ? [`${key} was said to have ended ${plain.length} times`] : [];
  });
}

/** What each process was told of its own records. */
function judgeCounts(world: World): readonly string[] {
  const problems: string[] = [];
  for (const process of world.processes) {
    const { stats, stopped, isDead } = process;
    if (stats === undefined || (isDead && stopped === undefined)) continue;
    const { accepted, delivered, pending, deadLettered } = stats;
    if (delivered < 0 || pending < 0 || deadLettered < 0 || accepted !== delivered + pending + deadLettered) {
      problems.push(
        `${process.pid}: ${accepted} accepted, ${delivered} delivered, ${pending} pending, ${deadLettered} dead`,
      );
    }
    if (accepted !== process.attempts.length)
      problems.push(`${process.pid}: ${process.attempts.length} appended, ${accepted} accepted`);
    if (stopped?.isComplete === true && stopped.pending > 0)
      problems.push(`${process.pid}: complete with ${stopped.pending} pending`);
  }
  return problems;
}

/** What the server carried out of one run for one process never steps back, but to the beginning of what is sent again. */
function judgeOrder(world: World): readonly string[] {
  const problems: string[] = [];
  const last = new Map<string, number>();
  const bad = new Set(world.runs.filter((run) => run.hasBad).map((run) => run.key));
  for (const { pid, method, request } of world.applied) {
    if (method !== 'logBatch') continue;
    // What the drain hands to a store's logBatch.
    const { runId, metrics = [] } = request as { runId: string; metrics?: readonly { step: number; key: string }[] };
    const key = world.server.store.runs.get(runId)?.tags.get('runspan.run_key') ?? runId;
    const steps = metrics.map(({ step }) => step);
    const first = steps[0];
    if (first === undefined || bad.has(key)) continue;
    if (steps.some((step, index) => index > 0 && step <= (steps[index - 1] ?? 0)))
      problems.push(`${key}: a batch out of order`);
    if (first < (last.get(`${pid} ${key}`) ?? 0)) problems.push(`${key}: point ${first} was sent after a later one`);
    last.set(`${pid} ${key}`, first);
  }
  return problems;
}

interface Letter {
  readonly sequence: number;
  readonly count: number;
  readonly record?: { readonly key?: string; readonly path?: string; readonly runKey: string };
}

/** Undefined where death tore the line: what it stood for is buried again by whoever goes on. */
function parseLetter(line: string): Letter | undefined {
  try {
    return JSON.parse(line) as Letter;
  } catch {
    return undefined;
  }
}

/** Records that a process had in memory alone: the gap that they leave is named, since what became of them may be noted nowhere. */
function isLossOfMemory(world: World, { sequence, count, record }: Letter): boolean {
  // A run whose beginning was lost with it has no place in the store for what is still on disk.
  if (record !== undefined)
    return world.processes.some(({ isDead, attempts }) => {
      const beginning = attempts.find(({ write }) => write.runKey === record.runKey);
      // A power cut may take an artifact's kept copy, and leave the record that speaks of it.
      const isUnsynced = attempts.some(
        ({ write, isCertain }) => write.kind === 'artifact' && write.path === record.path && !isCertain,
      );
      return isDead && (beginning?.isCertain === false || (beginning !== undefined && isUnsynced));
    });
  return world.processes.some(({ isDead, attempts }) => {
    const lost = attempts.slice(sequence - 1, sequence - 1 + count);
    return isDead && lost.length === count && lost.every((attempt) => !attempt.isCertain);
  });
}

/** Only what the server refuses for good lies among the dead letters, and each once. */
function judgeDead(world: World): readonly string[] {
  const problems: string[] = [];
  // Where the disk takes no letter, it goes out as a warning.
  let dead = world.processes
    .flatMap((each) => each.events)
    .filter(
      (event) => event.kind === 'warning' && event.message.startsWith('A refused record could not be kept'),
    ).length;
  for (const [file, node] of world.disk.nodes) {
    if (!file.startsWith('/runspan/dead-letters/') || !file.endsWith('.jsonl')) continue;
    const seen = new Set<number>();
    for (const line of (node.bytes?.toString('utf8') ?? '').split('\n')) {
      const letter = parseLetter(line);
      if (letter === undefined) continue;
      if (seen.has(letter.sequence)) problems.push(`${file}: ${letter.sequence} is buried twice`);
      seen.add(letter.sequence);
      if (letter.record?.key === 'bad') dead += 1;
      else if (!isLossOfMemory(world, letter)) problems.push(`${file}: ${line}`);
    }
  }
  const certain = world.processes
    .flatMap((each) => each.attempts)
    .filter(({ write, isCertain }) => isCertain && 'key' in write && write.key === 'bad');
  if (dead < certain.length)
    problems.push(`${certain.length} bad points were accepted, ${dead} are among the dead letters`);
  return problems;
}
