// Searches of the registry in MLflow's database, said in SQL.
import type { Page } from '../../model/entities.ts';
import { IS_PROMPT_TAG, type ModelVersion, type RegisteredModel } from '../../model/registry.ts';
import type { RegistrySearch } from '../../rest/endpoints/registry.ts';
import { DELETED_STAGE } from '../rules/registry-rules.ts';
import type { Condition } from '../search/filter.ts';
import { pageOf } from '../search/paging.ts';
import { readRegistrySearch, type RegistryOrdering, type RegistryPageSearch } from '../search/registry-search.ts';
import type { SqlValue } from './database.ts';
import type { SqliteContext } from './experiments.ts';
import { readModel, toVersion, VERSION_COLUMNS, type VersionRow } from './registry-rows.ts';
import { comparison } from './search.ts';

interface Fragment {
  readonly sql: string;
  readonly values: readonly SqlValue[];
}

/** What is searched. */
interface Place {
  readonly table: 'registered_models' | 'model_versions';
  readonly tagTable: 'registered_model_tags' | 'model_version_tags';
}

const MODELS: Place = { table: 'registered_models', tagTable: 'registered_model_tags' };
const VERSIONS: Place = { table: 'model_versions', tagTable: 'model_version_tags' };

/** The columns that hold MLflow's attributes. */
const COLUMNS: Readonly<Record<string, string>> = {
  name: 'name',
  version_number: 'version',
  run_id: 'run_id',
  source_path: 'source',
  creation_timestamp: 'creation_time',
  last_updated_timestamp: 'last_updated_time',
};

/** Finds registered models, by default by name. */
export function searchRegisteredModels({ database }: SqliteContext, request: RegistrySearch): Page<RegisteredModel> {
  const search = readRegistrySearch('models', request);
  const { size, offset } = search;
  const { sql, values } = whereOf(MODELS, search);
  return database.read(() => {
    const rows = database.query<{ name: string }>(
      `SELECT registered_models.name FROM registered_models WHERE ${sql} ORDER BY ${orderOf(MODELS, search.orderings)} LIMIT ? OFFSET ?`,
      [...values, size + 1, offset],
    );
    const page = pageOf(rows, size, offset);
    return { ...page, items: page.items.map(({ name }) => readModel(database, name)) };
  });
}

/** Finds versions, by default those that changed last. */
export function searchModelVersions({ database }: SqliteContext, request: RegistrySearch): Page<ModelVersion> {
  const search = readRegistrySearch('versions', request);
  const { size, offset } = search;
  const { sql, values } = whereOf(VERSIONS, search);
  return database.read(() => {
    const rows = database.query<VersionRow>(
      `SELECT ${VERSION_COLUMNS} FROM model_versions WHERE ${sql} AND current_stage != '${DELETED_STAGE}'
       ORDER BY ${orderOf(VERSIONS, search.orderings)} LIMIT ? OFFSET ?`,
      [...values, size + 1, offset],
    );
    const page = pageOf(rows, size, offset);
    return { ...page, items: page.items.map((row) => toVersion(database, row)) };
  });
}

function whereOf(place: Place, { conditions, leavesPromptsOut }: RegistryPageSearch): Fragment {
  const fragments = conditions.map((condition) => toFragment(place, condition));
  if (leavesPromptsOut)
    fragments.push({
      sql: `NOT EXISTS (SELECT 1 FROM ${place.tagTable} AS marks WHERE marks.name = ${place.table}.name AND marks."key" = ? AND marks.value = 'true')`,
      values: [IS_PROMPT_TAG],
    });
  return {
    sql: ['TRUE', ...fragments.map(({ sql }) => sql)].join(' AND '),
    values: fragments.flatMap(({ values }) => values),
  };
}

function toFragment(place: Place, condition: Condition): Fragment {
  const { entity, key } = condition;
  if (entity === 'attribute') return comparison(`${place.table}.${COLUMNS[key] ?? ''}`, condition);
  const isVersions = place.table === 'model_versions' ? ' AND tags.version = model_versions.version' : '';
  const { sql, values } = comparison('tags.value', condition);
  return {
    sql: `EXISTS (SELECT 1 FROM ${place.tagTable} AS tags WHERE tags.name = ${place.table}.name${isVersions} AND tags."key" = ? AND ${sql})`,
    values: [key, ...values],
  };
}

function orderOf({ table }: Place, orderings: readonly RegistryOrdering[]): string {
  return orderings
    .map(({ key, isAscending }) => `${table}.${COLUMNS[key] ?? ''} ${isAscending ? 'ASC' : 'DESC'}`)
    .join(', ');
}
