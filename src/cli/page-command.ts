// `runspan show --html`: a run as a page in a file of its own.
import { writeFileSync } from 'node:fs';
import { RunspanError } from '../errors.ts';
import type { Connection } from './store/connect.ts';
import { findRun } from './store/find-run.ts';
import { renderPage } from './html/page.ts';
import { reportRun } from './report/run-report.ts';
import type { Shown, Surroundings } from './show-command.ts';
import { isError } from '../model/any-realm.ts';

/** What `runspan show --html` was asked for. */
export interface PageRequest {
  readonly run?: string;
  /** `-` is stdout. @default `runspan-` and the first 8 characters of the run's id */
  readonly out?: string;
}

const ID_LENGTH = 8;

/**
 * Writes the page.
 *
 * @returns the page itself for stdout, else where it is
 * @throws {RunspanError} `FILE_NOT_READABLE` where the file cannot be written
 */
export async function writePage(connection: Connection, request: PageRequest, { nowMs }: Surroundings): Promise<Shown> {
  const { run, note } = await findRun(connection.store, request.run);
  const page = renderPage(await reportRun(connection, run), nowMs);
  const said = note === undefined ? {} : { note };
  if (request.out === '-') return { text: page, ...said };
  const file = request.out ?? `runspan-${run.info.runId.slice(0, ID_LENGTH)}.html`;
  try {
    writeFileSync(file, page);
  } catch (cause) {
    const why = isError(cause) ? cause.message : String(cause);
    throw new RunspanError('FILE_NOT_READABLE', `Cannot write the page: ${why}. Name another file by --out.`, {
      cause,
    });
  }
  return { text: `Run '${run.info.runName}' is in ${file}; open it in a browser.`, ...said };
}
