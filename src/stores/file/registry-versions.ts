// Versions of registered models in MLflow's file store: made from a source, described, promoted, tagged, deleted, found.
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from '../../model/entities.ts';
import type { ModelVersion } from '../../model/registry.ts';
import type { RegistrySearch } from '../../rest/endpoints/registry.ts';
import type { RequestOf } from '../../rest/endpoints/server-endpoints.ts';
import * as rules from '../rules/registry-rules.ts';
import { findVersionOrigin, type VersionOrigin } from '../rules/version-origin.ts';
import { matchesRegistered, registryOrder } from '../search/match-registry.ts';
import { pageOf } from '../search/paging.ts';
import { readRegistrySearch } from '../search/registry-search.ts';
import { codeOf } from './errors.ts';
import type { FileContext } from './experiments.ts';
import { type Meta, textOf, writeMeta } from './meta.ts';
import { getLoggedModel } from './models.ts';
import {
  ALIASES_FOLDER,
  changeMeta,
  modelFolders,
  modelFolderOf,
  readVersion,
  readVersions,
  requireModel,
  requireVersion,
  TAGS_FOLDER,
  touchModel,
  versionFolderName,
  versionFolders,
  versionNumbersIn,
} from './registry-files.ts';
import { checkKeys, META_FILE, readText } from './tree.ts';

/** Python's client takes no turn: so often the next number may be its, as Python itself tries (CREATE_MODEL_VERSION_RETRIES). */
const MAX_ATTEMPTS = 3;

/** Makes the next version. */
export function createModelVersion(context: FileContext, request: RequestOf<'createModelVersion'>): ModelVersion {
  const { tree, now } = context;
  const { name } = request;
  modelFolderOf(context, name);
  const tags = rules.checkRegistryTags(request.tags);
  const origin = findVersionOrigin(request, {
    loggedModel: (modelId) => getLoggedModel(context, modelId),
    downloadUri: (version) => getModelVersionDownloadUri(context, version),
  });
  return tree.write(() => {
    const model = requireModel(context, name);
    const files = [...tags].map(([key, value]) => [`${TAGS_FOLDER}/${key}`, value] as const);
    for (let attempt = 1; ; attempt++) {
      const version = (versionNumbersIn(model).at(-1) ?? 0) + 1;
      const at = now();
      const folder = join(model.folder, versionFolderName(version));
      checkKeys(join(folder, TAGS_FOLDER), tags.keys());
      const meta = newMeta(request, { origin, version, at });
      try {
        tree.makeFolder(folder, { [META_FILE]: writeMeta(meta), ...Object.fromEntries(files) });
      } catch (error) {
        if (attempt === MAX_ATTEMPTS || !['EEXIST', 'ENOTEMPTY'].includes(codeOf(error) ?? '')) throw error;
        continue;
      }
      touchModel(context, model, at);
      return readVersion({ name, version, folder, meta, model }, true);
    }
  });
}

function newMeta(
  request: RequestOf<'createModelVersion'>,
  { origin, version, at }: { readonly origin: VersionOrigin; readonly version: number; readonly at: number },
): Meta {
  return {
    creation_timestamp: at,
    current_stage: 'None',
    deployment_job_state: null,
    description: request.description ?? null,
    last_updated_timestamp: at,
    model_id: request.modelId ?? null,
    name: request.name,
    run_id: origin.runId ?? null,
    run_link: request.runLink ?? null,
    source: request.source,
    status: 'READY',
    status_message: null,
    storage_location: origin.location,
    user_id: null,
    version,
    workspace: 'default',
  };
}

/** Sets a description. */
export function updateModelVersion(
  context: FileContext,
  { name, version, description }: RequestOf<'updateModelVersion'>,
): ModelVersion {
  return context.tree.write(() => {
    const changes = { description, last_updated_timestamp: context.now() };
    return readVersion(changeMeta(context, requireVersion(context, name, version), changes), true);
  });
}

/** Moves a version to a stage, and then those that were there into the archive where that is asked for: the stage is never without one. */
export function transitionModelVersionStage(
  context: FileContext,
  { name, version, stage, archivesExistingVersions }: RequestOf<'transitionModelVersionStage'>,
): ModelVersion {
  const target = rules.targetStage(stage, archivesExistingVersions);
  return context.tree.write(() => {
    const found = requireVersion(context, name, version);
    const at = context.now();
    const moved = changeMeta(context, found, { current_stage: target, last_updated_timestamp: at });
    if (archivesExistingVersions) {
      const others = versionFolders(context, found.model).filter(
        (each) => each.version !== found.version && textOf(each.meta, 'current_stage') === target,
      );
      for (const each of others) changeMeta(context, each, { current_stage: 'Archived', last_updated_timestamp: at });
    }
    touchModel(context, found.model, at);
    return readVersion(moved, true);
  });
}

/** Deletes a version as MLflow does: its folder stays, so that its number is not given again; its aliases go. */
export function deleteModelVersion(context: FileContext, { name, version }: RequestOf<'deleteModelVersion'>): void {
  context.tree.write(() => {
    const found = requireVersion(context, name, version);
    const at = context.now();
    // Aliases first: a process that is killed between the two leaves a version that can be deleted again, not aliases to nothing.
    for (const alias of readVersion(found, true).aliases) rmSync(join(found.model.folder, ALIASES_FOLDER, alias));
    changeMeta(context, found, { current_stage: rules.DELETED_STAGE, last_updated_timestamp: at });
    touchModel(context, found.model, at);
  });
}

/** Reads a version. */
export function getModelVersion(context: FileContext, { name, version }: RequestOf<'getModelVersion'>): ModelVersion {
  return context.tree.read(() => readVersion(requireVersion(context, name, version), true));
}

/** Finds versions, by default those that changed last. */
export function searchModelVersions(context: FileContext, request: RegistrySearch): Page<ModelVersion> {
  const search = readRegistrySearch('versions', request);
  const { size, offset, orderings } = search;
  return context.tree.read(() => {
    const found = modelFolders(context)
      .flatMap((model) => readVersions(context, model))
      .filter((version) => matchesRegistered(version, search));
    return pageOf(found.toSorted(registryOrder(orderings)).slice(offset), size, offset);
  });
}

/** Where a version's files are. */
export function getModelVersionDownloadUri(
  context: FileContext,
  { name, version }: RequestOf<'getModelVersionDownloadUri'>,
): string {
  return context.tree.read(() => {
    const { meta } = requireVersion(context, name, version);
    return textOf(meta, 'storage_location') ?? textOf(meta, 'source') ?? '';
  });
}

/** Sets a tag; the last value wins. */
export function setModelVersionTag(
  context: FileContext,
  { name, version, key, value }: RequestOf<'setModelVersionTag'>,
): void {
  rules.checkRegistryTags([{ key, value }]);
  context.tree.write(() => {
    const found = requireVersion(context, name, version);
    const folder = join(found.folder, TAGS_FOLDER);
    checkKeys(folder, [key]);
    context.tree.replace(join(folder, key), value);
    touchModel(context, found.model, context.now());
  });
}

/** Takes a tag away; one that is not there is none. */
export function deleteModelVersionTag(
  context: FileContext,
  { name, version, key }: RequestOf<'deleteModelVersionTag'>,
): void {
  rules.checkRegistryTagKey(key);
  context.tree.write(() => {
    const found = requireVersion(context, name, version);
    const path = join(found.folder, TAGS_FOLDER, key);
    if (readText(path) === undefined) return;
    rmSync(path);
    touchModel(context, found.model, context.now());
  });
}
