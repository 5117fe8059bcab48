// Runs in MLflow's file store: a folder each in their experiment's, made whole in one step.
import { randomBytes } from 'node:crypto';
import { basename, dirname, join } from 'node:path';
import type { LifecycleStage, RunEntity, RunInfo, RunStatus, Tag } from '../../model/entities.ts';
import type { CreateRunRequest } from '../contract.ts';
import {
  experimentFolders,
  type ExperimentFolder,
  type FileContext,
  requireActiveExperiment,
  withTags,
} from './experiments.ts';
import { readInputs, readOutputs } from './inputs.ts';
import { type Meta, numberOf, textOf, writeMeta } from './meta.ts';
import { type MetricLine, readPoints } from './metrics.ts';
import { checkKeys, keysIn, META_FILE, namesIn, textsIn } from './tree.ts';
import {
  appendToUri,
  checkReplayedRun,
  checkRunId,
  invalidState,
  isLater,
  noRun,
  notActive,
  RUN_NAME_TAG,
  runKeyOf,
  tagsOfNewRun,
  userOfNewRun,
  wholeNumber,
} from '../rules/rules.ts';

/** A run's folder and what its meta.yaml says. */
export interface RunFolder {
  readonly folder: string;
  readonly info: RunInfo;
  readonly meta: Meta;
}

/** MLflow's numbers for a status (mlflow/entities/run_status.py). */
const STATUS_NUMBERS: Readonly<Record<RunStatus, number>> = {
  RUNNING: 1,
  SCHEDULED: 2,
  FINISHED: 3,
  FAILED: 4,
  KILLED: 5,
};

/** MLflow's number for a run that was started on this machine (mlflow/entities/source_type.py, LOCAL). */
const SOURCE_LOCAL = 4;

/** What in an experiment's folder is no run. */
const NO_RUNS: ReadonlySet<string> = new Set(['tags', 'datasets', 'traces', 'models']);

/** So many runs' folders are remembered. */
const FOLDER_LIMIT = 10_000;

/** What MLflow takes as a run's id (mlflow/utils/validation.py). */
const RUN_ID = /^[a-zA-Z0-9][\w-]{0,255}$/;

/** Makes a run; one that was made by the same call before is returned as it is. */
export function createRun(context: FileContext, request: CreateRunRequest): RunEntity {
  const { name, tags } = tagsOfNewRun(request);
  return context.tree.write(() => {
    const replayed = findReplayed(context, request);
    if (replayed !== undefined) return readRun(replayed);
    const experiment = requireActiveExperiment(context, request.experimentId);
    const id = request.runId ?? randomBytes(16).toString('hex');
    const folder = join(experiment.folder, id);
    checkKeys(join(folder, 'tags'), tags.keys());
    const meta = {
      artifact_uri: appendToUri(withTags(context, experiment).artifactLocation, id, 'artifacts'),
      deleted_time: null,
      end_time: null,
      entry_point_name: '',
      experiment_id: experiment.id,
      lifecycle_stage: 'active',
      run_id: id,
      run_name: name,
      source_name: '',
      source_type: SOURCE_LOCAL,
      source_version: '',
      start_time: wholeNumber(request.startTimeMs, 'start_time'),
      status: STATUS_NUMBERS.RUNNING,
      tags: [],
      user_id: userOfNewRun(request),
    } as const;
    const files = Object.fromEntries([...tags].map(([key, value]) => [`tags/${key}`, value]));
    const folders = { 'artifacts/': '', 'metrics/': '', 'params/': '' };
    context.tree.makeFolder(folder, { [META_FILE]: writeMeta(meta), ...folders, ...files });
    return readRun(requireRun(context, id));
  });
}

/** Returns a run of any stage with everything it recorded. */
export function getRun(context: FileContext, runId: string): RunEntity {
  return context.tree.read(() => readRun(requireRun(context, runId)));
}

/** Changes what is given of an active run; a new name becomes its name tag too. */
export function updateRun(
  context: FileContext,
  request: {
    readonly runId: string;
    readonly status?: RunStatus;
    readonly endTimeMs?: number;
    readonly runName?: string;
  },
): RunInfo {
  const { runId, status, endTimeMs, runName } = request;
  return context.tree.write(() => {
    const run = requireActiveRun(context, runId);
    changeRun(context, run, {
      ...(status === undefined ? {} : { status: STATUS_NUMBERS[status] }),
      ...(endTimeMs === undefined ? {} : { end_time: wholeNumber(endTimeMs, 'end_time') }),
      ...(runName ? { run_name: runName } : {}),
    });
    if (runName) context.tree.replace(join(run.folder, 'tags', RUN_NAME_TAG), runName);
    return requireRun(context, runId).info;
  });
}

/** Puts a run into the bin or brings it back; doing so twice is no error. */
export function moveRun(context: FileContext, runId: string, to: LifecycleStage): void {
  context.tree.write(() => markRun(context, requireRun(context, runId), to));
}

/** Does the same to all runs of an experiment, within a write. */
export function moveRuns(context: FileContext, experiment: ExperimentFolder, to: LifecycleStage): void {
  for (const run of runsIn(context, experiment)) if (run.info.lifecycleStage !== to) markRun(context, run, to);
}

/** Sets tags within a write; the name tag renames the run, and an empty name is ignored, as MLflow's databases do. */
export function setTags(context: FileContext, run: RunFolder, tags: readonly Tag[]): void {
  const given = tags.filter(({ key, value }) => key !== RUN_NAME_TAG || value !== '');
  for (const [key, value] of new Map(given.map((tag) => [tag.key, tag.value]))) {
    if (key === RUN_NAME_TAG) changeRun(context, run, { run_name: value });
    context.tree.replace(join(run.folder, 'tags', key), value);
  }
}

