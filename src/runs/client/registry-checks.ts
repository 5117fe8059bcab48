// What the registry's methods check before they ask, with the errors of Python's client; and the wait for a version.
import { mlflowError, uncodedError } from '../../errors.ts';
import { countCodePoints } from '../../model/limits.ts';
import { hasPromptTag, type ModelVersion } from '../../model/registry.ts';

/** A version as MLflow names it, or as a number. */
export type VersionNumber = string | number;

/** Between two looks at a version that is being made, as in Python. */
const LOOK_INTERVAL_MS = 3_000;

/** The longest alias (mlflow/utils/validation.py). */
const MAX_ALIAS_LENGTH = 255;

/** @throws {MlflowError} `INVALID_PARAMETER_VALUE` where tags are a prompt's */
export function refusePromptTag(tags: Readonly<Record<string, unknown>> | undefined): void {
  if (hasPromptTag(tags)) throw mlflowError('INVALID_PARAMETER_VALUE', 'Prompts cannot be registered as models.');
}

/** The answer for a prompt where a model was asked for. */
export function modelNotFound(name: string): Error {
  return mlflowError('RESOURCE_DOES_NOT_EXIST', `Registered Model with name='${name}' not found.`);
}

/** @throws {MlflowError} `INVALID_PARAMETER_VALUE` for a name that no registered model can have */
export function checkModelName(name: string): string {
  if (name.trim() === '') throw mlflowError('INVALID_PARAMETER_VALUE', "Missing value for required parameter 'name'.");
  if (!/[/:]/.test(name) && name !== '.' && !name.startsWith('..')) return name;
  throw mlflowError(
    'INVALID_PARAMETER_VALUE',
    `Invalid model name '${name}'. It holds no '/' and no ':', is not '.' and does not begin with '..'.`,
  );
}

/** @throws {MlflowError} `INVALID_PARAMETER_VALUE` for an alias that no version can have */
export function checkAlias(alias: string): string {
  if (alias === '') throw mlflowError('INVALID_PARAMETER_VALUE', 'Registered model alias name cannot be empty.');
  if (!/^[\p{L}\p{N}_-]*$/u.test(alias))
    throw mlflowError(
      'INVALID_PARAMETER_VALUE',
      `Invalid alias name: '${alias}'. Names may only contain alphanumerics, underscores (_) and dashes (-).`,
    );
  if (countCodePoints(alias) <= MAX_ALIAS_LENGTH) return alias;
  throw mlflowError('INVALID_PARAMETER_VALUE', `An alias has at most ${MAX_ALIAS_LENGTH} characters.`);
}

/** @throws {MlflowError} `INVALID_PARAMETER_VALUE` for a version that is no whole number */
export function checkVersion(version: VersionNumber): string {
  const text = String(version);
  if (/^\s*[+-]?\d+\s*$/.test(text)) return text.trim();
  throw mlflowError('INVALID_PARAMETER_VALUE', `Parameter 'version' must be an integer, got '${text}'.`);
}

/**
 * Waits until a version is READY.
 *
 * @param look reads it again
 * @throws {MlflowError} `INTERNAL_ERROR`, as in Python, where it fails or the time is over
 */
export async function awaitReady(
  made: ModelVersion,
  timeoutMs: number,
  look: () => Promise<ModelVersion>,
): Promise<void> {
  const endMs = performance.now() + timeoutMs;
  let { status, statusMessage } = made;
  while (status === 'PENDING_REGISTRATION') {
    if (performance.now() > endMs)
      throw uncodedError(
        `Exceeded max wait time for model name: ${made.name} version: ${made.version} to become READY after ${timeoutMs} ms.`,
      );
    ({ status, statusMessage } = await look());
    if (status === 'PENDING_REGISTRATION') await new Promise((resolve) => setTimeout(resolve, LOOK_INTERVAL_MS));
  }
  if (status === 'READY') return;
  const kind = hasPromptTag(made.tags) ? 'Prompt' : 'Model';
  throw uncodedError(
    `${kind} version creation failed for name: ${made.name} version: ${made.version} with status: ${status} and message: ${statusMessage}`,
  );
}
