// Registered models of MlflowClient: names with versions behind them.
import { uncodedError } from '../../errors.ts';
import { hasPromptTag, IS_PROMPT_TAG, withoutPromptTag } from '../../model/registry.ts';
import type { ModelVersion, RegisteredModel } from '../../model/registry.ts';
import type { RegistrySearch } from '../../rest/endpoints/registry.ts';
import { toText, toTexts } from './checks.ts';
import type { PagedList } from './paged-list.ts';
import { checkAlias, checkModelName, checkVersion, modelNotFound } from './registry-checks.ts';
import { refusePromptTag, type VersionNumber } from './registry-checks.ts';
import { LoggedModelMethods } from './logged-model-methods.ts';

/** What a search of the registry takes, with Python's names. */
export interface RegistrySearchOptions {
  /** MLflow's filter language, such as `name LIKE 'churn%' AND tags.stage = 'live'`. */
  readonly filterString?: string;
  /** How many a page holds. @default 100 of models and prompts, 10,000 of versions */
  readonly maxResults?: number;
  /** Such as `['name ASC']`. */
  readonly orderBy?: readonly string[];
  /** Where to begin: `nextPageToken` of an earlier page. */
  readonly pageToken?: string;
}

/** How a registered model begins. */
export interface RegisteredModelOptions {
  /** Free text. */
  readonly description?: string;
  /** What is noted of it. */
  readonly tags?: Readonly<Record<string, unknown>>;
}

/** The client's methods of registered models. Prompts, which MLflow keeps as such too, are not found by them. */
export abstract class RegisteredModelMethods extends LoggedModelMethods {
  /** Makes a registered model without versions; `RESOURCE_ALREADY_EXISTS` where the name is taken. */
  async createRegisteredModel(name: string, options: RegisteredModelOptions = {}): Promise<RegisteredModel> {
    const { tags, ...rest } = options;
    refusePromptTag(tags);
    return this.ask('createRegisteredModel', { ...rest, name, tags: toTexts(tags ?? {}) });
  }

  /** Renames a registered model; its versions, tags and aliases follow. */
  async renameRegisteredModel(name: string, newName: string): Promise<RegisteredModel> {
    await this.getRegisteredModel(name);
    if (newName.trim() === '') throw uncodedError('The name must not be an empty string.');
    return this.ask('renameRegisteredModel', { name, newName });
  }

  /** Sets a registered model's description; without one it is taken away. */
  async updateRegisteredModel(
    name: string,
    options: Pick<RegisteredModelOptions, 'description'> = {},
  ): Promise<RegisteredModel> {
    await this.getRegisteredModel(name);
    return this.ask('updateRegisteredModel', { name, ...options });
  }

  /** Deletes a registered model with all its versions. */
  async deleteRegisteredModel(name: string): Promise<void> {
    await this.getRegisteredModel(name);
    return this.ask('deleteRegisteredModel', name);
  }

  /** Searches registered models, prompts left out unless the filter asks for them. */
  searchRegisteredModels(options: RegistrySearchOptions = {}): PagedList<RegisteredModel> {
    const { filterString, ...rest } = options;
    const filter = withoutPrompts(filterString);
    return this.pages(async (paging) => {
      const page = await this.ask(
        'searchRegisteredModels',
        toRegistrySearch({ ...rest, filterString: filter }, paging),
      );
      return { ...page, items: page.items.map((model) => ({ ...model, tags: withoutPromptTag(model.tags) })) };
    });
  }

  /** Reads a registered model. */
  async getRegisteredModel(name: string): Promise<RegisteredModel> {
    const model = await this.ask('getRegisteredModel', name);
    if (hasPromptTag(model.tags)) throw modelNotFound(name);
    return model;
  }

  /** Reads the newest version of each stage, or of the stages that are asked for. */
  async getLatestVersions(
    name: string,
    options: { readonly stages?: readonly string[] } = {},
  ): Promise<readonly ModelVersion[]> {
    await this.getRegisteredModel(name);
    return this.ask('getLatestVersions', { name, ...options });
  }

  /** Sets a tag of a registered model; any value becomes text. */
  async setRegisteredModelTag(name: string, key: string, value: unknown): Promise<void> {
    await this.getRegisteredModel(name);
    return this.ask('setRegisteredModelTag', { name, key, value: toText(value) });
  }

  /** Takes a tag off a registered model; one that is not there is none. */
  async deleteRegisteredModelTag(name: string, key: string): Promise<void> {
    await this.getRegisteredModel(name);
    return this.ask('deleteRegisteredModelTag', { name, key });
  }

  /** Lets an alias point to a version; it moves there where it pointed to another. */
  async setRegisteredModelAlias(name: string, alias: string, version: VersionNumber): Promise<void> {
    const key = { name: checkModelName(name), alias: checkAlias(alias), version: checkVersion(version) };
    await this.getRegisteredModel(name);
    return this.ask('setRegisteredModelAlias', key);
  }

  /** Takes an alias away; one that is not there is none. */
  async deleteRegisteredModelAlias(name: string, alias: string): Promise<void> {
    const key = { name: checkModelName(name), alias: checkAlias(alias) };
    await this.getRegisteredModel(name);
    return this.ask('deleteRegisteredModelAlias', key);
  }
}

/** A search as the registry is asked; the sizes of pages are Python's. */
export function toRegistrySearch(
  options: { readonly [K in keyof RegistrySearchOptions]: RegistrySearchOptions[K] | undefined },
  paging: { readonly pageToken?: string },
  defaultMaxResults = 100,
): RegistrySearch {
  const { filterString, maxResults = defaultMaxResults, orderBy, pageToken } = options;
  return {
    ...(filterString === undefined ? {} : { filter: filterString }),
    maxResults,
    ...(orderBy === undefined ? {} : { orderBy }),
    ...(pageToken === undefined ? {} : { pageToken }),
    ...paging,
  };
}

/** As in Python: a filter that says nothing of prompts leaves them out. */
function withoutPrompts(filter: string | undefined): string {
  if (filter?.includes(IS_PROMPT_TAG) === true) return filter;
  const rest = `tag.\`${IS_PROMPT_TAG}\` != 'true'`;
  return filter === undefined || filter === '' ? rest : `${filter} AND ${rest}`;
}
