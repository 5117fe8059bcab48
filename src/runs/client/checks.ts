// What MlflowClient passes on: checked as Python's client and server check it, so that every store refuses the same with the same code.
import { mlflowError } from '../../errors.ts';
import type { DatasetInput, KeyValue, Metric, Param, RunStatus, Tag } from '../../model/entities.ts';
import {
  countCodePoints,
  DATASET_LIMITS,
  isValidKey,
  MAX_EXPERIMENT_TAG_VALUE_LENGTH,
  MAX_PARAM_VALUE_LENGTH,
  MAX_TAG_VALUE_LENGTH,
  takeCodePoints,
} from '../../model/limits.ts';
import { mendText } from '../../model/mend-text.ts';

/** The same pattern as Python's, whose \w is of any script (mlflow/utils/validation.py, _RUN_ID_REGEX). */
const RUN_ID = /^[a-zA-Z0-9][\p{L}\p{N}_-]{0,255}$/u;

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

/** Data sets within MLflow's lengths. Throws `INVALID_PARAMETER_VALUE`. */
export function checkDatasetInputs(inputs: readonly DatasetInput[]): readonly DatasetInput[] {
  if (!Array.isArray(inputs))
    throw invalid(`logInputs: datasets must be a list, not ${JSON.stringify(inputs)?.slice(0, 80) ?? typeof inputs}.`);
  const check = (what: string, value: string | undefined, limit: number): void => {
    if (value !== undefined && countCodePoints(value) > limit)
      throw invalid(`'${what}' exceeds the maximum length of ${limit} characters`);
  };
  for (const { dataset, tags } of inputs) {
    check('name', dataset.name, DATASET_LIMITS.nameLength);
    check('digest', dataset.digest, DATASET_LIMITS.digestLength);
    check('source', dataset.source, DATASET_LIMITS.sourceLength);
    check('schema', dataset.schema, DATASET_LIMITS.schemaLength);
    check('profile', dataset.profile, DATASET_LIMITS.profileLength);
    for (const { key, value } of tags) {
      check('key', key, DATASET_LIMITS.tagKeyLength);
      check('value', value, DATASET_LIMITS.tagValueLength);
    }
  }
  return inputs;
}

/** One of MLflow's states; the server answers 200 to any other, and changes nothing. */
export function checkStatus<S extends RunStatus>(status: S): S {
  if (STATUSES.has(status)) return status;
  throw invalid(`A run's status is one of ${[...STATUSES].join(', ')}, not '${String(status)}'.`);
}

/** A run's id as MLflow has them: Python's client refuses another before it asks. Throws `INVALID_PARAMETER_VALUE`. */
export function checkRunId(runId: string): string {
  if (RUN_ID.test(runId)) return runId;
  throw invalid(`Invalid value '${runId.slice(0, 80)}' for parameter 'run_id' supplied.`);
}

/** An id that is there: the server says of an empty one that it is missing, before it looks. Throws `INVALID_PARAMETER_VALUE`. */
export function requireRunId(runId: string): string {
  if (runId !== '') return runId;
  throw invalid("Missing value for required parameter 'run_id'.");
}

/** The same of an experiment's name. */
export function requireName(name: string): string {
  if (name !== '') return name;
  throw invalid("Missing value for required parameter 'experiment_name'.");
}

/** Where an experiment's artifacts shall be: neither of a run, nor a URL with a fragment or parameters, as the server has it. */
export function checkArtifactLocation(location: string): string {
  if (location.startsWith('runs:')) throw invalid(`Artifact location cannot be a runs:/ URI. Given: '${location}'`);
  if (/^[a-z][a-z0-9+.-]*:/i.test(location) && /[#;]/.test(location))
    throw invalid("'artifact_location' URL can't include fragments or params.");
  return location;
}

/** The same for what is logged one by one: there Python's client leaves the id to the server, which knows no such run. */
export function checkRunIdOfOne(runId: string): string {
  if (RUN_ID.test(requireRunId(runId))) return runId;
  throw mlflowError('RESOURCE_DOES_NOT_EXIST', `Run with id=${runId.slice(0, 80)} not found`);
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
