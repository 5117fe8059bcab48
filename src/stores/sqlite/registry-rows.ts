// The registry's rows in MLflow's database, read as nouns: models, versions, their tags and aliases.
import type { ModelVersion, ModelVersionStatus, RegisteredModel } from '../../model/registry.ts';
import type { SqliteDatabase } from './database.ts';
import {
  checkRegisteredName,
  DELETED_STAGE,
  newestByStage,
  noModelVersion,
  noRegisteredModel,
  readVersion,
} from '../rules/registry-rules.ts';

interface ModelRow {
  readonly name: string;
  readonly createdAt: number | null;
  readonly updatedAt: number | null;
  readonly description: string | null;
}

/** One row of {@link VERSION_COLUMNS}. */
export interface VersionRow {
  readonly name: string;
  readonly version: number;
  readonly createdAt: number | null;
  readonly updatedAt: number | null;
  readonly description: string | null;
  readonly userId: string | null;
  readonly stage: string | null;
  readonly source: string | null;
  readonly location: string | null;
  readonly runId: string | null;
  readonly runLink: string | null;
  readonly status: string | null;
  readonly statusMessage: string | null;
}

const MODEL_COLUMNS = `name, CAST(creation_time AS REAL) AS createdAt, CAST(last_updated_time AS REAL) AS updatedAt, description`;

/** What is read of a version. */
export const VERSION_COLUMNS = `model_versions.name, model_versions.version, CAST(model_versions.creation_time AS REAL) AS createdAt,
  CAST(model_versions.last_updated_time AS REAL) AS updatedAt, model_versions.description, model_versions.user_id AS userId,
  model_versions.current_stage AS stage, model_versions.source, model_versions.storage_location AS location,
  model_versions.run_id AS runId, model_versions.run_link AS runLink, model_versions.status,
  model_versions.status_message AS statusMessage`;

/** Whether a registered model is there. */
export function hasModel(database: SqliteDatabase, name: string): boolean {
  return database.get('SELECT 1 FROM registered_models WHERE name = ?', name) !== undefined;
}

/** Refuses what is not there. */
export function requireModel(database: SqliteDatabase, name: string): string {
  if (hasModel(database, checkRegisteredName(name))) return name;
  throw noRegisteredModel(name);
}

/** Reads a registered model whole. */
export function readModel(database: SqliteDatabase, name: string): RegisteredModel {
  const row = database.get<ModelRow>(
    `SELECT ${MODEL_COLUMNS} FROM registered_models WHERE name = ?`,
    checkRegisteredName(name),
  );
  if (row === undefined) throw noRegisteredModel(name);
  const aliases = database.all<{ alias: string; version: number }>(
    'SELECT alias, version FROM registered_model_aliases WHERE name = ? ORDER BY alias',
    name,
  );
  return {
    name,
    creationTimeMs: row.createdAt ?? 0,
    lastUpdateTimeMs: row.updatedAt ?? 0,
    description: row.description ?? '',
    latestVersions: readLatestVersions(database, name),
    tags: tagsOf(database, name),
    aliases: Object.fromEntries(aliases.map(({ alias, version }) => [alias, String(version)])),
  };
}

/** The newest version of each stage, without aliases, as MLflow gives them inside a model. */
export function readLatestVersions(database: SqliteDatabase, name: string): readonly ModelVersion[] {
  const rows = database.all<VersionRow>(
    `SELECT ${VERSION_COLUMNS} FROM model_versions WHERE name = ? AND current_stage != '${DELETED_STAGE}' ORDER BY version`,
    name,
  );
  return newestByStage(rows.map((row) => ({ ...row, currentStage: row.stage ?? '' }))).map((row) =>
    toVersion(database, row),
  );
}

/** One version's row; deleted ones are not there. */
export function requireVersion(database: SqliteDatabase, name: string, version: string): VersionRow {
  checkRegisteredName(name);
  const number = readVersion(version);
  const row = database.get<VersionRow>(
    `SELECT ${VERSION_COLUMNS} FROM model_versions WHERE name = ? AND version = ? AND current_stage != '${DELETED_STAGE}'`,
    name,
    number,
  );
  if (row === undefined) throw noModelVersion(name, number);
  return row;
}

/** A version with its tags; its aliases only where they are asked for, as in MLflow. */
export function toVersion(database: SqliteDatabase, row: VersionRow, isWithAliases = false): ModelVersion {
  const { name, version } = row;
  return {
    name,
    version: String(version),
    creationTimeMs: row.createdAt ?? 0,
    lastUpdateTimeMs: row.updatedAt ?? 0,
    description: row.description ?? '',
    userId: row.userId ?? '',
    currentStage: row.stage ?? '',
    source: row.source ?? '',
    runId: row.runId ?? '',
    runLink: row.runLink ?? '',
    status: toStatus(row.status),
    statusMessage: row.statusMessage ?? '',
    tags: tagsOf(database, name, version),
    aliases: isWithAliases ? aliasesOf(database, name, version) : [],
  };
}

/** The tags of a model, or of one of its versions. */
export function tagsOf(database: SqliteDatabase, name: string, version?: number): Readonly<Record<string, string>> {
  const rows =
    version === undefined
      ? database.all<{ key: string; value: string | null }>(
          'SELECT "key", value FROM registered_model_tags WHERE name = ? ORDER BY "key"',
          name,
        )
      : database.all<{ key: string; value: string | null }>(
          'SELECT "key", value FROM model_version_tags WHERE name = ? AND version = ? ORDER BY "key"',
          name,
          version,
        );
  return Object.fromEntries(rows.map(({ key, value }) => [key, value ?? '']));
}

function aliasesOf(database: SqliteDatabase, name: string, version: number): readonly string[] {
  return database
    .all<{ alias: string }>(
      'SELECT alias FROM registered_model_aliases WHERE name = ? AND version = ? ORDER BY alias',
      name,
      version,
    )
    .map(({ alias }) => alias);
}

function toStatus(status: string | null): ModelVersionStatus {
  return status === 'PENDING_REGISTRATION' || status === 'FAILED_REGISTRATION' ? status : 'READY';
}
