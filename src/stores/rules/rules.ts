// MLflow's rules that hold in every embedded store, whatever it is made of: names, ids, whole numbers, replays, and its words for a no.
import { isAbsolute, resolve } from 'node:path';
import { MlflowError, mlflowError } from '../../errors.ts';
import type { LifecycleStage, LoggedModel } from '../../model/entities.ts';
import { MAX_EXPERIMENT_NAME_LENGTH } from '../../model/limits.ts';
import type { CreateLoggedModelRequest, CreateRunRequest } from '../contract.ts';
import { randomRunName } from './run-names.ts';

/** The tag that holds a run's name; MLflow's own search finds names by it alone. */
export const RUN_NAME_TAG = 'mlflow.runName';

/** Our run key's tag: two creates that carry the same one are the same run. */
const RUN_KEY_TAG = 'runspan.run_key';

/** Our model key's tag: two creates that carry the same one are the same model. */
const MODEL_KEY_TAG = 'runspan.model_key';

/** What orders the points of a metric. */
export interface OrderedPoint {
  readonly step: number;
  readonly timestampMs: number;
  /** NaN counts as 0. */
  readonly value: number;
}

/** Refuses a name that MLflow refuses. */
export function checkExperimentName(name: string): void {
  if (name === '') throw mlflowError('INVALID_PARAMETER_VALUE', `Invalid experiment name: ''`);
  if (name.length <= MAX_EXPERIMENT_NAME_LENGTH) return;
  throw mlflowError(
    'INVALID_PARAMETER_VALUE',
    `'name' exceeds the maximum length of ${MAX_EXPERIMENT_NAME_LENGTH} characters: ${name.length}`,
  );
}

