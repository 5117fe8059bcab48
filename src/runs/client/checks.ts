// What MlflowClient passes on: checked as Python's client and server check it, so that every store refuses the same with the same code.
import { mlflowError } from '../../errors.ts';
import type { KeyValue, Metric, Param, RunStatus, Tag } from '../../model/entities.ts';
import {
  countCodePoints,
  isValidKey,
  MAX_EXPERIMENT_TAG_VALUE_LENGTH,
  MAX_PARAM_VALUE_LENGTH,
  MAX_TAG_VALUE_LENGTH,
  takeCodePoints,
} from '../../model/limits.ts';
import { mendText } from '../../model/mend-text.ts';

const STATUSES: ReadonlySet<unknown> = new Set<RunStatus>(['RUNNING', 'SCHEDULED', 'FINISHED', 'FAILED', 'KILLED']);

/** Keys with any values as a run's tags: text as in Python, cut at 8000 as the server cuts. Throws `INVALID_PARAMETER_VALUE` for a bad key. */
export function checkTags(tags: readonly { readonly key: string; readonly value: unknown }[]): readonly Tag[] {
  return tags.map(({ key, value }) => ({
    key: checkKey('tag', key),
    value: takeCodePoints(toText(value), MAX_TAG_VALUE_LENGTH),
  }));
}

/** The same as params, cut at 6000. */
export function checkParams(params: readonly { readonly key: string; readonly value: unknown }[]): readonly Param[] {
  return params.map(({ key, value }) => ({
    key: checkKey('param', key),
    value: takeCodePoints(toText(value), MAX_PARAM_VALUE_LENGTH),
  }));
}

/** The same as an experiment's tags, whose long values are refused. */
export function checkExperimentTags(
  tags: readonly { readonly key: string; readonly value: unknown }[],
): readonly Tag[] {
  return tags.map(({ key, value }) => {
    const text = toText(value);
    if (countCodePoints(text) <= MAX_EXPERIMENT_TAG_VALUE_LENGTH)
      return { key: checkKey('experiment tag', key), value: text };
    throw invalid(`Experiment tag '${key}' is longer than ${MAX_EXPERIMENT_TAG_VALUE_LENGTH} characters.`);
  });
}

/** Points of metrics: numbers, whole steps, times from 1970 on. Throws `INVALID_PARAMETER_VALUE`. */
export function checkMetrics(metrics: readonly Metric[]): readonly Metric[] {
  for (const { key, value, timestampMs, step, datasetName, datasetDigest } of metrics) {
    checkKey('metric', key);
    if (typeof value !== 'number') throw invalid(`Metric '${key}' must be a number, not a ${typeof value}.`);
    if (!Number.isSafeInteger(step)) throw invalid(`The step of metric '${key}' must be a whole number, not ${step}.`);
    if (!Number.isSafeInteger(timestampMs) || timestampMs < 0)
      throw invalid(`The time of metric '${key}' must be milliseconds since the epoch, not ${timestampMs}.`);
    if ((datasetName === undefined) !== (datasetDigest === undefined))
      throw invalid(`Metric '${key}' needs both, the name and the digest of its data set, or neither.`);
  }
  return metrics;
}

/** Any keys with any values as texts, as Python's `str` has them; neither checked nor cut. */
export function toTexts(from: Readonly<Record<string, unknown>>): readonly KeyValue[] {
  return Object.entries(from).map(([key, value]) => ({ key, value: toText(value) }));
}

/** An id that is not empty. Throws `INVALID_PARAMETER_VALUE`. */
export function checkId(id: string, what: string): string {
  if (typeof id === 'string' && id !== '') return id;
  throw invalid(`${what} must be a text that is not empty, not ${JSON.stringify(id) ?? typeof id}.`);
}

/** One of MLflow's states; the server answers 200 to any other, and changes nothing. */
export function checkStatus<S extends RunStatus>(status: S): S {
  if (STATUSES.has(status)) return status;
  throw invalid(`A run's status is one of ${[...STATUSES].join(', ')}, not '${String(status)}'.`);
}

function checkKey(what: string, key: unknown): string {
  if (typeof key === 'string' && isValidKey(key)) return key;
  throw invalid(
    `Invalid ${what} key '${String(key).slice(0, 80)}': letters, digits, '_', '-', '.', ' ', ':' and '/' only, at most 250, no '//' or '..'.`,
  );
}

/** Any value as text, as everywhere in this package. */
export function toText(value: unknown): string {
  return mendText(value) ?? '';
}

function invalid(message: string): Error {
  return mlflowError('INVALID_PARAMETER_VALUE', message);
}
