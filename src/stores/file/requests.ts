// What the store in a folder answers of the requests beyond runs: the model registry, prompts among it, what is noted of logged models,
// and searches for them.
import type { AnswerOf, RequestOf, ServerEndpoint } from '../../rest/endpoints/server-endpoints.ts';
import type { RegistryEndpoints } from '../../rest/endpoints/registry.ts';
import type { FileContext } from './experiments.ts';
import { deleteLoggedModelTag, logModelParams, setLoggedModelTags } from './model-marks.ts';
import * as registered from './registry.ts';
import * as versions from './registry-versions.ts';
import { searchLoggedModels } from './search.ts';
import { needsServer } from '../rules/needs-server.ts';

type Answered =
  keyof RegistryEndpoints | 'searchLoggedModels' | 'setLoggedModelTags' | 'deleteLoggedModelTag' | 'logModelParams';

const ANSWERS: { readonly [N in Answered]: (context: FileContext, request: RequestOf<N>) => AnswerOf<N> } = {
  searchLoggedModels,
  setLoggedModelTags,
  deleteLoggedModelTag,
  logModelParams,
  createRegisteredModel: registered.createRegisteredModel,
  renameRegisteredModel: registered.renameRegisteredModel,
  updateRegisteredModel: registered.updateRegisteredModel,
  deleteRegisteredModel: registered.deleteRegisteredModel,
  getRegisteredModel: registered.getRegisteredModel,
  searchRegisteredModels: registered.searchRegisteredModels,
  getLatestVersions: registered.getLatestVersions,
  setRegisteredModelTag: registered.setRegisteredModelTag,
  deleteRegisteredModelTag: registered.deleteRegisteredModelTag,
  setRegisteredModelAlias: registered.setRegisteredModelAlias,
  deleteRegisteredModelAlias: registered.deleteRegisteredModelAlias,
  getModelVersionByAlias: registered.getModelVersionByAlias,
  createModelVersion: versions.createModelVersion,
  updateModelVersion: versions.updateModelVersion,
  transitionModelVersionStage: versions.transitionModelVersionStage,
  deleteModelVersion: versions.deleteModelVersion,
  getModelVersion: versions.getModelVersion,
  searchModelVersions: versions.searchModelVersions,
  getModelVersionDownloadUri: versions.getModelVersionDownloadUri,
  setModelVersionTag: versions.setModelVersionTag,
  deleteModelVersionTag: versions.deleteModelVersionTag,
};

/**
 * Answers a request by its name.
 *
 * @param uri the store, for its refusal
 * @throws {RunspanError} `NOT_SUPPORTED` for what only a server has
 */
export function answerRequest<N extends ServerEndpoint>(
  context: FileContext,
  { uri, name, request }: { readonly uri: string; readonly name: N; readonly request: RequestOf<N> },
): AnswerOf<N> {
  if (!Object.hasOwn(ANSWERS, name)) throw needsServer(uri, name);
  // The cast says what the table's type says of this name.
  const answer = ANSWERS[name as Answered] as unknown as (given: FileContext, asked: RequestOf<N>) => AnswerOf<N>;
  return answer(context, request);
}
