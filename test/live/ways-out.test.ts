// The table of ways out before the real server, read by MLflow's own Python client: status, end, and the words of what went wrong.
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { makeFolder, runJob } from '../end-to-end/run-job.ts';
import { rows } from '../end-to-end/ways-out-table.ts';
import type { RunReading } from './backends.ts';
import { readExperiment } from './backends.ts';
import { requireBackend } from './require-backend.ts';

const mlflow = requireBackend('mlflow');
const AT_ONCE = 4;

/** By the way out that it is tagged with. */
const runs = new Map<string, RunReading>();
const leftMs = new Map<string, number>();

async function leave(way: string, signal?: NodeJS.Signals, folder = makeFolder(), tag = way): Promise<string> {
  const { MLFLOW_TRACKING_URI } = mlflow.env;
  const out = await runJob('way-out.mjs', {
    folder,
    args: [way, join(folder, 'spans.jsonl'), tag],
    env: { MLFLOW_TRACKING_URI },
    nodeArgs: way === 'out-of-memory' ? ['--max-old-space-size=64'] : [],
    ...(signal === undefined ? {} : { signal }),
  });
  leftMs.set(tag, Date.now());
  return out.stdout;
}

/** A death, and the next job in the same place. */
async function dieBy(way: string, signal?: NodeJS.Signals): Promise<void> {
  const folder = makeFolder();
  await leave(way, signal, folder);
  expect(await leave('returns', undefined, folder, 'next')).toMatch(/^\[job\] .*was KILLED/m);
}

beforeAll(async () => {
  const jobs = [
    ...rows.map(
      ({ way, signal }) =>
        () =>
          leave(way, signal),
    ),
    () => dieBy('sigkill', 'SIGKILL'),
    () => dieBy('out-of-memory'),
  ];
  const work = async (): Promise<void> => {
    for (let job = jobs.shift(); job !== undefined; job = jobs.shift()) await job();
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  const read = await readExperiment(mlflow.env.MLFLOW_TRACKING_URI, 'ways');
  expect(read.runs.filter(({ tags }) => tags['way'] !== 'next')).toHaveLength(rows.length + 2);
  for (const run of read.runs) runs.set(run.tags['way'] ?? '', run);
}, 300_000);

test.each(rows)('$way: $status', ({ way, status, error, message, isError }) => {
  const run = runs.get(way);
  expect(run).toMatchObject({ info: { status }, params: { optimizer: 'adam' } });
  expect(run?.history['loss']).toMatchObject([{ value: 0.5, step: 1 }]);
  const { start_time: startMs = 0, end_time: endMs } = run?.info ?? {};
  expect(endMs).toBeGreaterThanOrEqual(startMs);
  expect(endMs).toBeLessThanOrEqual(leftMs.get(way) ?? 0);
  const { tags = {} } = run ?? {};
  const said = error === undefined ? tags['runspan.end_reason'] : tags['exception.message'];
  if (message !== undefined) expect(said).toContain(message);
  if (!isError) expect(said).toBeUndefined();
  expect(tags['error.type']).toBe(error);
  const files = run?.artifacts?.filter(({ path }) => path === 'runspan/error.txt') ?? [];
  expect(files).toHaveLength(error === undefined ? 0 : 1);
  if (error === undefined || error === '_OTHER') return;
  expect(tags['exception.stacktrace']).toContain('way-out.mjs');
  expect(files[0]?.downloaded_size).toBeGreaterThanOrEqual(tags['exception.stacktrace']?.length ?? 0);
});

test.each(['sigkill', 'out-of-memory'])('%s: KILLED by the next job, no later than it was gone', (way) => {
  const run = runs.get(way);
  expect(run).toMatchObject({ info: { status: 'KILLED' }, params: { optimizer: 'adam' } });
  expect(run?.tags['runspan.end_reason']).toMatch(/ended without closing the run/);
  expect(run?.history['loss']).toMatchObject([{ value: 0.5, step: 1 }]);
  expect(run?.info.end_time).toBeGreaterThanOrEqual(run?.info.start_time ?? 0);
  // A lease's time is the disk's.
  expect(run?.info.end_time).toBeLessThanOrEqual((leftMs.get(way) ?? 0) + 10);
});
