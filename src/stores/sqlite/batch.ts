// What a run records, written into MLflow's database: metrics with their latest values, params, tags, data sets; and read back.
import { randomBytes } from 'node:crypto';
import type { DatasetInput, Metric, Page, Param } from '../../model/entities.ts';
import type { LogBatchRequest } from '../contract.ts';
import { changedParams, isLater, modelNotFound, noTag, storedValue, wholeNumber } from '../rules/rules.ts';
import type { SqliteDatabase } from './database.ts';
import type { SqliteContext } from './experiments.ts';
import { linkModel } from './model-links.ts';
import { offsetOf, pageOf, pageSize } from '../search/paging.ts';
import { requireActiveRun, setTag } from './runs.ts';

/** A metric as MLflow's SQL stores keep it: NaN is 0 with a mark, an infinity is the largest double. */
interface StoredMetric {
  readonly value: number;
  readonly isNan: 0 | 1;
  readonly timestampMs: number;
  readonly step: number;
}

const INSERT_METRIC = `INSERT INTO metrics ("key", value, timestamp, run_uuid, step, is_nan) VALUES (?, ?, ?, ?, ?, ?)
  ON CONFLICT DO NOTHING`;

const UPSERT_LATEST = `INSERT INTO latest_metrics ("key", value, timestamp, step, is_nan, run_uuid) VALUES (?, ?, ?, ?, ?, ?)
  ON CONFLICT ("key", run_uuid) DO UPDATE
  SET value = excluded.value, timestamp = excluded.timestamp, step = excluded.step, is_nan = excluded.is_nan
  WHERE (excluded.step, excluded.timestamp, excluded.value) >
    (latest_metrics.step, coalesce(latest_metrics.timestamp, -1), latest_metrics.value)`;

/** Writes one batch of any size in one transaction: all of it, or nothing where a param has another value, in the store or in the batch. */
export function logBatch(context: SqliteContext, request: LogBatchRequest): void {
  const { database } = context;
  const { runId, metrics = [], params = [], tags = [] } = request;
  database.write(() => {
    requireActiveRun(database, runId);
    writeParams(database, runId, params);
    writeMetrics(database, runId, metrics);
    for (const metric of metrics) if (metric.modelId !== undefined) writeModelMetric(database, runId, metric);
    for (const tag of tags) setTag(database, runId, tag);
  });
}

/** Takes a tag off an active run. */
export function deleteTag(context: SqliteContext, runId: string, key: string): void {
  const { database } = context;
  database.write(() => {
    requireActiveRun(database, runId);
    if (database.get('SELECT 1 FROM tags WHERE run_uuid = ? AND "key" = ?', runId, key) === undefined) {
      throw noTag(key, runId);
    }
    database.run('DELETE FROM tags WHERE run_uuid = ? AND "key" = ?', runId, key);
  });
}

/** Says which data sets a run read; one that it has already is left as it is, so a resend changes nothing. */
export function logInputs(
  context: SqliteContext,
  runId: string,
  given: { readonly inputs: readonly DatasetInput[]; readonly modelIds: readonly string[] },
): void {
  const { database } = context;
  database.write(() => {
    requireActiveRun(database, runId);
    for (const input of given.inputs) writeInput(database, runId, input);
    for (const modelId of given.modelIds) linkModel(database, { kind: 'INPUT', runId, modelId, step: 0 });
  });
}

/** Reads all points of one metric by timestamp, step, value; none where there is no such run or key, as MLflow answers. */
export function getMetricHistory(
  context: SqliteContext,
  request: { readonly runId: string; readonly key: string; readonly maxResults?: number; readonly pageToken?: string },
): Page<Metric> {
  const size = request.maxResults === undefined ? undefined : pageSize(request.maxResults);
  const offset = offsetOf(request.pageToken);
  return context.database.read(() => {
    const rows = context.database.all<{ value: number; timestamp: number; step: number; isNan: number }>(
      `SELECT value, CAST(timestamp AS REAL) AS timestamp, CAST(step AS REAL) AS step, is_nan AS isNan FROM metrics
       WHERE run_uuid = ? AND "key" = ? ORDER BY metrics.timestamp, metrics.step, metrics.value LIMIT ? OFFSET ?`,
      request.runId,
      request.key,
      size === undefined ? -1 : size + 1,
      offset,
    );
    const points = rows.map((row) => ({
      key: request.key,
      value: row.isNan === 1 ? NaN : row.value,
      timestampMs: row.timestamp,
      step: row.step,
    }));
    return pageOf(points, size ?? points.length, offset);
  });
}

