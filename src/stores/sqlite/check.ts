// Says whether a database can be written into without breaking it for MLflow, before the first row goes in.
import type { DatabaseSync } from 'node:sqlite';
import { incompatible } from './errors.ts';

/** The tables this store writes and every column it names in them; the same from MLflow 2.4 on. */
const OUR_COLUMNS: Readonly<Record<string, readonly string[]>> = {
  experiments: ['experiment_id', 'name', 'artifact_location', 'lifecycle_stage', 'creation_time', 'last_update_time'],
  experiment_tags: ['key', 'value', 'experiment_id'],
  runs: [
    'run_uuid',
    'name',
    'source_type',
    'source_name',
    'entry_point_name',
    'user_id',
    'status',
    'start_time',
    'end_time',
    'source_version',
    'lifecycle_stage',
    'artifact_uri',
    'experiment_id',
    'deleted_time',
  ],
  tags: ['key', 'value', 'run_uuid'],
  params: ['key', 'value', 'run_uuid'],
  metrics: ['key', 'value', 'timestamp', 'run_uuid', 'step', 'is_nan'],
  latest_metrics: ['key', 'value', 'timestamp', 'step', 'is_nan', 'run_uuid'],
  datasets: [
    'dataset_uuid',
    'experiment_id',
    'name',
    'digest',
    'dataset_source_type',
    'dataset_source',
    'dataset_schema',
    'dataset_profile',
  ],
  inputs: ['input_uuid', 'source_type', 'source_id', 'destination_type', 'destination_id'],
  input_tags: ['input_uuid', 'name', 'value'],
};

/** What logged models add to it; from MLflow 3.0 on, and looked at when the first of them comes. */
const MODEL_COLUMNS: Readonly<Record<string, readonly string[]>> = {
  logged_models: [
    'model_id',
    'experiment_id',
    'name',
    'artifact_location',
    'creation_timestamp_ms',
    'last_updated_timestamp_ms',
    'status',
    'lifecycle_stage',
    'model_type',
    'source_run_id',
    'status_message',
  ],
  logged_model_params: ['model_id', 'experiment_id', 'param_key', 'param_value'],
  logged_model_tags: ['model_id', 'experiment_id', 'tag_key', 'tag_value'],
  logged_model_metrics: [
    'model_id',
    'metric_name',
    'metric_timestamp_ms',
    'metric_step',
    'metric_value',
    'experiment_id',
    'run_id',
    'dataset_uuid',
    'dataset_name',
    'dataset_digest',
  ],
  inputs: ['input_uuid', 'source_type', 'source_id', 'destination_type', 'destination_id', 'step'],
};

/** The model registry's; looked at when the first request for it comes. */
const REGISTRY_COLUMNS: Readonly<Record<string, readonly string[]>> = {
  registered_models: ['name', 'creation_time', 'last_updated_time', 'description'],
  registered_model_tags: ['key', 'value', 'name'],
  registered_model_aliases: ['alias', 'version', 'name'],
  model_versions: [
    'name',
    'version',
    'creation_time',
    'last_updated_time',
    'description',
    'user_id',
    'current_stage',
    'source',
    'run_id',
    'status',
    'status_message',
    'run_link',
    'storage_location',
  ],
  model_version_tags: ['key', 'value', 'name', 'version'],
};

/** What each stands for all that hangs on it. */
const WITH_WORKSPACES: ReadonlySet<string> = new Set(['experiments', 'registered_models']);

const MIGRATE = 'is it from an old MLflow? `mlflow db upgrade` brings it up to date';

/** True where the file holds no table at all, so that it is ours to fill. */
export function isEmptyDatabase(database: DatabaseSync): boolean {
  return (
    database.prepare(`SELECT 1 FROM sqlite_master WHERE name NOT LIKE 'sqlite\\_%' ESCAPE '\\'`).get() === undefined
  );
}

/**
 * Checks that the core tables are as this store knows them.
 *
 * @throws {RunspanError} `STORE_INCOMPATIBLE`: no MLflow database, a column of ours is missing, a column that a row must fill is unknown,
 *   or experiments of a workspace other than the default, which MLflow too refuses without its workspaces.
 */
export function checkSchema(database: DatabaseSync, path: string): void {
  checkTables(database, path, OUR_COLUMNS);
}

/**
 * Checks that the tables of logged models are as this store knows them.
 *
 * @throws {RunspanError} `STORE_INCOMPATIBLE`, as {@link checkSchema}
 */
export function checkModelTables(database: DatabaseSync, path: string): void {
  checkTables(database, path, MODEL_COLUMNS);
}

/**
 * Checks that the tables of the model registry are as this store knows them.
 *
 * @throws {RunspanError} `STORE_INCOMPATIBLE`, as {@link checkSchema}
 */
export function checkRegistryTables(database: DatabaseSync, path: string): void {
  checkTables(database, path, REGISTRY_COLUMNS);
}

function checkTables(database: DatabaseSync, path: string, tables: Readonly<Record<string, readonly string[]>>): void {
  for (const [table, ours] of Object.entries(tables)) {
    const columns = database.prepare(`PRAGMA table_info("${table}")`).all();
    if (columns.length === 0) throw incompatible(path, `it has no table '${table}'; ${MIGRATE}`);
    const names = new Set(columns.map((column) => String(column['name'])));
    const missing = ours.filter((name) => !names.has(name));
    if (missing.length > 0)
      throw incompatible(path, `its table '${table}' has no '${missing.join(`', '`)}'; ${MIGRATE}`);
    for (const column of columns) {
      const name = String(column['name']);
      if (column['notnull'] !== 1 || column['dflt_value'] !== null || ours.includes(name)) continue;
      throw incompatible(
        path,
        `its table '${table}' demands a '${name}' that this version does not know; ` +
          `use a newer runspan, or an MLflow server in front of it`,
      );
    }
    if (WITH_WORKSPACES.has(table) && names.has('workspace')) checkWorkspaces(database, path, table);
  }
}

function checkWorkspaces(database: DatabaseSync, path: string, table: string): void {
  const foreign = database.prepare(`SELECT workspace FROM ${table} WHERE workspace != 'default' LIMIT 1`).get();
  if (foreign === undefined) return;
  throw incompatible(
    path,
    `it holds ${table.replace('_', ' ')} of the workspace '${String(foreign['workspace'])}'; go through an MLflow server with workspaces`,
  );
}
