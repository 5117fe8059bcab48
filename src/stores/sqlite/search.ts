// Searches of MLflow's database: conditions and orderings of its search language, said in SQL.
import { mlflowError } from '../../errors.ts';
import type { Experiment, Page, RunEntity, ViewType } from '../../model/entities.ts';
import type { SearchExperimentsRequest, SearchRunsRequest } from '../contract.ts';
import {
  type Condition,
  EXPERIMENT_LANGUAGE,
  type Ordering,
  parseFilter,
  parseOrderBy,
  RUN_LANGUAGE,
} from '../search/filter.ts';
import type { SqlValue } from './database.ts';
import { EXPERIMENT_COLUMNS, experimentKey, type ExperimentRow, type SqliteContext, withTags } from './experiments.ts';
import { offsetOf, pageOf, pageSize } from '../search/paging.ts';
import { RUN_NAME_TAG } from '../rules/rules.ts';
import { readRuns, RUN_COLUMNS, type RunRow } from './runs.ts';

/** A piece of SQL with the values of its question marks. */
interface Fragment {
  readonly sql: string;
  readonly values: readonly SqlValue[];
}

const RUN_ATTRIBUTE_COLUMNS: Readonly<Record<string, string>> = {
  run_id: 'runs.run_uuid',
  run_name: 'runs.name',
  user_id: 'runs.user_id',
  status: 'runs.status',
  start_time: 'runs.start_time',
  end_time: 'runs.end_time',
  artifact_uri: 'runs.artifact_uri',
};

const KEYED_TABLES = { metric: 'latest_metrics', parameter: 'params', tag: 'tags' } as const;

/** Finds runs; by default the newest first. */
export function searchRuns(context: SqliteContext, request: SearchRunsRequest): Page<RunEntity> {
  const { database } = context;
  const size = pageSize(request.maxResults);
  const offset = offsetOf(request.pageToken);
  const conditions = parseFilter(request.filter, RUN_LANGUAGE).map(runCondition);
  const orderings = parseOrderBy(request.orderBy, RUN_LANGUAGE);
  const experiments = request.experimentIds.map((id) => String(experimentKey(id)));
  const joins = orderings.map(orderingJoin);
  const where = [
    {
      sql: 'runs.experiment_id IN (SELECT CAST(value AS INTEGER) FROM json_each(?))',
      values: [JSON.stringify(experiments)],
    },
    ...stageCondition('runs.lifecycle_stage', request.viewType),
    ...conditions,
  ];
  const order = orderings.flatMap(runOrder);
  if (!orderings.some((each) => each.entity === 'attribute' && each.key === 'start_time')) {
    order.push('runs.start_time DESC');
  }
  return database.read(() => {
    const ids = database.query<{ id: string }>(
      `SELECT runs.run_uuid AS id FROM runs ${joins.map((join) => join.sql).join(' ')}
       WHERE ${where.map((each) => each.sql).join(' AND ')}
       ORDER BY ${[...order, 'runs.run_uuid'].join(', ')} LIMIT ? OFFSET ?`,
      [...joins.flatMap((join) => join.values), ...where.flatMap((each) => each.values), size + 1, offset],
    );
    const page = pageOf(ids, size, offset);
    const rows = database.all<RunRow>(
      `SELECT ${RUN_COLUMNS} FROM runs JOIN json_each(?) AS wanted ON wanted.value = runs.run_uuid ORDER BY wanted.key`,
      JSON.stringify(page.items.map((row) => row.id)),
    );
    return { items: readRuns(database, rows), nextPageToken: page.nextPageToken };
  });
}

/** Finds experiments; by default the newest first. */
export function searchExperiments(context: SqliteContext, request: SearchExperimentsRequest): Page<Experiment> {
  const size = pageSize(request.maxResults);
  const offset = offsetOf(request.pageToken);
  const orderings = parseOrderBy(request.orderBy, EXPERIMENT_LANGUAGE);
  const where = [
    ...stageCondition('experiments.lifecycle_stage', request.viewType),
    ...parseFilter(request.filter, EXPERIMENT_LANGUAGE).map(experimentCondition),
  ];
  const order = experimentOrder(orderings);
  return context.database.read(() => {
    const rows = context.database.query<ExperimentRow>(
      `SELECT ${EXPERIMENT_COLUMNS} FROM experiments WHERE ${['TRUE', ...where.map((each) => each.sql)].join(' AND ')}
       ORDER BY ${order.join(', ')} LIMIT ? OFFSET ?`,
      [...where.flatMap((each) => each.values), size + 1, offset],
    );
    const page = pageOf(rows, size, offset);
    return { items: withTags(context, page.items), nextPageToken: page.nextPageToken };
  });
}

function runCondition(condition: Condition): Fragment {
  if (condition.entity === 'dataset') return datasetCondition(condition);
  if (condition.entity !== 'attribute') return keyedCondition(condition, condition.entity, condition.key);
  // Names are looked up by their tag, as MLflow does: the column is empty in runs from before MLflow 1.30.
  if (condition.key === 'run_name') return keyedCondition(condition, 'tag', RUN_NAME_TAG);
  return comparison(RUN_ATTRIBUTE_COLUMNS[condition.key] ?? '', condition);
}

