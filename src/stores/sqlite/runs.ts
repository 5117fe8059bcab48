// Runs in MLflow's database: made, read whole, updated, binned and brought back, with MLflow's own answers.
import { randomBytes } from 'node:crypto';
import type { DatasetInput, LifecycleStage, RunEntity, RunInfo, RunStatus, Tag } from '../../model/entities.ts';
import type { CreateRunRequest } from '../contract.ts';
import {
  appendToUri,
  checkReplayedRun,
  checkRunId,
  notActive,
  noRun,
  RUN_NAME_TAG,
  runKeyOf,
  tagsOfNewRun,
  userOfNewRun,
  wholeNumber,
} from '../rules/rules.ts';
import type { SqliteDatabase } from './database.ts';
import { locationOf, requireActiveExperiment, type SqliteContext } from './experiments.ts';
import { readModelLinks } from './model-links.ts';

/** A run's columns; times as REAL, because other writers may have put in more than 2^53. */
export const RUN_COLUMNS = `run_uuid AS id, name, CAST(experiment_id AS TEXT) AS experimentId, user_id AS userId, status,
  CAST(start_time AS REAL) AS startTime, CAST(end_time AS REAL) AS endTime, artifact_uri AS artifactUri, lifecycle_stage AS stage`;

/** One row of {@link RUN_COLUMNS}. */
export interface RunRow {
  readonly id: string;
  readonly name: string | null;
  readonly experimentId: string;
  readonly userId: string | null;
  readonly status: RunStatus;
  readonly startTime: number | null;
  readonly endTime: number | null;
  readonly artifactUri: string | null;
  readonly stage: LifecycleStage;
}

/** Makes a run; one that was made by the same call before is returned as it is. */
export function createRun(context: SqliteContext, request: CreateRunRequest): RunEntity {
  const { database } = context;
  const { name, tags } = tagsOfNewRun(request);
  return database.write(() => {
    const replayed = findReplayed(database, request);
    if (replayed !== undefined) return readRuns(database, [replayed])[0] as RunEntity; // one row in, one out
    const experiment = requireActiveExperiment(database, request.experimentId);
    const id = request.runId ?? randomBytes(16).toString('hex');
    database.run(
      `INSERT INTO runs (run_uuid, name, source_type, source_name, entry_point_name, user_id, status, start_time, end_time,
         source_version, lifecycle_stage, artifact_uri, experiment_id, deleted_time)
       VALUES (?, ?, 'UNKNOWN', '', '', ?, 'RUNNING', ?, NULL, '', 'active', ?, ?, NULL)`,
      id,
      name,
      userOfNewRun(request),
      wholeNumber(request.startTimeMs, 'start_time'),
      appendToUri(locationOf(context, experiment), id, 'artifacts'),
      BigInt(experiment.id),
    );
    for (const [key, value] of tags) writeTag(database, id, { key, value });
    return readRuns(database, [requireRun(database, id)])[0] as RunEntity; // one row in, one out
  });
}

/** Returns a run of any stage with everything it recorded. */
export function getRun(context: SqliteContext, runId: string): RunEntity {
  const { database } = context;
  return database.read(() => readRuns(database, [requireRun(database, runId)])[0] as RunEntity); // one row in, one out
}

/** Changes what is given of an active run; a new name becomes its name tag too. */
export function updateRun(
  context: SqliteContext,
  request: {
    readonly runId: string;
    readonly status?: RunStatus;
    readonly endTimeMs?: number;
    readonly runName?: string;
  },
): RunInfo {
  const { database } = context;
  return database.write(() => {
    requireActiveRun(database, request.runId);
    if (request.status !== undefined) {
      database.run('UPDATE runs SET status = ? WHERE run_uuid = ?', request.status, request.runId);
    }
    if (request.endTimeMs !== undefined) {
      const endTime = wholeNumber(request.endTimeMs, 'end_time');
      database.run('UPDATE runs SET end_time = ? WHERE run_uuid = ?', endTime, request.runId);
    }
    if (request.runName) renameRun(database, request.runId, request.runName);
    return infoOf(requireRun(database, request.runId), undefined);
  });
}

