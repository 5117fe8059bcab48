// Versions of registered models in MlflowClient: made from a source, tagged, promoted, copied.
import { MlflowError, mlflowError, uncodedError } from '../../errors.ts';
import { isModelUri, parseModelUri, type ModelUri } from '../../model/model-uri.ts';
import { hasPromptTag, MODEL_VERSION_STAGES, type ModelVersion } from '../../model/registry.ts';
import { toText, toTexts } from './checks.ts';
import type { PagedList } from './paged-list.ts';
import { awaitReady, checkModelName, modelNotFound, refusePromptTag } from './registry-checks.ts';
import { type VersionNumber } from './registry-checks.ts';
import { RegisteredModelMethods, toRegistrySearch } from './registered-model-methods.ts';
import type { RegistrySearchOptions } from './registered-model-methods.ts';

/** How a version begins. */
export interface ModelVersionOptions {
  /** The run that made it. */
  readonly runId?: string;
  /** The logged model that it is, which a source `models:/m-…` must name. */
  readonly modelId?: string;
  /** What is noted of it. */
  readonly tags?: Readonly<Record<string, unknown>>;
  /** A page of the run. */
  readonly runLink?: string;
  /** Free text. */
  readonly description?: string;
  /** How long it may take to become READY, in milliseconds; 0 waits for nothing. @default 300_000 */
  readonly awaitCreationForMs?: number;
}

/** Python's wait for a version, in milliseconds. */
const AWAIT_CREATION_MS = 300_000;

/** The size of a page of versions in Python. */
const VERSIONS_PAGE = 10_000;

/** The client's methods of model versions. */
export abstract class ModelVersionMethods extends RegisteredModelMethods {
  /** Makes the next version of a registered model, and waits until it is READY. */
  async createModelVersion(name: string, source: string, options: ModelVersionOptions = {}): Promise<ModelVersion> {
    refusePromptTag(options.tags);
    return this.makeVersion(name, source, options);
  }

  /** Registers a version again under another name, which is made where it is not there. */
  async copyModelVersion(srcModelUri: string, dstName: string): Promise<ModelVersion> {
    const source = await this.#readSource(srcModelUri);
    if (hasPromptTag(source.tags))
      throw mlflowError('RESOURCE_DOES_NOT_EXIST', `Model with uri '${srcModelUri}' not found`);
    await this.makeRegisteredModel(dstName);
    const { runId, runLink, description, tags } = source;
    try {
      return await this.makeVersion(dstName, `models:/${source.name}/${source.version}`, {
        ...(runId === '' ? {} : { runId }),
        runLink,
        ...(description === '' ? {} : { description }),
        tags,
        awaitCreationForMs: 0,
      });
    } catch (error) {
      throw wrapped('Failed to create model version copy', error);
    }
  }

  /** Sets a version's description. */
  async updateModelVersion(
    name: string,
    version: VersionNumber,
    options: { readonly description?: string } = {},
  ): Promise<ModelVersion> {
    const { description } = options;
    if (description === undefined) throw uncodedError('Attempting to update model version with no new field values.');
    await this.getRegisteredModel(name);
    return this.ask('updateModelVersion', { name, version: String(version), description });
  }

  /** Moves a version to a stage; MLflow has given stages up for aliases. */
  async transitionModelVersionStage(
    name: string,
    version: VersionNumber,
    stage: string,
    options: { readonly archiveExistingVersions?: boolean } = {},
  ): Promise<ModelVersion> {
    await this.getRegisteredModel(name);
    if (stage.trim() === '') throw uncodedError('The stage must not be an empty string.');
    const { archiveExistingVersions: archivesExistingVersions = false } = options;
    return this.ask('transitionModelVersionStage', { name, version: String(version), stage, archivesExistingVersions });
  }

  /** Deletes a version; its number is not given again. */
  async deleteModelVersion(name: string, version: VersionNumber): Promise<void> {
    await this.getRegisteredModel(name);
    return this.ask('deleteModelVersion', { name, version: String(version) });
  }

  /** Reads a version. */
  async getModelVersion(name: string, version: VersionNumber): Promise<ModelVersion> {
    const found = await this.ask('getModelVersion', { name, version: String(version) });
    if (hasPromptTag(found.tags)) throw modelNotFound(name);
    return found;
  }

  /** Reads the version that an alias points to; `latest` points to the newest by itself. */
  async getModelVersionByAlias(name: string, alias: string): Promise<ModelVersion> {
    const found = await this.ask('getModelVersionByAlias', { name: checkModelName(name), alias });
    if (hasPromptTag(found.tags)) throw modelNotFound(name);
    return found;
  }

