// The time on a log line, in the machine's own time zone.

const MS_PER_S = 1_000;
const MINUTES_PER_HOUR = 60;

let lastSecond = NaN;
let lastText = '';

/**
 * Writes milliseconds since the epoch as `2026-11-23 14:05:06.789`, local time. Anything else is written as now.
 */
export function formatLocalTime(time: unknown): string {
  const ms = typeof time === 'number' && Number.isFinite(time) ? time : Date.now();
  const second = Math.floor(ms / MS_PER_S);
  // Lines come many a second; only the milliseconds differ within one.
  if (second !== lastSecond) {
    lastSecond = second;
    const date = new Date(second * MS_PER_S);
    const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
    lastText = `${day} ${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
  }
  return `${lastText}.${String(Math.floor(ms - second * MS_PER_S)).padStart(3, '0')}`;
}

/** Writes the time zone's distance from UTC as `+01:00`. */
export function formatOffset(ms: number): string {
  const minutes = -new Date(ms).getTimezoneOffset();
  const size = Math.abs(minutes);
  return `${minutes < 0 ? '-' : '+'}${two(Math.floor(size / MINUTES_PER_HOUR))}:${two(size % MINUTES_PER_HOUR)}`;
}

function two(part: number): string {
  return part < 10 ? `0${part}` : String(part);
}
