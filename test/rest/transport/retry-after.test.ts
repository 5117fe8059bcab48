// Retry-After as servers write it.
import { expect, it } from 'vitest';
import { readRetryAfterMs } from '../../../src/rest/transport/retry-after.ts';

const now = Date.parse('2026-11-23T12:00:00Z');

it.each([
  ['seconds', '3', 3000],
  ['a fraction of seconds', '0.5', 500],
  ['zero', '0', 0],
  ['a date to come', 'Mon, 23 Nov 2026 12:00:07 GMT', 7000],
  ['a date gone by', 'Mon, 23 Nov 2026 11:00:00 GMT', 0],
  ['more than an hour', '86400', 3_600_000],
  ['nonsense', 'soon', undefined],
  ['nothing', undefined, undefined],
])('reads %s', (_, value, ms) => {
  expect(readRetryAfterMs(value, now)).toBe(ms);
});
