// `runspan show`: one run, whole, as text or as JSON.
import type { Store } from '../stores/contract.ts';
import { findRun } from './find-run.ts';
import { jsonReport, printReport } from './print-run.ts';
import { reportRun } from './run-report.ts';

/** What `runspan show` was asked for. */
export interface ShowRequest {
  /** A run's id, key or name; the newest run by default. */
  readonly run?: string;
  readonly json?: boolean;
}

/** What to print, and what to say beside it. */
export interface Shown {
  readonly text: string;
  readonly note?: string;
}

/** Shows one run; `nowMs` is for one that has not ended. */
export async function showRun(store: Store, request: ShowRequest, nowMs: number): Promise<Shown> {
  const { run, note } = await findRun(store, request.run);
  const report = await reportRun(store, run);
  const text = request.json ? JSON.stringify(jsonReport(report), undefined, 2) : printReport(report, nowMs);
  return { text, ...(note && { note }) };
}