/** Refuses a model's name that MLflow refuses. */
export function checkModelName(name: string): void {
  if (name !== '' && !/[/:.%"']/.test(name)) return;
  throw mlflowError(
    'INVALID_PARAMETER_VALUE',
    `Invalid model name ('${name}') provided. Model name must be a non-empty string ` +
      `and cannot contain the following characters: / : . % " '`,
  );
}

/**
 * Checks a time or step: a fraction would be stored as such, and MLflow's readers would fail on it.
 *
 * @throws {MlflowError} `INVALID_PARAMETER_VALUE`
 */
export function wholeNumber(value: number, name: string): number {
  if (Number.isSafeInteger(value)) return value;
  throw mlflowError('INVALID_PARAMETER_VALUE', `Invalid value ${value} for '${name}': it must be a whole number.`);
}

/**
 * Returns a metric's value as MLflow's SQL stores keep it: an infinity becomes the largest double, NaN stays.
 *
 * @throws {MlflowError} `INVALID_PARAMETER_VALUE` for what is no number: MLflow's readers would fail on it
 */
export function storedValue(metric: { readonly key: string; readonly value: number }): number {
  if (typeof metric.value !== 'number') {
    throw mlflowError('INVALID_PARAMETER_VALUE', `Invalid value for metric '${metric.key}': it must be a number.`);
  }
  return Math.max(-Number.MAX_VALUE, Math.min(Number.MAX_VALUE, metric.value));
}

/** MLflow's order of "latest": by step, timestamp, value; NaN counts as 0, and of equals the first stays. */
export function isLater(a: OrderedPoint, b: OrderedPoint): boolean {
  if (a.step !== b.step) return a.step > b.step;
  if (a.timestampMs !== b.timestampMs) return a.timestampMs > b.timestampMs;
  return (a.value || 0) > (b.value || 0);
}

/** Returns the tags of a new run, its name's among them: the one given, the tag's, or a random one. */
export function tagsOfNewRun(request: CreateRunRequest): { readonly name: string; readonly tags: Map<string, string> } {
  const tags = new Map(request.tags.map((tag) => [tag.key, tag.value]));
  const tagName = tags.get(RUN_NAME_TAG);
  if (request.runName && tagName && request.runName !== tagName) {
    throw mlflowError(
      'INVALID_PARAMETER_VALUE',
      `Both 'run_name' argument and 'mlflow.runName' tag are specified, but with different values ` +
        `(run_name='${request.runName}', mlflow.runName='${tagName}').`,
    );
  }
  const name = request.runName || tagName || randomRunName();
  return { name, tags: tags.set(RUN_NAME_TAG, name) };
}

/** Who runs it: never nothing, because one such run breaks MLflow's searches of the whole experiment. */
export function userOfNewRun(request: CreateRunRequest): string {
  return request.userId ?? request.tags.findLast((tag) => tag.key === 'mlflow.user')?.value ?? 'unknown';
}

/** Refuses an id for a new run that is not ours. */
export function checkRunId(runId: string): void {
  if (/^[0-9a-f]{32}$/.test(runId)) return;
  throw mlflowError('INVALID_PARAMETER_VALUE', `Invalid run ID '${runId}'. It must be 32 hex characters.`);
}

/** Refuses a create whose id another run has; silent where that run was made by the same call before. */
export function checkReplayedRun(request: CreateRunRequest, keyOfExisting: string | undefined): void {
  const key = request.tags.findLast((tag) => tag.key === RUN_KEY_TAG)?.value;
  if (keyOfExisting !== undefined && keyOfExisting === key) return;
  throw mlflowError('RESOURCE_ALREADY_EXISTS', `Run with id=${request.runId} already exists and is another one.`);
}

/** Returns the key that a run was created with, where it has one. */
export function runKeyOf(tags: Readonly<Record<string, string>>): string | undefined {
  return tags[RUN_KEY_TAG];
}

/** Refuses an id for a new model that is not ours. */
export function checkModelId(modelId: string): void {
  if (/^m-[0-9a-f]{32}$/.test(modelId)) return;
  throw mlflowError('INVALID_PARAMETER_VALUE', `Invalid model ID '${modelId}'. It must be m- and 32 hex.`);
}

/** Refuses a create whose id another model has; silent where that model was made by the same call before. */
export function checkReplayedModel(request: CreateLoggedModelRequest, existing: LoggedModel): void {
  const key = request.tags.find((tag) => tag.key === MODEL_KEY_TAG)?.value;
  if (key !== undefined && existing.tags[MODEL_KEY_TAG] === key) return;
  throw mlflowError('RESOURCE_ALREADY_EXISTS', `Model with id=${request.modelId} already exists and is another one.`);
}

/** Appends path parts to a folder or URI, before its query if it has one. */
export function appendToUri(uri: string, ...parts: readonly string[]): string {
  const queryAt = isUri(uri) ? uri.search(/[?#]/) : -1;
  const base = queryAt < 0 ? uri : uri.slice(0, queryAt);
  return [base.replace(/\/+$/, ''), ...parts].join('/') + (queryAt < 0 ? '' : uri.slice(queryAt));
}

/** Whether a location has a scheme; one of one letter is a Windows drive. */
export function isUri(location: string): boolean {
  return /^[a-z][a-z0-9+.-]+:/i.test(location);
}

/** Returns where artifacts lie, whatever folder the next process runs in; MLflow decodes percent signs in paths too. */
export function absoluteLocation(location: string): string {
  return isUri(location) || isAbsolute(location) ? location : resolve(location);
}

/** MLflow's own words for an experiment that is not there. */
export function noExperiment(experimentId: string): MlflowError {
  return mlflowError('RESOURCE_DOES_NOT_EXIST', `No Experiment with id=${experimentId} exists`);
}

/** For a name that another experiment has, one in the bin too. */
export function experimentExists(name: string): MlflowError {
  return mlflowError('RESOURCE_ALREADY_EXISTS', `Experiment(name=${name}) already exists.`);
}

/** For an experiment's new name that another one has. */
export function renameTaken(name: string, newName: string): MlflowError {
  return mlflowError('BAD_REQUEST', `Cannot rename experiment '${name}': Experiment(name=${newName}) already exists.`);
}

/** For an id that is no integer. */
export function badExperimentId(experimentId: string): MlflowError {
  return mlflowError(
    'INVALID_PARAMETER_VALUE',
    `Invalid experiment ID '${experimentId}'. Experiment ID must be a valid integer.`,
  );
}

/** For a write to what is in the bin. */
export function notActive(what: 'run' | 'experiment', id: string, stage: LifecycleStage): MlflowError {
  return mlflowError(
    'INVALID_PARAMETER_VALUE',
    `The ${what} ${id} must be in the 'active' state. Current state is ${stage}.`,
  );
}

/** For a run that is not there. */
export function noRun(runId: string): MlflowError {
  return mlflowError('RESOURCE_DOES_NOT_EXIST', `Run with id=${runId} not found`);
}

/** For a tag that a run does not have. */
export function noTag(key: string, runId: string): MlflowError {
  return mlflowError('RESOURCE_DOES_NOT_EXIST', `No tag with name: ${key} in run with id ${runId}`);
}

/** The same of an experiment. */
export function noExperimentTag(key: string, experimentId: string): MlflowError {
  return mlflowError('RESOURCE_DOES_NOT_EXIST', `No tag with name: ${key} in experiment with id ${experimentId}`);
}

/** For a model that is not there. */
export function modelNotFound(modelId: string): MlflowError {
  return mlflowError('RESOURCE_DOES_NOT_EXIST', `Logged model with ID '${modelId}' not found.`);
}

/** For params that have another value already. */
export function changedParams(
  runId: string,
  changes: readonly { readonly key: string; readonly old: string; readonly new: string }[],
): MlflowError {
  const told = changes.map((each) => `{'key': '${each.key}', 'old_value': '${each.old}', 'new_value': '${each.new}'}`);
  return mlflowError(
    'INVALID_PARAMETER_VALUE',
    `Changing param values is not allowed. Params were already logged='[${told.join(', ')}]' for run ID='${runId}'.`,
  );
}

/** MLflow's answer to a change that the state of the thing forbids: 500 on the wire, and yet no retry can help. */
export function invalidState(message: string): MlflowError {
  return new MlflowError(message, { errorCode: 'INVALID_STATE', status: 500, isRetryable: false });
}
