// With the server away a job logs a million metrics and more: its memory does not grow with them, and each call costs what the first one did.
import { expect, onTestFinished, test } from 'vitest';
import { runJob } from './run-job.ts';
import { TrackingServer } from './tracking-server.ts';

interface Look {
  readonly cpuUs: number;
  readonly rssGrowth: number;
  /** Of the calls that have returned, those whose record is not on disk. */
  readonly unwritten: number;
}

interface Told {
  readonly looks: readonly Look[];
  /** What the heap holds more at the end than at the first look. */
  readonly heldGrowth: number;
  readonly stats: {
    readonly accepted: number;
    readonly pending: number;
    readonly refused: Readonly<Record<string, number>>;
  };
}

const MB = 1_000_000;
/** The most that one frame takes. */
const GROUP = 64;

/** The server is there when the job starts, so that what every job takes is taken by then, and away from there on. */
async function pour(told: {
  readonly points: number;
  readonly keys?: number;
  readonly perTurn?: number;
}): Promise<Told> {
  const server = await new TrackingServer().start();
  onTestFinished(() => server.stop());
  const messages: unknown[] = [];
  const result = await runJob('pours.mjs', {
    nodeArgs: ['--expose-gc', '--max-old-space-size=64'],
    args: [JSON.stringify({ ...told, options: { trackingUri: server.url } })],
    onMessage: (message, kill) => {
      if (message === 'ready') void server.stop().then(() => kill('SIGUSR2'));
      else messages.push(message);
    },
  });
  expect(result.code, result.stderr).toBe(0);
  expect(messages).toHaveLength(1);
  return messages[0] as Told; // the job sends one
}

const most = (looks: readonly Look[], field: keyof Look): number => Math.max(...looks.map((look) => look[field]));

test('1,500,000 metrics in turns of 1,000 take no more than 30 MB, and leave nothing in the heap', async () => {
  const points = 1_500_000;
  const { looks, heldGrowth, stats } = await pour({ points, perTurn: 1_000 });
  expect(stats.accepted).toBeGreaterThanOrEqual(points - GROUP);
  expect(stats.pending).toBeGreaterThanOrEqual(points - GROUP);
  expect(stats.refused).toEqual({});
  expect(most(looks, 'rssGrowth')).toBeLessThan(30 * MB);
  // One byte a record would be more.
  expect(heldGrowth).toBeLessThan(1 * MB);
});

test('1,000,000 metrics of 1,500 keys in turn take no more either', async () => {
  const points = 1_000_000;
  const { looks, stats } = await pour({ points, keys: 1_500, perTurn: 1_000 });
  expect(stats.pending).toBeGreaterThanOrEqual(points - GROUP);
  expect(most(looks, 'rssGrowth')).toBeLessThan(30 * MB);
});

test('1,000,000 metrics in one synchronous loop are written as they are logged, the last ones as quickly as the first', async () => {
  const points = 1_000_000;
  const { looks, heldGrowth, stats } = await pour({ points });
  expect(stats.accepted).toBeGreaterThanOrEqual(points - GROUP);
  expect(stats.pending).toBeGreaterThanOrEqual(points - GROUP);
  expect(stats.refused).toEqual({});
  // Never more than a group is kept back, and nothing is once it is written.
  expect(most(looks, 'unwritten')).toBeLessThan(GROUP);
  expect(most(looks, 'rssGrowth')).toBeLessThan(30 * MB);
  expect(heldGrowth).toBeLessThan(1 * MB);
  // CPU of the job's thread by the twentieth of its calls; where a call looked at all that were before it, the later half would take three times as much.
  const half = looks.length / 2;
  const cpuUs = (part: readonly Look[]): number => part.reduce((sum, look) => sum + look.cpuUs, 0);
  expect(cpuUs(looks.slice(half))).toBeLessThan(2 * cpuUs(looks.slice(0, half)));
});
