// A job that logs 20,000 metrics and ends at once, and what its store must hold then.
import { expect } from 'vitest';
import { journalFolders, readRuns, runJob } from './run-job.ts';

const POINTS = 20_000;

export interface Burst {
  /** How `one-run.mjs` ends. */
  readonly end: string;
  readonly code: number;
  readonly status: string;
}

/** Runs the job: every metric is there, value by value, and no journal is left. */
export async function expectBurst({ end, code, status }: Burst): Promise<void> {
  const result = await runJob('one-run.mjs', { args: [JSON.stringify({ points: POINTS, end })] });
  expect(result.code, result.stderr).toBe(code);
  const [run, ...others] = readRuns(result.folder);
  expect([others, run?.status]).toEqual([[], status]);
  const wrong = Array.from({ length: POINTS }, (_unused, step) => step).filter(
    (step) => run?.metrics[step]?.step !== step || run.metrics[step].value !== step / 2,
  );
  expect([run?.metrics.length, wrong]).toEqual([POINTS, []]);
  expect(journalFolders(result.folder)).toEqual([]);
}
