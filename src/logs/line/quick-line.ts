// The quickest way: a call of a level method read as it is, without pino's JSON between, where it is flat and holds nothing to mask.
import type { LogRecord } from '../entry/entry.ts';
import { isUnsureText, toReadableText } from './flat-line.ts';
import type { FlatLine } from './flat-line.ts';

/** A line that pino has not written. */
export interface QuickLine extends FlatLine {
  /** What pino would have made of it, parsed. */
  readonly record: LogRecord;
}

/** Names that pino or this package treats in a way of its own. */
const SPECIAL_KEYS: ReadonlySet<string> = new Set(
  'level,time,msg,err,error,reason,socket,setHeader,toJSON,hasOwnProperty,__proto__'.split(','),
);
/** A job has few names; one that makes new ones all the time asks anew. */
const MAX_NAMES = 5_000;
const MAX_ARGUMENTS = 2;

/**
 * Makes the reader of calls like `info({ rows: 442 }, 'loaded')`: a message, flat fields, or both.
 *
 * @param isSensitive whether a field of this name holds a secret
 * @returns gives undefined for any other call: pino has to write it
 */
export function createQuickReader(
  isSensitive: (name: string) => boolean,
): (args: readonly unknown[], level: number) => QuickLine | undefined {
  /** ` key=` by key; undefined for one that is pino's to write. */
  const names = new Map<string, string | undefined>();
  const nameOf = (key: string): string | undefined => {
    if (names.has(key)) return names.get(key);
    if (names.size >= MAX_NAMES) names.clear();
    const isPlain = !SPECIAL_KEYS.has(key) && !isUnsureText(key) && !isSensitive(key);
    const name = isPlain ? ` ${key}=` : undefined;
    names.set(key, name);
    return name;
  };
  return (args, level) => {
    if (args.length > MAX_ARGUMENTS) return undefined;
    const [first, second] = args;
    const hasFields = isPlainObject(first);
    const message = hasFields ? second : first;
    if (!hasFields && args.length > 1) return undefined;
    if (message !== undefined && typeof message !== 'string') return undefined;
    if (message === undefined ? !hasFields : isUnsureText(message)) return undefined;
    const time = Date.now();
    const record: LogRecord = { level, time };
    const fields = hasFields ? readFields(first, record, nameOf) : '';
    if (fields === undefined) return undefined;
    if (message !== undefined) record['msg'] = message;
    return { level, time, message, fields, record };
  };
}

function isPlainObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype;
}

/** Copies the fields, which the job may change later, and writes them; undefined where pino has to. */
function readFields(
  from: Readonly<Record<string, unknown>>,
  record: LogRecord,
  nameOf: (key: string) => string | undefined,
): string | undefined {
  let text = '';
  for (const key in from) {
    const name = nameOf(key);
    if (name === undefined) return undefined;
    const value = from[key];
    if (typeof value === 'number') {
      const number = Number.isFinite(value) ? value : null;
      record[key] = number;
      text += `${name}${number}`;
    } else if (typeof value === 'string') {
      if (isUnsureText(value)) return undefined;
      record[key] = value;
      text += name + toReadableText(value);
    } else if (typeof value === 'boolean' || value === null) {
      record[key] = value;
      text += `${name}${value}`;
    } else return undefined;
  }
  return text;
}
