// Experiments in MLflow's file store: a folder each, with a meta.yaml; deleted ones are in `.trash`.
import { randomInt } from 'node:crypto';
import { renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Experiment, LifecycleStage, Tag } from '../../model/entities.ts';
import { isValidKey } from '../../model/limits.ts';
import { MlflowError } from '../../errors.ts';
import { type Meta, numberOf, textOf, writeMeta } from './meta.ts';
import type { MetricFiles } from './metrics.ts';
import { checkKeys, type FileTree, META_FILE, namesIn, readText, textsIn, TRASH_FOLDER } from './tree.ts';
import {
  absoluteLocation,
  appendToUri,
  badExperimentId,
  checkExperimentName,
  experimentExists,
  invalidState,
  noExperiment,
  noExperimentTag,
  notActive,
  renameTaken,
} from '../rules/rules.ts';

/** What every function of this store works on. */
export interface FileContext {
  readonly tree: FileTree;
  readonly metrics: MetricFiles;
  /** Where experiments made here keep their artifacts. */
  readonly artifactRoot: string;
  readonly now: () => number;
  /** Where runs were found last. */
  readonly runFolders: Map<string, string>;
}

/** An experiment without its tags. */
export interface ExperimentFolder {
  readonly id: string;
  readonly name: string;
  readonly folder: string;
  readonly stage: LifecycleStage;
  readonly meta: Meta;
}

/** MLflow's first experiment, which is always there. */
const DEFAULT_EXPERIMENT = { id: '0', name: 'Default' } as const;

const TAGS_FOLDER = 'tags';

/** Makes the default experiment where there is none. */
export function ensureDefaultExperiment(context: FileContext): void {
  const { id, name } = DEFAULT_EXPERIMENT;
  if (placesOf(context, id).some((folder) => context.tree.meta(folder) !== undefined)) return;
  context.tree.replace(join(context.tree.root, id, META_FILE), newMeta(context, { id, name }));
}

/** Makes an experiment and returns its id. */
export function createExperiment(
  context: FileContext,
  request: { readonly name: string; readonly artifactLocation?: string; readonly tags?: readonly Tag[] },
): string {
  const { name, artifactLocation, tags = [] } = request;
  checkExperimentName(name);
  const { tree } = context;
  return tree.write(() => {
    if (findByName(context, name) !== undefined) throw experimentExists(name);
    const id = `${randomInt(1e8, 1e9)}${randomInt(1e8, 1e9)}`; // 18 digits, as MLflow's
    const folder = join(tree.root, id);
    checkKeys(
      join(folder, TAGS_FOLDER),
      tags.map((tag) => tag.key),
    );
    const location = artifactLocation ? absoluteLocation(artifactLocation) : undefined;
    tree.makeFolder(folder, {
      [META_FILE]: newMeta(context, { id, name, location }),
      ...Object.fromEntries(tags.map((tag) => [`${TAGS_FOLDER}/${tag.key}`, tag.value])),
    });
    return id;
  });
}

/** Returns an experiment of any stage. */
export function getExperiment(context: FileContext, experimentId: string): Experiment {
  return context.tree.read(() => withTags(context, requireExperiment(context, experimentId)));
}

/** Returns the experiment of that name and any stage, or undefined. */
export function getExperimentByName(context: FileContext, name: string): Experiment | undefined {
  return context.tree.read(() => {
    const found = findByName(context, name);
    return found === undefined ? undefined : withTags(context, found);
  });
}

/** Gives an active experiment another name. */
export function renameExperiment(context: FileContext, experimentId: string, newName: string): void {
  checkExperimentName(newName);
  context.tree.write(() => {
    const experiment = requireExperiment(context, experimentId);
    if (experiment.stage !== 'active') throw invalidState('Cannot rename a non-active experiment.');
    const other = findByName(context, newName);
    if (other !== undefined && other.id !== experiment.id) throw renameTaken(experiment.name, newName);
    changeMeta(context, experiment, { name: newName, last_update_time: context.now() });
  });
}

/**
 * Puts an experiment into the bin, or takes it out.
 *
 * @param moveRuns does the same to its runs, in the folder that they are in at that moment
 */
export function moveExperiment(
  context: FileContext,
  { experimentId, to }: { readonly experimentId: string; readonly to: LifecycleStage },
  moveRuns: (experiment: ExperimentFolder) => void,
): void {
  const { tree } = context;
  tree.write(() => {
    const experiment = requireExperiment(context, experimentId);
    if (experiment.stage === to) throw noExperiment(experiment.id);
    if (to === 'deleted' && experiment.id === DEFAULT_EXPERIMENT.id) throw isReserved();
    const target = join(tree.root, to === 'deleted' ? TRASH_FOLDER : '', experiment.id);
    if (to === 'active' && experiment.folder !== target) renameSync(experiment.folder, target);
    const moved = to === 'active' ? { ...experiment, folder: target } : experiment;
    moveRuns(moved);
    changeMeta(context, moved, { lifecycle_stage: to, last_update_time: context.now() });
    if (to === 'deleted' && experiment.folder !== target) renameSync(experiment.folder, target);
    context.runFolders.clear();
  });
}

