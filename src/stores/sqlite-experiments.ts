// Experiments in MLflow's database: found, made, renamed, binned and brought back, with MLflow's own answers.
import { isAbsolute, resolve } from 'node:path';
import { mlflowError } from '../errors.ts';
import type { Experiment, LifecycleStage, Tag } from '../model/entities.ts';
import type { SqliteDatabase } from './sqlite-database.ts';
import { invalidState } from './sqlite-errors.ts';

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

/** The longest name (mlflow/utils/validation.py, MAX_EXPERIMENT_NAME_LENGTH). */
const MAX_NAME_LENGTH = 500;

/** SQLite's largest integer. */
const MAX_ID = 2n ** 63n - 1n;

/**
 * Reads an experiment's id, which is an integer in SQL stores.
 *
 * @throws {MlflowError} `INVALID_PARAMETER_VALUE` where it is none
 */
export function experimentKey(experimentId: string): bigint {
  if (!/^-?\d{1,19}$/.test(experimentId)) {
    throw mlflowError(
      'INVALID_PARAMETER_VALUE',
      `Invalid experiment ID '${experimentId}'. Experiment ID must be a valid integer.`,
    );
  }
  const key = BigInt(experimentId);
  return key > MAX_ID || key < -MAX_ID ? -1n : key; // no row has it, and SQLite could not bind it
}

/** Makes an experiment and returns its id. */
export function createExperiment(
  context: SqliteContext,
  request: { readonly name: string; readonly artifactLocation?: string; readonly tags?: readonly Tag[] },
): string {
  checkName(request.name);
  const { database } = context;
  return database.write(() => {
    if (findByName(database, request.name) !== undefined) {
      throw mlflowError('RESOURCE_ALREADY_EXISTS', `Experiment(name=${request.name}) already exists.`);
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
  checkName(newName);
  const { database } = context;
  database.write(() => {
    const row = requireExperiment(database, experimentId);
    if (row.stage !== 'active') throw invalidState('Cannot rename a non-active experiment.');
    const other = findByName(database, newName);
    if (other !== undefined && other.id !== row.id) {
      throw mlflowError(
        'BAD_REQUEST',
        `Cannot rename experiment '${row.name}': Experiment(name=${newName}) already exists.`,
      );
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

/** Returns the row of an experiment in use; refuses one in the bin in MLflow's words. */
export function requireActiveExperiment(database: SqliteDatabase, experimentId: string): ExperimentRow {
  const row = requireExperiment(database, experimentId);
  if (row.stage === 'active') return row;
  throw mlflowError(
    'INVALID_PARAMETER_VALUE',
    `The experiment ${row.id} must be in the 'active' state. Current state is ${row.stage}.`,
  );
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

/** Appends path parts to a folder or URI, before its query if it has one. */
export function appendToUri(uri: string, ...parts: readonly string[]): string {
  const queryAt = /^[a-z][a-z0-9+.-]+:/i.test(uri) ? uri.search(/[?#]/) : -1;
  const base = queryAt < 0 ? uri : uri.slice(0, queryAt);
  return [base.replace(/\/+$/, ''), ...parts].join('/') + (queryAt < 0 ? '' : uri.slice(queryAt));
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

function noExperiment(experimentId: string): Error {
  return mlflowError('RESOURCE_DOES_NOT_EXIST', `No Experiment with id=${experimentId} exists`);
}

function checkName(name: string): void {
  if (name === '') throw mlflowError('INVALID_PARAMETER_VALUE', `Invalid experiment name: ''`);
  if (name.length <= MAX_NAME_LENGTH) return;
  throw mlflowError(
    'INVALID_PARAMETER_VALUE',
    `'name' exceeds the maximum length of ${MAX_NAME_LENGTH} characters: ${name.length}`,
  );
}

function absoluteLocation(location: string): string {
  const isUri = /^[a-z][a-z0-9+.-]+:/i.test(location);
  return isUri || isAbsolute(location) ? location : resolve(location);
}