/** Puts a run into the bin or brings it back; doing so twice is no error. */
export function moveRun(context: SqliteContext, runId: string, to: LifecycleStage): void {
  const { database } = context;
  database.write(() => {
    requireRun(database, runId);
    const deletedTime = to === 'deleted' ? context.now() : null;
    database.run('UPDATE runs SET lifecycle_stage = ?, deleted_time = ? WHERE run_uuid = ?', to, deletedTime, runId);
  });
}

/** Sets a tag within a transaction; the name tag renames the run, and an empty name is ignored, as MLflow does. */
export function setTag(database: SqliteDatabase, runId: string, tag: Tag): void {
  if (tag.key !== RUN_NAME_TAG) writeTag(database, runId, tag);
  else if (tag.value !== '') renameRun(database, runId, tag.value);
}

/** Returns the row of a run in use; refuses one in the bin in MLflow's words. */
export function requireActiveRun(database: SqliteDatabase, runId: string): RunRow {
  const row = requireRun(database, runId);
  if (row.stage === 'active') return row;
  throw notActive('run', runId, row.stage);
}

/** Turns rows into runs with their latest metrics, params, tags and data sets, in the rows' order. */
export function readRuns(database: SqliteDatabase, rows: readonly RunRow[]): readonly RunEntity[] {
  const ids = JSON.stringify(rows.map((row) => row.id));
  const ofRuns = 'run_uuid IN (SELECT value FROM json_each(?)) ORDER BY "key"';
  const metrics = grouped(
    database.all<Pair<number>>(
      `SELECT run_uuid AS id, "key", CASE is_nan WHEN 1 THEN NULL ELSE value END AS value FROM latest_metrics WHERE ${ofRuns}`,
      ids,
    ),
  );
  const params = grouped(
    database.all<Pair<string>>(`SELECT run_uuid AS id, "key", value FROM params WHERE ${ofRuns}`, ids),
  );
  const tags = grouped(
    database.all<Pair<string>>(`SELECT run_uuid AS id, "key", value FROM tags WHERE ${ofRuns}`, ids),
  );
  const inputs = readInputs(database, ids);
  const models = readModelLinks(database, ids);
  return rows.map((row) => {
    const tagsOfRun = Object.fromEntries((tags.get(row.id) ?? []).map((tag) => [tag.key, tag.value ?? '']));
    return {
      info: infoOf(row, tagsOfRun[RUN_NAME_TAG]),
      data: {
        metrics: Object.fromEntries((metrics.get(row.id) ?? []).map((each) => [each.key, each.value ?? NaN])),
        params: Object.fromEntries((params.get(row.id) ?? []).map((each) => [each.key, each.value ?? ''])),
        tags: tagsOfRun,
      },
      inputs: { datasetInputs: inputs.get(row.id) ?? [], modelInputs: models.get(row.id)?.inputs ?? [] },
      outputs: { modelOutputs: models.get(row.id)?.outputs ?? [] },
    };
  });
}

interface Pair<Value> {
  readonly id: string;
  readonly key: string;
  readonly value: Value | null;
}

interface InputRow {
  readonly id: string;
  readonly inputId: string;
  readonly name: string;
  readonly digest: string;
  readonly sourceType: string;
  readonly source: string;
  readonly schema: string | null;
  readonly profile: string | null;
  readonly tagKey: string | null;
  readonly tagValue: string | null;
}