/** Returns a run in use; refuses one in the bin in MLflow's words. */
export function requireActiveRun(context: FileContext, runId: string): RunFolder {
  const run = requireRun(context, runId);
  if (run.info.lifecycleStage === 'active') return run;
  throw notActive('run', runId, run.info.lifecycleStage);
}

/** Returns the run of that id and any stage, or undefined. */
export function findRun(context: FileContext, runId: string): RunFolder | undefined {
  if (!RUN_ID.test(runId) || NO_RUNS.has(runId)) return undefined;
  const known = context.runFolders.get(runId);
  const remembered = known === undefined ? undefined : openRun(context, known, runId);
  if (remembered !== undefined) return remembered;
  for (const experiment of experimentFolders(context)) {
    const run = openRun(context, join(experiment.folder, runId), runId);
    if (run === undefined) continue;
    if (context.runFolders.size >= FOLDER_LIMIT) context.runFolders.clear();
    context.runFolders.set(runId, run.folder);
    return run;
  }
  return undefined;
}

/** Returns the runs of an experiment of any stage, in no order; a folder that holds no run, or half of one, is left out. */
export function runsIn(context: FileContext, experiment: ExperimentFolder): readonly RunFolder[] {
  return namesIn(experiment.folder)
    .filter((name) => RUN_ID.test(name) && !NO_RUNS.has(name))
    .flatMap((name) => {
      const folder = join(experiment.folder, name);
      const meta = context.tree.meta(folder);
      if (meta === undefined || meta === 'malformed') return [];
      const info = infoOf(meta, name);
      return info?.experimentId === experiment.id ? { folder, info, meta } : [];
    });
}

/** Reads everything that a run recorded. */
export function readRun({ folder, info }: RunFolder): RunEntity {
  const tags = textsIn(join(folder, 'tags'));
  const metrics = keysIn(join(folder, 'metrics')).flatMap((key) => {
    const latest = latestOf(readPoints(join(folder, 'metrics', key), 'run'));
    return latest === undefined ? [] : [[key, latest.value] as const];
  });
  return {
    info: info.runName === '' ? { ...info, runName: tags[RUN_NAME_TAG] ?? '' } : info,
    data: { metrics: Object.fromEntries(metrics), params: textsIn(join(folder, 'params')), tags },
    inputs: readInputs(folder),
    outputs: { modelOutputs: readOutputs(folder) },
  };
}

function latestOf(points: readonly MetricLine[]): MetricLine | undefined {
  let latest: MetricLine | undefined;
  for (const point of points) if (latest === undefined || isLater(point, latest)) latest = point;
  return latest;
}

function requireRun(context: FileContext, runId: string): RunFolder {
  const run = findRun(context, runId);
  if (run === undefined) throw noRun(runId);
  return run;
}

function findReplayed(context: FileContext, request: CreateRunRequest): RunFolder | undefined {
  if (request.runId === undefined) return undefined;
  checkRunId(request.runId);
  const existing = findRun(context, request.runId);
  if (existing !== undefined) checkReplayedRun(request, runKeyOf(textsIn(join(existing.folder, 'tags'))));
  return existing;
}

/** Undefined where there is no such run; refuses one whose meta.yaml is half written or of another run. */
function openRun(context: FileContext, folder: string, runId: string): RunFolder | undefined {
  const meta = context.tree.meta(folder);
  if (meta === undefined) return undefined;
  const info = meta === 'malformed' ? undefined : infoOf(meta, runId);
  const isWhole = info !== undefined && info.experimentId === basename(dirname(folder));
  if (meta === 'malformed' || !isWhole) throw invalidState(`Run '${runId}' metadata is in invalid state.`);
  return { folder, info, meta };
}

function infoOf(meta: Meta, runId: string): RunInfo | undefined {
  const status = Object.entries(STATUS_NUMBERS).find(([, number]) => number === (numberOf(meta, 'status') ?? 1))?.[0];
  const experimentId = textOf(meta, 'experiment_id');
  if ((textOf(meta, 'run_id') ?? textOf(meta, 'run_uuid')) !== runId) return undefined;
  if (status === undefined || experimentId === undefined) return undefined;
  return {
    runId,
    runName: textOf(meta, 'run_name') ?? textOf(meta, 'name') ?? '',
    experimentId,
    userId: textOf(meta, 'user_id') ?? '',
    status: status as RunStatus, // a name of the table
    startTimeMs: numberOf(meta, 'start_time') ?? 0,
    endTimeMs: numberOf(meta, 'end_time'),
    artifactUri: textOf(meta, 'artifact_uri') ?? '',
    lifecycleStage: textOf(meta, 'lifecycle_stage') === 'deleted' ? 'deleted' : 'active',
  };
}

function markRun(context: FileContext, run: RunFolder, to: LifecycleStage): void {
  changeRun(context, run, { lifecycle_stage: to, ...(to === 'deleted' ? { deleted_time: context.now() } : {}) });
}

function changeRun({ tree }: FileContext, { folder, meta }: RunFolder, changes: Meta): void {
  const { deleted_time: _, ...kept } = meta; // said of a run in the bin only, which nothing but taking it out changes
  tree.replace(join(folder, META_FILE), writeMeta({ ...kept, ...changes }));
}
