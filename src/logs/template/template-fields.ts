// The tokens of templates: what each reads from a line, and of what kind that is.
import { basename } from 'node:path';
import { threadId } from 'node:worker_threads';
import { RECORD_KEYS } from '../entry/entry.ts';
import type { Correlation, LogEntry, LogRecord } from '../entry/entry.ts';
import { ERROR_KEY, errorOf } from '../entry/error-text.ts';
import type { ValueKind } from './format-spec.ts';
import type { LogLevel } from '../entry/levels.ts';

/** One line, as the writers of a template see it. */
export interface TemplateLine {
  readonly level: LogLevel;
  /** Milliseconds since the epoch. */
  readonly ms: number;
  readonly message: string;
  readonly entry: LogEntry;
  readonly correlation: Correlation;
  /** The error's text, or empty. */
  readonly exception: () => string;
}

/** One token. */
export interface TemplateField {
  readonly kind: ValueKind;
  readonly read: (line: TemplateLine) => unknown;
}

const ICONS: Readonly<Record<string, string>> = {
  TRACE: '✏️',
  DEBUG: '🐞',
  INFO: 'ℹ️',
  SUCCESS: '✅',
  WARNING: '⚠️',
  ERROR: '❌',
  CRITICAL: '☠️',
};

const MS_PER_S = 1_000;
const PER_MINUTE = 60;
const S_PER_DAY = 86_400;

const text = (read: TemplateField['read']): TemplateField => ({ kind: 'text', read });
const integer = (read: TemplateField['read']): TemplateField => ({ kind: 'integer', read });

const FIELDS: Readonly<Record<string, TemplateField>> = {
  level: text(({ level }) => level.name),
  'level.name': text(({ level }) => level.name),
  'level.no': integer(({ level }) => level.no),
  'level.icon': text(({ level }) => ICONS[level.name]),
  name: text(({ entry }) => entry.source?.name),
  module: text(({ entry }) => entry.source?.name),
  function: text(({ entry }) => entry.source?.function),
  line: integer(({ entry }) => entry.source?.line),
  file: text(({ entry }) => entry.source && basename(entry.source.path)),
  'file.name': text(({ entry }) => entry.source && basename(entry.source.path)),
  'file.path': text(({ entry }) => entry.source?.path),
  message: text(({ message }) => message),
  exception: text(({ exception }) => exception()),
  elapsed: text(({ ms }) => toElapsed(ms - performance.timeOrigin)),
  process: integer(() => process.pid),
  'process.id': integer(() => process.pid),
  'process.name': text(() => 'MainProcess'),
  thread: integer(() => threadId),
  'thread.id': integer(() => threadId),
  'thread.name': text(() => (threadId === 0 ? 'MainThread' : `Thread-${threadId}`)),
  trace_id: text(({ correlation }) => correlation.trace_id),
  span_id: text(({ correlation }) => correlation.span_id),
  run_key: text(({ correlation }) => correlation.run_key),
  extra: { kind: 'any', read: ({ entry }) => toExtra(entry.record) },
};

/** Every token, for messages. */
export const FIELD_NAMES: readonly string[] = ['time', ...Object.keys(FIELDS), 'extra[key]'];

/**
 * Finds the token of a name, `extra[key]` and deeper ones too; undefined where there is none.
 *
 * @example
 * findField('extra[trace_id]');
 */
export function findField(name: string): TemplateField | undefined {
  if (Object.hasOwn(FIELDS, name)) return FIELDS[name];
  const keys = readKeys(name);
  return keys === undefined ? undefined : { kind: 'any', read: (line) => readExtra(line, keys) };
}

/** Reads `extra[a][b]`. */
function readKeys(name: string): readonly string[] | undefined {
  if (!name.startsWith('extra[') || !name.endsWith(']')) return undefined;
  const keys = name.slice('extra['.length, -1).split('][');
  return keys.some((key) => key === '' || key.includes('[') || key.includes(']')) ? undefined : keys;
}

/** The ids of span and run win over fields of the same names; what there is not is undefined. */
function readExtra({ entry, correlation }: TemplateLine, keys: readonly string[]): unknown {
  const [first = ''] = keys;
  if (keys.length === 1 && Object.hasOwn(correlation, first)) return correlation[first as keyof Correlation];
  let value: unknown = RECORD_KEYS.has(first) ? undefined : entry.record;
  for (const key of keys) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined;
    value = (value as LogRecord)[key];
  }
  return value;
}

/** The user's fields; an error is a token of its own. */
function toExtra(record: LogRecord): LogRecord {
  const extra: [string, unknown][] = [];
  for (const key in record) {
    const isError = key === ERROR_KEY && errorOf(record[key]) !== undefined;
    if (!RECORD_KEYS.has(key) && !isError) extra.push([key, record[key]]);
  }
  return Object.fromEntries(extra);
}

/** Milliseconds as Python prints a timedelta: `0:00:01.234000`. */
export function toElapsed(ms: number): string {
  const whole = Math.max(0, Math.floor(ms));
  const seconds = Math.floor(whole / MS_PER_S);
  const days = Math.floor(seconds / S_PER_DAY);
  const minutes = Math.floor((seconds % S_PER_DAY) / PER_MINUTE);
  const clock = `${Math.floor(minutes / PER_MINUTE)}:${pad(minutes % PER_MINUTE, 2)}:${pad(seconds % PER_MINUTE, 2)}`;
  const day = days === 0 ? '' : `${days} day${days === 1 ? '' : 's'}, `;
  return `${day}${clock}.${pad(whole % MS_PER_S, 3)}000`;
}

function pad(part: number, width: number): string {
  return String(part).padStart(width, '0');
}
