// Prompts of MlflowClient: registered, loaded, given aliases and tags; upon the model registry, as in Python.
import { MlflowError, mlflowError, uncodedError } from '../../errors.ts';
import { parsePromptUri } from '../../model/model-uri.ts';
import { hasPromptTag, IS_PROMPT_TAG, type ModelVersion, type RegisteredModel } from '../../model/registry.ts';
import type { Prompt, PromptTemplate } from '../../model/prompts.ts';
import type { PromptVersion } from '../../model/prompt-version.ts';
import { toText } from './checks.ts';
import { ModelVersionMethods } from './model-version-methods.ts';
import type { PagedList } from './paged-list.ts';
import { EXPERIMENT_IDS_TAG, notAPrompt, toPrompt, toPromptVersion, toVersionTags } from './prompt-tags.ts';
import { withExperiment, type PromptOptions } from './prompt-tags.ts';
import { promptFilter } from './prompt-filter.ts';
import type { VersionNumber } from './registry-checks.ts';
import { toRegistrySearch, type RegistrySearchOptions } from './registered-model-methods.ts';

/** What Python's two ways to make a version give as its source, which nobody reads. */
const REGISTERED_SOURCE = 'dummy-source';
const CREATED_SOURCE = 'prompt-template';

/** What says that something is not there. */
const MISSING: ReadonlySet<string> = new Set(['RESOURCE_DOES_NOT_EXIST', 'INVALID_PARAMETER_VALUE', 'NOT_FOUND']);

/** The client's methods of prompts and their versions. */
export abstract class PromptMethods extends ModelVersionMethods {
  /**
   * Makes the next version of a prompt, and the prompt where it is not there; its tags are noted of both. The service's experiment is noted
   * as one that uses it.
   */
  async registerPrompt(
    name: string,
    template: PromptTemplate,
    options: PromptOptions & { readonly commitMessage?: string } = {},
  ): Promise<PromptVersion> {
    checkPromptName(name);
    const { commitMessage, ...rest } = options;
    const tags = toVersionTags(template, rest);
    const about = commitMessage === undefined ? {} : { description: commitMessage };
    const model = await this.#findModel(name);
    if (model !== undefined && !hasPromptTag(model.tags))
      throw mlflowError('INVALID_PARAMETER_VALUE', `Model '${name}' exists: a prompt cannot have the name of a model.`);
    await this.#notePrompt(name, model, { ...about, tags: rest.tags ?? {} });
    try {
      return toPromptVersion(await this.makeVersion(name, REGISTERED_SOURCE, { ...about, tags }));
    } catch (error) {
      // Without its first version there would be a prompt of nothing.
      if (model === undefined) await this.ask('deleteRegisteredModel', name);
      throw error;
    }
  }

  /**
   * Loads a version of a prompt from `prompts:/name/1`, `prompts:/name@alias`, or its name with a `version`, by default the newest one.
   * Nothing is kept between two calls. With `allowMissing` one that is not there is undefined.
   */
  async loadPrompt(
    nameOrUri: string,
    options: { readonly version?: VersionNumber; readonly allowMissing?: boolean } = {},
  ): Promise<PromptVersion | undefined> {
    const { version, allowMissing = false } = options;
    const uri = promptUriOf(nameOrUri, version);
    try {
      const parsed = parsePromptUri(uri);
      return await this.getPromptVersion(parsed.name, parsed.kind === 'version' ? parsed.version : parsed.alias);
    } catch (error) {
      if (allowMissing && error instanceof MlflowError && MISSING.has(error.errorCode)) return undefined;
      throw error;
    }
  }

  /** Makes a prompt without versions. */
  async createPrompt(
    name: string,
    options: { readonly description?: string; readonly tags?: Readonly<Record<string, string>> } = {},
  ): Promise<Prompt> {
    const { description, tags = {} } = options;
    const about = description === undefined ? {} : { description };
    const pairs = Object.entries({ [IS_PROMPT_TAG]: 'true', ...tags }).map(([key, value]) => ({ key, value }));
    return toPrompt(await this.ask('createRegisteredModel', { name, ...about, tags: pairs }));
  }

  /** Makes the next version of a prompt that is there. */
  async createPromptVersion(
    name: string,
    template: PromptTemplate,
    options: PromptOptions & { readonly description?: string } = {},
  ): Promise<PromptVersion> {
    const { description, ...rest } = options;
    const about = description === undefined ? {} : { description };
    const tags = toVersionTags(template, rest);
    return toPromptVersion(await this.makeVersion(name, CREATED_SOURCE, { ...about, tags, awaitCreationForMs: 0 }));
  }

  /** Reads a prompt; undefined where there is none, or a model has the name. */
  async getPrompt(name: string): Promise<Prompt | undefined> {
    const model = await this.#findModel(name);
    return model?.tags[IS_PROMPT_TAG] === 'true' ? toPrompt(model) : undefined;
  }

  /** Reads a version of a prompt by number or alias; undefined where the version is a model's. */
  async getPromptVersion(name: string, version: VersionNumber): Promise<PromptVersion | undefined> {
    await this.#mustBePrompt(name);
    const found = await this.#findVersion(name, String(version));
    return hasPromptTag(found.tags) ? toPromptVersion(found) : undefined;
  }

  /** Reads the version of a prompt that an alias points to; `latest` points to the newest by itself. */
  getPromptVersionByAlias(name: string, alias: string): Promise<PromptVersion | undefined> {
    return this.getPromptVersion(name, alias);
  }