  /** Reads where a version's files are. */
  async getModelVersionDownloadUri(name: string, version: VersionNumber): Promise<string> {
    await this.getRegisteredModel(name);
    return this.ask('getModelVersionDownloadUri', { name, version: String(version) });
  }

  /** Searches versions of all models; those of prompts only where the filter asks for them. */
  searchModelVersions(options: RegistrySearchOptions = {}): PagedList<ModelVersion> {
    return this.pages((paging) => this.ask('searchModelVersions', toRegistrySearch(options, paging, VERSIONS_PAGE)));
  }

  /** The stages that a version can be in. */
  async getModelVersionStages(_name: string, _version: VersionNumber): Promise<readonly string[]> {
    return MODEL_VERSION_STAGES;
  }

  /** Sets a tag of a version, or of the newest one in a stage; any value becomes text. */
  async setModelVersionTag(
    name: string,
    version: VersionNumber | { readonly stage: string },
    key: string,
    value: unknown,
  ): Promise<void> {
    const chosen = await this.#chooseVersion(name, version);
    return this.ask('setModelVersionTag', { name, version: chosen, key, value: toText(value) });
  }

  /** Takes a tag off a version, or off the newest one in a stage; one that is not there is none. */
  async deleteModelVersionTag(
    name: string,
    version: VersionNumber | { readonly stage: string },
    key: string,
  ): Promise<void> {
    return this.ask('deleteModelVersionTag', { name, version: await this.#chooseVersion(name, version), key });
  }

  /** The version that a `models:/` URI of a registered model leads to. */
  protected async findVersion(uri: Exclude<ModelUri, { readonly kind: 'model' }>): Promise<ModelVersion> {
    const { name } = uri;
    if (uri.kind === 'version') return this.ask('getModelVersion', { name, version: uri.version });
    if (uri.kind === 'alias') return this.ask('getModelVersionByAlias', { name, alias: uri.alias });
    const stages = uri.kind === 'stage' ? { stages: [uri.stage] } : {};
    const [first, ...others] = await this.ask('getLatestVersions', { name, ...stages });
    const where = uri.kind === 'stage' ? ` and stage '${uri.stage}'` : '';
    if (first === undefined) throw uncodedError(`No versions of model with name '${name}'${where} found`);
    return others.reduce((newest, each) => (Number(each.version) > Number(newest.version) ? each : newest), first);
  }

  /** Makes a registered model unless it is there. */
  protected async makeRegisteredModel(name: string): Promise<void> {
    try {
      await this.createRegisteredModel(name);
    } catch (error) {
      if (!(error instanceof MlflowError) || error.errorCode !== 'RESOURCE_ALREADY_EXISTS') throw error;
    }
  }

  /** Makes a version of whatever kind, a prompt's too. */
  protected async makeVersion(name: string, source: string, options: ModelVersionOptions): Promise<ModelVersion> {
    const { tags, awaitCreationForMs = AWAIT_CREATION_MS, ...rest } = options;
    const made = await this.ask('createModelVersion', { ...rest, name, source, tags: toTexts(tags ?? {}) });
    const key = { name: made.name, version: made.version };
    if (awaitCreationForMs > 0) await awaitReady(made, awaitCreationForMs, () => this.ask('getModelVersion', key));
    return made;
  }

  async #readSource(uri: string): Promise<ModelVersion> {
    if (!isModelUri(uri))
      throw uncodedError(`Unsupported source model URI: '${uri}'. Only models in the 'models:/' scheme can be copied.`);
    try {
      const parsed = parseModelUri(uri);
      if (parsed.kind !== 'model') return await this.findVersion(parsed);
      throw uncodedError('It names a logged model, which is no version of a registered one.');
    } catch (error) {
      throw wrapped(`Failed to fetch model version from source model URI: '${uri}'`, error);
    }
  }

  async #chooseVersion(name: string, version: VersionNumber | { readonly stage: string }): Promise<string> {
    const { stage } = typeof version === 'object' ? version : { stage: undefined };
    if (version === '' || stage === '') throw mlflowError('INVALID_PARAMETER_VALUE', 'version or stage must be set');
    await this.getRegisteredModel(name);
    if (typeof version !== 'object') return String(version);
    const [latest] = await this.getLatestVersions(name, { stages: [version.stage] });
    if (latest === undefined) throw uncodedError(`Could not find any model version for ${stage} stage`);
    return latest.version;
  }
}

/** Python's client hides the code of what failed here. */
function wrapped(what: string, error: unknown): unknown {
  return error instanceof MlflowError ? uncodedError(`${what}. Error: ${error.message}`, error) : error;
}
