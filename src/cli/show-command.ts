// `runspan show`: one run, whole, as text, as JSON, or as a page.
import type { Connection } from './store/connect.ts';
import { findRun } from './store/find-run.ts';
import { jsonReport, printReport } from './report/print-run.ts';
import { reportRun } from './report/run-report.ts';

/** What `runspan show` was asked for. */
export interface ShowRequest {
  /** A run's id, key, name, or the beginning of its id or key; the newest run by default. */
  readonly run?: string;
  /** How many of the last log lines. @default 10 */
  readonly lines?: number;
  readonly json?: boolean;
}

/** Where it is shown. */
export interface Surroundings {
  /** For a run that has not ended. */
  readonly nowMs: number;
  /** The width of the terminal. @default 100 */
  readonly columns?: number | undefined;
}

/** What to print, and what to say beside it. */
export interface Shown {
  readonly text: string;
  readonly note?: string;
}

/** Lines of the log that are shown where nobody says. */
export const DEFAULT_LINES = 10;
const DEFAULT_COLUMNS = 100;

/** Shows one run. */
export async function showRun(
  connection: Connection,
  request: ShowRequest,
  surroundings: Surroundings,
): Promise<Shown> {
  const { run, note } = await findRun(connection.store, request.run);
  const report = await reportRun(connection, run);
  const { nowMs, columns = DEFAULT_COLUMNS } = surroundings;
  const lineCount = request.lines ?? DEFAULT_LINES;
  const text = request.json
    ? JSON.stringify(jsonReport(report, lineCount), undefined, 2)
    : printReport(report, { nowMs, columns, lineCount });
  return { text, ...(note && { note }) };
}
