// The model registry's files in MLflow's file store: a folder for each name under `models`, one for each version in it, a file a tag or alias.
import { join, sep } from 'node:path';
import { mlflowError } from '../../errors.ts';
import type { ModelVersion, ModelVersionStatus, RegisteredModel } from '../../model/registry.ts';
import {
  checkRegisteredName,
  DELETED_STAGE,
  newestByStage,
  noModelVersion,
  noRegisteredModel,
  readVersion as readVersionNumber,
} from '../rules/registry-rules.ts';
import type { FileContext } from './experiments.ts';
import { type Meta, numberOf, textOf, writeMeta } from './meta.ts';
import { META_FILE, namesIn, readText, textsIn } from './tree.ts';

/** A registered model that is there. */
export interface ModelFolder {
  readonly name: string;
  readonly folder: string;
  readonly meta: Meta;
}

/** One of its versions; one that was deleted is there too, in a stage of its own. */
export interface VersionFolder extends ModelFolder {
  readonly model: ModelFolder;
  readonly version: number;
}

const MODELS_FOLDER = 'models';
const VERSION_FOLDER = /^version-(\d{1,15})$/;

/** Where a model and its versions keep what was noted of them. */
export const TAGS_FOLDER = 'tags';

/** Where a model keeps its aliases: a file each, with the number of a version. */
export const ALIASES_FOLDER = 'aliases';

/** The name of a version's folder in that of its model. */
export function versionFolderName(version: number): string {
  return `version-${version}`;
}

/** Returns where a registered model is, or would be; refuses a name that none can have, or no folder. */
export function modelFolderOf({ tree }: FileContext, name: string): string {
  checkRegisteredName(name);
  if (name.includes('%') || name.includes('\0') || name.includes(sep))
    throw mlflowError(
      'INVALID_PARAMETER_VALUE',
      `Invalid name: '${name}'. In a folder of runs it cannot contain '%' or a path separator.`,
    );
  return join(tree.root, MODELS_FOLDER, name);
}

/** Returns a registered model; undefined where there is none. */
export function findModel(context: FileContext, name: string): ModelFolder | undefined {
  const folder = modelFolderOf(context, name);
  const meta = readMetaOf(context, folder, name);
  return meta === undefined ? undefined : { name, folder, meta };
}

/** Refuses what is not there. */
export function requireModel(context: FileContext, name: string): ModelFolder {
  const found = findModel(context, name);
  if (found !== undefined) return found;
  throw noRegisteredModel(name);
}

/** Returns the names of all registered models, prompts among them, in order; whether they can be read or not. */
export function modelNames({ tree }: FileContext): readonly string[] {
  const root = join(tree.root, MODELS_FOLDER);
  return namesIn(root)
    .filter((name) => readText(join(root, name, META_FILE)) !== undefined)
    .toSorted();
}

/** Returns all registered models, prompts among them, by name. */
export function modelFolders(context: FileContext): readonly ModelFolder[] {
  return modelNames(context).flatMap((name) => {
    const folder = join(context.tree.root, MODELS_FOLDER, name);
    const meta = readMetaOf(context, folder, name);
    return meta === undefined ? [] : [{ name, folder, meta }];
  });
}

/** The numbers that are taken, in order; whether there is anything to read or not. */
export function versionNumbersIn({ folder }: Pick<ModelFolder, 'folder'>): readonly number[] {
  return namesIn(folder)
    .flatMap((name) => VERSION_FOLDER.exec(name)?.[1] ?? [])
    .map(Number)
    .toSorted((a, b) => a - b);
}

/** Returns the versions of a model by their numbers, those that were deleted too. */
export function versionFolders(context: FileContext, model: ModelFolder): readonly VersionFolder[] {
  return versionNumbersIn(model).flatMap((version) => findVersion(context, model, version) ?? []);
}

