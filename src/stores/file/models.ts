// Logged models in MLflow's file store: a folder each under their experiment's `models`, made whole in one step.
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import type { LoggedModel, LoggedModelStatus, Tag } from '../../model/entities.ts';
import type { CreateLoggedModelRequest } from '../contract.ts';
import {
  experimentFolders,
  type FileContext,
  findExperiment,
  requireActiveExperiment,
  withTags,
} from './experiments.ts';
import { type Meta, numberOf, textOf, writeMeta } from './meta.ts';
import { readPoints } from './metrics.ts';
import { checkKeys, keysIn, META_FILE, namesIn, textsIn } from './tree.ts';
import { randomRunName } from '../rules/run-names.ts';
import {
  appendToUri,
  checkModelId,
  checkModelName,
  checkReplayedModel,
  invalidState,
  modelNotFound,
  wholeNumber,
} from '../rules/rules.ts';

/** MLflow's numbers for a status (mlflow/entities/logged_model_status.py). */
const STATUS_NUMBERS: Readonly<Record<LoggedModelStatus, number>> = { PENDING: 1, READY: 2, UPLOAD_FAILED: 3 };

/** Whether what is in the bin is found. */
type Stage = 'active' | 'any';

interface ModelFolder {
  readonly folder: string;
  readonly meta: Meta;
}

/** Makes a model; one that was made by the same call before is returned as it is. */
export function createLoggedModel(context: FileContext, request: CreateLoggedModelRequest): LoggedModel {
  const name = request.name ?? randomRunName();
  checkModelName(name);
  return context.tree.write(() => {
    const replayed = findReplayed(context, request);
    if (replayed !== undefined) return replayed;
    const experiment = requireActiveExperiment(context, request.experimentId);
    const id = request.modelId ?? `m-${randomBytes(16).toString('hex')}`;
    const folder = join(experiment.folder, 'models', id);
    const now = wholeNumber(context.now(), 'creation_time');
    const meta = {
      artifact_location: appendToUri(withTags(context, experiment).artifactLocation, 'models', id, 'artifacts'),
      creation_timestamp: now,
      experiment_id: experiment.id,
      last_updated_timestamp: now,
      lifecycle_stage: 'active',
      model_id: id,
      model_type: request.modelType ?? null,
      name,
      source_run_id: request.sourceRunId ?? null,
      status: STATUS_NUMBERS.PENDING,
      status_message: null,
    } as const;
    const pairs = { params: request.params, tags: request.tags };
    const files = Object.entries(pairs).flatMap(([kind, given]) => {
      checkKeys(
        join(folder, kind),
        given.map((pair) => pair.key),
      );
      return given.map((pair) => [`${kind}/${pair.key}`, pair.value] as const);
    });
    const folders = { 'metrics/': '', 'params/': '' };
    context.tree.makeFolder(folder, { [META_FILE]: writeMeta(meta), ...folders, ...Object.fromEntries(files) });
    return readModel({ folder, meta });
  });
}

/** Returns a model with everything that is known of it. */
export function getLoggedModel(context: FileContext, modelId: string): LoggedModel {
  return context.tree.read(() => readModel(requireModel(context, modelId)));
}

/** Returns the models of an experiment, those with this tag where one is given, the oldest first. */
export function findLoggedModels(context: FileContext, experimentId: string, tag?: Tag): readonly LoggedModel[] {
  return context.tree.read(() => {
    const experiment = findExperiment(context, experimentId);
    if (experiment === undefined) return [];
    const folder = join(experiment.folder, 'models');
    return namesIn(folder)
      .flatMap((id) => {
        const meta = openModel(context, { folder: join(folder, id), modelId: id, stage: 'active' });
        if (meta === undefined || meta === 'malformed') return [];
        const model = readModel({ folder: join(folder, id), meta });
        const isWanted = tag === undefined || (Object.hasOwn(model.tags, tag.key) && model.tags[tag.key] === tag.value);
        return isWanted ? [model] : [];
      })
      .toSorted((a, b) => a.creationTimeMs - b.creationTimeMs || (a.modelId < b.modelId ? -1 : 1));
  });
}

