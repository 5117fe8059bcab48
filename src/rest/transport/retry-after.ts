// Reads the Retry-After header: seconds, or a date.

/** A server that asks for more than this is taken to mean this, in milliseconds: one hour. */
const MAX_RETRY_AFTER_MS = 3_600_000;

/**
 * Reads a Retry-After header.
 *
 * @param nowMs milliseconds since the epoch, to turn a date into a wait
 * @returns milliseconds from 0 to one hour, or undefined where there is none that can be read
 * @see https://www.rfc-editor.org/rfc/rfc9110#field.retry-after
 */
export function readRetryAfterMs(value: string | undefined, nowMs: number): number | undefined {
  if (value === undefined) return undefined;
  const ms = /^\s*\d+(\.\d+)?\s*$/.test(value) ? Number(value) * 1000 : Date.parse(value) - nowMs;
  return Number.isNaN(ms) ? undefined : Math.round(Math.min(Math.max(ms, 0), MAX_RETRY_AFTER_MS));
}
