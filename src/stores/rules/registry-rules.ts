// MLflow's rules of the model registry that hold in every embedded store: names, aliases, tags, stages, and its words for a no.
import { mlflowError, uncodedError } from '../../errors.ts';
import type { KeyValue } from '../../model/entities.ts';
import { countCodePoints, isValidKey } from '../../model/limits.ts';
import { hasPromptTag, MODEL_VERSION_STAGES, type ModelVersion } from '../../model/registry.ts';

/** The stage of a version that was deleted; it keeps its number. */
export const DELETED_STAGE = 'Deleted_Internal';

/** The stages whose versions can be archived by another one that comes. */
const ACTIVE_STAGES: readonly string[] = ['Staging', 'Production'];

const MAX_TAG_KEY_LENGTH = 250;
const MAX_TAG_VALUE_LENGTH = 100_000;
const MAX_ALIAS_LENGTH = 255;

/** Refuses a name that no registered model can have. */
export function checkRegisteredName(name: string): string {
  if (name.trim() === '') throw invalid("Missing value for required parameter 'name'.");
  if (/[/:]/.test(name)) throw invalid(`Invalid model name '${name}'. Names cannot contain '/' or ':'.`);
  if (name === '.' || name.startsWith('..')) throw invalid(`Invalid value '${name}' for parameter 'name' supplied.`);
  return name;
}

/** Reads a version's number. */
export function readVersion(version: string): number {
  if (/^\s*[+-]?\d{1,15}\s*$/.test(version)) return Number(version);
  throw invalid(`Parameter 'version' must be an integer, got '${version}'.`);
}

/** Refuses tags that the registry cannot keep; of equal keys the last wins. */
export function checkRegistryTags(tags: readonly KeyValue[]): ReadonlyMap<string, string> {
  for (const { key, value } of tags) {
    checkRegistryTagKey(key);
    if (countCodePoints(value) > MAX_TAG_VALUE_LENGTH)
      throw invalid(`The value of tag '${key}' exceeds the maximum length of ${MAX_TAG_VALUE_LENGTH} characters.`);
  }
  return new Map(tags.map(({ key, value }) => [key, value]));
}

/** Refuses a key that no tag can have. */
export function checkRegistryTagKey(key: string): string {
  if (isValidKey(key) && countCodePoints(key) <= MAX_TAG_KEY_LENGTH) return key;
  throw invalid(`Invalid tag name: '${key}'.`);
}

/** Refuses an alias that no version can have. */
export function checkAliasName(alias: string): string {
  if (alias === '') throw invalid('Registered model alias name cannot be empty.');
  if (!/^[\p{L}\p{N}_-]+$/u.test(alias))
    throw invalid(`Invalid alias name: '${alias}'. Names may only contain alphanumerics, underscores and dashes.`);
  if (countCodePoints(alias) > MAX_ALIAS_LENGTH) throw invalid(`Alias '${alias}' is longer than ${MAX_ALIAS_LENGTH}.`);
  return alias;
}

/** Refuses an alias that MLflow gives by itself, or that reads as a version. */
export function checkAliasFree(alias: string): string {
  if (alias.toLowerCase() === 'latest') throw invalid("'latest' alias name (case insensitive) is reserved.");
  if (/^[vV]\d+$/.test(alias)) throw invalid(`Version alias name '${alias}' is reserved.`);
  return alias;
}

/** MLflow's spelling of a stage. */
export function canonicalStage(stage: string): string {
  const found = MODEL_VERSION_STAGES.find((name) => name.toLowerCase() === stage.toLowerCase());
  if (found !== undefined) return found;
  throw invalid(`Invalid Model Version stage: ${stage}. Value must be one of ${MODEL_VERSION_STAGES.join(', ')}.`);
}

/** MLflow's spelling of the stage that a version moves to; only where versions serve can another one take their place. */
export function targetStage(stage: string, archivesExistingVersions: boolean): string {
  const target = canonicalStage(stage);
  if (!archivesExistingVersions || ACTIVE_STAGES.includes(target)) return target;
  throw uncodedError(
    `Model version transition cannot archive existing model versions because '${stage}' is not an Active stage.`,
  );
}

/** The newest version of each stage, of versions in the order of their numbers. */
export function newestByStage<T extends Pick<ModelVersion, 'currentStage'>>(versions: readonly T[]): readonly T[] {
  return [...new Map(versions.map((version) => [version.currentStage, version])).values()];
}

/** The number of the newest version of all; `RESOURCE_DOES_NOT_EXIST` where there is none. */
export function newestNumber(name: string, versions: readonly Pick<ModelVersion, 'version'>[]): string {
  if (versions.length > 0) return String(Math.max(...versions.map(({ version }) => Number(version))));
  throw mlflowError('RESOURCE_DOES_NOT_EXIST', `Latest version not found for model ${name}.`);
}

/** MLflow's answer for an alias that points to nothing. */
export function noAlias(alias: string): Error {
  return mlflowError('INVALID_PARAMETER_VALUE', `Registered model alias ${alias} not found.`);
}

/** MLflow's answer for a registered model that is not there. */
export function noRegisteredModel(name: string): Error {
  return mlflowError('RESOURCE_DOES_NOT_EXIST', `Registered Model with name=${name} not found`);
}

/** MLflow's answer for a version that is not there. */
export function noModelVersion(name: string, version: number): Error {
  return mlflowError('RESOURCE_DOES_NOT_EXIST', `Model Version (name=${name}, version=${version}) not found`);
}

/** MLflow's answer for a name that is taken, by a model or by a prompt, as the tags of either say. */
export function nameTaken(
  name: string,
  oldTags: Readonly<Record<string, string>>,
  newTags: ReadonlyMap<string, string>,
): Error {
  const kindOf = (tags: Readonly<Record<string, string>>): string =>
    hasPromptTag(tags) ? 'Prompt' : 'Registered Model';
  const [old, added] = [kindOf(oldTags), kindOf(Object.fromEntries(newTags))];
  const message =
    old === added
      ? `${added} (name=${name}) already exists.`
      : `Tried to create a ${added.toLowerCase()} with name '${name}', but the name is already taken by a ${old.toLowerCase()}.`;
  return mlflowError('RESOURCE_ALREADY_EXISTS', message);
}

/** MLflow's answer for a new name that another registered model has. */
export function newNameTaken(newName: string): Error {
  return mlflowError('RESOURCE_ALREADY_EXISTS', `Registered Model (name=${newName}) already exists.`);
}

function invalid(message: string): Error {
  return mlflowError('INVALID_PARAMETER_VALUE', message);
}
