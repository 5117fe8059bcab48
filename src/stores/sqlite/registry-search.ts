// Searches of the registry in MLflow's database: its search language said in SQL, prompts left out unless they are asked for.
import { mlflowError, uncodedError } from '../../errors.ts';
import type { Page } from '../../model/entities.ts';
import { IS_PROMPT_TAG, type ModelVersion, type RegisteredModel } from '../../model/registry.ts';
import type { RegistrySearch } from '../../rest/endpoints/registry.ts';
import { type Condition, parseFilter, parseOrderBy, type SearchLanguage } from '../search/filter.ts';
import { offsetOf, pageOf } from '../search/paging.ts';
import { DELETED_STAGE } from '../rules/registry-rules.ts';
import type { SqlValue } from './database.ts';
import type { SqliteContext } from './experiments.ts';
import { readModel, toVersion, VERSION_COLUMNS, type VersionRow } from './registry-rows.ts';
import { comparison } from './search.ts';

interface Fragment {
  readonly sql: string;
  readonly values: readonly SqlValue[];
}

/** What is searched, and by which names its columns and tags go. */
interface Place {
  readonly table: 'registered_models' | 'model_versions';
  readonly tagTable: 'registered_model_tags' | 'model_version_tags';
  readonly language: SearchLanguage;
  /** MLflow's names of attributes, by the columns that hold them. */
  readonly columns: Readonly<Record<string, string>>;
  readonly maxPageSize: number;
}

const ENTITIES = { attribute: 'attribute', tag: 'tag', tags: 'tag' } as const;
const TIMES = { creation_timestamp: 'creation_time', last_updated_timestamp: 'last_updated_time' };

const MODELS: Place = {
  table: 'registered_models',
  tagTable: 'registered_model_tags',
  language: {
    entities: ENTITIES,
    attributes: new Set(['name']),
    orderAttributes: new Set(['name', 'timestamp', 'last_updated_timestamp']),
    numericAttributes: new Set(),
    listAttributes: new Set(['name']),
    aliases: {},
  },
  columns: { name: 'name', timestamp: 'last_updated_time', last_updated_timestamp: 'last_updated_time' },
  maxPageSize: 1_000,
};

const VERSIONS: Place = {
  table: 'model_versions',
  tagTable: 'model_version_tags',
  language: {
    entities: ENTITIES,
    attributes: new Set(['name', 'version_number', 'run_id', 'source_path']),
    orderAttributes: new Set(['name', 'version_number', 'creation_timestamp', 'last_updated_timestamp']),
    numericAttributes: new Set(['version_number']),
    listAttributes: new Set(['name', 'run_id']),
    aliases: {},
  },
  columns: { name: 'name', version_number: 'version', run_id: 'run_id', source_path: 'source', ...TIMES },
  maxPageSize: 200_000,
};

/** Finds registered models, by default by name. */
export function searchRegisteredModels(context: SqliteContext, request: RegistrySearch): Page<RegisteredModel> {
  const { database } = context;
  return database.read(() => {
    const { size, offset, where, order } = readSearch(MODELS, request);
    if (!order.some(({ column }) => column === 'name')) order.push({ column: 'name', isAscending: true });
    const rows = database.query<{ name: string }>(
      `SELECT registered_models.name FROM registered_models WHERE ${where.sql} ORDER BY ${orderOf(MODELS, order)} LIMIT ? OFFSET ?`,
      [...where.values, size + 1, offset],
    );
    const page = pageOf(rows, size, offset);
    return { ...page, items: page.items.map(({ name }) => readModel(database, name)) };
  });
}

/** Finds versions, by default those that changed last. */
export function searchModelVersions(context: SqliteContext, request: RegistrySearch): Page<ModelVersion> {
  const { database } = context;
  return database.read(() => {
    const { size, offset, where, order } = readSearch(VERSIONS, request);
    if (order.length === 0) order.push({ column: 'last_updated_time', isAscending: false });
    if (!order.some(({ column }) => column === 'name')) order.push({ column: 'name', isAscending: true });
    if (!order.some(({ column }) => column === 'version')) order.push({ column: 'version', isAscending: false });
    const rows = database.query<VersionRow>(
      `SELECT ${VERSION_COLUMNS} FROM model_versions WHERE ${where.sql} AND current_stage != '${DELETED_STAGE}'
       ORDER BY ${orderOf(VERSIONS, order)} LIMIT ? OFFSET ?`,
      [...where.values, size + 1, offset],
    );
    const page = pageOf(rows, size, offset);
    return { ...page, items: page.items.map((row) => toVersion(database, row)) };
  });
}