/** Returns a version; refuses one that is not there, or was deleted. */
export function requireVersion(context: FileContext, name: string, version: string): VersionFolder {
  const number = readVersionNumber(version);
  const model = findModel(context, name);
  const found = model === undefined ? undefined : findVersion(context, model, number);
  if (found === undefined || stageOf(found) === DELETED_STAGE) throw noModelVersion(name, number);
  return found;
}

/** Reads a registered model whole. */
export function readModel(context: FileContext, model: ModelFolder): RegisteredModel {
  const { name, folder, meta } = model;
  return {
    name,
    creationTimeMs: numberOf(meta, 'creation_timestamp') ?? 0,
    lastUpdateTimeMs: numberOf(meta, 'last_updated_timestamp') ?? 0,
    description: textOf(meta, 'description') ?? '',
    latestVersions: newestByStage(readVersions(context, model)),
    tags: textsIn(join(folder, TAGS_FOLDER)),
    aliases: textsIn(join(folder, ALIASES_FOLDER)),
  };
}

/** Reads the versions of a model that are not deleted, by their numbers; without aliases, as MLflow gives them in lists. */
export function readVersions(context: FileContext, model: ModelFolder): readonly ModelVersion[] {
  return versionFolders(context, model)
    .filter((each) => stageOf(each) !== DELETED_STAGE)
    .map((each) => readVersion(each));
}

/** Reads a version; its aliases only where they are asked for, as in MLflow. */
export function readVersion(
  { name, version, folder, meta, model }: VersionFolder,
  isWithAliases = false,
): ModelVersion {
  const aliases = isWithAliases ? Object.entries(textsIn(join(model.folder, ALIASES_FOLDER))) : [];
  return {
    name,
    version: String(version),
    creationTimeMs: numberOf(meta, 'creation_timestamp') ?? 0,
    lastUpdateTimeMs: numberOf(meta, 'last_updated_timestamp') ?? 0,
    description: textOf(meta, 'description') ?? '',
    userId: textOf(meta, 'user_id') ?? '',
    currentStage: textOf(meta, 'current_stage') ?? 'None',
    source: textOf(meta, 'source') ?? '',
    runId: textOf(meta, 'run_id') ?? '',
    runLink: textOf(meta, 'run_link') ?? '',
    status: statusOf(textOf(meta, 'status')),
    statusMessage: textOf(meta, 'status_message') ?? '',
    tags: textsIn(join(folder, TAGS_FOLDER)),
    aliases: aliases.filter(([, target]) => Number(target) === version).map(([alias]) => alias),
  };
}

/** Writes what a model or a version says of itself anew. */
export function changeMeta<T extends ModelFolder>({ tree }: FileContext, of: T, changes: Meta): T {
  const meta = { ...of.meta, ...changes };
  tree.replace(join(of.folder, META_FILE), writeMeta(meta));
  return { ...of, meta };
}

/** Says when a model changed last, and, as Python does, its aliases again. */
export function touchModel(context: FileContext, model: ModelFolder, at: number): ModelFolder {
  const aliases = textsIn(join(model.folder, ALIASES_FOLDER));
  return changeMeta(context, model, { aliases, last_updated_timestamp: at });
}

function findVersion(context: FileContext, model: ModelFolder, version: number): VersionFolder | undefined {
  const folder = join(model.folder, versionFolderName(version));
  const meta = readMetaOf(context, folder, model.name);
  return meta === undefined ? undefined : { name: model.name, version, folder, meta, model };
}

function stageOf({ meta }: VersionFolder): string | undefined {
  return textOf(meta, 'current_stage');
}

function statusOf(status: string | undefined): ModelVersionStatus {
  return status === 'PENDING_REGISTRATION' || status === 'FAILED_REGISTRATION' ? status : 'READY';
}

function readMetaOf({ tree }: FileContext, folder: string, name: string): Meta | undefined {
  const meta = tree.meta(folder);
  if (meta !== 'malformed') return meta;
  throw mlflowError('INVALID_STATE', `Registered model '${name}' is damaged: see ${join(folder, META_FILE)}.`);
}
