// What several processes and threads leave in one folder, on one SQLite file.
import { expect } from 'vitest';
import { journalFolders, readRuns } from './run-job.ts';

/** How many metrics each of them logs. */
export const POINTS = 300;

/** Each run once and whole: its points are 0, 1/2, 1, … each exactly once. */
export function expectWhole(folder: string, count: number): void {
  const runs = readRuns(folder);
  expect(new Set(runs.map(({ name }) => name)).size).toBe(count);
  expect(runs.map(({ status }) => status)).toEqual(Array.from({ length: count }, () => 'FINISHED'));
  const points = Array.from({ length: POINTS }, (_, step) => ({ key: 'loss', value: step / 2, step }));
  for (const run of runs) {
    expect(run.tags['who']).toBe(run.name);
    expect(run.metrics).toEqual(points);
  }
  expect(journalFolders(folder)).toEqual([]);
}
