// Any value as the text of a param or tag, and nested objects as dotted keys; never throws, whatever it is given.
import { isArrayBuffer, isDate, isError, isMap, isPlainObject, isRegExp, isSet } from './any-realm.ts';

/** These keep the walk through a value finite, and its JSON within what a job can spare. */
const MAX_DEPTH = 100;
const MAX_VALUE_COUNT = 1_000_000;
const CIRCULAR = '[Circular]';
const UNREADABLE = '[Unreadable]';
const MAX_FLATTEN_DEPTH = 10;
/** What stands in a text for the part of an object that could not be said. */
const MARKS: readonly string[] = [CIRCULAR, UNREADABLE, '[Too large]', '[Too deep]'];
/** Above this many entries nested objects are no longer spread, but given as JSON; nothing is dropped. */
const MAX_FLATTEN_COUNT = 1000;

/**
 * Returns a value as the text of a param or tag, or undefined where there is nothing to log (undefined).
 *
 * Text as it is; boolean, number, bigint, symbol and function by String(); null as ''; a Date as ISO; an Error as `Name: message`;
 * a RegExp as it is written; anything else as JSON, where a cycle is "[Circular]", NaN and ±Infinity are texts, a Map is an object
 * (a list of pairs where two keys have one text), a Set, a typed array and an ArrayBuffer are arrays, an object of a class is its own
 * enumerable fields, or its own text where it has none (a URLSearchParams, a Promise). NUL characters and lone surrogates, which
 * PostgreSQL refuses, become U+FFFD.
 *
 * @example
 * mendText({ lr: 0.1 }); // '{"lr":0.1}'
 * mendText(10n); // '10'
 */
export function mendText(value: unknown): string | undefined {
  if (value === undefined) return undefined;
  if (value === null) return '';
  if (typeof value === 'string') return toStorable(value);
  try {
    if (typeof value === 'object') return toStorable(textOfObject(value));
    // What is left is a scalar, or a function, whose text is its source.
    return toStorable(String(value as number | bigint | boolean | symbol));
  } catch {
    return UNREADABLE; // the user's own getter, toJSON or proxy threw: its error is not the job's
  }
}

/**
 * Returns a copy that JSON and YAML can say, by the same rules as {@link mendText}; never throws.
 *
 * @param maxValueCount what is beyond it becomes "[Too large]"
 * @example
 * toJsonValue(new Map([['a', 1n]])); // { a: '1' }
 */
export function toJsonValue(value: unknown, maxValueCount: number = MAX_VALUE_COUNT): unknown {
  try {
    return toPlain(value, { ancestors: [], remainingCount: maxValueCount });
  } catch {
    return UNREADABLE; // as in mendText
  }
}

/** Whether a text made of an object says that a part of it is missing: a cycle, a getter that throws, too deep or too large. */
export function isPartial(text: string): boolean {
  return text.includes('[') && MARKS.some((mark) => text.includes(mark));
}

/**
 * Returns the keys and values of an object, a Map or an object of a class (its own enumerable fields, or those of its toJSON);
 * a value whose getter throws is "[Unreadable]". Undefined for what has no keys to give: null, a list, a text, a Date.
 */
export function readEntries(given: unknown): [unknown, unknown][] | undefined {
  if (typeof given !== 'object' || given === null) return undefined;
  try {
    if (isMap(given)) return [...given];
    if (Array.isArray(given) || ArrayBuffer.isView(given)) return undefined;
    const json = readProperty(given, 'toJSON');
    const object: unknown = typeof json === 'function' ? json.call(given) : given;
    if (typeof object !== 'object' || object === null) return undefined;
    // Own symbols cannot be keys; whoever asked shall hear of them.
    const symbols = Object.getOwnPropertySymbols(object).filter((key) =>
      Object.prototype.propertyIsEnumerable.call(object, key),
    );
    const entries: [unknown, unknown][] = [
      ...entriesOf(object),
      ...symbols.map((key): [unknown, unknown] => [key, undefined]),
    ];
    return entries.length > 0 || isPlainObject(object) ? entries : undefined;
  } catch {
    return undefined; // a proxy whose traps throw
  }
}

/**
 * Returns the entries of a nested object with dotted keys, each value as text; undefined values are left out.
 * Plain objects and Maps are spread to a depth of 10 and about 1000 entries, deeper ones are JSON; arrays are JSON;
 * an empty object is `{}`; a cycle is `[Circular]`.
 *
 * @example
 * flattenParams({ optimizer: { name: 'adam', betas: [0.9, 0.999] } });
 * // [['optimizer.name', 'adam'], ['optimizer.betas', '[0.9,0.999]']]
 */
export function flattenParams(params: unknown): [key: string, value: string][] {
  const texts: [string, string][] = [];
  if (isSpreadable(params)) spread(entriesWithin(params) ?? [], { prefix: '', ancestors: [params], texts });
  return texts;
}

interface Spread {
  readonly prefix: string;
  readonly ancestors: readonly object[];
  readonly texts: [string, string][];
}

