// How the command line shows a time, a duration, a number and a text that somebody else wrote.
import { styleText } from 'node:util';
import type { RunStatus } from '../../model/entities.ts';

type Style = Parameters<typeof styleText>[0];

const STATUS_STYLE: Readonly<Record<RunStatus, Style>> = {
  FINISHED: 'green',
  FAILED: 'red',
  KILLED: 'magenta',
  RUNNING: 'cyan',
  SCHEDULED: 'yellow',
};

const WIDE = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Emoji_Presentation}]/u;
const segmenter = new Intl.Segmenter();

/** Colours a text, on a terminal only and never where NO_COLOR is set. */
export function paint(style: Style, text: string): string {
  return styleText(style, text, { stream: process.stdout });
}

/** Colours a run's status; `text` is what is shown of it, padding included. */
export function paintStatus(status: RunStatus, text: string = status): string {
  return paint(STATUS_STYLE[status], text);
}

/** Writes a moment as local time, such as `2026-11-24 09:05:00`. */
export function formatTime(timeMs: number): string {
  const time = new Date(timeMs);
  const two = (value: number): string => String(value).padStart(2, '0');
  const day = [time.getFullYear(), two(time.getMonth() + 1), two(time.getDate())].join('-');
  return `${day} ${[time.getHours(), time.getMinutes(), time.getSeconds()].map(two).join(':')}`;
}

/** Writes a duration with its two largest units: `640 ms`, `12.4 s`, `3 m 05 s`, `2 h 07 m`, `3 d 04 h`. */
export function formatDuration(durationMs: number): string {
  const ms = Math.max(0, durationMs);
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 59_950) return `${(ms / 1000).toFixed(1)} s`;
  const seconds = Math.round(ms / 1000);
  const [days, hours, minutes] = [Math.floor(seconds / 86_400), Math.floor(seconds / 3600), Math.floor(seconds / 60)];
  const pair = (large: number, unit: string, small: number, rest: string): string =>
    `${large} ${unit} ${String(small).padStart(2, '0')} ${rest}`;
  if (days > 0) return pair(days, 'd', hours % 24, 'h');
  return hours > 0 ? pair(hours, 'h', minutes % 60, 'm') : pair(minutes, 'm', seconds % 60, 's');
}

/** Writes a metric's value with six significant digits; whole numbers that a double holds exactly as they are. */
export function formatNumber(value: number): string {
  return Number.isFinite(value) && !Number.isSafeInteger(value) ? String(Number(value.toPrecision(6))) : String(value);
}

/** Writes a size in bytes with the largest unit that fits. */
export function formatSize(sizeBytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let size = sizeBytes;
  let unit = 0;
  while (size >= 1000 && unit < units.length - 1) {
    size /= 1000;
    unit += 1;
  }
  return `${unit === 0 || size >= 100 ? Math.round(size) : size.toFixed(1)} ${units[unit] ?? ''}`;
}

/** Makes a stored text safe and short enough for one line of a terminal: control characters could move its cursor. */
export function oneLine(text: string, maxLength: number = 120): string {
  const line = text.replaceAll(/\s+/g, ' ').replaceAll(/[\p{Cc}\p{Bidi_Control}]/gu, '�');
  const characters = Array.from(segmenter.segment(line), ({ segment }) => segment);
  return characters.length > maxLength ? `${characters.slice(0, maxLength - 1).join('')}…` : line;
}

/** Counts the columns that a text takes on a terminal: two for what East Asian scripts and emoji fill. */
export function widthOf(text: string): number {
  let width = 0;
  for (const { segment } of segmenter.segment(text)) width += WIDE.test(segment) ? 2 : 1;
  return width;
}

/** Says a number in JSON, which has no NaN and no infinity, as the rest of the package does. */
export function jsonNumber(value: number): number | string {
  return Number.isFinite(value) ? value : String(value);
}
