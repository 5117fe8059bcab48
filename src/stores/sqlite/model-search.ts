// Searches for logged models in MLflow's database, said in SQL.
import type { LoggedModel, Page } from '../../model/entities.ts';
import type { LoggedModelPageSearch } from '../../rest/endpoints/logged-models.ts';
import type { Condition } from '../search/filter.ts';
import { type ModelOrdering, readModelSearch, type SearchedDataset } from '../search/model-search.ts';
import { pageOf } from '../search/paging.ts';
import type { SqlValue } from './database.ts';
import { experimentKey, type SqliteContext } from './experiments.ts';
import { requireModel } from './models.ts';
import { comparison } from './search.ts';

interface Fragment {
  readonly sql: string;
  readonly values: readonly SqlValue[];
}

/** Attributes that are not compared as their column has them: MLflow's numbers for a status have names. */
const EXPRESSIONS: Readonly<Record<string, string>> = {
  status: `CASE m.status WHEN 1 THEN 'PENDING' WHEN 2 THEN 'READY' WHEN 3 THEN 'UPLOAD_FAILED' END`,
  experiment_id: 'CAST(m.experiment_id AS TEXT)',
};

/** Finds logged models that are not in the bin; by default the newest first. */
export function searchLoggedModels(context: SqliteContext, request: LoggedModelPageSearch): Page<LoggedModel> {
  const { database } = context;
  const { conditions, datasets, orderings, size, offset } = readModelSearch(request);
  const experiments = request.experimentIds.map((id) => String(experimentKey(id)));
  const joins = orderings.map(orderingJoin);
  const where = [
    {
      sql: `m.lifecycle_stage != 'deleted' AND m.experiment_id IN (SELECT CAST(value AS INTEGER) FROM json_each(?))`,
      values: [JSON.stringify(experiments)],
    },
    ...conditions.map((condition) => toFragment(condition, datasets)),
    ...(datasets.length > 0 && !conditions.some(({ entity }) => entity === 'metric')
      ? [ofModel({ sql: 'TRUE', values: [] }, datasets)]
      : []),
  ];
  return database.read(() => {
    const ids = database.query<{ id: string }>(
      `SELECT m.model_id AS id FROM logged_models AS m ${joins.map(({ sql }) => sql).join(' ')}
       WHERE ${where.map(({ sql }) => sql).join(' AND ')} ORDER BY ${orderings.map(orderOf).join(', ')} LIMIT ? OFFSET ?`,
      [...joins.flatMap(({ values }) => values), ...where.flatMap(({ values }) => values), size + 1, offset],
    );
    const page = pageOf(ids, size, offset);
    return { ...page, items: page.items.map(({ id }) => requireModel(database, id)) };
  });
}

function toFragment(condition: Condition, datasets: readonly SearchedDataset[]): Fragment {
  const { entity, key } = condition;
  if (entity === 'attribute') return comparison(EXPRESSIONS[key] ?? `m.${key}`, condition);
  if (entity === 'metric') {
    const { sql, values } = comparison('x.metric_value', condition);
    return ofModel({ sql: `x.metric_name = ? AND ${sql}`, values: [key, ...values] }, datasets);
  }
  const name = entity === 'tag' ? 'tag' : 'param';
  const { sql, values } = comparison(`x.${name}_value`, condition);
  return {
    sql: `EXISTS (SELECT 1 FROM logged_model_${name}s AS x WHERE x.model_id = m.model_id AND x.${name}_key = ? AND ${sql})`,
    values: [key, ...values],
  };
}

/** Models with a metric like this, measured on one of the data sets where there are any. */
function ofModel({ sql, values }: Fragment, datasets: readonly SearchedDataset[]): Fragment {
  const ofDatasets = datasets.map(isMeasuredOn);
  const isOn = ofDatasets.length === 0 ? '' : `AND (${ofDatasets.map((each) => each.sql).join(' OR ')})`;
  return {
    sql: `EXISTS (SELECT 1 FROM logged_model_metrics AS x WHERE x.model_id = m.model_id AND ${sql} ${isOn})`,
    values: [...values, ...ofDatasets.flatMap((each) => each.values)],
  };
}

function isMeasuredOn({ name, digest }: ModelOrdering['dataset']): Fragment {
  const pairs = Object.entries({ dataset_name: name, dataset_digest: digest }).filter(
    ([, value]) => value !== undefined,
  );
  return {
    sql: `(${['TRUE', ...pairs.map(([column]) => `x.${column} = ?`)].join(' AND ')})`,
    values: pairs.map(([, value]) => value ?? ''),
  };
}

/** The latest value of a metric: by time, then by step. */
function orderingJoin({ kind, key, dataset }: ModelOrdering, index: number): Fragment {
  if (kind === 'attribute') return { sql: '', values: [] };
  const isOn = isMeasuredOn(dataset);
  return {
    sql: `LEFT JOIN (SELECT x.model_id, x.metric_value AS value, ROW_NUMBER() OVER (
        PARTITION BY x.model_id ORDER BY x.metric_timestamp_ms DESC, x.metric_step DESC, x.run_id) AS place
      FROM logged_model_metrics AS x WHERE x.metric_name = ? AND ${isOn.sql}
    ) AS by${index} ON by${index}.model_id = m.model_id AND by${index}.place = 1`,
    values: [key, ...isOn.values],
  };
}

/** Models that lack the field come last, in both directions. */
function orderOf({ kind, key, isAscending }: ModelOrdering, index: number): string {
  const column = kind === 'metric' ? `by${index}.value` : (EXPRESSIONS[key] ?? `m.${key}`);
  return `${column} IS NULL, ${column} ${isAscending ? 'ASC' : 'DESC'}`;
}
