// What the store in a file answers of the requests beyond runs: the model registry, prompts among it, what is noted of logged models, and searches for them.
import { isOfRegistry } from '../../rest/endpoints/registry-names.ts';
import type { AnswerOf, RequestOf, ServerEndpoint } from '../../rest/endpoints/server-endpoints.ts';
import type { RegistryEndpoints } from '../../rest/endpoints/registry.ts';
import { needsServer } from '../rules/needs-server.ts';
import type { SqliteContext } from './experiments.ts';
import { searchLoggedModels } from './model-search.ts';
import { deleteLoggedModelTag, logModelParams, setLoggedModelTags } from './model-marks.ts';
import * as models from './registry.ts';
import { searchModelVersions, searchRegisteredModels } from './registry-search.ts';
import * as versions from './registry-versions.ts';

type Answered =
  keyof RegistryEndpoints | 'searchLoggedModels' | 'setLoggedModelTags' | 'deleteLoggedModelTag' | 'logModelParams';

type Answers = {
  readonly [N in Answered]: (context: SqliteContext, request: RequestOf<N>) => AnswerOf<N>;
};

const ANSWERS: Answers = {
  searchLoggedModels,
  setLoggedModelTags,
  deleteLoggedModelTag,
  logModelParams,
  createRegisteredModel: models.createRegisteredModel,
  renameRegisteredModel: models.renameRegisteredModel,
  updateRegisteredModel: models.updateRegisteredModel,
  deleteRegisteredModel: models.deleteRegisteredModel,
  getRegisteredModel: models.getRegisteredModel,
  searchRegisteredModels,
  getLatestVersions: models.getLatestVersions,
  setRegisteredModelTag: models.setRegisteredModelTag,
  deleteRegisteredModelTag: models.deleteRegisteredModelTag,
  createModelVersion: versions.createModelVersion,
  updateModelVersion: versions.updateModelVersion,
  transitionModelVersionStage: versions.transitionModelVersionStage,
  deleteModelVersion: versions.deleteModelVersion,
  getModelVersion: versions.getModelVersion,
  searchModelVersions,
  getModelVersionDownloadUri: versions.getModelVersionDownloadUri,
  setModelVersionTag: versions.setModelVersionTag,
  deleteModelVersionTag: versions.deleteModelVersionTag,
  setRegisteredModelAlias: models.setRegisteredModelAlias,
  deleteRegisteredModelAlias: models.deleteRegisteredModelAlias,
  getModelVersionByAlias: models.getModelVersionByAlias,
};

/**
 * Answers a request by its name.
 *
 * @param uri the store, for its refusal
 * @throws {RunspanError} `NOT_SUPPORTED` for what only a server has; `STORE_INCOMPATIBLE` where the file has no tables of a registry
 */
export function answerRequest<N extends ServerEndpoint>(
  context: SqliteContext,
  { uri, name, request }: { readonly uri: string; readonly name: N; readonly request: RequestOf<N> },
): AnswerOf<N> {
  if (!Object.hasOwn(ANSWERS, name)) throw needsServer(uri, name);
  if (isOfRegistry(name)) context.database.requireRegistry();
  else context.database.requireModels();
  // The cast says what the table's type says of this name.
  const answer = ANSWERS[name as keyof Answers] as unknown as (
    given: SqliteContext,
    asked: RequestOf<N>,
  ) => AnswerOf<N>;
  return answer(context, request);
}
