// What a world knows of its runs, and of what the server carried out.
import type { SimProcess } from './sim-process.ts';

/** One run of a history, as its job sees it. */
export interface SimRun {
  readonly key: string;
  readonly owner: SimProcess;
  metrics: number;
  tags: number;
  /** Whether a record of it is one that the server refuses. */
  hasBad: boolean;
  hasEnded: boolean;
}

/** What the server carried out, for whom. */
export interface Applied {
  readonly pid: number;
  readonly method: string;
  readonly request: unknown;
}