/** Sets a model's status. */
export function finalizeLoggedModel(context: FileContext, modelId: string, status: LoggedModelStatus): LoggedModel {
  return changeModel(context, modelId, { status: STATUS_NUMBERS[status] });
}

/** Puts a model into the bin; one that is there already is not found, as MLflow answers. */
export function deleteLoggedModel(context: FileContext, modelId: string): void {
  changeModel(context, modelId, { lifecycle_stage: 'deleted' });
}

/** Returns a model's folder; refuses one that is not there, or in the bin unless any will do. */
export function requireModel(context: FileContext, modelId: string, stage: Stage = 'active'): ModelFolder {
  const model = findModel(context, modelId, stage);
  if (model === undefined) throw modelNotFound(modelId);
  return model;
}

function findModel(context: FileContext, modelId: string, stage: Stage = 'active'): ModelFolder | undefined {
  if (!/^m-[\w-]+$/.test(modelId)) return undefined;
  for (const experiment of experimentFolders(context)) {
    const folder = join(experiment.folder, 'models', modelId);
    const meta = openModel(context, { folder, modelId, stage });
    if (meta === 'malformed') throw invalidState(`Model '${modelId}' metadata is in invalid state.`);
    if (meta !== undefined) return { folder, meta };
  }
  return undefined;
}

function findReplayed(context: FileContext, request: CreateLoggedModelRequest): LoggedModel | undefined {
  if (request.modelId === undefined) return undefined;
  checkModelId(request.modelId);
  const existing = findModel(context, request.modelId);
  if (existing === undefined) return undefined;
  const model = readModel(existing);
  checkReplayedModel(request, model);
  return model;
}

/** What a model's meta.yaml says; undefined where there is none, or the model is in the bin. */
function openModel(
  { tree }: FileContext,
  { folder, modelId, stage }: { readonly folder: string; readonly modelId: string; readonly stage: Stage },
): Meta | 'malformed' | undefined {
  const meta = tree.meta(folder);
  if (meta === undefined || meta === 'malformed') return meta;
  if (textOf(meta, 'model_id') !== modelId) return 'malformed';
  return stage === 'active' && textOf(meta, 'lifecycle_stage') === 'deleted' ? undefined : meta;
}

function changeModel(context: FileContext, modelId: string, changes: Meta): LoggedModel {
  return context.tree.write(() => {
    const { folder, meta } = requireModel(context, modelId);
    const changed = { ...meta, ...changes, last_updated_timestamp: context.now() };
    context.tree.replace(join(folder, META_FILE), writeMeta(changed));
    return readModel({ folder, meta: changed });
  });
}

function readModel({ folder, meta }: ModelFolder): LoggedModel {
  const number = numberOf(meta, 'status');
  const metrics = keysIn(join(folder, 'metrics')).flatMap((key) =>
    readPoints(join(folder, 'metrics', key), 'model')
      .toSorted((a, b) => a.timestampMs - b.timestampMs || a.step - b.step)
      .map(({ runId = '', dataset, ...point }) => ({
        key,
        ...point,
        runId,
        ...(dataset === undefined ? {} : { datasetName: dataset.name, datasetDigest: dataset.digest }),
      })),
  );
  return {
    modelId: textOf(meta, 'model_id') ?? '',
    experimentId: textOf(meta, 'experiment_id') ?? '',
    name: textOf(meta, 'name') ?? '',
    artifactUri: textOf(meta, 'artifact_location') ?? '',
    creationTimeMs: numberOf(meta, 'creation_timestamp') ?? 0,
    lastUpdateTimeMs: numberOf(meta, 'last_updated_timestamp') ?? 0,
    status: (['PENDING', 'READY', 'UPLOAD_FAILED'] as const).find((name) => STATUS_NUMBERS[name] === number),
    modelType: textOf(meta, 'model_type') ?? '',
    sourceRunId: textOf(meta, 'source_run_id') ?? '',
    params: textsIn(join(folder, 'params')),
    tags: textsIn(join(folder, 'tags')),
    metrics,
  };
}
