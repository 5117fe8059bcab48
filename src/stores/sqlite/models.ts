// Logged models in MLflow's database: made, read whole, found by a tag, finalised and binned, as MLflow's own store has them.
import { randomBytes } from 'node:crypto';
import type { LoggedModel, LoggedModelStatus, ModelOutput, Tag } from '../../model/entities.ts';
import type { CreateLoggedModelRequest } from '../contract.ts';
import {
  appendToUri,
  checkModelId,
  checkModelName,
  checkReplayedModel,
  modelNotFound,
  wholeNumber,
} from '../rules/rules.ts';
import type { SqliteDatabase } from './database.ts';
import { experimentKey, locationOf, requireActiveExperiment } from './experiments.ts';
import type { SqliteContext } from './experiments.ts';
import { randomRunName } from '../rules/run-names.ts';
import { linkModel } from './model-links.ts';
import { requireActiveRun } from './runs.ts';

interface ModelRow {
  readonly modelId: string;
  readonly experimentId: string;
  readonly name: string;
  readonly artifactUri: string;
  readonly creationTimeMs: number;
  readonly lastUpdateTimeMs: number;
  readonly status: number;
  readonly modelType: string | null;
  readonly sourceRunId: string | null;
}

interface MetricRow {
  readonly key: string;
  readonly value: number | null;
  readonly timestampMs: number;
  readonly step: number;
  readonly runId: string;
  readonly datasetName: string | null;
  readonly datasetDigest: string | null;
}

/** MLflow's numbers for a status (mlflow/entities/logged_model_status.py). */
const STATUS_NUMBERS: Readonly<Record<LoggedModelStatus, number>> = { PENDING: 1, READY: 2, UPLOAD_FAILED: 3 };

const MODEL_COLUMNS = `model_id AS modelId, CAST(experiment_id AS TEXT) AS experimentId, name, artifact_location AS artifactUri,
  CAST(creation_timestamp_ms AS REAL) AS creationTimeMs, CAST(last_updated_timestamp_ms AS REAL) AS lastUpdateTimeMs,
  status, model_type AS modelType, source_run_id AS sourceRunId`;

/** Makes a model; one that was made by the same call before is returned as it is. */
export function createLoggedModel(context: SqliteContext, request: CreateLoggedModelRequest): LoggedModel {
  const { database } = context;
  const name = request.name ?? randomRunName();
  checkModelName(name);
  database.requireModels();
  return database.write(() => {
    const replayed = findReplayed(database, request);
    if (replayed !== undefined) return replayed;
    const experiment = requireActiveExperiment(database, request.experimentId);
    const modelId = request.modelId ?? `m-${randomBytes(16).toString('hex')}`;
    const now = wholeNumber(context.now(), 'creation_time');
    database.run(
      `INSERT INTO logged_models (model_id, experiment_id, name, artifact_location, creation_timestamp_ms, last_updated_timestamp_ms,
         status, lifecycle_stage, model_type, source_run_id, status_message)
       VALUES (?, ?, ?, ?, ?, ?, ${STATUS_NUMBERS.PENDING}, 'active', ?, ?, NULL)`,
      modelId,
      BigInt(experiment.id),
      name,
      appendToUri(locationOf(context, experiment), 'models', modelId, 'artifacts'),
      now,
      now,
      request.modelType ?? '', // what the server stores where there is none
      request.sourceRunId ?? '',
    );
    for (const [table, pairs] of [
      ['param', request.params],
      ['tag', request.tags],
    ] as const) {
      for (const [key, value] of new Map(pairs.map((pair) => [pair.key, pair.value]))) {
        database.run(
          `INSERT INTO logged_model_${table}s (model_id, experiment_id, ${table}_key, ${table}_value) VALUES (?, ?, ?, ?)`,
          modelId,
          BigInt(experiment.id),
          key,
          value,
        );
      }
    }
    return requireModel(database, modelId);
  });
}

/** Returns a model with everything that is known of it. */
export function getLoggedModel(context: SqliteContext, modelId: string): LoggedModel {
  const { database } = context;
  database.requireModels();
  return database.read(() => requireModel(database, modelId));
}

/** Returns the models of an experiment, those with this tag where one is given, the oldest first. */
export function findLoggedModels(context: SqliteContext, experimentId: string, tag?: Tag): readonly LoggedModel[] {
  const { database } = context;
  const isTagged =
    'EXISTS (SELECT 1 FROM logged_model_tags AS t WHERE t.model_id = m.model_id AND tag_key = ? AND tag_value = ?)';
  database.requireModels();
  return database.read(() =>
    database
      .all<{ id: string }>(
        `SELECT model_id AS id FROM logged_models AS m WHERE experiment_id = ? AND lifecycle_stage != 'deleted'
         ${tag === undefined ? '' : `AND ${isTagged}`} ORDER BY creation_timestamp_ms, model_id`,
        experimentKey(experimentId),
        ...(tag === undefined ? [] : [tag.key, tag.value]),
      )
      .map(({ id }) => requireModel(database, id)),
  );
}

