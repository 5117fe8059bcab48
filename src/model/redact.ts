// The one redaction policy (promise 6): names that are secret, and passwords inside texts. Applied before anything is kept or sent.
import { createNameHint, createNameTest } from './redact-names.ts';
import type { NameRules } from './redact-names.ts';
import { errorsIn, isDate, isError, isMap, isRegExp, isSet } from './any-realm.ts';

/** What stands where a secret stood. */
export const REDACTED = '[REDACTED]';

/** Masks secrets in names with values, texts and objects; made by {@link createRedactor}, safe to share, never throws. */
export interface Redactor {
  /** Whether a param, tag, attribute, header or variable of this name holds a secret. Cached. */
  isSensitive(name: string): boolean;
  /**
   * The value as it may be kept: masked where its name is secret, else with the secrets inside it masked (see `redactText`,
   * `redactObject`). Booleans, null, undefined and '' are never masked: there is nothing in them to keep.
   */
  redactValue<T>(name: string, value: T): T | string;
  /** The same pairs with their values redacted, in their order. */
  redactEntries<T>(entries: Iterable<readonly [string, T]>): [string, T | string][];
  /**
   * The text with these masked: the password in `scheme://user:password@host`, the values of secret names in `name=value`
   * (a query `?token=…`, an environment line), in JSON (`"token": "…"`), as `util.inspect` has it (`token: '…'`) and on a line of
   * YAML (`token: …`), an authorization or cookie header's value, and a token after `Bearer` or `Basic`. Linear in the text's length.
   */
  redactText(text: string): string;
  /**
   * A copy of a value with every secret in it masked, arrays and objects to a depth of 100; the same object comes back where
   * there was nothing to mask. Deeper objects become `[Too deep]`, cycles `[Circular]`; Errors keep their class.
   */
  redactObject<T>(value: T): T;
}

const MAX_DEPTH = 100;
const MAX_VALUE_COUNT = 100_000;
const UNREADABLE = '[Unreadable]';

