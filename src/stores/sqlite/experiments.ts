// Experiments in MLflow's database: found, made, renamed, binned and brought back, with MLflow's own answers.
import type { Experiment, LifecycleStage, Tag } from '../../model/entities.ts';
import type { SqliteDatabase } from './database.ts';
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
export interface SqliteContext {
  readonly database: SqliteDatabase;
  /** Where experiments made here keep their artifacts. */
  readonly artifactRoot: string;
  readonly now: () => number;
}

/** An experiment's columns, ids as text: those of a migrated file store have 18 digits, more than a number holds. */
export const EXPERIMENT_COLUMNS = `CAST(experiment_id AS TEXT) AS id, name, artifact_location AS artifactLocation,
  lifecycle_stage AS stage, CAST(creation_time AS REAL) AS createdAt, CAST(last_update_time AS REAL) AS updatedAt`;

/** One row of {@link EXPERIMENT_COLUMNS}. */
export interface ExperimentRow {
  readonly id: string;
  readonly name: string;
  readonly artifactLocation: string | null;
  readonly stage: LifecycleStage;
  readonly createdAt: number | null;
  readonly updatedAt: number | null;
}

/** SQLite's largest integer. */
const MAX_ID = 2n ** 63n - 1n;

/**
 * Reads an experiment's id, which is an integer in SQL stores.
 *
 * @throws {MlflowError} `INVALID_PARAMETER_VALUE` where it is none
 */
export function experimentKey(experimentId: string): bigint {
  if (!/^-?\d{1,19}$/.test(experimentId)) {
    throw badExperimentId(experimentId);
  }
  const key = BigInt(experimentId);
  return key > MAX_ID || key < -MAX_ID ? -1n : key; // no row has it, and SQLite could not bind it
}

/** Makes an experiment and returns its id. */
export function createExperiment(
  context: SqliteContext,
  request: { readonly name: string; readonly artifactLocation?: string; readonly tags?: readonly Tag[] },
): string {
  checkExperimentName(request.name);
  const { database } = context;
  return database.write(() => {
    if (findByName(database, request.name) !== undefined) {
      throw experimentExists(request.name);
    }
    const now = context.now();
    database.run(
      `INSERT INTO experiments (name, artifact_location, lifecycle_stage, creation_time, last_update_time)
       VALUES (?, ?, 'active', ?, ?)`,
      request.name,
      request.artifactLocation ? absoluteLocation(request.artifactLocation) : null,
      now,
      now,
    );
    const id = database.get<{ id: string }>('SELECT CAST(last_insert_rowid() AS TEXT) AS id')?.id ?? '';
    database.run(
      'UPDATE experiments SET artifact_location = coalesce(artifact_location, ?) WHERE experiment_id = ?',
      appendToUri(context.artifactRoot, id),
      BigInt(id),
    );
    for (const tag of request.tags ?? []) writeExperimentTag(database, BigInt(id), tag);
    return id;
  });
}

/** Returns an experiment of any stage. */
export function getExperiment(context: SqliteContext, experimentId: string): Experiment {
  return context.database.read(() => {
    const row = requireExperiment(context.database, experimentId);
    return withTags(context, [row])[0] as Experiment; // one row in, one out
  });
}

/** Returns the experiment of that name and any stage, or undefined. */
export function getExperimentByName(context: SqliteContext, name: string): Experiment | undefined {
  return context.database.read(() => {
    const row = findByName(context.database, name);
    return row === undefined ? undefined : withTags(context, [row])[0];
  });
}

/** Gives an active experiment another name. */
export function renameExperiment(context: SqliteContext, experimentId: string, newName: string): void {
  checkExperimentName(newName);
  const { database } = context;
  database.write(() => {
    const row = requireExperiment(database, experimentId);
    if (row.stage !== 'active') throw invalidState('Cannot rename a non-active experiment.');
    const other = findByName(database, newName);
    if (other !== undefined && other.id !== row.id) {
      throw renameTaken(row.name, newName);
    }
    database.run(
      'UPDATE experiments SET name = ?, last_update_time = ? WHERE experiment_id = ?',
      newName,
      context.now(),
      BigInt(row.id),
    );
  });
}

