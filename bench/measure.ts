// What every bench shares: turn by turn, medians of CPU and wall time, the goals, and the machine they were measured on.
import { cpus, loadavg } from 'node:os';

/** One contestant. */
export interface Contestant {
  readonly name: string;
  /** Does the work of one round and returns how many items it did. */
  readonly run: () => number | Promise<number>;
  /** What the same round costs this thread later; it counts for `goal.wholeUs` only. */
  readonly settle?: () => unknown;
  readonly goal?: Goal;
}

/** What a contestant must reach, in CPU time of this thread by median. */
export interface Goal {
  /** At most this many times the first contestant. */
  readonly timesFirst?: number;
  /** At most this many µs an item. */
  readonly us?: number;
  /** At most this many µs an item, `settle` included. */
  readonly wholeUs?: number;
  /** At least this many items in a second of wall time. */
  readonly perSecond?: number;
  /** So many times as quick as another contestant, in wall time round by round; not judged where that one does not take part. */
  readonly quickerThan?: { readonly name: string; readonly times: number };
}

interface Times {
  readonly cpu: number[];
  readonly wall: number[];
  readonly whole: number[];
}

const US_PER_MS = 1_000;
const US_PER_S = 1_000_000;

/**
 * Runs the contestants turn by turn and prints for each, in µs an item: CPU time of this thread (median and least), wall time
 * (median), the whole with `settle`, the ratio to the first, and whether its goal is met. CPU time, since other work on the machine
 * stretches wall time.
 */
export async function compare(question: string, contestants: readonly Contestant[], rounds = 15): Promise<void> {
  const times = new Map<Contestant, Times>(contestants.map((one) => [one, { cpu: [], wall: [], whole: [] }]));
  // The first round of each warms up and does not count.
  for (let round = 0; round <= rounds; round++) {
    for (const [contestant, { cpu, wall, whole }] of times) {
      const turn = await takeTurn(contestant);
      if (round === 0) continue;
      cpu.push(turn.cpu);
      wall.push(turn.wall);
      whole.push(turn.whole);
    }
  }
  const load = loadavg()[0]?.toFixed(1) ?? '?';
  console.log(`\n${question}`);
  console.log(
    `${cpus().length} × ${cpus()[0]?.model ?? '?'}, load ${load}, Node ${process.version}, ${rounds} rounds; µs an item`,
  );
  console.log(`${''.padEnd(42)}     CPU   least    wall   whole   ratio`);
  const [first] = times.values();
  for (const [contestant, own] of times)
    console.log(toRow(contestant, own, first ?? own) + judgeRival(contestant, times));
}

/** Beside the others of its round. */
function judgeRival(contestant: Contestant, times: ReadonlyMap<Contestant, Times>): string {
  const { quickerThan } = contestant.goal ?? {};
  const own = times.get(contestant);
  const [, rival] = [...times].find(([{ name }]) => name === quickerThan?.name) ?? [];
  if (quickerThan === undefined || own === undefined || rival === undefined) return '';
  const ratio = median(rival.wall.map((wall, round) => wall / (own.wall[round] ?? Number.NaN)));
  return `; ${judge(`${quickerThan.times} × ${quickerThan.name}, is ${ratio.toFixed(1)} ×`, ratio >= quickerThan.times)}`;
}

async function takeTurn({ run, settle }: Contestant): Promise<{ cpu: number; wall: number; whole: number }> {
  const before = readCpuUs();
  const startMs = performance.now();
  const count = await run();
  const wallMs = performance.now() - startMs;
  const cpu = readCpuUs() - before;
  await settle?.();
  const whole = readCpuUs() - before;
  return { cpu: cpu / count, wall: (wallMs * US_PER_MS) / count, whole: whole / count };
}

function toRow({ name, goal = {} }: Contestant, own: Times, first: Times): string {
  const cpu = median(own.cpu);
  const whole = median(own.whole);
  const ratio = median(own.cpu.map((value, round) => value / (first.cpu[round] ?? Number.NaN)));
  const numbers = [cpu, Math.min(...own.cpu), median(own.wall), whole, ratio];
  const perSecond = US_PER_S / median(own.wall);
  const { timesFirst, us, wholeUs, perSecond: least } = goal;
  const verdicts = [
    ...(timesFirst === undefined ? [] : [judge(`× ${timesFirst}`, ratio <= timesFirst)]),
    ...(us === undefined ? [] : [judge(`${us} µs`, cpu <= us)]),
    ...(wholeUs === undefined ? [] : [judge(`whole ${wholeUs} µs`, whole <= wholeUs)]),
    ...(least === undefined
      ? []
      : [judge(`${least / US_PER_MS}k/s, is ${(perSecond / US_PER_MS).toFixed(1)}k/s`, perSecond >= least)]),
  ];
  return `${name.padEnd(42)}${numbers.map((value) => value.toFixed(2).padStart(8)).join('')}   ${verdicts.join('; ')}`;
}

function judge(goal: string, isMet: boolean): string {
  return `goal ${goal}: ${isMet ? 'met' : 'NOT met'}`;
}

const pause = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));

/** Linux books a running thread's time at its ticks, some milliseconds late; a thread that has just slept is booked up to now. */
export function readCpuUs(): number {
  Atomics.wait(pause, 0, 0, 0.05);
  const { user, system } = process.threadCpuUsage();
  return user + system;
}

/** The value in the middle; of two, the greater. */
export function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}
