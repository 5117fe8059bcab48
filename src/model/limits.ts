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

// Python's \w is `isalnum() or '_'`: letters and every kind of number, but no combining marks (JavaScript's \p{M}).
const KEY_CHARACTERS = /^[\p{L}\p{N}_/.\- :]+$/u;

/** Any one character that MLflow refuses in a key. */
export const BAD_KEY_CHARACTER: RegExp = /[^\p{L}\p{N}_/.\- :]/gu;

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
 * Tells whether MLflow takes this text as the key of a metric, param or tag: letters and numbers of any script, `_ / . - :` and
 * space, at most 250, and its own path when normalised (no `a//b`, `/a`, `a/`, `./a`, `..`). A Windows server refuses `:` too.
 *
 * @see mlflow/utils/validation.py (validate_param_and_metric_name, path_not_unique)
 */
export function isValidKey(key: string): boolean {
  if (!KEY_CHARACTERS.test(key)) return false;
  if (key.length > MAX_KEY_LENGTH && countCodePoints(key) > MAX_KEY_LENGTH) return false;
  if (key.startsWith('..')) return false;
  // Only a key with a slash, or '.' alone, can have another normal form.
  if (!key.includes('/')) return key !== '.';
  return key.split('/').every((segment) => segment !== '' && segment !== '.' && segment !== '..');
}

function isHighSurrogate(unit: number): boolean {
  return unit >= 0xd800 && unit <= 0xdbff;
}

function isLowSurrogate(unit: number): boolean {
  return unit >= 0xdc00 && unit <= 0xdfff;
}