/** Sets a tag of an active experiment; the last write wins. */
export function setExperimentTag(context: FileContext, experimentId: string, tag: Tag): void {
  context.tree.write(() => {
    const folder = join(requireActiveExperiment(context, experimentId).folder, TAGS_FOLDER);
    checkKeys(folder, [tag.key]);
    context.tree.replace(join(folder, tag.key), tag.value);
  });
}

/** Takes a tag off an active experiment. */
export function deleteExperimentTag(context: FileContext, experimentId: string, key: string): void {
  context.tree.write(() => {
    const path = join(requireActiveExperiment(context, experimentId).folder, TAGS_FOLDER, key);
    if (!isValidKey(key) || readText(path) === undefined) throw noExperimentTag(key, experimentId);
    rmSync(path);
  });
}

/** Returns an experiment in use; refuses one in the bin in MLflow's words. */
export function requireActiveExperiment(context: FileContext, experimentId: string): ExperimentFolder {
  const experiment = requireExperiment(context, experimentId);
  if (experiment.stage === 'active') return experiment;
  throw notActive('experiment', experiment.id, experiment.stage);
}

/** Returns the experiment of that id and any stage, or undefined; one whose meta.yaml cannot be read is none. */
export function findExperiment(context: FileContext, experimentId: string): ExperimentFolder | undefined {
  if (!/^-?\d{1,19}$/.test(experimentId)) throw badExperimentId(experimentId);
  for (const folder of placesOf(context, experimentId)) {
    const found = readExperiment(context, experimentId, folder);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Returns all experiments of any stage, in no order. */
export function listExperiments(context: FileContext): readonly ExperimentFolder[] {
  return experimentFolders(context).flatMap(({ id, folder }) => readExperiment(context, id, folder) ?? []);
}

/** Returns the folders that experiments may be in, whatever is in them. */
export function experimentFolders(context: FileContext): readonly { readonly id: string; readonly folder: string }[] {
  const { root } = context.tree;
  // What is taken out of the bin while it is looked for is in neither of them in turn, so the first is looked at twice.
  const byId = new Map<string, string>();
  for (const parent of [root, join(root, TRASH_FOLDER), root]) {
    for (const id of namesIn(parent)) if (/^\d{1,19}$/.test(id)) byId.set(id, join(parent, id));
  }
  return [...byId].map(([id, folder]) => ({ id, folder }));
}

/** Returns an experiment with its tags. */
export function withTags({ artifactRoot }: FileContext, experiment: ExperimentFolder): Experiment {
  const { id, name, folder, stage, meta } = experiment;
  return {
    experimentId: id,
    name,
    artifactLocation: textOf(meta, 'artifact_location') ?? appendToUri(artifactRoot, id),
    lifecycleStage: stage,
    creationTimeMs: numberOf(meta, 'creation_time'),
    lastUpdateTimeMs: numberOf(meta, 'last_update_time'),
    tags: textsIn(join(folder, TAGS_FOLDER)),
  };
}

/** Returns an experiment of any stage; `RESOURCE_DOES_NOT_EXIST` where there is none. */
export function requireExperiment(context: FileContext, experimentId: string): ExperimentFolder {
  const found = findExperiment(context, experimentId);
  if (found !== undefined) return found;
  if (placesOf(context, experimentId).some((folder) => context.tree.meta(folder) === 'malformed')) {
    throw invalidState(`Experiment '${experimentId}' metadata is in invalid state.`);
  }
  throw noExperiment(experimentId);
}

function findByName(context: FileContext, name: string): ExperimentFolder | undefined {
  return listExperiments(context).find((experiment) => experiment.name === name);
}

function placesOf({ tree: { root } }: FileContext, id: string): readonly string[] {
  return [join(root, id), join(root, TRASH_FOLDER, id), join(root, id)];
}

function readExperiment(context: FileContext, id: string, folder: string): ExperimentFolder | undefined {
  const meta = context.tree.meta(folder);
  if (meta === undefined || meta === 'malformed' || textOf(meta, 'experiment_id') !== id) return undefined;
  const isBinned = folder !== join(context.tree.root, id) || textOf(meta, 'lifecycle_stage') === 'deleted';
  return { id, name: textOf(meta, 'name') ?? '', folder, stage: isBinned ? 'deleted' : 'active', meta };
}

function newMeta(
  context: FileContext,
  given: { readonly id: string; readonly name: string; readonly location?: string | undefined },
): string {
  const now = context.now();
  return writeMeta({
    artifact_location: given.location ?? appendToUri(context.artifactRoot, given.id),
    creation_time: now,
    experiment_id: given.id,
    last_update_time: now,
    lifecycle_stage: 'active',
    name: given.name,
  });
}

function changeMeta(context: FileContext, { folder, meta }: ExperimentFolder, changes: Meta): void {
  context.tree.replace(join(folder, META_FILE), writeMeta({ ...meta, ...changes }));
}

function isReserved(): MlflowError {
  const message = `Cannot delete the default experiment '${DEFAULT_EXPERIMENT.id}'. This is an internally reserved experiment.`;
  return new MlflowError(message, { errorCode: 'INTERNAL_ERROR', status: 500, isRetryable: false });
}
