// The functions for models and prompts: Python's `mlflow.search_logged_models`, `mlflow.register_prompt` and so on.
import type { LoggedModel, LoggedModelStatus } from '../../model/entities.ts';
import type { PromptVersion } from '../../model/prompt-version.ts';
import type { Prompt, PromptTemplate } from '../../model/prompts.ts';
import type { ModelVersion, RegisteredModel } from '../../model/registry.ts';
import type { LoggedModelSearchOptions } from '../../rest/endpoints/logged-models.ts';
import type { NewLoggedModelOptions } from '../../runs/client/logged-model-methods.ts';
import type { PagedList } from '../../runs/client/paged-list.ts';
import type { PromptOptions } from '../../runs/client/prompt-tags.ts';
import type { RegistrySearchOptions } from '../../runs/client/registered-model-methods.ts';
import type { VersionNumber } from '../../runs/client/registry-checks.ts';
import { activeModelState } from '../../runs/open/active-model.ts';
import { defaultClient, defaultExperimentId } from './default-client.ts';
import { findActiveRun } from '../mlflow/run-registry.ts';

/** How a model begins that no client makes by itself. */
export interface InitializeModelOptions extends NewLoggedModelOptions {
  /** By default the service's. */
  readonly experimentId?: string;
}

/**
 * Makes a logged model, PENDING until `finalizeLoggedModel`; of the active run, where there is one.
 *
 * @example
 * const { modelId } = await initializeLoggedModel({ name: 'churn', params: { depth: 6 } });
 */
export async function initializeLoggedModel(options: InitializeModelOptions = {}): Promise<LoggedModel> {
  const { experimentId = await defaultExperimentId(), ...rest } = options;
  const sourceRunId = await findActiveRun()?.created();
  const from = sourceRunId === undefined ? {} : { sourceRunId };
  const model = await (await defaultClient()).createLoggedModel(experimentId, { ...from, ...rest });
  activeModelState().lastId = model.modelId;
  return model;
}

/**
 * Ends the making of a logged model.
 *
 * @example
 * await finalizeLoggedModel(modelId, 'READY');
 */
export async function finalizeLoggedModel(modelId: string, status: LoggedModelStatus | 'FAILED'): Promise<LoggedModel> {
  return (await defaultClient()).finalizeLoggedModel(modelId, status);
}

/**
 * Reads a logged model.
 *
 * @throws {MlflowError} `RESOURCE_DOES_NOT_EXIST`
 * @example
 * const { params } = await getLoggedModel(modelId);
 */
export async function getLoggedModel(modelId: string): Promise<LoggedModel> {
  return (await defaultClient()).getLoggedModel(modelId);
}

/**
 * Searches logged models, by default those of the service's experiment.
 *
 * @example
 * const models = await (await searchLoggedModels({ filterString: "params.depth = '6'" })).all();
 */
export async function searchLoggedModels(
  options: LoggedModelSearchOptions & { readonly experimentIds?: readonly string[] } = {},
): Promise<PagedList<LoggedModel>> {
  const { experimentIds = [await defaultExperimentId()], ...search } = options;
  return (await defaultClient()).searchLoggedModels(experimentIds, search);
}

/**
 * Gives a logged model params.
 *
 * @example
 * await logModelParams(modelId, { depth: 6 });
 */
export async function logModelParams(modelId: string, params: Readonly<Record<string, unknown>>): Promise<void> {
  return (await defaultClient()).logModelParams(modelId, params);
}

/**
 * Sets tags of a logged model.
 *
 * @example
 * await setLoggedModelTags(modelId, { stage: 'dev' });
 */
export async function setLoggedModelTags(modelId: string, tags: Readonly<Record<string, unknown>>): Promise<void> {
  return (await defaultClient()).setLoggedModelTags(modelId, tags);
}

/**
 * Takes a tag off a logged model.
 *
 * @example
 * await deleteLoggedModelTag(modelId, 'stage');
 */
export async function deleteLoggedModelTag(modelId: string, key: string): Promise<void> {
  return (await defaultClient()).deleteLoggedModelTag(modelId, key);
}

/**
 * Searches registered models.
 *
 * @example
 * for await (const { name } of await searchRegisteredModels()) console.log(name);
 */
export async function searchRegisteredModels(options: RegistrySearchOptions = {}): Promise<PagedList<RegisteredModel>> {
  return (await defaultClient()).searchRegisteredModels(options);
}

/**
 * Searches versions of registered models.
 *
 * @example
 * const versions = await (await searchModelVersions({ filterString: "name = 'churn'" })).all();
 */
export async function searchModelVersions(options: RegistrySearchOptions = {}): Promise<PagedList<ModelVersion>> {
  return (await defaultClient()).searchModelVersions(options);
}

/**
 * Sets a tag of a version of a registered model.
 *
 * @example
 * await setModelVersionTag('churn', '1', 'validated', true);
 */
export async function setModelVersionTag(
  name: string,
  version: VersionNumber | { readonly stage: string },
  key: string,
  value: unknown,
): Promise<void> {
  return (await defaultClient()).setModelVersionTag(name, version, key, value);
}

/**
 * Makes the next version of a prompt.
 *
 * @example
 * const { version } = await registerPrompt('greeting', 'Hello {{name}}!', { commitMessage: 'first' });
 */
export async function registerPrompt(
  name: string,
  template: PromptTemplate,
  options: PromptOptions & { readonly commitMessage?: string } = {},
): Promise<PromptVersion> {
  return (await defaultClient()).registerPrompt(name, template, options);
}

/**
 * Reads a version of a prompt, by `prompts:/name/1`, `prompts:/name@alias` or a name.
 *
 * @example
 * const prompt = await loadPrompt('prompts:/greeting@live');
 */
export async function loadPrompt(
  nameOrUri: string,
  options: { readonly version?: VersionNumber; readonly allowMissing?: boolean } = {},
): Promise<PromptVersion | undefined> {
  return (await defaultClient()).loadPrompt(nameOrUri, options);
}

/**
 * Searches prompts.
 *
 * @example
 * for await (const { name } of await searchPrompts()) console.log(name);
 */
export async function searchPrompts(options: RegistrySearchOptions = {}): Promise<PagedList<Prompt>> {
  return (await defaultClient()).searchPrompts(options);
}

/**
 * Lets an alias of a prompt point to a version.
 *
 * @example
 * await setPromptAlias('greeting', 'live', 2);
 */
export async function setPromptAlias(name: string, alias: string, version: VersionNumber): Promise<void> {
  return (await defaultClient()).setPromptAlias(name, alias, version);
}

/**
 * Takes an alias of a prompt away.
 *
 * @example
 * await deletePromptAlias('greeting', 'live');
 */
export async function deletePromptAlias(name: string, alias: string): Promise<void> {
  return (await defaultClient()).deletePromptAlias(name, alias);
}
