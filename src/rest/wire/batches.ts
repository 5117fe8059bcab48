// Splits one log-batch of any size into requests that MLflow and the proxies before it take.
import { mlflowError } from '../../errors.ts';
import { BATCH_LIMITS } from '../../model/limits.ts';
import type { KeyValue, Metric, Param, Tag } from '../../model/entities.ts';
import { text } from './checked.ts';
import type { Batch } from './requests.ts';

/** How large a request's body may be: MLflow's documented limit, and the usual one of a proxy before it. */
const MAX_BODY_BYTES = 1_000_000;

/** A log-batch of any size. */
export interface LogBatch {
  readonly runId: string;
  readonly metrics?: readonly Metric[];
  readonly params?: readonly Param[];
  readonly tags?: readonly Tag[];
}

/** Numbers, quotes and field names of one metric, at most: a double is up to 24 characters, an int64 up to 17. */
const METRIC_BYTES = 120;

/** Field names and quotes of the model and the data set of one metric. */
const MODEL_METRIC_BYTES = 60;

/** Field names and quotes of one param or tag. */
const PAIR_BYTES = 24;

/**
 * Splits a log-batch; params go first, so that a conflict is known before the rest is written, and the order of each list is kept.
 * A param given twice with one value is sent once: twice in one request is an error to MLflow. Of a tag given twice the last counts.
 *
 * @returns requests to send one after the other; none where there is nothing to send
 * @throws {RunspanError} `INVALID_VALUE` for a key or text of another type
 * @throws {MlflowError} `INVALID_PARAMETER_VALUE` for a param with two values, before anything is sent
 */
export function splitBatch(from: LogBatch): readonly Batch[] {
  const params = uniqueParams(from.params ?? []);
  const tags = lastTags(from.tags ?? []);
  const metrics = from.metrics ?? [];
  const batches: Batch[] = [];
  for (let param = 0, tag = 0, metric = 0; param < params.length || tag < tags.length || metric < metrics.length;) {
    const room = { items: BATCH_LIMITS.totalCount, bytes: MAX_BODY_BYTES };
    const batch = {
      runId: from.runId,
      params: take(params, { start: param, limit: BATCH_LIMITS.paramCount, room, sizeOf: pairBytes }),
      tags: take(tags, { start: tag, limit: BATCH_LIMITS.tagCount, room, sizeOf: pairBytes }),
      metrics: take(metrics, { start: metric, limit: BATCH_LIMITS.metricCount, room, sizeOf: metricBytes }),
    };
    param += batch.params.length;
    tag += batch.tags.length;
    metric += batch.metrics.length;
    batches.push(batch);
  }
  return batches;
}

interface Taking<T> {
  readonly start: number;
  readonly limit: number;
  readonly sizeOf: (item: T) => number;
  /** What is left in this request. */
  readonly room: { items: number; bytes: number };
}

function take<T>(from: readonly T[], { start, limit, sizeOf, room }: Taking<T>): readonly T[] {
  let end = start;
  while (end < from.length && end - start < limit && room.items > 0) {
    const bytes = sizeOf(from[end] as T); // end is below length
    // an item too large for any request still goes, alone
    if (bytes > room.bytes && room.items < BATCH_LIMITS.totalCount) break;
    room.bytes -= bytes;
    room.items--;
    end++;
  }
  return from.slice(start, end);
}

function uniqueParams(params: readonly Param[]): readonly Param[] {
  const values = new Map<string, string>();
  for (const { key, value } of params) {
    const known = values.get(key);
    if (known !== undefined && known !== value) {
      throw mlflowError(
        'INVALID_PARAMETER_VALUE',
        `Cannot log param '${key}' with two values: a param is logged once.`,
      );
    }
    values.set(key, value);
  }
  return [...values].map(([key, value]) => ({ key, value }));
}

function lastTags(tags: readonly Tag[]): readonly Tag[] {
  return [...new Map(tags.map((tag) => [tag.key, tag])).values()];
}

/** Three bytes for each UTF-16 unit is the most that UTF-8 needs; its model's and data set's fields come on top. */
function metricBytes({ key, modelId = '', datasetName = '', datasetDigest = '' }: Metric): number {
  const units = text(key, 'metric key').length + modelId.length + datasetName.length + datasetDigest.length;
  return METRIC_BYTES + 3 * units + (modelId === '' ? 0 : MODEL_METRIC_BYTES);
}

function pairBytes({ key, value }: KeyValue): number {
  const texts = text(key, 'key') + text(value, key);
  return PAIR_BYTES + Buffer.byteLength(JSON.stringify(texts));
}