function keyedCondition(condition: Condition, entity: 'metric' | 'parameter' | 'tag', key: string): Fragment {
  const table = KEYED_TABLES[entity];
  const ofRun = `SELECT 1 FROM ${table} WHERE ${table}.run_uuid = runs.run_uuid AND ${table}."key" = ?`;
  if (condition.comparator === 'IS NULL') return { sql: `NOT EXISTS (${ofRun})`, values: [key] };
  if (condition.comparator === 'IS NOT NULL') return { sql: `EXISTS (${ofRun})`, values: [key] };
  const { sql, values } = comparison(`${table}.value`, condition);
  // A NaN is stored as 0: it must satisfy no comparison but "!=".
  const isMatch =
    entity !== 'metric' ? sql : condition.comparator === '!=' ? `(${sql} OR is_nan = 1)` : `${sql} AND is_nan = 0`;
  return { sql: `EXISTS (${ofRun} AND ${isMatch})`, values: [key, ...values] };
}

function datasetCondition(condition: Condition): Fragment {
  const isContext = condition.key === 'context';
  const { sql, values } = comparison(isContext ? 'input_tags.value' : `datasets.${condition.key}`, condition);
  const tags = isContext
    ? `JOIN input_tags ON input_tags.input_uuid = inputs.input_uuid AND input_tags.name = 'mlflow.data.context'`
    : '';
  return {
    sql: `EXISTS (SELECT 1 FROM inputs JOIN datasets ON datasets.dataset_uuid = inputs.source_id ${tags}
      WHERE inputs.destination_type = 'RUN' AND inputs.destination_id = runs.run_uuid AND ${sql})`,
    values,
  };
}

function experimentCondition(condition: Condition): Fragment {
  if (condition.entity === 'attribute' && condition.key === 'experiment_id') return idCondition(condition);
  if (condition.entity === 'attribute') return comparison(`experiments.${condition.key}`, condition);
  const ofExperiment = `SELECT 1 FROM experiment_tags
    WHERE experiment_tags.experiment_id = experiments.experiment_id AND experiment_tags."key" = ?`;
  if (condition.comparator === 'IS NULL') return { sql: `NOT EXISTS (${ofExperiment})`, values: [condition.key] };
  if (condition.comparator === 'IS NOT NULL') return { sql: `EXISTS (${ofExperiment})`, values: [condition.key] };
  const { sql, values } = comparison('experiment_tags.value', condition);
  return { sql: `EXISTS (${ofExperiment} AND ${sql})`, values: [condition.key, ...values] };
}

function idCondition(condition: Condition): Fragment {
  const { comparator, value } = condition;
  if (comparator === 'LIKE' || comparator === 'ILIKE') {
    throw mlflowError('INVALID_PARAMETER_VALUE', `Invalid comparator for experiment_id: ${comparator}`);
  }
  const ids = (Array.isArray(value) ? value : [value]).map((id) => experimentKey(String(id)));
  const isNegated = comparator === '!=' || comparator === 'NOT IN';
  const marks = ids.map(() => '?').join(', ');
  return { sql: `experiments.experiment_id ${isNegated ? 'NOT IN' : 'IN'} (${marks})`, values: ids };
}

/** A condition upon a column. LIKE is case-sensitive by the connection's pragma, and ILIKE folds ASCII only: both as MLflow has them on SQLite. */
export function comparison(column: string, { comparator, value }: Condition): Fragment {
  if (comparator === 'ILIKE') return { sql: `lower(${column}) LIKE lower(?)`, values: [String(value)] };
  if (comparator === 'IN' || comparator === 'NOT IN') {
    return { sql: `${column} ${comparator} (SELECT value FROM json_each(?))`, values: [JSON.stringify(value)] };
  }
  return { sql: `${column} ${comparator} ?`, values: [typeof value === 'number' ? value : String(value)] };
}

function orderingJoin(ordering: Ordering, index: number): Fragment {
  if (ordering.entity === 'attribute' || ordering.entity === 'dataset') return { sql: '', values: [] };
  const name = `by${index}`;
  return {
    sql: `LEFT JOIN ${KEYED_TABLES[ordering.entity]} AS ${name} ON ${name}.run_uuid = runs.run_uuid AND ${name}."key" = ?`,
    values: [ordering.key],
  };
}

/** Runs that lack the field come last, and runs whose metric is NaN just before them, in both directions. */
function runOrder(ordering: Ordering, index: number): string[] {
  const isAttribute = ordering.entity === 'attribute';
  const column = isAttribute ? (RUN_ATTRIBUTE_COLUMNS[ordering.key] ?? '') : `by${index}.value`;
  const nan = ordering.entity === 'metric' ? `WHEN by${index}.is_nan = 1 THEN 1` : '';
  return [`CASE ${nan} WHEN ${column} IS NULL THEN 2 ELSE 0 END`, `${column} ${direction(ordering)}`];
}

function experimentOrder(orderings: readonly Ordering[]): readonly string[] {
  if (orderings.length === 0) return ['experiments.creation_time DESC', 'experiments.experiment_id ASC'];
  const order = orderings.map((ordering) => {
    if (ordering.entity === 'attribute') return `experiments.${ordering.key} ${direction(ordering)}`;
    throw mlflowError('INVALID_PARAMETER_VALUE', `Invalid order_by entity: ${ordering.entity}`);
  });
  return orderings.some((each) => each.key === 'experiment_id') ? order : [...order, 'experiments.experiment_id DESC'];
}

function direction(ordering: Ordering): 'ASC' | 'DESC' {
  return ordering.isAscending ? 'ASC' : 'DESC';
}

function stageCondition(column: string, viewType: ViewType | undefined): readonly Fragment[] {
  if (viewType === 'ALL') return [];
  return [{ sql: `${column} = ?`, values: [viewType === 'DELETED_ONLY' ? 'deleted' : 'active'] }];
}
