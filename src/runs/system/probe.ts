// What system metrics are read from: one probe a source, each cheap enough for the job's thread.

/** How the samples of one window become one point. */
export type Fold = 'mean' | 'last' | 'max' | 'sum';

/** One source of system metrics. */
export interface SystemProbe {
  readonly fold: Fold;
  /**
   * Reads what the source says now.
   *
   * @returns values by MLflow's names, without the prefix `system/`; what cannot be read is left out
   */
  read(): Readonly<Record<string, number>>;
  /** Lets go of timers, observers and programs. */
  close?(): void;
}

/** MLflow's megabyte. */
export const BYTES_PER_MEGABYTE = 1e6;

/** A share in percent; undefined where the whole is nothing. */
export function toPercentage(part: number, whole: number): number | undefined {
  return whole > 0 ? Math.min(100, Math.max(0, (100 * part) / whole)) : undefined;
}