interface Order {
  readonly column: string;
  readonly isAscending: boolean;
}

function readSearch(
  place: Place,
  request: RegistrySearch,
): { readonly size: number; readonly offset: number; readonly where: Fragment; readonly order: Order[] } {
  const { maxResults: size, filter, orderBy, pageToken } = request;
  if (place === VERSIONS && size < 1)
    throw mlflowError(
      'INVALID_PARAMETER_VALUE',
      `Invalid value for max_results. It must be a positive integer, but got ${size}`,
    );
  if (size > place.maxPageSize)
    throw mlflowError(
      'INVALID_PARAMETER_VALUE',
      `Invalid value for request parameter max_results. It must be at most ${place.maxPageSize}, but got value ${size}`,
    );
  return { size, offset: offsetOf(pageToken), where: readWhere(place, filter), order: readOrder(place, orderBy) };
}

/** Prompts are in only where the filter says so; then the tag is a condition like any other. */
function readWhere(place: Place, filter: string | undefined): Fragment {
  const conditions = parseFilter(filter, place.language);
  const isPromptTag = ({ entity, key }: Condition): boolean => entity === 'tag' && key === IS_PROMPT_TAG;
  const isAsking = asksForPrompts(conditions.find(isPromptTag));
  const others = isAsking ? conditions : conditions.filter((condition) => !isPromptTag(condition));
  const fragments = others.map((condition) => toFragment(place, condition));
  if (!isAsking)
    fragments.push({
      sql: `NOT EXISTS (SELECT 1 FROM ${place.tagTable} AS marks WHERE marks.name = ${place.table}.name AND marks."key" = ? AND marks.value = 'true')`,
      values: [IS_PROMPT_TAG],
    });
  return {
    sql: ['TRUE', ...fragments.map(({ sql }) => sql)].join(' AND '),
    values: fragments.flatMap(({ values }) => values),
  };
}

function asksForPrompts(condition: Condition | undefined): boolean {
  const value = String(condition?.value).toLowerCase();
  return (condition?.comparator === '=' && value === 'true') || (condition?.comparator === '!=' && value === 'false');
}

function toFragment(place: Place, condition: Condition): Fragment {
  const { entity, key, comparator } = condition;
  if (key === 'version_number' && entity === 'attribute' && !Number.isSafeInteger(condition.value))
    throw mlflowError(
      'INVALID_PARAMETER_VALUE',
      `Invalid value for numeric attribute '${key}': ${String(condition.value)}`,
    );
  if (entity === 'attribute') return comparison(`${place.table}.${place.columns[key] ?? ''}`, condition);
  if (comparator === 'IS NULL' || comparator === 'IS NOT NULL')
    throw mlflowError('INVALID_PARAMETER_VALUE', `Invalid comparator for tag: ${comparator}`);
  const isVersions = place.table === 'model_versions' ? ' AND tags.version = model_versions.version' : '';
  const { sql, values } = comparison('tags.value', condition);
  return {
    sql: `EXISTS (SELECT 1 FROM ${place.tagTable} AS tags WHERE tags.name = ${place.table}.name${isVersions} AND tags."key" = ? AND ${sql})`,
    values: [key, ...values],
  };
}

function readOrder(place: Place, orderBy: readonly string[] | undefined): Order[] {
  const order: Order[] = [];
  for (const { entity, key, isAscending } of parseOrderBy(orderBy, place.language)) {
    if (entity !== 'attribute')
      throw mlflowError('INVALID_PARAMETER_VALUE', `Invalid order by key '${key}' specified.`);
    const column = place.columns[key] ?? '';
    // Two names of one time are one field to MLflow; it gives that error no code.
    if (order.some((each) => each.column === column))
      throw uncodedError(`'order_by' contains duplicate fields: ${orderBy?.join(', ')}`);
    order.push({ column, isAscending });
  }
  return order;
}

function orderOf(place: Place, order: readonly Order[]): string {
  return order.map(({ column, isAscending }) => `${place.table}.${column} ${isAscending ? 'ASC' : 'DESC'}`).join(', ');
}
