// Where the source of a model version leads: MLflow follows `models:/…` when the version is made, and keeps what it found.
import { mlflowError, uncodedError } from '../../errors.ts';
import type { LoggedModel } from '../../model/entities.ts';
import { isModelUri, parseModelUri } from '../../model/model-uri.ts';
import { hasPromptTag } from '../../model/registry.ts';
import type { NewModelVersion, VersionKey } from '../../rest/endpoints/registry.ts';

/** Where a source leads, and what made it. */
export interface VersionOrigin {
  /** Where the files are. */
  readonly location: string;
  readonly runId: string | undefined;
}

/** How a store looks things up. */
export interface OriginLookups {
  readonly loggedModel: (modelId: string) => LoggedModel;
  readonly downloadUri: (version: VersionKey) => string;
}

/**
 * Follows a source to where the files are now.
 *
 * @throws {MlflowError} `INVALID_PARAMETER_VALUE` without a source; what the look-ups throw; `INTERNAL_ERROR`, as in Python, for a
 *   `models:/` URI that names neither a logged model nor a version by its number
 */
export function findVersionOrigin(request: NewModelVersion, lookups: OriginLookups): VersionOrigin {
  const { source, modelId, tags } = request;
  const runId = request.runId === '' ? undefined : request.runId;
  if (source === '') throw mlflowError('INVALID_PARAMETER_VALUE', "Missing value for required parameter 'source'.");
  const isPrompt = hasPromptTag(Object.fromEntries(tags.map(({ key, value }) => [key, value])));
  if (isPrompt) return { location: source, runId };
  if (!isModelUri(source)) {
    const made = modelId === undefined || runId !== undefined ? undefined : lookups.loggedModel(modelId);
    return { location: source, runId: runId ?? (made?.sourceRunId || undefined) };
  }
  const parsed = parseModelUri(source);
  if (parsed.kind === 'model') {
    const { artifactUri, sourceRunId } = lookups.loggedModel(parsed.modelId);
    return { location: artifactUri, runId: runId ?? (sourceRunId || undefined) };
  }
  if (parsed.kind !== 'version')
    throw uncodedError(`Unable to fetch model from model URI source artifact location '${source}'.`);
  return { location: lookups.downloadUri(parsed), runId };
}
