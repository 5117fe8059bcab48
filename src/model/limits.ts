// MLflow's limits and its rule for keys, with their sources; what goes on the wire keeps within them.

/**
 * The most entities that one log-batch may hold, by kind and in total; more is answered with 400.
 *
 * @see mlflow/utils/validation.py (MAX_METRICS_PER_BATCH, MAX_PARAMS_TAGS_PER_BATCH, MAX_ENTITIES_PER_BATCH)
 */
export const BATCH_LIMITS = { metricCount: 1000, paramCount: 100, tagCount: 100, totalCount: 1000 } as const;

/** Longest metric, param or tag key, in code points (MAX_ENTITY_KEY_LENGTH). */
export const MAX_KEY_LENGTH = 250;

/** Longest param value, in code points; the server cuts silently above it (MAX_PARAM_VAL_LENGTH). */
export const MAX_PARAM_VALUE_LENGTH = 6000;

/** Longest value of a run's tag, `mlflow.note.content` included, in code points; the server cuts silently (MAX_TAG_VAL_LENGTH). */
export const MAX_TAG_VALUE_LENGTH = 8000;

/** Longest name of an experiment, in code points (MAX_EXPERIMENT_NAME_LENGTH). */
export const MAX_EXPERIMENT_NAME_LENGTH = 500;

/** Longest key of an experiment's tag, in code points (MAX_EXPERIMENT_TAG_KEY_LENGTH). */
export const MAX_EXPERIMENT_TAG_KEY_LENGTH = 250;

/** Longest value of an experiment's tag, in code points; 400 above it (MAX_EXPERIMENT_TAG_VAL_LENGTH). */
export const MAX_EXPERIMENT_TAG_VALUE_LENGTH = 20_000;

/**
 * Longest fields of a data set and of an input's tag, in code points; 400 above them.
 *
 * @see mlflow/utils/validation.py (MAX_DATASET_*_SIZE, MAX_INPUT_TAG_*_SIZE)
 */
export const DATASET_LIMITS = {
  nameLength: 500,
  digestLength: 36,
  sourceLength: 65_535,
  schemaLength: 1_048_575,
  profileLength: 16_777_215,
  tagKeyLength: 255,
  tagValueLength: 500,
} as const;

/** Most results a search may ask for: runs and experiments, and the points of one page of a metric's history. */
export const SEARCH_LIMITS = { runCount: 50_000, experimentCount: 50_000, historyCount: 25_000 } as const;

/** The outermost step; beyond it a JSON number is no longer exact. */
export const MAX_STEP: number = Number.MAX_SAFE_INTEGER;

// Python's \w is `isalnum() or '_'`: letters and every kind of number, but no combining marks (JavaScript's \p{M}). Letters that
// came after Unicode 14, which Python 3.11 knows, are left out (`NEWER`): its server answers 400 to them.
const NEWER = toCharacterClass(
  '88f c5c cdc 1c89-1c8a a7cb-a7cf a7d2 a7d4 a7da-a7f1 105c0-105f3 10940-10959 10d40-10d85 10ec2-10ec7 1123f-11240 11380-113d3 ' +
    '116d0-116e3 11bc0-11bf9 11db0-11de9 11f02-11f59 1342f 13441-143fa 16100-16139 16d40-16d79 16ea0-16ed3 16ff2-16ff6 ' +
    '187f8-187ff 18cff 18d09-18df2 1b132 1b155 1ccf0-1ccf9 1d2c0-1d2d3 1df25-1df2a 1e030-1e06d 1e4d0-1e6ff 2b739-2b73f ' +
    '2cea2-2cead 2ebf0-2ee5d 31350-33479',
);
/** A segment that normalising takes away: nothing, `.` or `..`. */
const PATH_STEP = /(?:^|\/)\.{0,2}(?:\/|$)/;
const ASCII_KEY = /^[\w/.\- :]+$/;
const KEY = new RegExp(`^(?:(?!${NEWER})[\\p{L}\\p{N}_/.\\- :])+$`, 'u');

/** Any one character that MLflow refuses in a key. */
export const BAD_KEY_CHARACTER: RegExp = new RegExp(`[^\\p{L}\\p{N}_/.\\- :]|${NEWER}`, 'gu');

/**
 * Returns how many code points a text has, which is what Python's `len` and so MLflow's limits count.
 *
 * @example
 * countCodePoints('𝒳'); // 1, where .length is 2
 */
export function countCodePoints(text: string): number {
  let count = 0;
  for (let index = 0; index < text.length; index += 1, count += 1) {
    if (isHighSurrogate(text.charCodeAt(index)) && isLowSurrogate(text.charCodeAt(index + 1))) index += 1;
  }
  return count;
}

/**
 * Returns the first `count` code points of a text; a surrogate pair is never cut in half.
 *
 * @param count a whole number from 0; the text itself comes back where it has no more than that
 */
export function takeCodePoints(text: string, count: number): string {
  if (text.length <= count) return text;
  let end = 0;
  for (let taken = 0; taken < count && end < text.length; taken += 1) {
    end += isHighSurrogate(text.charCodeAt(end)) && isLowSurrogate(text.charCodeAt(end + 1)) ? 2 : 1;
  }
  return text.slice(0, end);
}

/**
 * Tells whether MLflow takes this text as the key of a metric, param or tag: letters and numbers of any script (up to Unicode 14), `_ / . - :` and
 * space, at most 250, and its own path when normalised (no `a//b`, `/a`, `a/`, `./a`, `..`). A Windows server refuses `:` too.
 *
 * @see mlflow/utils/validation.py (validate_param_and_metric_name, path_not_unique)
 */
export function isValidKey(key: string): boolean {
  if (!ASCII_KEY.test(key) && !KEY.test(key)) return false;
  if (key.length > MAX_KEY_LENGTH && countCodePoints(key) > MAX_KEY_LENGTH) return false;
  if (key.startsWith('..')) return false;
  // Only a key with a slash, or '.' alone, can have another normal form.
  if (!key.includes('/')) return key !== '.';
  return !PATH_STEP.test(key);
}

/** Ranges of code points in hex as the class of a pattern with the flag u. */
function toCharacterClass(ranges: string): string {
  return `[${ranges.replaceAll(/[0-9a-f]+/g, '\\u{$&}').replaceAll(' ', '')}]`;
}

function isHighSurrogate(unit: number): boolean {
  return unit >= 0xd800 && unit <= 0xdbff;
}

function isLowSurrogate(unit: number): boolean {
  return unit >= 0xdc00 && unit <= 0xdfff;
}