/** Puts an experiment and all its runs into the bin, or brings them all back, as MLflow does. */
export function moveExperiment(context: SqliteContext, experimentId: string, to: LifecycleStage): void {
  const { database } = context;
  database.write(() => {
    const row = requireExperiment(database, experimentId);
    if (row.stage === to) throw noExperiment(row.id);
    const now = context.now();
    const key = BigInt(row.id);
    database.run(
      'UPDATE experiments SET lifecycle_stage = ?, last_update_time = ? WHERE experiment_id = ?',
      to,
      now,
      key,
    );
    database.run(
      'UPDATE runs SET lifecycle_stage = ?, deleted_time = ? WHERE experiment_id = ?',
      to,
      to === 'deleted' ? now : null,
      key,
    );
  });
}

/** Sets a tag of an active experiment; the last write wins. */
export function setExperimentTag(context: SqliteContext, experimentId: string, tag: Tag): void {
  context.database.write(() => {
    const row = requireActiveExperiment(context.database, experimentId);
    writeExperimentTag(context.database, BigInt(row.id), tag);
  });
}

/** Takes a tag off an active experiment. */
export function deleteExperimentTag(context: SqliteContext, experimentId: string, key: string): void {
  const { database } = context;
  database.write(() => {
    const id = BigInt(requireActiveExperiment(database, experimentId).id);
    const where = 'FROM experiment_tags WHERE experiment_id = ? AND "key" = ?';
    if (database.get(`SELECT 1 ${where}`, id, key) === undefined) {
      throw noExperimentTag(key, experimentId);
    }
    database.run(`DELETE ${where}`, id, key);
  });
}

/** Returns the row of an experiment in use; refuses one in the bin in MLflow's words. */
export function requireActiveExperiment(database: SqliteDatabase, experimentId: string): ExperimentRow {
  const row = requireExperiment(database, experimentId);
  if (row.stage === 'active') return row;
  throw notActive('experiment', row.id, row.stage);
}

/** Turns rows into experiments with their tags, in the rows' order. */
export function withTags(context: SqliteContext, rows: readonly ExperimentRow[]): readonly Experiment[] {
  const tags = context.database.all<{ id: string; key: string; value: string | null }>(
    `SELECT CAST(experiment_id AS TEXT) AS id, "key", value FROM experiment_tags
     WHERE experiment_id IN (SELECT CAST(value AS INTEGER) FROM json_each(?)) ORDER BY "key"`,
    JSON.stringify(rows.map((row) => row.id)),
  );
  const tagsOf = new Map<string, [string, string][]>(rows.map((row) => [row.id, []]));
  for (const tag of tags) tagsOf.get(tag.id)?.push([tag.key, tag.value ?? '']);
  return rows.map((row) => ({
    experimentId: row.id,
    name: row.name,
    artifactLocation: locationOf(context, row),
    lifecycleStage: row.stage,
    creationTimeMs: row.createdAt ?? undefined,
    lastUpdateTimeMs: row.updatedAt ?? undefined,
    tags: Object.fromEntries(tagsOf.get(row.id) ?? []),
  }));
}

/** Returns where an experiment's artifacts lie; databases from before MLflow 1 may not say. */
export function locationOf(context: SqliteContext, row: ExperimentRow): string {
  return row.artifactLocation ?? appendToUri(context.artifactRoot, row.id);
}

function requireExperiment(database: SqliteDatabase, experimentId: string): ExperimentRow {
  const key = experimentKey(experimentId);
  const row = database.get<ExperimentRow>(`SELECT ${EXPERIMENT_COLUMNS} FROM experiments WHERE experiment_id = ?`, key);
  if (row === undefined) throw noExperiment(experimentId);
  return row;
}

function findByName(database: SqliteDatabase, name: string): ExperimentRow | undefined {
  return database.get<ExperimentRow>(`SELECT ${EXPERIMENT_COLUMNS} FROM experiments WHERE name = ?`, name);
}

function writeExperimentTag(database: SqliteDatabase, key: bigint, tag: Tag): void {
  database.run(
    `INSERT INTO experiment_tags ("key", value, experiment_id) VALUES (?, ?, ?)
     ON CONFLICT ("key", experiment_id) DO UPDATE SET value = excluded.value`,
    tag.key,
    tag.value,
    key,
  );
}
