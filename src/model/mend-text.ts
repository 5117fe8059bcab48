// Any value as the text of a param or tag, and nested objects as dotted keys; never throws, whatever it is given.

/** These keep the walk through a value finite, and its JSON within what a job can spare. */
const MAX_DEPTH = 100;
const MAX_VALUE_COUNT = 1_000_000;
const CIRCULAR = '[Circular]';
const UNREADABLE = '[Unreadable]';
const MAX_FLATTEN_DEPTH = 10;
/** Above this many entries nested objects are no longer spread, but given as JSON; nothing is dropped. */
const MAX_FLATTEN_COUNT = 1000;

/**
 * Returns a value as the text of a param or tag, or undefined where there is nothing to log (undefined).
 *
 * Text as it is; boolean, number, bigint, symbol and function by String(); null as ''; a Date as ISO; an Error as `Name: message`;
 * anything else as JSON, where a cycle is "[Circular]", NaN and ±Infinity are texts, a Map is an object, a Set and a typed array
 * are arrays. NUL characters and lone surrogates, which PostgreSQL refuses, become U+FFFD.
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
  if (isSpreadable(params)) spread(readEntries(params) ?? [], { prefix: '', ancestors: [params], texts });
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
    const inner = isBounded && !isCircular && isSpreadable(value) ? readEntries(value) : undefined;
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
    if (value instanceof Map) return true;
    const prototype: unknown = Object.getPrototypeOf(value);
    return (prototype === Object.prototype || prototype === null) && !('toJSON' in value);
  } catch {
    return false; // a proxy that does not even tell its prototype; mendText says so
  }
}

function entriesOf(object: object): [string, unknown][] {
  if (object instanceof Map) return Array.from(object, ([key, value]) => [mendText(key) ?? 'undefined', value]);
  return Object.keys(object).map((key) => [key, readProperty(object, key)]);
}

/** The entries, or undefined where the object's own traps throw. */
function readEntries(object: object): [string, unknown][] | undefined {
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
  if (value instanceof Date) return isoOf(value);
  if (value instanceof Error) return `${value.name}: ${value.message}`;
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
  if (value instanceof Set) return Array.from(value, (item) => toPlain(item, walk) ?? null);
  if (Array.isArray(value)) return Array.from(value, (item: unknown) => toPlain(item, walk) ?? null);
  if (value instanceof DataView) return [...new Uint8Array(value.buffer, value.byteOffset, value.byteLength)];
  // Every view but DataView is a typed array, whose items are numbers or bigints.
  if (ArrayBuffer.isView(value)) return Array.from(value as unknown as number[], (item) => toPlain(item, walk));
  return Object.fromEntries(entriesOf(value).map(([key, item]) => [key, toPlain(item, walk)]));
}

function sizeOf(value: object): number {
  if (ArrayBuffer.isView(value)) return value.byteLength;
  if (value instanceof Set || value instanceof Map) return value.size;
  return Array.isArray(value) ? value.length : 1;
}

function isoOf(date: Date): string {
  return Number.isNaN(date.getTime()) ? 'Invalid Date' : date.toISOString();
}

/** NUL and lone surrogates: PostgreSQL refuses them, for ever. */
function toStorable(text: string): string {
  return text.replaceAll(/[\0\p{Cs}]/gu, '\u{FFFD}');
}
