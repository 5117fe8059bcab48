// Registered models in MLflow's file store: made, renamed, described, tagged, given aliases, deleted with all that is theirs.
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from '../../model/entities.ts';
import type { ModelVersion, RegisteredModel } from '../../model/registry.ts';
import type { RegistrySearch } from '../../rest/endpoints/registry.ts';
import type { RequestOf } from '../../rest/endpoints/server-endpoints.ts';
import type { ListedModel } from '../contract.ts';
import * as rules from '../rules/registry-rules.ts';
import { matchesRegistered, registryOrder } from '../search/match-registry.ts';
import { pageOf } from '../search/paging.ts';
import { readRegistrySearch } from '../search/registry-search.ts';
import type { FileContext } from './experiments.ts';
import { writeMeta } from './meta.ts';
import {
  ALIASES_FOLDER,
  changeMeta,
  findModel,
  modelFolderOf,
  modelFolders,
  modelNames,
  readModel,
  readVersion,
  readVersions,
  requireModel,
  requireVersion,
  TAGS_FOLDER,
  touchModel,
  versionFolderName,
  versionFolders,
} from './registry-files.ts';
import { checkKeys, META_FILE, readText, textsIn } from './tree.ts';

/** Makes a registered model; its name may be no other's, a prompt's neither. */
export function createRegisteredModel(
  context: FileContext,
  { name, description, tags }: RequestOf<'createRegisteredModel'>,
): RegisteredModel {
  const folder = modelFolderOf(context, name);
  const pairs = rules.checkRegistryTags(tags);
  const { tree, now } = context;
  return tree.write(() => {
    if (findModel(context, name) !== undefined) throw rules.nameTaken(name, textsIn(join(folder, TAGS_FOLDER)), pairs);
    checkKeys(join(folder, TAGS_FOLDER), pairs.keys());
    const at = now();
    const meta = {
      aliases: {},
      creation_timestamp: at,
      deployment_job_id: null,
      deployment_job_state: null,
      description: description ?? null,
      last_updated_timestamp: at,
      name,
      workspace: 'default',
    };
    const files = [...pairs].map(([key, value]) => [`${TAGS_FOLDER}/${key}`, value] as const);
    tree.makeFolder(folder, { [META_FILE]: writeMeta(meta), ...Object.fromEntries(files) });
    return readModel(context, { name, folder, meta });
  });
}

/**
 * Renames a registered model with all that is its own. It is there under its new name, whole, before the old one goes: a process that
 * is killed between the two leaves both.
 */
export function renameRegisteredModel(
  context: FileContext,
  { name, newName }: RequestOf<'renameRegisteredModel'>,
): RegisteredModel {
  const folder = modelFolderOf(context, newName);
  const { tree, now } = context;
  return tree.write(() => {
    const model = requireModel(context, name);
    const changes = { name: newName, last_updated_timestamp: now() };
    const versions = versionFolders(context, model);
    if (newName === name) {
      for (const version of versions) changeMeta(context, version, changes);
      return readModel(context, changeMeta(context, model, changes));
    }
    if (findModel(context, newName) !== undefined) throw rules.newNameTaken(newName);
    const metas = versions.map(
      ({ version, meta }) =>
        [`${versionFolderName(version)}/${META_FILE}`, writeMeta({ ...meta, ...changes })] as const,
    );
    tree.makeFolder(folder, {
      ...textsIn(model.folder),
      ...Object.fromEntries(metas),
      [META_FILE]: writeMeta({ ...model.meta, ...changes }),
    });
    tree.removeFolder(model.folder);
    return readModel(context, requireModel(context, newName));
  });
}

/** Sets or takes away a description. */
export function updateRegisteredModel(
  context: FileContext,
  { name, description }: RequestOf<'updateRegisteredModel'>,
): RegisteredModel {
  return context.tree.write(() => {
    const changes = { description: description ?? null, last_updated_timestamp: context.now() };
    return readModel(context, changeMeta(context, requireModel(context, name), changes));
  });
}

/** Deletes a registered model with its versions, tags and aliases. */
export function deleteRegisteredModel(context: FileContext, name: string): void {
  context.tree.write(() => context.tree.removeFolder(requireModel(context, name).folder));
}

/** Reads a registered model. */
export function getRegisteredModel(context: FileContext, name: string): RegisteredModel {
  return context.tree.read(() => readModel(context, requireModel(context, name)));
}

