// The points that the jobs log: any test can say what step n must hold.

/** The value of a step; few of them are short decimals. */
export function valueAt(step: number): number {
  return Math.sin(step) / (step + 1);
}