function readInputs(database: SqliteDatabase, runIds: string): ReadonlyMap<string, readonly DatasetInput[]> {
  const rows = database.all<InputRow>(
    `SELECT inputs.destination_id AS id, inputs.input_uuid AS inputId, name, digest, dataset_source_type AS sourceType,
       dataset_source AS source, dataset_schema AS schema, dataset_profile AS profile, input_tag_name AS tagKey, input_tag_value AS tagValue
     FROM inputs JOIN datasets ON datasets.dataset_uuid = inputs.source_id
     LEFT JOIN (SELECT input_uuid AS tagged, name AS input_tag_name, value AS input_tag_value FROM input_tags) ON tagged = inputs.input_uuid
     WHERE inputs.source_type = 'DATASET' AND inputs.destination_type = 'RUN'
       AND inputs.destination_id IN (SELECT value FROM json_each(?))
     ORDER BY inputs.rowid, input_tag_name`,
    runIds,
  );
  const inputsOf = new Map<string, Map<string, { dataset: DatasetInput['dataset']; tags: Tag[] }>>();
  for (const row of rows) {
    const ofRun = inputsOf.get(row.id) ?? new Map<string, { dataset: DatasetInput['dataset']; tags: Tag[] }>();
    inputsOf.set(row.id, ofRun);
    const input = ofRun.get(row.inputId) ?? { dataset: datasetOf(row), tags: [] };
    ofRun.set(row.inputId, input);
    if (row.tagKey !== null) input.tags.push({ key: row.tagKey, value: row.tagValue ?? '' });
  }
  return new Map([...inputsOf].map(([id, inputs]) => [id, [...inputs.values()]]));
}

function datasetOf(row: InputRow): DatasetInput['dataset'] {
  return {
    name: row.name,
    digest: row.digest,
    sourceType: row.sourceType,
    source: row.source,
    ...(row.schema === null ? {} : { schema: row.schema }),
    ...(row.profile === null ? {} : { profile: row.profile }),
  };
}

function infoOf(row: RunRow, nameTag: string | undefined): RunInfo {
  return {
    runId: row.id,
    runName: row.name || (nameTag ?? ''),
    experimentId: row.experimentId,
    userId: row.userId ?? '',
    status: row.status,
    startTimeMs: row.startTime ?? 0,
    endTimeMs: row.endTime ?? undefined,
    artifactUri: row.artifactUri ?? '',
    lifecycleStage: row.stage,
  };
}

function grouped<Row extends { readonly id: string }>(rows: readonly Row[]): ReadonlyMap<string, readonly Row[]> {
  const groups = new Map<string, Row[]>();
  for (const row of rows) {
    const group = groups.get(row.id);
    if (group === undefined) groups.set(row.id, [row]);
    else group.push(row);
  }
  return groups;
}

function findReplayed(database: SqliteDatabase, request: CreateRunRequest): RunRow | undefined {
  if (request.runId === undefined) return undefined;
  checkRunId(request.runId);
  const existing = findRun(database, request.runId);
  if (existing === undefined) return undefined;
  const tags = database.all<{ key: string; value: string }>(
    'SELECT "key", value FROM tags WHERE run_uuid = ?',
    request.runId,
  );
  checkReplayedRun(request, runKeyOf(Object.fromEntries(tags.map(({ key, value }) => [key, value]))));
  return existing;
}

function findRun(database: SqliteDatabase, runId: string): RunRow | undefined {
  return database.get<RunRow>(`SELECT ${RUN_COLUMNS} FROM runs WHERE run_uuid = ?`, runId);
}

function requireRun(database: SqliteDatabase, runId: string): RunRow {
  const row = findRun(database, runId);
  if (row === undefined) throw noRun(runId);
  return row;
}

function renameRun(database: SqliteDatabase, runId: string, name: string): void {
  database.run('UPDATE runs SET name = ? WHERE run_uuid = ?', name, runId);
  writeTag(database, runId, { key: RUN_NAME_TAG, value: name });
}

function writeTag(database: SqliteDatabase, runId: string, tag: Tag): void {
  database.run(
    `INSERT INTO tags ("key", value, run_uuid) VALUES (?, ?, ?)
     ON CONFLICT ("key", run_uuid) DO UPDATE SET value = excluded.value`,
    tag.key,
    tag.value,
    runId,
  );
}