function spread(entries: readonly [string, unknown][], { prefix, ancestors, texts }: Spread): void {
  for (const [name, value] of entries) {
    const key = prefix + name;
    const isCircular = isSpreadable(value) && ancestors.includes(value);
    const isBounded = ancestors.length < MAX_FLATTEN_DEPTH && texts.length < MAX_FLATTEN_COUNT;
    const inner = isBounded && !isCircular && isSpreadable(value) ? entriesWithin(value) : undefined;
    if (inner !== undefined && inner.length > 0) {
      spread(inner, { prefix: `${key}.`, ancestors: [...ancestors, value as object], texts }); // isSpreadable above
      continue;
    }
    const text = isCircular ? CIRCULAR : mendText(value);
    if (text !== undefined) texts.push([key, text]);
  }
}

/** Whether a value is a group of params: a plain object or a Map, but no class of its own. */
function isSpreadable(value: unknown): value is object {
  if (typeof value !== 'object' || value === null) return false;
  try {
    if (isMap(value)) return hasDistinctKeys(value);
    return isPlainObject(value) && !('toJSON' in value);
  } catch {
    return false; // a proxy that does not even tell its prototype; mendText says so
  }
}

/** Whether the keys of a map are still told apart once they are text; 1 and '1' are not. */
function hasDistinctKeys(map: ReadonlyMap<unknown, unknown>): boolean {
  return new Set(Array.from(map.keys(), (key) => mendText(key) ?? 'undefined')).size === map.size;
}

function entriesOf(object: object): [string, unknown][] {
  if (isMap(object)) return Array.from(object, ([key, value]) => [mendText(key) ?? 'undefined', value]);
  return Object.keys(object).map((key) => [key, readProperty(object, key)]);
}

/** The entries, or undefined where the object's own traps throw. */
function entriesWithin(object: object): [string, unknown][] | undefined {
  try {
    return entriesOf(object);
  } catch {
    return undefined; // mendText gives its [Unreadable]
  }
}

function readProperty(object: object, key: string): unknown {
  try {
    return (object as Record<string, unknown>)[key]; // the key is one of its own
  } catch {
    return UNREADABLE;
  }
}

function textOfObject(value: object): string {
  const plain = toPlain(value, { ancestors: [], remainingCount: MAX_VALUE_COUNT });
  return typeof plain === 'string' ? plain : (JSON.stringify(plain) ?? '');
}

/** How far a walk may still go: the objects it stands in, and the values it may still visit. */
interface Walk {
  readonly ancestors: object[];
  remainingCount: number;
}

/** A copy that JSON.stringify can write: finite, without cycles, bigints or accessors. */
function toPlain(value: unknown, walk: Walk): unknown {
  walk.remainingCount -= 1;
  if (typeof value === 'number') return Number.isFinite(value) ? value : String(value);
  if (typeof value === 'bigint' || typeof value === 'symbol') return String(value);
  if (typeof value === 'function') return `[Function ${value.name}]`;
  if (typeof value !== 'object' || value === null) return value;
  if (isDate(value)) return isoOf(value);
  if (isError(value)) return `${value.name}: ${value.message}`;
  if (isRegExp(value)) return String(value);
  if (value instanceof String || value instanceof Number || value instanceof Boolean) return value.valueOf();
  if (walk.ancestors.includes(value)) return CIRCULAR;
  if (walk.ancestors.length >= MAX_DEPTH || sizeOf(value) > walk.remainingCount) return '[Too large]';
  walk.ancestors.push(value);
  const plain = toPlainGroup(value, walk);
  walk.ancestors.pop();
  return plain;
}

function toPlainGroup(value: object, walk: Walk): unknown {
  const json = readProperty(value, 'toJSON');
  if (typeof json === 'function') return toPlain(json.call(value), walk);
  if (isSet(value)) return Array.from(value, (item) => toPlain(item, walk) ?? null);
  if (Array.isArray(value)) return Array.from(value, (item: unknown) => toPlain(item, walk) ?? null);
  if (isMap(value) && !hasDistinctKeys(value))
    return Array.from(value, ([key, item]) => [toPlain(key, walk) ?? null, toPlain(item, walk) ?? null]);
  if (isArrayBuffer(value)) return [...new Uint8Array(value)];
  if (value instanceof DataView) return [...new Uint8Array(value.buffer, value.byteOffset, value.byteLength)];
  // Every view but DataView is a typed array, whose items are numbers or bigints.
  if (ArrayBuffer.isView(value)) return Array.from(value as unknown as number[], (item) => toPlain(item, walk));
  const entries = entriesOf(value).map(([key, item]) => [key, toPlain(item, walk)] as const);
  if (entries.length === 0 && !isMap(value) && !isPlainObject(value)) return textOfOpaque(value);
  return Object.fromEntries(entries);
}

/** An object of a class that shows no fields: its own text where it has one. */
function textOfOpaque(value: object): unknown {
  // Its own text is what is asked for, whatever that is.
  const text = (String as (any: unknown) => string)(value);
  return text === '[object Object]' ? {} : text;
}

function sizeOf(value: object): number {
  if (ArrayBuffer.isView(value) || isArrayBuffer(value)) return value.byteLength;
  if (isSet(value) || isMap(value)) return value.size;
  return Array.isArray(value) ? value.length : 1;
}

function isoOf(date: Date): string {
  return Number.isNaN(date.getTime()) ? 'Invalid Date' : date.toISOString();
}

/** NUL and lone surrogates: PostgreSQL refuses them, for ever. */
function toStorable(text: string): string {
  return text.replaceAll(/[\0\p{Cs}]/gu, '\u{FFFD}');
}