/** Sets a model's status, of one in the bin too, as MLflow does. */
export function finalizeLoggedModel(context: SqliteContext, modelId: string, status: LoggedModelStatus): LoggedModel {
  const { database } = context;
  database.requireModels();
  return database.write(() => {
    requireModel(database, modelId, 'any');
    database.run(
      'UPDATE logged_models SET status = ?, last_updated_timestamp_ms = ? WHERE model_id = ?',
      STATUS_NUMBERS[status],
      context.now(),
      modelId,
    );
    return requireModel(database, modelId, 'any');
  });
}

/** Puts a model into the bin; one that is there already stays, as on MLflow's server. */
export function deleteLoggedModel(context: SqliteContext, modelId: string): void {
  const { database } = context;
  database.requireModels();
  database.write(() => {
    requireModel(database, modelId, 'any');
    database.run(
      `UPDATE logged_models SET lifecycle_stage = 'deleted', last_updated_timestamp_ms = ? WHERE model_id = ?`,
      context.now(),
      modelId,
    );
  });
}

/** Says which models an active run made; what is known already is left as it is. */
export function logOutputs(context: SqliteContext, runId: string, models: readonly ModelOutput[]): void {
  const { database } = context;
  database.write(() => {
    requireActiveRun(database, runId);
    for (const { modelId, step } of models) {
      linkModel(database, { kind: 'OUTPUT', runId, modelId, step: wholeNumber(step, 'step') });
    }
  });
}

function findReplayed(database: SqliteDatabase, request: CreateLoggedModelRequest): LoggedModel | undefined {
  if (request.modelId === undefined) return undefined;
  checkModelId(request.modelId);
  const existing = findModel(database, request.modelId, 'active');
  if (existing !== undefined) checkReplayedModel(request, existing);
  return existing;
}

/** A model that is there, read whole inside a transaction. */
export function requireModel(
  database: SqliteDatabase,
  modelId: string,
  stage: 'active' | 'any' = 'active',
): LoggedModel {
  const model = findModel(database, modelId, stage);
  if (model === undefined) throw modelNotFound(modelId);
  return model;
}

function findModel(database: SqliteDatabase, modelId: string, stage: 'active' | 'any'): LoggedModel | undefined {
  const isWanted = stage === 'any' ? '' : `AND lifecycle_stage != 'deleted'`;
  const row = database.get<ModelRow>(
    `SELECT ${MODEL_COLUMNS} FROM logged_models WHERE model_id = ? ${isWanted}`,
    modelId,
  );
  if (row === undefined) return undefined;
  const metrics = database.all<MetricRow>(
    `SELECT metric_name AS "key", metric_value AS value, CAST(metric_timestamp_ms AS REAL) AS timestampMs,
       CAST(metric_step AS REAL) AS step, run_id AS runId, dataset_name AS datasetName, dataset_digest AS datasetDigest
     FROM logged_model_metrics WHERE model_id = ? ORDER BY metric_name, metric_timestamp_ms, metric_step, run_id`,
    modelId,
  );
  const status = (['PENDING', 'READY', 'UPLOAD_FAILED'] as const).find((name) => STATUS_NUMBERS[name] === row.status);
  return {
    ...row,
    status,
    modelType: row.modelType ?? '',
    sourceRunId: row.sourceRunId ?? '',
    params: pairsOf(database, 'param', modelId),
    tags: pairsOf(database, 'tag', modelId),
    metrics: metrics.map(({ value, datasetName, datasetDigest, ...metric }) => ({
      ...metric,
      value: value ?? NaN,
      ...(datasetName === null ? {} : { datasetName }),
      ...(datasetDigest === null ? {} : { datasetDigest }),
    })),
  };
}

function pairsOf(database: SqliteDatabase, table: 'param' | 'tag', modelId: string): Readonly<Record<string, string>> {
  const rows = database.all<{ key: string; value: string }>(
    `SELECT ${table}_key AS "key", ${table}_value AS value FROM logged_model_${table}s WHERE model_id = ? ORDER BY ${table}_key`,
    modelId,
  );
  return Object.fromEntries(rows.map(({ key, value }) => [key, value]));
}