// Every pattern is bounded or begins at a border, so that a text of megabytes costs linear time.
/** In a URL: up to the last @ of the authority; else up to the first @, for tools that allow a slash in a password. */
const URL_PASSWORD =
  /\b([a-z][a-z0-9+.-]{0,30}:\/\/[^\s/:@?#"'<>]{0,256}):(?:[^\s/?#"'<>]{0,1024}|(?!\d{1,5}[/?#])[^\s@"'<>]{0,256})@/gi;
/** A token in the place of a user name, as git remotes have it; a user's name is shorter. */
const URL_TOKEN = /\b(https?:\/\/)[^\s/:@?#"'<>]{20,256}@/gi;
const SCHEME_HINT = /bearer |basic /i;
/** After `Bearer`, any word but those that are said about tokens; after `bearer` and `Basic`, what looks like a secret. */
const BEARER =
  /\b(Bearer|BEARER) +(?!(?:tokens?|auth\w*|scheme|realm|error|scope|header|credentials?|is|of|or|and|in|for|with)\b)[\w.~+/=-]+/g;
const AUTH_SCHEME = /\b([Bb]earer|[Bb]asic|BEARER|BASIC) +(?=\S{0,1024}?(?:\d|=|[a-z][A-Z]))[\w.~+/=-]{16,}/g;
/** `user:password` in base64, however short. */
const BASIC = /\b([Bb]asic|BASIC) +([A-Za-z0-9+/]{4,}={0,2})/g;
const USER_AND_PASSWORD = /^[ -~]*:[ -~]*$/;
const HEADER =
  /\b((?:proxy-)?authorization|(?:set-)?cookie|x-api-key)[ \t]{0,8}:[ \t]{0,8}(?![ \t]|\[REDACTED\])(?:\\*(["'])[^\r\n"']*\2|[^\s"'][^\r\n"']*)/gi;
/** `name: value` on a line of its own, as YAML and headers have it. */
const LINE = /^([ \t]{0,64}(?:- )?([A-Za-z_][\w.-]{0,256}):[ \t]{1,8})(?!["'[{|>&*]|\[REDACTED\])([^\s][^\r\n]*)$/gm;
/** The name and sign of `name=value`, `"name": "value"`, `name: 'value'` and the same with escaped quotes, as in JSON inside of JSON. */
const ASSIGNMENT = /(?<![\w.-])([A-Za-z_][\w.-]*)(=|\\*["']\s?:\s?|:[ \t]?(?=\\*["']))/g;
const WORD_BEFORE = /[A-Za-z][\w.-]* $/;
/** No first word of two is nearly as long. */
const MAX_WORD_LENGTH = 32;
/** What may follow: a quoted text, closed or cut off, or a bare word, with the scheme of an authorization before it. */
const ASSIGNED =
  /(\\*["'])(?:(?!\1)(?:\\[^]|[^\\]))*(?:\1|$)|(?:(?:basic|bearer|digest|negotiate|token) +)?[^\s&;,"'<>()[\]{}\\]+/iy;
const BARE_LITERALS: ReadonlySet<string> = new Set(['true', 'false', 'null', 'undefined']);

/**
 * Returns the redactor for the built-in list of secret names, with what the user adds to it and takes from it.
 *
 * @param options last words of names to `add` or `remove`; the longer ending decides, and `remove` wins over the built-in list
 * @example
 * const redactor = createRedactor({ add: ['pin'], remove: ['push token'] });
 * redactor.redactValue('dbPassword', 'hunter2'); // '[REDACTED]'
 * redactor.redactText('postgres://me:hunter2@db/x'); // 'postgres://me:[REDACTED]@db/x'
 */
export function createRedactor(options: NameRules = {}): Redactor {
  const isSensitive = createNameTest(options);
  const nameHint = createNameHint(options);
  const redactText = (text: string): string => {
    const masked = text.includes('@') ? maskUrls(text) : text;
    return nameHint.test(masked) || SCHEME_HINT.test(masked) ? maskNamed(masked, isSensitive) : masked;
  };
  const redactObject = <T>(value: T): T => {
    const walk: Walk = { isSensitive, redactText, ancestors: [], remainingCount: MAX_VALUE_COUNT };
    return redactWithin(value, walk) as T; // masks are texts; the shape stays
  };
  const redactValue = <T>(name: string, value: T): T | string => {
    if (isEmpty(value)) return value;
    return isSensitive(name) ? REDACTED : redactObject(value);
  };
  return {
    isSensitive,
    redactValue,
    redactText,
    redactObject,
    redactEntries: (entries) => Array.from(entries, ([name, value]) => [name, redactValue(name, value)]),
  };
}

function maskUrls(text: string): string {
  return text.replaceAll(URL_PASSWORD, `$1:${REDACTED}@`).replaceAll(URL_TOKEN, `$1${REDACTED}@`);
}

function maskNamed(text: string, isSensitive: (name: string) => boolean): string {
  const masked = text
    .replaceAll(HEADER, `$1: ${REDACTED}`)
    .replaceAll(AUTH_SCHEME, `$1 ${REDACTED}`)
    .replaceAll(BASIC, (whole, scheme: string, word: string) => (isLogin(word) ? `${scheme} ${REDACTED}` : whole))
    .replaceAll(BEARER, `$1 ${REDACTED}`)
    .replaceAll(LINE, (whole, start: string, name: string, value: string) =>
      isSensitive(name) && !BARE_LITERALS.has(value) ? start + REDACTED : whole,
    );
  let result = '';
  let end = 0;
  for (const { index, 0: whole, 1: name = '', 2: sign = '' } of masked.matchAll(ASSIGNMENT)) {
    if (index < end || !(isSensitive(name) || isSensitive(wordBefore(masked, index) + name))) continue;
    ASSIGNED.lastIndex = index + whole.length;
    const assigned = ASSIGNED.exec(masked);
    if (assigned === null || BARE_LITERALS.has(assigned[0])) continue;
    // A bare number in JSON becomes a text, so that the JSON stays one.
    const quote = assigned[1] ?? (sign === '=' ? '' : sign.replace(/\s?:\s?$/, ''));
    result += masked.slice(end, index) + whole + quote + REDACTED + quote;
    end = ASSIGNED.lastIndex;
  }
  return result + masked.slice(end);
}

/** The word and the space in front of a name: `"api key": "…"`; empty where there is none. */
function wordBefore(text: string, index: number): string {
  return text[index - 1] === ' '
    ? (WORD_BEFORE.exec(text.slice(Math.max(0, index - MAX_WORD_LENGTH), index))?.[0] ?? '')
    : '';
}

/** Whether a word is the base64 of `user:password`. */
function isLogin(word: string): boolean {
  return USER_AND_PASSWORD.test(Buffer.from(word, 'base64').toString('latin1'));
}

interface Walk {
  readonly isSensitive: (name: string) => boolean;
  readonly redactText: (text: string) => string;
  readonly ancestors: object[];
  remainingCount: number;
}

function redactWithin(value: unknown, walk: Walk): unknown {
  if (typeof value === 'string') return walk.redactText(value);
  if (typeof value !== 'object' || value === null) return value;
  if (walk.ancestors.includes(value)) return '[Circular]';
  if (walk.ancestors.length >= MAX_DEPTH) return '[Too deep]';
  if (walk.remainingCount <= 0) return '[Too large]';
  walk.ancestors.push(value);
  try {
    return redactGroup(value, walk);
  } catch {
    return UNREADABLE; // a getter or proxy of the user's threw: its value cannot be judged, so it is not shown
  } finally {
    walk.ancestors.pop();
  }
}

function redactGroup(value: object, walk: Walk): unknown {
  if (Array.isArray(value)) return redactArray(value, walk);
  if (isDate(value) || isRegExp(value) || ArrayBuffer.isView(value)) return value;
  if (isMap(value)) return redactMap(value, walk);
  if (isSet(value)) return new Set(redactArray([...value], walk));
  if (isError(value)) return redactError(value, walk);
  if ('toJSON' in value && typeof value.toJSON === 'function') return redactJson(value, value.toJSON(), walk);
  return redactProperties(value, walk);
}

/** What writes itself as JSON is judged by what it would write (a URL, a class of the user's). */
function redactJson(value: object, json: unknown, walk: Walk): unknown {
  const redacted = redactWithin(json, walk);
  return Object.is(redacted, json) ? value : redacted;
}

function redactArray(items: readonly unknown[], walk: Walk): readonly unknown[] {
  walk.remainingCount -= items.length;
  const redacted = items.map((item) => redactWithin(item, walk));
  return redacted.every((item, index) => Object.is(item, items[index])) ? items : redacted;
}

function redactMap(map: ReadonlyMap<unknown, unknown>, walk: Walk): ReadonlyMap<unknown, unknown> {
  walk.remainingCount -= map.size;
  return new Map(Array.from(map, ([key, value]) => [key, redactNamed(nameOf(key), value, walk)]));
}

/** Only a text is a name. */
function nameOf(key: unknown): string {
  return typeof key === 'string' ? key : '';
}

function redactNamed(name: string, value: unknown, walk: Walk): unknown {
  if (!isEmpty(value) && walk.isSensitive(name)) return REDACTED;
  return redactWithin(value, walk);
}

function redactProperties(object: object, walk: Walk): object {
  const entries = Object.keys(object).map((key): [string, unknown] => [key, readProperty(object, key)]);
  walk.remainingCount -= entries.length;
  const redacted = entries.map(([name, value]) => [name, redactNamed(name, value, walk)] as const);
  const isSame = redacted.every(([, value], index) => Object.is(value, entries[index]?.[1]) && value !== UNREADABLE);
  return isSame ? object : Object.fromEntries(redacted);
}

/** A getter of the user's that throws costs its own value only. */
function readProperty(object: object, key: string): unknown {
  try {
    return (object as Record<string, unknown>)[key]; // the key is one of its own
  } catch {
    return UNREADABLE;
  }
}

/** An Error of the same class, so that a logger still sees one; message, stack, cause and own fields redacted. */
function redactError(error: Error, walk: Walk): Error {
  const fields: Record<string, unknown> = { message: error.message, stack: error.stack };
  if (error.cause !== undefined) fields['cause'] = error.cause;
  const errors = errorsIn(error);
  if (errors !== undefined) fields['errors'] = errors;
  Object.assign(fields, error);
  const redacted = redactProperties(fields, walk);
  if (redacted === fields) return error;
  const copy = Object.create(Object.getPrototypeOf(error) as object, Object.getOwnPropertyDescriptors(error)) as Error;
  for (const [name, value] of Object.entries(redacted)) {
    const enumerable = Object.prototype.propertyIsEnumerable.call(error, name);
    Object.defineProperty(copy, name, { value, enumerable, configurable: true, writable: true });
  }
  return copy;
}

function isEmpty(value: unknown): boolean {
  return value === undefined || value === null || value === '' || typeof value === 'boolean';
}
