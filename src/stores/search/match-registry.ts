// Conditions and orderings of a search of the registry on plain models and versions, as SQLite would judge them: for stores without SQL.
import { IS_PROMPT_TAG, type ModelVersion, type RegisteredModel } from '../../model/registry.ts';
import { type Compare, compareValues, meets, ownValue, type Value } from './match.ts';
import type { RegistryOrdering, RegistryPageSearch } from './registry-search.ts';

type Registered = RegisteredModel | ModelVersion;

/** Tells whether a registered model, or a version of one, is what is looked for. */
export function matchesRegistered(
  one: Registered,
  { conditions, leavesPromptsOut }: Pick<RegistryPageSearch, 'conditions' | 'leavesPromptsOut'>,
): boolean {
  if (leavesPromptsOut && ownValue(one.tags, IS_PROMPT_TAG) === 'true') return false;
  return conditions.every((condition) => {
    const { entity, key } = condition;
    return meets(entity === 'tag' ? ownValue(one.tags, key) : attributeOf(one, key), condition);
  });
}

/** Returns the order of registered models, or of versions. */
export function registryOrder(orderings: readonly RegistryOrdering[]): Compare<Registered> {
  return (a, b) => {
    for (const { key, isAscending } of orderings) {
      const order = compareValues(attributeOf(a, key), attributeOf(b, key));
      if (order !== 0) return isAscending ? order : -order;
    }
    return 0;
  };
}

function attributeOf(one: Registered, key: string): Value {
  if (key === 'name') return one.name;
  if (key === 'creation_timestamp') return one.creationTimeMs;
  if (key === 'last_updated_timestamp') return one.lastUpdateTimeMs;
  if (!('version' in one)) return undefined;
  if (key === 'version_number') return Number(one.version);
  return key === 'run_id' ? one.runId || undefined : one.source;
}
