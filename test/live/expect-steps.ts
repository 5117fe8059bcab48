// What a store must hold of the jobs that log points step by step: every step once, in order, with its own value.
import { expect } from 'vitest';
import type { RunReading } from './backends.ts';
import { valueAt } from './jobs/points.ts';

/** Expects steps 0 to `stepCount` - 1 of metric `loss`, each once and with its value, and times that never step back. */
export function expectSteps(run: RunReading | undefined, stepCount: number): void {
  const points = (run?.history['loss'] ?? []).toSorted((a, b) => a.step - b.step);
  const wrong = points.filter(({ step, value }, index) => step !== index || value !== valueAt(step));
  expect(wrong.slice(0, 5), `${points.length} points of ${stepCount}`).toEqual([]);
  expect(points).toHaveLength(stepCount);
  expect(stepCount).toBeGreaterThan(0);
  const times = points.map(({ timestamp }) => timestamp);
  expect(times).toEqual(times.toSorted((a, b) => a - b));
}
