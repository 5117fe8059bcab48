// Times as spans carry them: OpenTelemetry's TimeInput to its pair of seconds and nanoseconds.
import type { HrTime, TimeInput } from '@opentelemetry/api';
import { isDate } from '../model/any-realm.ts';

const MS_PER_S = 1e3;
const NS_PER_MS = 1e6;

/** Says whether a value is a time: finite milliseconds since the epoch, a valid Date, or [seconds, nanoseconds]. */
export function isTimeInput(value: unknown): value is TimeInput {
  if (typeof value === 'number') return Number.isFinite(value);
  if (isDate(value)) return Number.isFinite(value.getTime());
  return Array.isArray(value) && value.length === 2 && value.every((part) => Number.isFinite(part));
}

/**
 * Turns a time into [seconds, nanoseconds]; anything that is no time becomes now.
 *
 * A number below `performance.now()` counts from the start of the process, as the SDK reads it.
 */
export function toHrTime(value: unknown): HrTime {
  if (Array.isArray(value) && isTimeInput(value)) return value as HrTime;
  if (!isTimeInput(value)) return fromMs(performance.timeOrigin + performance.now());
  if (typeof value === 'number') return fromMs(value <= performance.now() ? performance.timeOrigin + value : value);
  return fromMs((value as Date).getTime());
}

/** Milliseconds since the epoch of a pair of seconds and nanoseconds. */
export function toMs(time: HrTime): number {
  return time[0] * MS_PER_S + time[1] / NS_PER_MS;
}

function fromMs(ms: number): HrTime {
  const seconds = Math.floor(ms / MS_PER_S);
  return [seconds, Math.round((ms - seconds * MS_PER_S) * NS_PER_MS)];
}
