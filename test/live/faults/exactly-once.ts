// What must be true of a job behind a faulty proxy, however the road to its server was.
import { expect } from 'vitest';
import { adoptAll } from '../crash/jobs.ts';
import { judgeJobs } from '../crash/verdict.ts';
import type { FaultyProxy } from './faulty-proxy.ts';
import type { JobEnd } from './job.ts';

/** Everything accepted is delivered, is in the store once and with its values, and the server got each run's points in order. */
export async function expectExactlyOnce(proxy: FaultyProxy, { ended, result, stats }: JobEnd): Promise<void> {
  expect(result).toMatchObject({ isComplete: true, pending: 0, deadLettered: 0 });
  expect(stats).toMatchObject({ delivered: stats.accepted, pending: 0, deadLettered: 0, refused: {} });
  expect(proxy.steps.size).toBeGreaterThan(1);
  for (const steps of proxy.steps.values()) expect(steps).toEqual(steps.toSorted((a, b) => a - b));
  proxy.script = () => undefined;
  // The run that the job left open is ended by whoever comes next.
  const { directory, trackingUri, drain } = ended.options;
  await adoptAll(directory, trackingUri, drain);
  expect(await judgeJobs(proxy.url, ended.options.experimentName, [ended])).toEqual([]);
}
