// MLflow's page tokens and page sizes: offsets, so a page may shift where rows are written between two calls.
import { mlflowError } from '../../errors.ts';
import type { Page } from '../../model/entities.ts';

/** The largest page of a search (mlflow/store/tracking, SEARCH_MAX_RESULTS_THRESHOLD). */
export const MAX_PAGE_SIZE = 50_000;

/** How many rows a search answers with where nobody says. */
export const DEFAULT_PAGE_SIZE = 1_000;

/**
 * Returns a checked page size.
 *
 * @throws {MlflowError} `INVALID_PARAMETER_VALUE` outside 1 to 50,000
 */
export function pageSize(maxResults: number | undefined): number {
  const size = maxResults ?? DEFAULT_PAGE_SIZE;
  if (!Number.isInteger(size) || size < 1) throw invalidSize(size, 'It must be a positive integer');
  if (size > MAX_PAGE_SIZE) throw invalidSize(size, `It must be at most ${MAX_PAGE_SIZE}`);
  return size;
}

/**
 * Reads the offset out of a page token; 0 where there is none.
 *
 * @throws {MlflowError} `INVALID_PARAMETER_VALUE` where it is no token of MLflow's
 */
export function offsetOf(pageToken: string | undefined): number {
  if (pageToken === undefined || pageToken === '') return 0;
  const decoded = Buffer.from(pageToken, 'base64').toString('utf8');
  let parsed: unknown;
  try {
    parsed = JSON.parse(decoded);
  } catch (error) {
    throw mlflowError('INVALID_PARAMETER_VALUE', `Invalid page token, decoded value=${decoded}`, error);
  }
  const offset = typeof parsed === 'object' && parsed !== null && 'offset' in parsed ? Number(parsed.offset) : 0;
  if (!Number.isSafeInteger(offset) || offset < 1) {
    throw mlflowError('INVALID_PARAMETER_VALUE', `Invalid page token, parsed value=${decoded}`);
  }
  return offset;
}

/** Cuts a page out of rows that were read with one more than the page holds; the extra row says that there is a next page. */
export function pageOf<T>(rows: readonly T[], size: number, offset: number): Page<T> {
  if (rows.length <= size) return { items: rows, nextPageToken: undefined };
  const token = Buffer.from(JSON.stringify({ offset: offset + size })).toString('base64');
  return { items: rows.slice(0, size), nextPageToken: token };
}

function invalidSize(size: number, rule: string): Error {
  return mlflowError('INVALID_PARAMETER_VALUE', `Invalid value ${size} for parameter 'max_results' supplied. ${rule}`);
}