function writeMetrics(database: SqliteDatabase, runId: string, metrics: readonly Metric[]): void {
  if (metrics.length === 0) return;
  const insert = database.statement(INSERT_METRIC);
  const latest = new Map<string, StoredMetric>();
  for (const metric of metrics) {
    const stored = storedMetric(metric);
    insert.run(metric.key, stored.value, stored.timestampMs, runId, stored.step, stored.isNan);
    const known = latest.get(metric.key);
    if (known === undefined || isLater(stored, known)) latest.set(metric.key, stored);
  }
  const upsert = database.statement(UPSERT_LATEST);
  for (const [key, metric] of latest) {
    upsert.run(key, metric.value, metric.timestampMs, metric.step, metric.isNan, runId);
  }
}

/** As MLflow does it: NaN is 0 here, without a mark. */
function writeModelMetric(database: SqliteDatabase, runId: string, metric: Metric): void {
  const modelId = metric.modelId ?? '';
  database.requireModels();
  if (database.get('SELECT 1 FROM logged_models WHERE model_id = ?', modelId) === undefined)
    throw modelNotFound(modelId);
  const stored = storedMetric(metric);
  database.run(
    `INSERT INTO logged_model_metrics (model_id, metric_name, metric_timestamp_ms, metric_step, metric_value, experiment_id, run_id,
       dataset_name, dataset_digest)
     SELECT ?, ?, ?, ?, ?, experiment_id, run_uuid, ?, ? FROM runs WHERE run_uuid = ? ON CONFLICT DO NOTHING`,
    modelId,
    metric.key,
    stored.timestampMs,
    stored.step,
    stored.value,
    metric.datasetName ?? null,
    metric.datasetDigest ?? null,
    runId,
  );
}

function storedMetric(metric: Metric): StoredMetric {
  const value = storedValue(metric);
  const isNan = Number.isNaN(value);
  return {
    value: isNan ? 0 : value,
    isNan: isNan ? 1 : 0,
    timestampMs: wholeNumber(metric.timestampMs, 'timestamp'),
    step: wholeNumber(metric.step, 'step'),
  };
}

function writeParams(database: SqliteDatabase, runId: string, params: readonly Param[]): void {
  const changes: { key: string; old: string; new: string }[] = [];
  for (const param of params) {
    const known = database.get<{ value: string }>(
      'SELECT value FROM params WHERE run_uuid = ? AND "key" = ?',
      runId,
      param.key,
    );
    if (known === undefined) {
      database.run('INSERT INTO params ("key", value, run_uuid) VALUES (?, ?, ?)', param.key, param.value, runId);
    } else if (known.value !== param.value) {
      changes.push({ key: param.key, old: known.value, new: param.value });
    }
  }
  if (changes.length > 0) throw changedParams(runId, changes);
}

function writeInput(database: SqliteDatabase, runId: string, input: DatasetInput): void {
  const datasetId = findOrAddDataset(database, runId, input.dataset);
  const known = database.get(
    `SELECT 1 FROM inputs WHERE source_type = 'DATASET' AND source_id = ? AND destination_type = 'RUN' AND destination_id = ?`,
    datasetId,
    runId,
  );
  if (known !== undefined) return;
  const inputId = randomBytes(16).toString('hex');
  database.run(
    `INSERT INTO inputs (input_uuid, source_type, source_id, destination_type, destination_id) VALUES (?, 'DATASET', ?, 'RUN', ?)`,
    inputId,
    datasetId,
    runId,
  );
  for (const [name, value] of new Map(input.tags.map((tag) => [tag.key, tag.value]))) {
    database.run('INSERT INTO input_tags (input_uuid, name, value) VALUES (?, ?, ?)', inputId, name, value);
  }
}

function findOrAddDataset(database: SqliteDatabase, runId: string, dataset: DatasetInput['dataset']): string {
  const known = database.get<{ id: string }>(
    `SELECT dataset_uuid AS id FROM datasets
     WHERE experiment_id = (SELECT experiment_id FROM runs WHERE run_uuid = ?) AND name = ? AND digest = ?`,
    runId,
    dataset.name,
    dataset.digest,
  );
  if (known !== undefined) return known.id;
  const id = randomBytes(16).toString('hex');
  database.run(
    `INSERT INTO datasets (dataset_uuid, experiment_id, name, digest, dataset_source_type, dataset_source, dataset_schema, dataset_profile)
     SELECT ?, experiment_id, ?, ?, ?, ?, ?, ? FROM runs WHERE run_uuid = ?`,
    id,
    dataset.name,
    dataset.digest,
    dataset.sourceType,
    dataset.source,
    dataset.schema ?? null,
    dataset.profile ?? null,
    runId,
  );
  return id;
}