  /** Searches prompts; `experiment_id = '1'` in the filter finds those that an experiment uses. */
  searchPrompts(options: RegistrySearchOptions = {}): PagedList<Prompt> {
    const { filterString, ...rest } = options;
    return this.pages(async (paging) => {
      const search = { ...rest, filterString: promptFilter(filterString) };
      const page = await this.ask('searchRegisteredModels', toRegistrySearch(search, paging, 1000));
      return { ...page, items: page.items.map(toPrompt) };
    });
  }

  /** Lists the versions of a prompt, the newest first. */
  searchPromptVersions(
    name: string,
    options: Pick<RegistrySearchOptions, 'maxResults' | 'pageToken'> = {},
  ): PagedList<PromptVersion> {
    const filterString = `name = '${name}' AND tag.\`${IS_PROMPT_TAG}\` = 'true'`;
    return this.pages(async (paging) => {
      await this.#mustBePrompt(name);
      const search = { ...options, filterString, orderBy: ['version_number DESC'] };
      const page = await this.ask('searchModelVersions', toRegistrySearch(search, paging));
      return { ...page, items: page.items.map(toPromptVersion) };
    });
  }

  /** Deletes a prompt with all its versions. */
  async deletePrompt(name: string): Promise<void> {
    return this.ask('deleteRegisteredModel', name);
  }

  /** Deletes a version of a prompt. */
  async deletePromptVersion(name: string, version: VersionNumber): Promise<void> {
    return this.ask('deleteModelVersion', { name, version: wholeVersion(version) });
  }

  /** Sets a tag of a prompt. */
  async setPromptTag(name: string, key: string, value: unknown): Promise<void> {
    return this.ask('setRegisteredModelTag', { name, key, value: toText(value) });
  }

  /** Takes a tag off a prompt; one that is not there is none. */
  async deletePromptTag(name: string, key: string): Promise<void> {
    return this.ask('deleteRegisteredModelTag', { name, key });
  }

  /** Sets a tag of a version of a prompt. */
  async setPromptVersionTag(name: string, version: VersionNumber, key: string, value: unknown): Promise<void> {
    return this.ask('setModelVersionTag', { name, version: wholeVersion(version), key, value: toText(value) });
  }

  /** Takes a tag off a version of a prompt; one that is not there is none. */
  async deletePromptVersionTag(name: string, version: VersionNumber, key: string): Promise<void> {
    return this.ask('deleteModelVersionTag', { name, version: wholeVersion(version), key });
  }

  /** Lets an alias point to a version of a prompt. */
  async setPromptAlias(name: string, alias: string, version: VersionNumber): Promise<void> {
    await this.#mustHaveVersion(name, version);
    return this.ask('setRegisteredModelAlias', { name, alias, version: String(version) });
  }

  /** Takes an alias of a prompt away; one that is not there is none. */
  async deletePromptAlias(name: string, alias: string): Promise<void> {
    return this.ask('deleteRegisteredModelAlias', { name, alias });
  }

  async #findModel(name: string): Promise<RegisteredModel | undefined> {
    try {
      return await this.ask('getRegisteredModel', name);
    } catch (error) {
      if (error instanceof MlflowError && MISSING.has(error.errorCode)) return undefined;
      throw error;
    }
  }

  /** Before the version, so that what fails here leaves no version behind. */
  async #notePrompt(
    name: string,
    model: RegisteredModel | undefined,
    about: { readonly description?: string; readonly tags: Readonly<Record<string, string>> },
  ): Promise<void> {
    const experimentId = await this.findExperimentId();
    const ids = experimentId === undefined ? undefined : withExperiment(model?.tags ?? {}, experimentId);
    const tags = { ...about.tags, ...(ids === undefined ? {} : { [EXPERIMENT_IDS_TAG]: ids }) };
    if (model === undefined) return void (await this.createPrompt(name, { ...about, tags }));
    for (const [key, value] of Object.entries(tags)) await this.setPromptTag(name, key, value);
  }

  async #findVersion(name: string, version: string): Promise<ModelVersion> {
    if (/^\s*[+-]?\d+\s*$/.test(version))
      return this.ask('getModelVersion', { name, version: String(Number(version)) });
    return this.ask('getModelVersionByAlias', { name, alias: version });
  }

  async #mustBePrompt(name: string): Promise<void> {
    const { tags } = await this.ask('getRegisteredModel', name);
    if (tags[IS_PROMPT_TAG] !== 'true') throw notAPrompt(name);
  }

  async #mustHaveVersion(name: string, version: VersionNumber): Promise<void> {
    const absent = `Prompt '${name}' version ${version} does not exist.`;
    try {
      if ((await this.getPromptVersion(name, version)) !== undefined) return;
    } catch (error) {
      if (error instanceof MlflowError && !MISSING.has(error.errorCode)) throw error;
    }
    throw mlflowError('RESOURCE_DOES_NOT_EXIST', absent);
  }
}

function promptUriOf(nameOrUri: string, version: VersionNumber | undefined): string {
  if (!nameOrUri.startsWith('prompts:/'))
    return version === undefined ? `prompts:/${nameOrUri}@latest` : `prompts:/${nameOrUri}/${version}`;
  if (version === undefined) return nameOrUri;
  throw mlflowError('INVALID_PARAMETER_VALUE', 'A URI says its version itself: leave `version` out.');
}

function checkPromptName(name: string): void {
  if (typeof name === 'string' && /^[a-zA-Z0-9_.-]+$/.test(name)) return;
  throw mlflowError(
    'INVALID_PARAMETER_VALUE',
    `'${name}' is no name of a prompt: letters, digits, hyphens, underscores and dots, at least one of them.`,
  );
}

function wholeVersion(version: VersionNumber): string {
  const text = String(version);
  if (/^\s*[+-]?\d+\s*$/.test(text)) return String(Number(text));
  throw uncodedError(`Invalid version number: ${text}`);
}