/** Finds registered models, by default by name. */
export function searchRegisteredModels(context: FileContext, request: RegistrySearch): Page<RegisteredModel> {
  const search = readRegistrySearch('models', request);
  const { size, offset, orderings } = search;
  return context.tree.read(() => {
    const found = modelFolders(context)
      .map((model) => readModel(context, model))
      .filter((model) => matchesRegistered(model, search));
    return pageOf(found.toSorted(registryOrder(orderings)).slice(offset), size, offset);
  });
}

/** Lists registered models and prompts by name, each read with its versions when it is asked for. */
export function* listRegistered(context: FileContext): Generator<ListedModel> {
  const { tree } = context;
  for (const name of tree.read(() => modelNames(context)))
    yield {
      name,
      read: async () =>
        tree.read(() => {
          const model = requireModel(context, name);
          return { model: readModel(context, model), versions: readVersions(context, model) };
        }),
    };
}

/** Reads the newest version of each stage, or of those that are asked for. */
export function getLatestVersions(
  context: FileContext,
  { name, stages = [] }: RequestOf<'getLatestVersions'>,
): readonly ModelVersion[] {
  return context.tree.read(() => {
    const model = requireModel(context, name);
    const wanted = stages.map(rules.canonicalStage);
    return rules
      .newestByStage(readVersions(context, model))
      .filter(({ currentStage }) => wanted.length === 0 || wanted.includes(currentStage))
      .map(({ version }) => readVersion(requireVersion(context, name, version), true));
  });
}

/** Sets a tag; the last value wins. */
export function setRegisteredModelTag(context: FileContext, tag: RequestOf<'setRegisteredModelTag'>): void {
  const { name, key, value } = tag;
  rules.checkRegistryTags([{ key, value }]);
  context.tree.write(() => {
    const model = requireModel(context, name);
    const folder = join(model.folder, TAGS_FOLDER);
    checkKeys(folder, [key]);
    context.tree.replace(join(folder, key), value);
    touchModel(context, model, context.now());
  });
}

/** Takes a tag away; one that is not there is none. */
export function deleteRegisteredModelTag(
  context: FileContext,
  { name, key }: RequestOf<'deleteRegisteredModelTag'>,
): void {
  rules.checkRegistryTagKey(key);
  context.tree.write(() => {
    const model = requireModel(context, name);
    const path = join(model.folder, TAGS_FOLDER, key);
    if (readText(path) === undefined) return;
    rmSync(path);
    touchModel(context, model, context.now());
  });
}

/** Lets an alias point to a version. */
export function setRegisteredModelAlias(
  context: FileContext,
  { name, alias, version }: RequestOf<'setRegisteredModelAlias'>,
): void {
  rules.checkRegisteredName(name);
  rules.checkAliasFree(rules.checkAliasName(alias));
  context.tree.write(() => {
    const found = requireVersion(context, name, version);
    context.tree.replace(join(found.model.folder, ALIASES_FOLDER, alias), String(found.version));
    touchModel(context, found.model, context.now());
  });
}

/** Takes an alias away; one that is not there is none. */
export function deleteRegisteredModelAlias(
  context: FileContext,
  { name, alias }: RequestOf<'deleteRegisteredModelAlias'>,
): void {
  rules.checkRegisteredName(name);
  rules.checkAliasName(alias);
  context.tree.write(() => {
    const model = requireModel(context, name);
    const path = join(model.folder, ALIASES_FOLDER, alias);
    if (readText(path) === undefined) return;
    rmSync(path);
    touchModel(context, model, context.now());
  });
}

/** Reads the version that an alias points to; `latest` is the newest. */
export function getModelVersionByAlias(
  context: FileContext,
  { name, alias }: RequestOf<'getModelVersionByAlias'>,
): ModelVersion {
  rules.checkRegisteredName(name);
  rules.checkAliasName(alias);
  return context.tree.read(() => {
    const model = requireModel(context, name);
    const version =
      alias.toLowerCase() === 'latest'
        ? rules.newestNumber(name, readVersions(context, model))
        : readText(join(model.folder, ALIASES_FOLDER, alias));
    if (version === undefined) throw rules.noAlias(alias);
    return readVersion(requireVersion(context, name, version), true);
  });
}
