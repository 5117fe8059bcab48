// Keys and values within MLflow's limits (DESIGN, Values): mended, never thrown at. Pure: no I/O, no clock.
import { createHash } from 'node:crypto';
import { posix } from 'node:path';
import type { Tag } from './entities.ts';
import {
  BAD_KEY_CHARACTER,
  countCodePoints,
  DATASET_LIMITS,
  isValidKey,
  MAX_KEY_LENGTH,
  MAX_PARAM_VALUE_LENGTH,
  MAX_STEP,
  MAX_TAG_VALUE_LENGTH,
  takeCodePoints,
} from './limits.ts';
import { mendText } from './mend-text.ts';
import type { MetricWrite } from './write.ts';
import { isDate } from './any-realm.ts';

/** A key that MLflow takes; `original` is there whenever it differs from what was given. */
export interface MendedKey {
  readonly key: string;
  readonly original?: string;
}

/** A text within its limit; `whole` is there where it was cut. */
export interface MendedText {
  readonly value: string;
  readonly whole?: string;
}

const HASH_LENGTH = 8;
// MLflow refuses '~' in a key (its rule is [/\w.\- :]), so the mark before the hash is a dash.
const HASH_MARK = '-';
const ELLIPSIS = '…';
/** Longer keys are cut before they are looked at, so that a key of megabytes costs no more than a long one. */
const MAX_LOOKED_AT_LENGTH = 4 * MAX_KEY_LENGTH;

/**
 * Brings a key within MLflow's rule and never throws: a bad character becomes `_`; `a//b`, `/a`, `a/`, `./a` and `a/../b` become
 * their normal path; a leading `..` becomes `__`; over 250 code points it is cut and ends in `-` and 8 hex of the original's
 * SHA-256; nothing at all becomes `_`. Two originals that mend to one key are the caller's matter.
 *
 * @param key what is not text is turned into text first, see {@link mendText}
 * @see https://mlflow.org/docs/latest/rest-api.html (log-metric, log-parameter, set-tag)
 * @example
 * mendKey('loss@val'); // { key: 'loss_val', original: 'loss@val' }
 * mendKey('val/loss'); // { key: 'val/loss' }
 */
export function mendKey(key: unknown): MendedKey {
  const original = typeof key === 'string' ? key : (mendText(key) ?? '');
  if (isValidKey(original)) return { key: original };
  const head = takeCodePoints(original, MAX_LOOKED_AT_LENGTH);
  const normal = normalise(head.replaceAll(BAD_KEY_CHARACTER, '_'));
  const isCut = head.length < original.length || countCodePoints(normal) > MAX_KEY_LENGTH;
  return { key: isCut ? cutKey(normal, original) : normal, original };
}

/**
 * Returns another key for an original whose mended key is taken by another original: cut where needed, ending in `-` and 8 hex of
 * the original's SHA-256. The same original gives the same key.
 *
 * @example
 * mendKeyApart('a*b').key; // 'a_b-' and 8 hex characters
 */
export function mendKeyApart(original: string): Required<MendedKey> {
  return { key: cutKey(mendKey(original).key, original), original };
}

/**
 * Returns the tag `runspan.key.<sent>` that keeps the original of a mended key, or undefined where nothing was mended.
 * The tag's own key and value are within MLflow's limits too.
 *
 * @example
 * originalKeyTag(mendKey('loss@val')); // { key: 'runspan.key.loss_val', value: 'loss@val' }
 */
export function originalKeyTag(mended: MendedKey): Tag | undefined {
  if (mended.original === undefined) return undefined;
  return { key: mendKey(`runspan.key.${mended.key}`).key, value: mendTagValue(mendText(mended.original) ?? '').value };
}

/**
 * Returns a metric's value as it travels, or undefined where it is refused: what is not of type number. NaN and ±Infinity
 * become texts, since MLflow's server answers 200 to the bare words and then drops the rest of the body.
 *
 * A bigint is refused because a double cannot hold it in general and a silent rounding would be a false record; a boolean, a
 * numeric text and a Date are refused because the caller did not say which number they are. `Number(x)` at the call says it.
 */
export function mendMetricValue(value: unknown): MetricWrite['value'] | undefined {
  if (typeof value !== 'number') return undefined;
  if (Number.isFinite(value)) return value;
  if (Number.isNaN(value)) return 'NaN';
  return value > 0 ? 'Infinity' : '-Infinity';
}

/**
 * Returns an integer within ±(2^53 − 1): truncated toward zero, clamped; 0 for NaN and for what is neither number nor bigint.
 *
 * @example
 * mendStep(1.9); // 1
 * mendStep(-Infinity); // -9007199254740991
 */
export function mendStep(step: unknown): number {
  if (Number.isSafeInteger(step)) return (step as number) + 0; // isSafeInteger says it is a number; + 0 turns -0 into 0
  if (typeof step !== 'number' && typeof step !== 'bigint') return 0;
  if (Number.isNaN(step)) return 0;
  return Math.min(MAX_STEP, Math.max(-MAX_STEP, Math.trunc(Number(step)))) + 0;
}

/**
 * Returns a time as MLflow takes it: an integer of milliseconds from 0 to 2^53 − 1, truncated; `nowMs` for what is no such time
 * (absent, NaN, before 1970: MLflow answers 400 to it).
 *
 * @param timestamp milliseconds since the epoch, or a Date
 * @param nowMs the time of the call
 */
export function mendTimestamp(timestamp: unknown, nowMs: number): number {
  const timeMs = isDate(timestamp) ? timestamp.getTime() : timestamp;
  if (typeof timeMs !== 'number' || !(timeMs >= 0)) return Math.trunc(nowMs);
  return Math.min(MAX_STEP, Math.trunc(timeMs)) + 0;
}

/**
 * Cuts a param's text at 6000 code points, ending in `…`; `whole` is the text before the cut.
 *
 * @example
 * mendParamValue('adam'); // { value: 'adam' }
 */
export function mendParamValue(text: string): MendedText {
  return cutText(text, MAX_PARAM_VALUE_LENGTH);
}

/** Cuts a run tag's text at 8000 code points, ending in `…`; `whole` is the text before the cut. */
export function mendTagValue(text: string): MendedText {
  return cutText(text, MAX_TAG_VALUE_LENGTH);
}

/** Cuts the text of a data set's tag at 500 code points, ending in `…`; `whole` is the text before the cut. */
export function mendInputTagValue(text: string): MendedText {
  return cutText(text, DATASET_LIMITS.tagValueLength);
}

function normalise(key: string): string {
  if (key === '') return '_';
  const relative = posix.normalize(key).replace(/^\/+/, '').replace(/\/+$/, '');
  if (relative === '' || relative === '.') return '_';
  // posix.normalize leaves '..' only at the front, and MLflow refuses any key that begins so ('..a' too).
  return relative.replace(/^(?:\.\.\/)+(?:\.\.$)?|^\.\./, (climb) => climb.replaceAll('.', '_'));
}

function cutKey(key: string, original: string): string {
  const hash = createHash('sha256').update(original).digest('hex').slice(0, HASH_LENGTH);
  return takeCodePoints(key, MAX_KEY_LENGTH - HASH_MARK.length - HASH_LENGTH) + HASH_MARK + hash;
}

function cutText(text: string, maxLength: number): MendedText {
  if (text.length <= maxLength || takeCodePoints(text, maxLength).length === text.length) return { value: text };
  return { value: takeCodePoints(text, maxLength - ELLIPSIS.length) + ELLIPSIS, whole: text };
}
