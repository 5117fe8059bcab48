// JSON as Python reads and writes it: integers of any size, NaN and the infinities; JavaScript's own loses the first and refuses the others.
import { randomBytes } from 'node:crypto';

/** What the language has and its types do not yet (TC39's JSON.parse source text access, in Node since 21). */
interface SourceJson {
  parse(
    text: string,
    reviver: (key: string, value: unknown, context: { readonly source?: string }) => unknown,
  ): unknown;
  rawJSON(text: string): unknown;
}

// The cast: see SourceJson.
const JSON_WITH_SOURCE = JSON as unknown as SourceJson;

/** Sixteen digits in a row: what may be beyond 2^53. */
const LONG_NUMBER = /\d{16}/;
/** What only Python writes; asked for where JSON.parse refuses. */
const TEXTS_AND_WORDS = /"(?:[^"\\]|\\.)*"|-?\b(?:NaN|Infinity)\b/g;
/** Numbers that nobody writes, for what JSON has no number for. */
const STAND_INS: Readonly<Record<string, string>> = { NaN: '0e99999', Infinity: '1e99999', '-Infinity': '-1e99999' };

let marker: string | undefined;

/**
 * Reads JSON; an integer beyond ±(2^53 − 1) is a bigint, and Python's NaN and ±Infinity are numbers.
 *
 * @throws {SyntaxError} for what is no JSON, and not Python's either
 * @example
 * parseExact('[9007199254740993, NaN]'); // [9007199254740993n, NaN]
 */
export function parseExact(text: string): unknown {
  try {
    return LONG_NUMBER.test(text) ? JSON_WITH_SOURCE.parse(text, revive) : JSON.parse(text);
  } catch (error) {
    if (!/NaN|Infinity/.test(text)) throw error;
    return JSON_WITH_SOURCE.parse(
      text.replaceAll(TEXTS_AND_WORDS, (found) => STAND_INS[found] ?? found),
      revive,
    );
  }
}

/**
 * Writes JSON: a bigint as an integer, NaN and ±Infinity as Python's `json.dumps` has them; what JSON.stringify leaves out is left out.
 *
 * @throws {TypeError} for what contains itself
 * @example
 * writeExact({ count: 9007199254740993n, loss: NaN }); // '{"count":9007199254740993,"loss":NaN}'
 */
export function writeExact(value: unknown): string | undefined {
  marker ??= randomBytes(16).toString('hex');
  const mark = marker;
  let isMarked = false;
  const text = JSON.stringify(value, (_, each: unknown) => {
    if (typeof each === 'bigint') return JSON_WITH_SOURCE.rawJSON(String(each));
    if (typeof each !== 'number' || Number.isFinite(each)) return each;
    isMarked = true;
    return `${mark}${each}`;
  }) as string | undefined; // undefined for what is no JSON at all, such as a function
  return isMarked ? text?.replaceAll(new RegExp(`"${mark}(NaN|-?Infinity)"`, 'g'), '$1') : text;
}

function revive(_: string, value: unknown, { source }: { readonly source?: string }): unknown {
  if (typeof value !== 'number' || source === undefined) return value;
  if (source === STAND_INS['NaN']) return NaN;
  return Number.isSafeInteger(value) || !/^-?\d+$/.test(source) ? value : BigInt(source);
}
